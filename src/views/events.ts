// A run's events, derived from what is recorded of it. There is no event log to write or to lose: a position says what was seen.

import type { Knex } from 'knex';
import { formatRanges, parseRanges, type RangeSet, withNumber } from '../core/range-set.ts';
import { isFinal, type RunStatus } from '../core/run.ts';

/** What a follower of a run has seen: the numbers of the steps, the last progress value, the status. */
export interface EventPosition {
  steps: RangeSet;
  /** How many progress values. */
  progress: number;
  status: RunStatus | undefined;
}

/**
 * One event; `id` is the position after it, to resume from without loss. It is not without repeat where steps ended so much out of their
 * order that the exact position would be too long.
 */
export interface RunEvent {
  id: string;
  event: 'status' | 'step' | 'progress' | 'end';
  data: unknown;
}

export const START: EventPosition = { steps: [], progress: 0, status: undefined };

/** The ranges of steps may have this many characters: every event carries them, and clients send them back in a header. */
const RANGES_LIMIT = 1000;
/** What the longest id has beside them: two dots, a number of progress values, a status. */
export const ID_LIMIT = RANGES_LIMIT + 30;

/** How many steps and progress values are read at a time. */
const PAGE = 2000;

/** Steps that say nothing beyond what other events say. */
const SILENT_KINDS = ['progress', 'value'];

/**
 * Returns `position` as text: `<steps seen>.<progress seen>.<status>`, for example `0-3,5.2.running`. Where that would be too long, it
 * leaves out the highest steps: whoever resumes from it sees those again.
 */
function formatPosition(position: EventPosition): string {
  return `${formatRanges(position.steps, RANGES_LIMIT)}.${position.progress}.${position.status ?? ''}`;
}

/** Returns the position that `formatPosition` wrote as `text`, or undefined when it is not of that form. */
export function parsePosition(text: string): EventPosition | undefined {
  const match = /^([\d,-]*)\.(\d{1,9})\.([a-z]*)$/.exec(text);
  const steps = match && parseRanges(match[1]!);
  if (!steps) return undefined;
  return { steps, progress: Number(match[2]), status: (match[3] || undefined) as RunStatus | undefined };
}

interface NewRow {
  type: 'step' | 'progress';
  number: number;
  data: Record<string, unknown>;
}

const NEWS = `
  SELECT 'step' AS type, s.step_id AS number, s.ended_at AS at,
         jsonb_build_object('stepId', s.step_id, 'name', s.name, 'kind', s.kind, 'status', s.status, 'attempts', s.attempts,
                            'durationMs', s.duration_ms, 'error', s.error, 'childRunId', s.child_run_id) AS data
    FROM holdfast.steps s
   WHERE s.run_id = :id AND s.status <> 'retrying' AND NOT s.step_id <@ :seen::int4multirange
  UNION ALL
  SELECT 'progress', p."offset", NULL, jsonb_build_object('value', holdfast.recorded_json(p.value))
    FROM dbos.streams p
   WHERE p.workflow_uuid = :id AND p.key = 'progress' AND p."offset" >= :progress
  ORDER BY type DESC, at, number
  LIMIT :page`;

/**
 * Returns what happened to the run since `position`, with the run's status as of before the rest was read. `more` tells that there is
 * more to be read at once; `ended`, that nothing will follow.
 */
export async function eventsSince(
  db: Knex,
  runId: string,
  position: EventPosition,
): Promise<{ events: RunEvent[]; position: EventPosition; more: boolean; ended: boolean }> {
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
  const more = rows.length === PAGE;
  const isOver = status === undefined || isFinal(status);
  const ended = isOver && !more;
  if (status !== at.status && !isOver) {
    at = { ...at, status };
    events.push({ id: formatPosition(at), event: 'status', data: { status } });
  }
  for (const row of rows) {
    at = row.type === 'step' ? { ...at, steps: withNumber(at.steps, row.number) } : { ...at, progress: row.number + 1 };
    if (SILENT_KINDS.includes(String(row.data.kind))) continue;
    events.push({ id: formatPosition(at), event: row.type, data: row.data });
  }
  if (ended && status !== at.status) {
    at = { ...at, status };
    events.push({ id: formatPosition(at), event: 'status', data: { status } });
  }
  return { events, position: at, more, ended };
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
