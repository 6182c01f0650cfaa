// Reads runs from the view `holdfast.runs`, always as one tenant, or as everybody where there are no tenants.

import type { Knex } from 'knex';
import { NotFound } from '../core/errors.ts';
import type { RunStatus } from '../core/run.ts';
import { formatCursor, type Page, parseCursor } from './page.ts';
import { CALLS_USAGE, type CallsUsage } from './usage.ts';

/** Why a run is held. */
export interface Held {
  reason: string;
  /** The step at which code and history part. */
  stepId: number | null;
  /** What the code calls there. */
  expected: string | null;
  /** What is recorded there. */
  found: string | null;
  message: string;
  at: string;
}

/** A run in a list. Times are ISO 8601 with milliseconds, UTC. */
export interface RunSummary {
  id: string;
  workflow: string;
  status: RunStatus;
  tenant: string;
  lane: string | null;
  priority: number;
  parentId: string | null;
  /** Who started it; null for a run that another one started, and where nobody was named. */
  initiator: string | null;
  recoveries: number;
  createdAt: string;
  delayedUntil: string | null;
  startedAt: string | null;
  deadline: string | null;
  endedAt: string | null;
  durationMs: number | null;
  /** Null unless the run is held. */
  held: Held | null;
}

/** A run with what went in and what came out. */
export interface Run extends RunSummary {
  /** Of its own calls of models, without those of the runs that it started; null without any. */
  usage: CallsUsage | null;
  input: unknown;
  result: unknown;
  error: { code: string; message: string; details?: unknown } | null;
}

export interface RunFilter {
  /** Whose runs; undefined for everybody's. */
  tenant?: string | undefined;
  status?: RunStatus[] | undefined;
  workflow?: string | undefined;
  lane?: string | undefined;
  parentId?: string | undefined;
  /** Created at or after, and before. */
  since?: Date | undefined;
  until?: Date | undefined;
  /** Part of the run's id or the workflow's name. */
  q?: string | undefined;
}

interface SummaryRow extends Omit<RunSummary, TimeField | 'held'> {
  createdAt: Date;
  delayedUntil: Date | null;
  startedAt: Date | null;
  deadline: Date | null;
  endedAt: Date | null;
  createdMs: string;
  held: (Omit<Held, 'stepId'> & { step_id: number | null }) | null;
}

type TimeField = 'createdAt' | 'delayedUntil' | 'startedAt' | 'deadline' | 'endedAt';

const SUMMARY = `
  id, workflow, status, tenant, lane, priority, parent_id AS "parentId", attributes ->> 'initiator' AS initiator, recoveries,
  created_at AS "createdAt",
  delayed_until AS "delayedUntil", started_at AS "startedAt", deadline, ended_at AS "endedAt",
  duration_ms::float AS "durationMs", created_ms AS "createdMs", held`;

/** What the engine calls each status, in the words of its indexes. */
const ENGINE_STATUSES: Record<RunStatus, readonly string[]> = {
  queued: ['ENQUEUED', 'DELAYED'],
  running: ['PENDING'],
  waiting: ['DELAYED'],
  held: ['DELAYED'],
  succeeded: ['SUCCESS'],
  failed: ['ERROR'],
  cancelled: ['CANCELLED'],
  dead: ['MAX_RECOVERY_ATTEMPTS_EXCEEDED'],
};

/**
 * One or two of the engine's statuses lead to indexes of them alone, where there are few; else the list is read in its order. Of tenants
 * and of our own statuses Postgres knows no numbers: it would expect next to none, and sort what it finds. With COALESCE it expects half.
 */
const LIST = `
  SELECT ${SUMMARY} FROM holdfast.runs
   WHERE (:tenant::text IS NULL OR COALESCE(tenant = :tenant, FALSE))
     AND (:status::text[] IS NULL OR COALESCE(status = ANY(:status), FALSE))
     AND (:engineStatus::text IS NULL OR engine_status = :engineStatus OR engine_status = :orStatus)
     AND (:workflow::text IS NULL OR workflow = :workflow)
     AND (:lane::text IS NULL OR lane = :lane)
     AND (:parentId::text IS NULL OR parent_id = :parentId)
     AND (:sinceMs::bigint IS NULL OR created_ms >= :sinceMs)
     AND (:untilMs::bigint IS NULL OR created_ms < :untilMs)
     AND (:q::text IS NULL OR position(lower(:q) IN lower(id)) > 0 OR position(lower(:q) IN lower(workflow)) > 0)
     AND (:afterMs::bigint IS NULL OR (created_ms, id) < (:afterMs, :afterId))
   ORDER BY created_ms DESC, id DESC
   LIMIT :limit`;

const ONE = `
  SELECT ${SUMMARY}, input, result, error,
         (SELECT ${CALLS_USAGE} FROM holdfast.model_calls c WHERE c.run_id = :id) AS usage
    FROM holdfast.runs
   WHERE id = :id AND (:tenant::text IS NULL OR tenant = :tenant)`;

/** Returns a page of runs, the newest first. @throws InvalidInput `invalid_cursor` */
export async function listRuns(db: Knex, filter: RunFilter, limit: number, cursor?: string): Promise<Page<RunSummary>> {
  const after = cursor === undefined ? undefined : parseCursor(cursor);
  const { rows } = await db.raw<{ rows: SummaryRow[] }>(LIST, {
    tenant: filter.tenant ?? null,
    status: filter.status ?? null,
    ...engineStatuses(filter.status),
    workflow: filter.workflow ?? null,
    lane: filter.lane ?? null,
    parentId: filter.parentId ?? null,
    sinceMs: filter.since?.getTime() ?? null,
    untilMs: filter.until?.getTime() ?? null,
    q: filter.q ?? null,
    afterMs: after?.at ?? null,
    afterId: after?.id ?? null,
    limit: limit + 1,
  });
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const next = rows.length > limit && last ? formatCursor({ at: Number(last.createdMs), id: last.id }) : null;
  return { items: items.map(toSummary), next };
}

/** Returns the run. @throws NotFound `run_not_found` when there is none, or it is another tenant's */
export async function getRun(db: Knex, id: string, tenant: string | undefined): Promise<Run> {
  const { rows } = await db.raw<{ rows: (SummaryRow & Pick<Run, 'input' | 'result' | 'error' | 'usage'>)[] }>(ONE, {
    id,
    tenant: tenant ?? null,
  });
  const row = rows[0];
  if (!row) throw new NotFound('run_not_found', `There is no run '${id}'.`);
  return { ...toSummary(row), usage: row.usage, input: row.input, result: row.result, error: row.error };
}

/** Returns the fingerprint of the input that the run was started with, if it was started with an idempotency key. */
export async function findInputHash(db: Knex, id: string): Promise<string | undefined> {
  const { rows } = await db.raw<{ rows: { hash: string | null }[] }>(
    `SELECT attributes ->> 'inputHash' AS hash FROM holdfast.runs WHERE id = :id`,
    { id },
  );
  return rows[0]?.hash ?? undefined;
}

function engineStatuses(statuses: RunStatus[] = []): { engineStatus: string | null; orStatus: string | null } {
  const all = [...new Set(statuses.flatMap((status) => ENGINE_STATUSES[status]))];
  if (all.length === 0 || all.length > 2) return { engineStatus: null, orStatus: null };
  return { engineStatus: all[0]!, orStatus: all.at(-1)! };
}

function toSummary(row: SummaryRow): RunSummary {
  return {
    id: row.id,
    workflow: row.workflow,
    status: row.status,
    tenant: row.tenant,
    lane: row.lane,
    priority: row.priority,
    parentId: row.parentId,
    initiator: row.initiator,
    recoveries: row.recoveries,
    createdAt: row.createdAt.toISOString(),
    delayedUntil: row.delayedUntil?.toISOString() ?? null,
    startedAt: row.startedAt?.toISOString() ?? null,
    deadline: row.deadline?.toISOString() ?? null,
    endedAt: row.endedAt?.toISOString() ?? null,
    durationMs: row.durationMs,
    held: row.held && toHeld(row.held),
  };
}

function toHeld({ reason, step_id: stepId, expected, found, message, at }: NonNullable<SummaryRow['held']>): Held {
  return { reason, stepId, expected, found, message, at: new Date(at).toISOString() };
}
