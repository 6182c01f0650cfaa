// A run's events, derived from what is recorded of it. There is no event log to write or to lose: a position says what was seen.

import type { Knex } from 'knex';
import { formatRanges, hasNumber, parseRanges, type RangeSet, withNumber } from '../core/range-set.ts';
import { isFinal, type RunStatus } from '../core/run.ts';
import { Coalesced } from '../engine/history/coalesce.ts';
import { askedOnce } from '../lib/asked-once.ts';
import {
  formatHeard,
  type Heard,
  HEARD_LIMIT,
  NOTHING_HEARD,
  parseHeard,
  saidInSteps,
  type TokenEvent,
  tellChunk,
  type TokenReader,
  tellRest,
  withoutStep,
} from './tokens.ts';

/** What a follower of a run has seen: the numbers of the steps, the last progress value, the status, what models said until now. */
export interface EventPosition {
  steps: RangeSet;
  /** How many progress values. */
  progress: number;
  status: RunStatus | undefined;
  heard: Heard;
}

/**
 * One event; `id` is the position after it, to resume from without loss. It is not without repeat where steps ended so much out of their
 * order that the exact position would be too long.
 */
export interface RunEvent {
  id: string;
  event: 'status' | 'step' | 'progress' | 'token' | 'reset-step' | 'end';
  data: unknown;
}

export const START: EventPosition = { steps: [], progress: 0, status: undefined, heard: NOTHING_HEARD };

/** The ranges of steps may have this many characters: every event carries them, and clients send them back in a header. */
const RANGES_LIMIT = 1000;
/** Two numbers and what stands around them. */
const LONGEST_RANGE = 22;
/** What the longest id has beside them: dots, a number of progress values, a status, and what is heard of steps. */
export const ID_LIMIT = RANGES_LIMIT + 30 + HEARD_LIMIT;

/** How many steps and progress values are read at a time. */
const PAGE = 2000;
/** Of so many steps the text of what was said in them is read at a time. */
const MOST_SAID = 50;

/** Steps that say nothing beyond what other events say. */
const SILENT_KINDS = ['progress', 'value'];

/**
 * Returns `position` as text: `<steps seen>.<progress seen>.<status>`, for example `0-3,5.2.running`, and `.<what is heard>` where models
 * speak. Where that would be too long, it leaves out the highest steps: whoever resumes from it sees those again.
 */
function formatPosition({ steps, progress, status, heard }: EventPosition): string {
  const ranges = formatRanges(steps, RANGES_LIMIT);
  // Tokens of a step that comes again come again as well: then it is said that those before do not count.
  const isCut = heard.isCut || (ranges.length > RANGES_LIMIT - LONGEST_RANGE && ranges !== formatRanges(steps));
  const tail = formatHeard({ ...heard, isCut });
  return `${ranges}.${progress}.${status ?? ''}${tail === '' ? '' : `.${tail}`}`;
}

/** Returns the position that `formatPosition` wrote as `text`, or undefined when the text is not of that form. */
export function parsePosition(text: string): EventPosition | undefined {
  const match = /^([\d,-]*)\.(\d{1,9})\.([a-z]*)(?:\.(.+))?$/.exec(text);
  const steps = match && parseRanges(match[1]!);
  const heard = match && parseHeard(match[4] ?? '');
  if (!steps || !heard) return undefined;
  return { steps, progress: Number(match[2]), status: (match[3] || undefined) as RunStatus | undefined, heard };
}

interface NewRow {
  type: 'step' | 'progress';
  number: number;
  data: Record<string, unknown>;
  /** Whether there are pieces of what was said in the step. */
  hasChunks: boolean;
}

const NEWS = `
  SELECT 'step' AS type, s.step_id AS number, s.ended_at AS at,
         jsonb_build_object('stepId', s.step_id, 'name', s.name, 'kind', s.kind, 'status', s.status, 'attempts', s.attempts,
                            'durationMs', s.duration_ms, 'error', s.error, 'childRunId', s.child_run_id) AS data,
         s.step_id IN (SELECT c.step_id FROM holdfast.token_chunks c WHERE c.run_id = :id) AS "hasChunks"
    FROM holdfast.steps s
   WHERE s.run_id = :id AND s.status <> 'retrying' AND NOT s.step_id <@ :seen::int4multirange
  UNION ALL
  SELECT 'progress', p."offset", NULL, jsonb_build_object('value', holdfast.recorded_json(p.value)), FALSE
    FROM dbos.streams p
   WHERE p.workflow_uuid = :id AND p.key = 'progress' AND p."offset" >= :progress
  ORDER BY type DESC, at, number
  LIMIT :page`;

/** What happened to a run. */
export interface News {
  events: RunEvent[];
  /** The position behind them. */
  position: EventPosition;
  /** Whether there is more to be read at once. */
  more: boolean;
  /** The run's status as of before the rest was read; undefined where the run is gone. */
  status: RunStatus | undefined;
  /** Whether nothing will follow but the last status, and what is left over of what models said. */
  ended: boolean;
}

/** Reads what happens to runs for all followers in the process: of those that ask the same at the same time, one looks. */
export class NewsReader {
  readonly #news: Coalesced<Following, News>;

  constructor(db: Knex) {
    const look = (all: Following[]): Promise<News[]> =>
      Promise.all(all.map(({ runId, position }) => eventsSince(db, runId, position)));
    this.#news = new Coalesced((questions) => askedOnce(questions, keyOf, look));
  }

  /** Returns what happened to the run since `position`, but for its last status. */
  since(runId: string, position: EventPosition): Promise<News> {
    return this.#news.answer({ runId, position });
  }
}

interface Following {
  runId: string;
  position: EventPosition;
}

function keyOf({ runId, position: { steps, progress, status, heard } }: Following): string {
  return JSON.stringify([runId, steps, progress, status, [...heard.places], heard.isCut]);
}

async function eventsSince(db: Knex, runId: string, position: EventPosition): Promise<News> {
  // The status is read first: a run that has ended by then records nothing more, so that the rest is complete.
  const status = await statusOf(db, runId);
  const { rows } = await db.raw<{ rows: NewRow[] }>(NEWS, {
    id: runId,
    seen: multirange(position.steps),
    progress: position.progress,
    page: PAGE,
  });
  const events: RunEvent[] = [];
  let at = position;
  const read = readable(rows);
  const more = rows.length === PAGE || read.length < rows.length;
  const isOver = status === undefined || isFinal(status);
  const ended = isOver && !more;
  if (status !== at.status && !isOver) {
    at = { ...at, status };
    events.push({ id: formatPosition(at), event: 'status', data: { status } });
  }
  const said = await saidInSteps(db, runId, {
    turns: read.filter(isTurn).map(({ number }) => number),
    others: read.filter(({ hasChunks }) => hasChunks).map(({ number }) => number),
  });
  for (const row of read) {
    if (row.type === 'step') {
      const rest = maySpeak(row, at) ? tellRest(at.heard, row.number, said.get(row.number)) : [];
      const told = eventsOf(at, rest);
      events.push(...told.events);
      const heard = withoutStep(told.position.heard, row.number);
      at = { ...at, heard, steps: withNumber(at.steps, row.number) };
    } else {
      at = { ...at, progress: row.number + 1 };
    }
    if (SILENT_KINDS.includes(String(row.data.kind))) continue;
    events.push({ id: formatPosition(at), event: row.type, data: row.data });
  }
  return { events, position: at, more, status, ended };
}

/** Returns as many of the rows as can be told at a time: what was said in their steps has to be read, too. */
function readable(rows: NewRow[]): NewRow[] {
  let left = MOST_SAID;
  const end = rows.findIndex((row) => {
    if (isTurn(row) || row.hasChunks) left -= 1;
    return left < 0;
  });
  return end < 0 ? rows : rows.slice(0, end);
}

function isTurn({ type, data }: NewRow): boolean {
  return type === 'step' && data.kind === 'step' && data.name === 'model' && data.status === 'succeeded';
}

function maySpeak(row: NewRow, { heard }: EventPosition): boolean {
  return isTurn(row) || row.hasChunks || row.data.status === 'failed' || heard.places.has(row.number);
}

/** Returns the last event of a run that has ended with `status`, unless it is known. */
export function lastEvents(position: EventPosition, status: RunStatus | undefined): RunEvent[] {
  if (status === position.status) return [];
  return [{ id: formatPosition({ ...position, status }), event: 'status', data: { status } }];
}

/**
 * Returns what models of the run say in steps that have not ended, behind the piece `last` (0 for none), and the number of the piece
 * behind which to go on.
 */
export async function tokensSince(
  reader: TokenReader,
  runId: string,
  position: EventPosition,
  last: number,
): Promise<Pick<News, 'events' | 'position' | 'more'> & { last: number }> {
  const { chunks, lastId, more } = await reader.after(runId, last);
  const events: RunEvent[] = [];
  let at = position;
  for (const chunk of chunks) {
    if (hasNumber(at.steps, chunk.stepId)) continue;
    const told = eventsOf(at, tellChunk(at.heard, chunk));
    events.push(...told.events);
    at = told.position;
  }
  return { events, position: at, more, last: lastId };
}

function eventsOf(position: EventPosition, told: readonly TokenEvent[]): Pick<News, 'events' | 'position'> {
  const events = told.map(({ event, data, heard }) => ({ id: formatPosition({ ...position, heard }), event, data }));
  return { events, position: { ...position, heard: told.at(-1)?.heard ?? position.heard } };
}

async function statusOf(db: Knex, runId: string): Promise<RunStatus | undefined> {
  const { rows } = await db.raw<{ rows: { status: RunStatus }[] }>(
    'SELECT status FROM holdfast.runs WHERE id = :runId',
    { runId },
  );
  return rows[0]?.status;
}

/** Returns `steps` as the text of a Postgres multirange. */
function multirange(steps: RangeSet): string {
  return `{${steps.map(([first, last]) => `[${first},${last}]`).join(',')}}`;
}
