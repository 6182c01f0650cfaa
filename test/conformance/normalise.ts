// Makes what two services recorded comparable: names instead of ids, and of times, tokens and chance only what must be the same.

import type { RawRow, Table } from './tables.ts';

/** A value of a column that can be compared; null stays null, because whether something is recorded matters. */
type Value = string | null;

/** A row that can be compared, with the derived columns of `relationsOf`. */
export interface Row {
  key: string;
  values: Record<string, Value>;
}

/** What is known of one performance. */
export interface Surroundings {
  /** What each run is called, by its id. */
  names: ReadonlyMap<string, string>;
  /** Milliseconds since 1970. */
  begun: number;
  ended: number;
}

/** Columns whose values are other ones each time, and mean something only where they are compared with each other. */
const TOKENS = new Set([
  'owner_xid',
  'creator_xid',
  'executor_id',
  'message_uuid',
  'queue_id',
  'version_id',
  'retry_in_ms',
]);
/** Columns that number rows in the order in which independent runs happened to write them. */
const LEFT_OUT: Record<string, string[]> = { 'holdfast.attempts': ['id'] };
/** What tells rows apart where the primary key is a token or a number that means nothing. */
const KEYS: Record<string, string[]> = {
  'dbos.notifications': ['destination_uuid', 'topic'],
  'dbos.queues': ['name'],
  'dbos.application_versions': ['version_name'],
  'holdfast.attempts': ['run_id', 'step_id', 'attempt'],
};

/** The id of a run, of a child (parent and step), or another UUID. */
const ID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?:-\d+)*\b/g;
const UUID_LENGTH = 36;
const EPOCH_MS = /(?<![\w.])\d{13}(?![\w.])/g;
const ISO_TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
/** The part of a recorded stack below the step's body, in JSON that may stand in JSON: who called it is the engine's own affair. */
const CALLERS = /\\+n +at [^"\\]*@dbos-inc\/dbos-sdk[^"]*?(?=\\*")/g;
const CHANCE = /(?<![\w.])0\.\d{9,}(?:e-\d+)?/g;

/** Processes and database share one clock, but not the instant at which they look at it. */
const CLOCK_SLACK_MS = 20;
/** A transaction's time is that of its beginning: one that began earlier may see what a later one committed. */
const OVERLAP_MS = 3000;
/** Deadlines that may or may not lie behind the end of the performance. */
const SOON_MS = 300_000;
/** Waits of the scenarios are near a multiple of it: what differs is how busy the machine was. */
const DURATION_UNIT_MS = 10_000;

/** Returns the rows of `table`, those of the runs called in `surroundings` under their names, in the order of their keys. */
export function normaliseTable(table: Table, surroundings: Surroundings): Row[] {
  const rows = table.rows.map((raw) => normaliseRow(table, raw, surroundings));
  rows.sort((a, b) => compareText(a.key, b.key) || compareText(JSON.stringify(a.values), JSON.stringify(b.values)));
  return rows.map((row, index) => ({ ...row, key: `${row.key}${ordinal(rows, index)}` }));
}

/** Returns `text` with names, and with what is the same each time instead of times, UUIDs and random numbers. */
export function normaliseText(text: string, surroundings: Surroundings): string {
  return text
    .replace(CALLERS, '')
    .replace(ID, (found) => nameOf(found, surroundings.names))
    .replace(EPOCH_MS, (found) => normaliseTime(Number(found), surroundings) ?? found)
    .replace(ISO_TIME, (found) => normaliseTime(Date.parse(found), surroundings) ?? found)
    .replace(CHANCE, '<chance>');
}

/** The name of a run; a child without a name is called after its parent. */
function nameOf(id: string, names: ReadonlyMap<string, string>): string {
  const name = names.get(id);
  if (name !== undefined) return name;
  const step = id.lastIndexOf('-');
  return id.length > UUID_LENGTH ? nameOf(id.slice(0, step), names) + id.slice(step) : '<uuid>';
}

function normaliseRow(table: Table, raw: RawRow, surroundings: Surroundings): Row {
  const columns = Object.keys(raw).filter((column) => !LEFT_OUT[table.name]?.includes(column));
  const values: Record<string, Value> = {};
  for (const column of columns) values[column] = normaliseValue(column, raw[column], surroundings);
  const key = (KEYS[table.name] ?? table.key).map((column) => values[column]).join(' ');
  return { key, values: { ...values, ...relationsOf(raw) } };
}

function normaliseValue(column: string, value: unknown, surroundings: Surroundings): Value {
  if (value === null || value === undefined) return null;
  if (TOKENS.has(column)) return '<set>';
  if (value instanceof Date) return normaliseTime(value.getTime(), surroundings) ?? value.toISOString();
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return normaliseText(text, surroundings);
}

/** A time of the performance, or long after it by about how much; undefined for times before it, which are data. */
function normaliseTime(ms: number, { begun, ended }: Surroundings): string | undefined {
  if (ms < begun - CLOCK_SLACK_MS) return undefined;
  if (ms <= ended + SOON_MS) return '<time>';
  return `<time + ${Math.round((ms - begun) / 600_000) * 10} min>`;
}

const IN_ORDER = [
  ['created_at', 'updated_at', OVERLAP_MS],
  ['created_at', 'started_at_epoch_ms', OVERLAP_MS],
  ['created_at', 'completed_at', OVERLAP_MS],
  ['started_at_epoch_ms', 'completed_at', OVERLAP_MS],
  ['started_at_epoch_ms', 'completed_at_epoch_ms', 0],
  ['started_at', 'failed_at', CLOCK_SLACK_MS],
] as const;

const APART = [
  ['started_at_epoch_ms', 'workflow_deadline_epoch_ms'],
  ['created_at', 'delay_until_epoch_ms'],
] as const;

/** What must hold between the times of a row, which themselves differ each time. */
function relationsOf(raw: RawRow): Record<string, Value> {
  const relations: Record<string, Value> = {};
  for (const [first, second, slackMs] of IN_ORDER) {
    const [from, to] = [timeOf(raw[first]), timeOf(raw[second])];
    if (from !== undefined && to !== undefined) relations[`${first} <= ${second}`] = String(from <= to + slackMs);
  }
  for (const [first, second] of APART) {
    const [from, to] = [timeOf(raw[first]), timeOf(raw[second])];
    if (from !== undefined && to !== undefined) relations[`${second} - ${first}`] = about(to - from);
  }
  if (raw.function_name === 'DBOS.sleep') {
    const [deadline, completed] = [Number(raw.output), timeOf(raw.completed_at_epoch_ms)!];
    relations['completed at the deadline'] = String(deadline === completed);
    relations['deadline - started_at_epoch_ms'] = about(deadline - timeOf(raw.started_at_epoch_ms)!);
  }
  return relations;
}

function about(ms: number): string {
  return `${(Math.round(ms / DURATION_UNIT_MS) * DURATION_UNIT_MS) / 1000} s`;
}

function timeOf(value: unknown): number | undefined {
  if (value instanceof Date) return value.getTime();
  return typeof value === 'string' && /^\d{13,}$/.test(value) ? Number(value) : undefined;
}

/** Tells rows of one key apart by their order. */
function ordinal(rows: Row[], index: number): string {
  const first = rows.findIndex(({ key }) => key === rows[index]!.key);
  const isOnly = first === index && rows[index + 1]?.key !== rows[index]!.key;
  return isOnly ? '' : ` #${index - first + 1}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
