// Proves from the tables, the journal and the witness that whatever happened to the processes did nothing to the runs.

import { isDeepStrictEqual } from 'node:util';
import type { Query } from './journal.ts';
import type { Plan } from './plan.ts';
import type { Body } from './witness.ts';

/** All that is known once every process has stopped. */
export interface Evidence {
  query: Query;
  /** Every run that there may be, children included. */
  plans: readonly Plan[];
  /** What the witness saw. */
  bodies: readonly Body[];
}

/** Returns what is wrong, a sentence for each case; nothing when all is well. */
export async function violations(evidence: Evidence): Promise<string[]> {
  const { query, plans, bodies } = evidence;
  return [
    ...(await unfinished(query, plans)),
    ...(await outcomes(query, plans)),
    ...(await misplacedSteps(query, plans)),
    ...(await repeatedWrites(query)),
    ...(await repeatedBodies(query, plans, bodies)),
    ...(await zombieWrites(query)),
    ...(await zombieOutcomes(query)),
  ];
}

/** Every run has ended well, and there are no others. */
async function unfinished(query: Query, plans: readonly Plan[]): Promise<string[]> {
  const rows = await query<{ id: string; status: string }>(
    'SELECT workflow_uuid AS id, status FROM dbos.workflow_status',
  );
  const planned = new Set(plans.map(({ runId }) => runId));
  const found = new Set(rows.map(({ id }) => id));
  return [
    ...rows.filter(({ status }) => status !== 'SUCCESS').map(({ id, status }) => `run ${id} is ${status}`),
    ...rows.filter(({ id }) => !planned.has(id)).map(({ id }) => `run ${id} was not planned`),
    ...plans.filter(({ runId }) => !found.has(runId)).map(({ runId }) => `run ${runId} does not exist`),
    ...(await query<{ run_id: string; step: string }>('SELECT run_id, step FROM holdfast.attempts')).map(
      ({ run_id: id, step }) => `an attempt of ${step} of run ${id} failed`,
    ),
    ...(await query<{ id: string }>('SELECT destination_uuid AS id FROM dbos.notifications WHERE NOT consumed')).map(
      ({ id }) => `a message for run ${id} was not received`,
    ),
  ];
}

interface Outcome {
  id: string;
  result: unknown;
  token: unknown;
  effects: string[] | null;
  progress: unknown[] | null;
  ends: number;
}

/** Every run ended once, with the right result, and what it did outside of the engine's tables was done once. */
async function outcomes(query: Query, plans: readonly Plan[]): Promise<string[]> {
  const rows = await query<Outcome>(`
    SELECT r.id, r.result,
           (SELECT output FROM holdfast.steps s WHERE s.run_id = r.id AND s.name = 'uuid') AS token,
           (SELECT array_agg(e.name ORDER BY e.name) FROM effects e WHERE e.run_id = r.id) AS effects,
           (SELECT json_agg(holdfast.recorded_json(t.value) ORDER BY t."offset")
              FROM dbos.streams t WHERE t.workflow_uuid = r.id AND t.key = 'progress') AS progress,
           (SELECT count(*)::int FROM journal.changes c
             WHERE c.run_id = r.id AND c.after NOT IN ('PENDING', 'ENQUEUED', 'DELAYED')) AS ends
      FROM holdfast.runs r`);
  const byRun = new Map(rows.map((row) => [row.id, row]));
  return plans.flatMap((plan) => {
    const row = byRun.get(plan.runId);
    if (!row) return [];
    const differs = (what: string, is: unknown, shouldBe: unknown): string[] =>
      isDeepStrictEqual(is, shouldBe)
        ? []
        : [`run ${row.id} has the ${what} ${JSON.stringify(is)}, not ${JSON.stringify(shouldBe)}`];
    return [
      ...differs('result', row.result, plan.result(row.token)),
      ...differs('effects', row.effects ?? [], [...plan.effects(row.token)].sort()),
      ...differs('progress', row.progress ?? [], plan.progress),
      ...differs('number of ends', row.ends, 1),
    ];
  });
}

/** The steps of every run are those of its code, in its order, and none has failed. */
async function misplacedSteps(query: Query, plans: readonly Plan[]): Promise<string[]> {
  const rows = await query<{ id: string; steps: { step: number; name: string; status: string }[] }>(`
    SELECT id, json_agg(json_build_object('step', step, 'name', name, 'status', status) ORDER BY step) AS steps
      FROM (SELECT workflow_uuid AS id, function_id AS step, holdfast.step_name(function_name) AS name,
                   CASE WHEN error IS NULL THEN 'succeeded' ELSE 'failed' END AS status
              FROM dbos.operation_outputs
            UNION ALL
            SELECT run_id, step_id, name, status FROM holdfast.steps WHERE status = 'retrying') AS recorded
     GROUP BY id`);
  const byRun = new Map(rows.map(({ id, steps }) => [id, steps]));
  return plans.flatMap(({ runId, steps }) => {
    const found = byRun.get(runId) ?? [];
    const expected = steps.map(({ name }, step) => ({ step, name, status: 'succeeded' }));
    const wrong = Array.from({ length: Math.max(found.length, expected.length) }, (_, n) => n).find(
      (n) => !isDeepStrictEqual(found[n], expected[n]),
    );
    if (wrong === undefined) return [];
    return [`run ${runId} has ${JSON.stringify(found[wrong])} where ${JSON.stringify(expected[wrong])} should be`];
  });
}

/** Every step was recorded once. What is beside it for a transaction, where an engine needs that, was committed once, too, and has its step. */
async function repeatedWrites(query: Query): Promise<string[]> {
  const repeated = await query<{ kind: string; place: string; times: number }>(
    `SELECT kind, step_id || ' of run ' || run_id AS place, count(*)::int AS times
       FROM journal.writes WHERE kind <> 'stream' GROUP BY 1, 2 HAVING count(*) > 1`,
  );
  const left = await query<{ place: string }>(
    `SELECT function_num || ' of run ' || workflow_id AS place FROM dbos.transaction_completion t
      WHERE NOT EXISTS (SELECT FROM dbos.operation_outputs o
                         WHERE o.workflow_uuid = t.workflow_id AND o.function_id = t.function_num)`,
  );
  return [
    ...repeated.map(({ kind, place, times }) => `the ${kind} ${place} was written ${times} times`),
    ...left.map(({ place }) => `the completion ${place} has no step`),
  ];
}

/** Once a step is recorded (or a transaction committed) its body does not begin again. */
async function repeatedBodies(query: Query, plans: readonly Plan[], bodies: readonly Body[]): Promise<string[]> {
  const rows = await query<{ id: string; step: number; at: number }>(
    `SELECT run_id AS id, step_id AS step, min(at_ms) AS at FROM journal.writes WHERE kind IN ('step', 'transaction') GROUP BY 1, 2`,
  );
  const recordedAt = new Map(rows.map(({ id, step, at }) => [`${step} ${id}`, at]));
  const steps = new Map(
    plans.flatMap(({ runId, steps }) =>
      steps.map(({ label }, step) => [`${label} ${runId}`, `${step} ${runId}`] as const),
    ),
  );
  return bodies.flatMap(({ run, label, process, at }) => {
    const step = steps.get(`${label} ${run}`);
    const recorded = step === undefined ? undefined : recordedAt.get(step);
    if (recorded === undefined || at <= recorded) return [];
    return [`'${label}' of run ${run} began in ${process} ${Math.round(at - recorded)} ms after it was recorded`];
  });
}

/** Whatever was written for a run was written by the process whose run it was, and each claim was used by one process only. */
async function zombieWrites(query: Query): Promise<string[]> {
  const rows = await query<{ id: string; kind: string; step: number; writer: string; holder: string; status: string }>(`
    SELECT w.run_id AS id, w.kind, w.step_id AS step, w.writer, e.process AS holder, w.status
      FROM journal.writes w LEFT JOIN journal.executors e ON e.executor_id = w.executor_id
     WHERE w.status <> 'PENDING' OR w.token IS NULL OR e.process IS DISTINCT FROM w.writer`);
  const shared = await query<{ id: string; writers: string[] }>(`
    SELECT run_id AS id, array_agg(DISTINCT writer) AS writers FROM journal.writes
     GROUP BY run_id, token HAVING count(DISTINCT writer) > 1`);
  return [
    ...rows.map(
      ({ id, kind, step, writer, holder, status }) =>
        `${writer} wrote the ${kind} ${step} of run ${id}, which was ${status} and ${holder}'s`,
    ),
    ...shared.map(({ id, writers }) => `${writers.join(' and ')} shared a claim of run ${id}`),
  ];
}

/** Whoever ended a run held it. */
async function zombieOutcomes(query: Query): Promise<string[]> {
  const rows = await query<{ id: string; writer: string; before: string; after: string; holder: string }>(`
    SELECT c.run_id AS id, c.writer, c.before, c.after, e.process AS holder
      FROM journal.changes c LEFT JOIN journal.executors e ON e.executor_id = c.executor_id
     WHERE c.after IN ('SUCCESS', 'ERROR') AND (c.before <> 'PENDING' OR e.process IS DISTINCT FROM c.writer)`);
  return rows.map(
    ({ id, writer, before, after, holder }) =>
      `${writer} made run ${id}, which was ${before} and ${holder}'s, ${after}`,
  );
}
