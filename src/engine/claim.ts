// Takes waiting runs of a lane for this process: in one statement, or under the lane's lock where a limit counts over all processes.

import { randomUUID } from 'node:crypto';
import type { SystemDatabase, WorkflowStatusInternal } from '@dbos-inc/dbos-sdk/internal/system_database';
import type { PoolClient, QueryConfig } from 'pg';
import { isConnectionError } from '../core/connection-error.ts';
import { CLAIMED_COLUMNS, type ClaimedRow, statusOf } from './claimed-row.ts';

/** The connections of the system database. */
type Database = Pick<SystemDatabase, 'connect' | 'pool'>;

/** A lane, with the limits that count over all processes. */
export interface ClaimableLane {
  name: string;
  /** How many of its runs may run at a time. */
  concurrency?: number | undefined;
  /** How many of its runs may start in any period of this length. A run that goes on after a wait or a crash does not start again. */
  rateLimit?: { limitPerPeriod: number; periodSec: number } | undefined;
}

/** Who claims. */
export interface Claimant {
  executorId: string;
  application: string;
  /** The version that all builds carry. */
  version: string;
  /** The workflows that this build has; runs of others are left for the builds that have them. */
  workflows: readonly string[];
}

/** Runs that are this process's now; whoever executes them has to show the token. */
export interface Claim {
  ownerToken: string;
  runs: WorkflowStatusInternal[];
}

const CLAIM_WITHIN_MS = 10_000;
/** How long after a claim whose answer was lost the server may still be at work on it. */
const DOUBT_LASTS_MS = 120_000;
const UNDO_EVERY_MS = 1000;
/** A run that could not be started here is left alone for so long, and then tried again, here or elsewhere. */
const NEXT_TRY_MS = 30_000;

/** Runs of the lane that may be claimed. */
const WAITING = `
      FROM dbos.workflow_status
     WHERE status = 'ENQUEUED' AND queue_name = $1
       AND (application_name = $2 OR application_name IS NULL)
       AND (application_version = $3 OR application_version IS NULL)
       AND name = ANY($4::text[])
     ORDER BY priority, created_at`;

/**
 * `ANY(ARRAY(…))` rather than a join: whatever the number of rows that the planner expects, it looks them up by their keys.
 * A row that was changed since the statement began is looked at again, as it is now, before it is locked. A run that waited or was
 * taken over has started already.
 */
const CLAIMED = `
  claimed AS (
    UPDATE dbos.workflow_status
       SET status = 'PENDING', owner_xid = $6, executor_id = $7, application_version = $3, rate_limited = $8,
           application_name = COALESCE(application_name, $2),
           recovery_attempts = recovery_attempts + 1,
           started_at_epoch_ms = COALESCE(started_at_epoch_ms, (EXTRACT(epoch FROM now()) * 1000)::bigint),
           updated_at = (EXTRACT(epoch FROM now()) * 1000)::bigint,
           workflow_deadline_epoch_ms = COALESCE(workflow_deadline_epoch_ms,
             (EXTRACT(epoch FROM now()) * 1000)::bigint + workflow_timeout_ms)
     WHERE workflow_uuid = ANY(ARRAY(SELECT workflow_uuid FROM waiting)) AND status = 'ENQUEUED'
    RETURNING *)
  SELECT ${CLAIMED_COLUMNS.map((column) => `c.${column}`).join(', ')}, COALESCE(i.inputs, c.inputs) AS inputs
    FROM claimed c LEFT JOIN dbos.workflow_input i ON i.workflow_uuid = c.workflow_uuid
   ORDER BY c.priority, c.created_at`;

const CLAIM = `
  WITH waiting AS MATERIALIZED (
    SELECT workflow_uuid ${WAITING}
     LIMIT $5
       FOR UPDATE SKIP LOCKED), ${CLAIMED}`;

/** Where a rate lets fewer runs start than there are places, those that have started may stand behind so many that have not. */
const LOOK_BEHIND = 10_000;

/** The same with no more than $9 runs that have not started yet. It holds the lane's lock, so that nobody else claims these. */
const CLAIM_AT_RATE = `
  WITH first AS MATERIALIZED (
    SELECT workflow_uuid, priority, created_at, started_at_epoch_ms IS NOT NULL AS has_started ${WAITING}
     LIMIT ${LOOK_BEHIND}),
  numbered AS (
    SELECT *, count(*) FILTER (WHERE NOT has_started) OVER (ORDER BY priority, created_at, workflow_uuid) AS starts FROM first),
  waiting AS MATERIALIZED (
    SELECT workflow_uuid FROM dbos.workflow_status
     WHERE status = 'ENQUEUED' AND workflow_uuid = ANY(ARRAY(
             SELECT workflow_uuid FROM numbered WHERE has_started OR starts <= $9::int
              ORDER BY priority, created_at LIMIT $5))
       FOR UPDATE SKIP LOCKED), ${CLAIMED}`;

const RUNNING = `
  SELECT count(*)::int AS used FROM dbos.workflow_status
   WHERE queue_name = $1 AND status = 'PENDING' AND (application_name = $2 OR application_name IS NULL)`;

/** A run counts from its first start on, whatever became of it since. */
const STARTED = `
  SELECT count(*)::int AS used FROM dbos.workflow_status
   WHERE queue_name = $1 AND rate_limited = TRUE
     AND (application_name = $2 OR application_name IS NULL)
     AND started_at_epoch_ms > (EXTRACT(epoch FROM now()) * 1000)::bigint - $3::bigint`;

/** A claim that is undone was no start, unless the run had started before. Nobody has changed the row since the claim. */
const EARLIER_START = 'NULLIF(started_at_epoch_ms, updated_at)';

const UNDO = `
  UPDATE dbos.workflow_status
     SET status = 'ENQUEUED', owner_xid = NULL, started_at_epoch_ms = ${EARLIER_START},
         recovery_attempts = GREATEST(recovery_attempts - 1, 0),
         updated_at = (EXTRACT(epoch FROM now()) * 1000)::bigint
   WHERE status = 'PENDING' AND executor_id = $1 AND owner_xid = ANY($2::text[])`;

/** By keys alone: with old statistics Postgres might go through all runs that execute for each of them. */
const POSTPONE = `
  WITH owned AS MATERIALIZED (
    SELECT workflow_uuid, status, owner_xid FROM dbos.workflow_status
     WHERE workflow_uuid = ANY ($1::text[]) ORDER BY workflow_uuid FOR NO KEY UPDATE)
  UPDATE dbos.workflow_status w
     SET status = 'DELAYED', owner_xid = NULL, started_at_epoch_ms = ${EARLIER_START},
         recovery_attempts = GREATEST(recovery_attempts - 1, 0),
         delay_until_epoch_ms = (EXTRACT(epoch FROM now()) * 1000)::bigint + $3::bigint,
         updated_at = (EXTRACT(epoch FROM now()) * 1000)::bigint
    FROM unnest($1::text[], $2::text[]) AS mine (run_id, token)
    JOIN owned ON owned.workflow_uuid = mine.run_id AND owned.owner_xid = mine.token AND owned.status = 'PENDING'
   WHERE w.workflow_uuid = owned.workflow_uuid`;

/** The same of several lanes, to see which of them are worth a claim. */
const LANES = `
  SELECT lane FROM unnest($1::text[]) AS lane
   WHERE EXISTS (
    SELECT FROM dbos.workflow_status
     WHERE status = 'ENQUEUED' AND queue_name = lane
       AND (application_name = $2 OR application_name IS NULL)
       AND (application_version = $3 OR application_version IS NULL)
       AND name = ANY($4::text[]))`;

/** How many runs a claim may take, and how many of these may be ones that have not started yet. */
interface Room {
  places: number;
  starts: number;
}

/** Claims runs on behalf of one executor. */
export class Claims {
  readonly #database: Database;
  readonly #claimant: Claimant;
  /** Tokens of claims whose answer was lost, each with the time until which it is looked for. */
  readonly #doubtful = new Map<string, number>();
  /** Tokens of runs that are to go back into their lanes, by the id of the run. */
  readonly #postponed = new Map<string, string>();
  #undoneAt = -Infinity;

  constructor(database: Database, claimant: Claimant) {
    this.#database = database;
    this.#claimant = claimant;
  }

  /**
   * Takes up to `most` runs of `lane`, those of the smallest priority number first, then the oldest. An error of the database is
   * thrown; whatever the claim took nevertheless goes back into the lane with one of the next claims.
   */
  async take(lane: ClaimableLane, most: number): Promise<Claim> {
    await this.#returnPostponed();
    await this.#undoDoubtful();
    const ownerToken = randomUUID();
    const isShared = lane.concurrency !== undefined || lane.rateLimit !== undefined;
    const client = await this.#database.connect();
    try {
      const rows = isShared
        ? await this.#takeShared(client, lane, most, ownerToken)
        : await this.#claim(client, lane, { places: most, starts: most }, ownerToken);
      client.release();
      return { ownerToken, runs: rows.map(statusOf) };
    } catch (error) {
      if (isConnectionError(error)) this.#doubtful.set(ownerToken, performance.now() + DOUBT_LASTS_MS);
      client.release(true);
      throw error;
    }
  }

  /** Returns which of `lanes` have runs that may be claimed, whatever their limits. */
  async waiting(lanes: readonly string[]): Promise<Set<string>> {
    await this.#returnPostponed();
    await this.#undoDoubtful();
    const { application, version, workflows } = this.#claimant;
    const { rows } = await this.#database.pool.query<{ lane: string }>({
      name: 'holdfast_lanes_waiting',
      text: LANES,
      values: [lanes, application, version, workflows],
    });
    return new Set(rows.map(({ lane }) => lane));
  }

  /**
   * Puts one run of a claim back, to be claimed again by anybody after half a minute. It does not count as an attempt. When the
   * database cannot be reached, that is done with one of the next claims.
   */
  async postpone(runId: string, ownerToken: string): Promise<void> {
    this.#postponed.set(runId, ownerToken);
    await this.#returnPostponed().catch(() => {
      // It is tried again.
    });
  }

  /**
   * All processes that claim from this lane count and claim one after the other, so that they never exceed its limits together. A
   * process that stops in the middle is thrown out by the server, and one that waits too long tries again later.
   */
  async #takeShared(client: PoolClient, lane: ClaimableLane, most: number, ownerToken: string): Promise<ClaimedRow[]> {
    const lock = client.escapeLiteral(`holdfast lane ${this.#claimant.application}/${lane.name}`);
    await client.query(
      `BEGIN; SET LOCAL lock_timeout = '2s'; SET LOCAL idle_in_transaction_session_timeout = '5s';
       SELECT pg_advisory_xact_lock(hashtextextended(${lock}, 0))`,
    );
    const room = await this.#room(client, lane, most);
    const rows = room.places > 0 ? await this.#claim(client, lane, room, ownerToken) : [];
    await client.query('COMMIT');
    return rows;
  }

  async #room(client: PoolClient, { name, concurrency, rateLimit }: ClaimableLane, most: number): Promise<Room> {
    const { application } = this.#claimant;
    const used = async (sql: string, values: unknown[]): Promise<number> =>
      (await client.query<{ used: number }>(sql, values)).rows[0]!.used;
    const free = concurrency === undefined ? most : concurrency - (await used(RUNNING, [name, application]));
    const places = Math.min(most, free);
    if (rateLimit === undefined || places <= 0) return { places, starts: places };
    const started = await used(STARTED, [name, application, Math.round(rateLimit.periodSec * 1000)]);
    return { places, starts: Math.max(0, rateLimit.limitPerPeriod - started) };
  }

  async #claim(client: PoolClient, lane: ClaimableLane, room: Room, ownerToken: string): Promise<ClaimedRow[]> {
    const { executorId, application, version, workflows } = this.#claimant;
    const isRateLimited = lane.rateLimit !== undefined;
    const values = [lane.name, application, version, workflows, room.places, ownerToken, executorId, isRateLimited];
    const statement =
      room.starts < room.places
        ? { name: 'holdfast_claim_at_rate', text: CLAIM_AT_RATE, values: [...values, room.starts] }
        : { name: 'holdfast_claim', text: CLAIM, values };
    const { rows } = await client.query<ClaimedRow>({ ...statement, query_timeout: CLAIM_WITHIN_MS } as QueryConfig);
    return rows;
  }

  /** A claim may have been committed although its answer was lost; nobody executes what it took. */
  async #undoDoubtful(): Promise<void> {
    const now = performance.now();
    if (this.#doubtful.size === 0 || now - this.#undoneAt < UNDO_EVERY_MS) return;
    await this.#database.pool.query(UNDO, [this.#claimant.executorId, [...this.#doubtful.keys()]]);
    this.#undoneAt = now;
    for (const [token, until] of this.#doubtful) if (until < now) this.#doubtful.delete(token);
  }

  async #returnPostponed(): Promise<void> {
    if (this.#postponed.size === 0) return;
    const entries = [...this.#postponed];
    await this.#database.pool.query(POSTPONE, [
      entries.map(([runId]) => runId),
      entries.map(([, token]) => token),
      NEXT_TRY_MS,
    ]);
    for (const [runId, token] of entries) if (this.#postponed.get(runId) === token) this.#postponed.delete(runId);
  }
}
