// Parked runs: rows that wait without a process. Their owner is a token that nobody holds, so nobody can write for them.

import type { Knex } from 'knex';
import type { Pool } from 'pg';
import type { Parking } from '../../core/parking.ts';
import { GroupCommit } from '../history/group-commit.ts';
import { RECOVERY_LANE } from '../recovery-lane.ts';

/** The owner of a parked run. */
const PARKED = 'parked';

export interface ParkRequest extends Parking {
  runId: string;
  /** Of the execution that parks. */
  token: string;
}

/** Something that a parked run may wait for. */
export type WakeReason = { kind: 'message'; runId: string; topic: string } | { kind: 'run'; endedRunId: string };

interface Transition {
  lanes: string[];
  /** When the next one is due, and the database's time, in milliseconds since 1970. */
  next: number | undefined;
  now: number;
  /** Whether there may be more that are due. */
  isFull: boolean;
}

const MOST_DUE_AT_ONCE = 5000;

/** Parks and wakes runs. */
export class ParkedRuns {
  readonly #pool: Pool;
  readonly #application: string | undefined;
  readonly #group: GroupCommit<ParkRequest, boolean>;

  constructor(pool: Pool, application: string | undefined) {
    this.#pool = pool;
    this.#application = application;
    this.#group = new GroupCommit<ParkRequest, boolean>({
      keyOf: ({ runId }) => runId,
      bytesOf: ({ topics, runIds }) => 200 + 50 * (topics.length + runIds.length),
      writeMany: async (requests) => {
        const parked = await this.#park('holdfast_park_many', park('SKIP LOCKED'), requests);
        return requests.map(({ runId }) => parked.has(runId) || undefined);
      },
      writeOne: async (request) => (await this.#park('holdfast_park_one', park(''), [request])).has(request.runId),
    });
  }

  /** Parks a run. Resolves after the commit: to false when the run is not the execution's (any more), and nothing was changed. */
  park(request: ParkRequest): Promise<boolean> {
    return this.#group.write(request);
  }

  /** Returns which of these parked runs have what they wait for already; it may have come while they were being parked. */
  async due(runIds: readonly string[]): Promise<string[]> {
    const { rows } = await this.#pool.query<{ run_id: string }>({
      name: 'holdfast_parked_due',
      text: DUE,
      values: [runIds],
    });
    return rows.map((row) => row.run_id);
  }

  /** Puts parked runs that wait for one of `reasons` into their lanes, and returns these. */
  async wake(reasons: readonly WakeReason[]): Promise<string[]> {
    const { rows } = await this.#pool.query<{ lane: string }>({
      name: 'holdfast_wake',
      text: WAKE,
      values: [
        reasons.map((reason) => (reason.kind === 'message' ? reason.runId : null)),
        reasons.map((reason) => reason.kind),
        reasons.map((reason) => (reason.kind === 'message' ? reason.topic : reason.endedRunId)),
      ],
    });
    return rows.map((row) => row.lane);
  }

  /** Puts these parked runs into their lanes, whatever they wait for, and returns the lanes. */
  async wakeRuns(runIds: readonly string[]): Promise<string[]> {
    const { rows } = await this.#pool.query<{ lane: string }>({
      name: 'holdfast_wake_runs',
      text: WAKE_RUNS,
      values: [runIds],
    });
    return rows.map((row) => row.lane);
  }

  /** Returns the parked runs whose message, or whose run's end, nobody told us of; forgets the waits of runs that are over. */
  async missed(): Promise<string[]> {
    await this.#pool.query(FORGET);
    const { rows } = await this.#pool.query<{ run_id: string }>(MISSED);
    return rows.map((row) => row.run_id);
  }

  /** Puts runs whose time has come into their lanes: parked ones, and those that were started with a delay. */
  async transition(): Promise<Transition> {
    const { rows } = await this.#pool.query<{ lanes: string[]; count: number; next: string | null; now: number }>({
      name: 'holdfast_transition',
      text: TRANSITION,
      values: [this.#application ?? null],
    });
    const { lanes, count, next, now } = rows[0]!;
    return { lanes, next: next === null ? undefined : Number(next), now, isFull: count === MOST_DUE_AT_ONCE };
  }

  async #park(name: string, text: string, requests: ParkRequest[]): Promise<Set<string>> {
    const json = requests.map(({ runId, token, until, topics, runIds, isForRoom }) => {
      const waits = [
        ...topics.map((key) => ({ kind: 'message', key })),
        ...runIds.map((key) => ({ kind: 'run', key })),
        ...(isForRoom ? [{ kind: 'room', key: '' }] : []),
      ];
      return { run_id: runId, token, until, waits };
    });
    const { rows } = await this.#pool.query<{ run_id: string }>({
      name,
      text,
      values: [JSON.stringify(json), RECOVERY_LANE],
    });
    return new Set(rows.map((row) => row.run_id));
  }
}

const NOW = '(EXTRACT(EPOCH FROM now()) * 1000)::bigint';

/**
 * Of a row that is locked by its key nothing else is asked again: with old statistics Postgres might go through all runs of a status
 * for each row.
 */
function park(locked: 'SKIP LOCKED' | ''): string {
  return `
WITH request AS MATERIALIZED (
  SELECT * FROM json_to_recordset($1::json) AS r(run_id text, token text, until bigint, waits json)),
owned AS MATERIALIZED (
  SELECT workflow_uuid, status, owner_xid FROM dbos.workflow_status
   WHERE workflow_uuid = ANY (ARRAY(SELECT run_id FROM request))
   ORDER BY workflow_uuid FOR NO KEY UPDATE ${locked}),
parked AS (
  UPDATE dbos.workflow_status w
     SET status = 'DELAYED', owner_xid = '${PARKED}', delay_until_epoch_ms = r.until,
         queue_name = COALESCE(w.queue_name, $2), updated_at = ${NOW}
    FROM request r JOIN owned ON owned.workflow_uuid = r.run_id AND owned.owner_xid = r.token AND owned.status = 'PENDING'
   WHERE w.workflow_uuid = owned.workflow_uuid
  RETURNING w.workflow_uuid AS run_id),
wait AS MATERIALIZED (
  SELECT r.run_id, x.kind, x.key
    FROM request r JOIN parked USING (run_id), json_to_recordset(r.waits) AS x(kind text, key text)),
old AS (
  DELETE FROM holdfast.waits w USING parked
   WHERE w.run_id = parked.run_id
     AND NOT EXISTS (SELECT FROM wait WHERE wait.run_id = w.run_id AND wait.kind = w.kind AND wait.key = w.key)),
noted AS (
  INSERT INTO holdfast.waits (run_id, kind, key) SELECT run_id, kind, key FROM wait ON CONFLICT DO NOTHING)
SELECT run_id FROM parked`;
}

const IS_DUE = `(x.kind = 'message' AND EXISTS (
          SELECT FROM dbos.notifications n WHERE n.destination_uuid = x.run_id AND n.topic = x.key AND NOT n.consumed))
     OR (x.kind = 'run' AND NOT EXISTS (
          SELECT FROM dbos.workflow_status c WHERE c.workflow_uuid = x.key AND c.status IN ('PENDING', 'ENQUEUED', 'DELAYED')))
     OR (x.kind = 'room' AND NOT EXISTS (
          SELECT FROM holdfast.bucket_waits b WHERE b.run_id = x.run_id AND b.granted_at IS NULL))
     OR (x.kind = 'room' AND EXISTS (
          SELECT FROM holdfast.bucket_waits b WHERE b.run_id = x.run_id AND b.granted_at IS NOT NULL))`;

const DUE = `SELECT DISTINCT x.run_id FROM holdfast.waits x WHERE x.run_id = ANY($1::text[]) AND (${IS_DUE})`;

const MISSED = `
SELECT DISTINCT x.run_id FROM holdfast.waits x JOIN dbos.workflow_status w ON w.workflow_uuid = x.run_id
 WHERE w.status = 'DELAYED' AND w.owner_xid = '${PARKED}' AND (${IS_DUE})`;

const FORGET = `
WITH ended AS MATERIALIZED (
  SELECT workflow_uuid FROM dbos.workflow_status
   WHERE workflow_uuid IN (SELECT run_id FROM holdfast.waits) AND status NOT IN ('PENDING', 'ENQUEUED', 'DELAYED')
     FOR NO KEY UPDATE SKIP LOCKED)
DELETE FROM holdfast.waits WHERE run_id IN (SELECT workflow_uuid FROM ended)`;

/** The claim that follows counts an attempt, so this takes one off: only crashes add up. */
const UNCOUNTED = 'GREATEST(recovery_attempts - 1, 0)';
const WOKEN = `
   SET status = 'ENQUEUED', owner_xid = NULL, delay_until_epoch_ms = NULL, recovery_attempts = ${UNCOUNTED}, updated_at = ${NOW}`;

/**
 * Those of the rows with these keys that are parked; as in `park`, they are found by their keys alone. Rows of other runs are not locked:
 * they may be about to write. One that is just being parked looks itself whether it is due.
 */
function woken(runIds: string): string {
  return `
seen AS MATERIALIZED (
  SELECT workflow_uuid, status, owner_xid FROM dbos.workflow_status WHERE workflow_uuid = ANY (${runIds})),
locked AS MATERIALIZED (
  SELECT workflow_uuid, status, owner_xid FROM dbos.workflow_status
   WHERE workflow_uuid = ANY (ARRAY(
           SELECT workflow_uuid FROM seen WHERE status = 'DELAYED' AND owner_xid = '${PARKED}'))
   ORDER BY workflow_uuid FOR NO KEY UPDATE)
UPDATE dbos.workflow_status ${WOKEN}
 WHERE workflow_uuid = ANY (ARRAY(
         SELECT workflow_uuid FROM locked WHERE status = 'DELAYED' AND owner_xid = '${PARKED}'))
RETURNING queue_name AS lane`;
}

const WAKE_RUNS = `WITH ${woken('$1::text[]')}`;

const WAKE = `
WITH reason AS MATERIALIZED (
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS r(run_id, kind, key)),
waiting AS MATERIALIZED (
  SELECT x.run_id FROM reason r JOIN holdfast.waits x ON x.run_id = r.run_id AND x.kind = r.kind AND x.key = r.key
   WHERE r.kind = 'message'
  UNION
  SELECT x.run_id FROM reason r JOIN holdfast.waits x ON x.key = r.key WHERE r.kind = 'run' AND x.kind = 'run'),
${woken('ARRAY(SELECT run_id FROM waiting)')}`;

/** A held run has no time, and stays. As in the SDK, a debounced run gives its key back. */
const TRANSITION = `
WITH due AS MATERIALIZED (
  SELECT workflow_uuid FROM dbos.workflow_status
   WHERE status = 'DELAYED' AND delay_until_epoch_ms <= ${NOW}
     AND ($1::text IS NULL OR application_name = $1 OR application_name IS NULL)
   ORDER BY delay_until_epoch_ms LIMIT ${MOST_DUE_AT_ONCE} FOR NO KEY UPDATE SKIP LOCKED),
moved AS (
  UPDATE dbos.workflow_status
     SET status = 'ENQUEUED', owner_xid = NULL, updated_at = ${NOW},
         recovery_attempts = CASE WHEN owner_xid = '${PARKED}' THEN ${UNCOUNTED} ELSE recovery_attempts END,
         delay_until_epoch_ms = CASE WHEN owner_xid = '${PARKED}' THEN NULL ELSE delay_until_epoch_ms END,
         deduplication_id = CASE WHEN is_debounced THEN NULL ELSE deduplication_id END
   WHERE workflow_uuid = ANY (ARRAY(SELECT workflow_uuid FROM due))
  RETURNING queue_name)
SELECT ARRAY(SELECT DISTINCT queue_name FROM moved) AS lanes, (SELECT count(*)::int FROM moved) AS count,
       (SELECT min(delay_until_epoch_ms) FROM dbos.workflow_status
         WHERE status = 'DELAYED' AND delay_until_epoch_ms > ${NOW}) AS next,
       (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::float8 AS now`;

/** Puts every parked run into its lane: the SDK's own engine knows no parked runs, and executes them as waiting ones in memory. */
export async function wakeAll(db: Knex): Promise<void> {
  await db.raw(`UPDATE dbos.workflow_status ${WOKEN} WHERE status = 'DELAYED' AND owner_xid = '${PARKED}'`);
}
