// Finds what two recordings of the same scenario have different, and says it so that somebody can begin to look.

import type { Row } from './normalise.ts';

/** What is left of a scenario: rows by table. */
export type Recording = Record<string, Row[]>;

const MOST_DIFFERENCES = 40;
const MOST_CHARACTERS = 160;

/** Returns one line for each row or value of `actual` that is not as `expected` has it: table, key of the row, column, both values. */
export function differences(expected: Recording, actual: Recording): string[] {
  const tables = [...new Set([...Object.keys(expected), ...Object.keys(actual)])].toSorted();
  const found = tables.flatMap((table) => differencesOfTable(table, expected[table] ?? [], actual[table] ?? []));
  if (found.length <= MOST_DIFFERENCES) return found;
  return [...found.slice(0, MOST_DIFFERENCES), `… and ${found.length - MOST_DIFFERENCES} more`];
}

function differencesOfTable(table: string, expected: Row[], actual: Row[]): string[] {
  const wanted = new Map(expected.map((row) => [row.key, row]));
  const found = new Map(actual.map((row) => [row.key, row]));
  const keys = [...new Set([...wanted.keys(), ...found.keys()])].toSorted();
  return keys.flatMap((key) => differencesOfRow(`${table} [${key}]`, wanted.get(key), found.get(key)));
}

function differencesOfRow(where: string, expected: Row | undefined, actual: Row | undefined): string[] {
  if (!actual && where.startsWith(LEFT_BY_STOCK)) return [];
  if (!actual) return [`${where} is missing: ${shortened(JSON.stringify(expected!.values), 0)}`];
  if (!expected) return [`${where} should not be there: ${shortened(JSON.stringify(actual.values), 0)}`];
  const traces = where.startsWith('dbos.workflow_status ') ? tracesOfParking(expected, actual) : undefined;
  const columns = [...new Set([...Object.keys(expected.values), ...Object.keys(actual.values)])];
  return columns.flatMap((column) => {
    const [wanted, found] = [expected.values[column], actual.values[column]];
    if (wanted === found || traces?.test(column)) return [];
    const at = firstDifference(wanted, found);
    return [`${where} ${column}: expected ${quoted(wanted, at)}, found ${quoted(found, at)}`];
  });
}

/** The stock engine forgets the checkpoints of a cancelled run's transactions; ours makes none beside the rows of their steps. */
const LEFT_BY_STOCK = 'dbos.transaction_completion ';

/**
 * The columns in which parking may leave a trace; the stock engine knows no parked runs. One that was begun without a lane is taken up
 * again through the SDK's internal one, as any run that is taken up again; one that is cancelled keeps the time at which it would have gone on.
 */
function tracesOfParking(expected: Row, actual: Row): RegExp | undefined {
  const { queue_name: lane, status } = actual.values;
  if (lane === '_dbos_internal_queue' && expected.values.queue_name === null) return /queue_name|started_at_epoch_ms/;
  return status === 'CANCELLED' ? /^delay_until_epoch_ms/ : undefined;
}

function quoted(value: string | null | undefined, at: number): string {
  if (value === null || value === undefined) return value === null ? 'NULL' : 'no such column';
  return `'${shortened(value, at)}'`;
}

/** Long values are shown from a little before the first character that differs. */
function shortened(value: string, at: number): string {
  if (value.length <= MOST_CHARACTERS) return value;
  const from = Math.max(0, at - MOST_CHARACTERS / 4);
  const part = value.slice(from, from + MOST_CHARACTERS);
  return `${from > 0 ? '…' : ''}${part}${from + MOST_CHARACTERS < value.length ? '…' : ''}`;
}

function firstDifference(a: string | null | undefined, b: string | null | undefined): number {
  if (typeof a !== 'string' || typeof b !== 'string') return 0;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return at;
}
