-- Runs that are held: going on, or failing, would be a guess, so a person decides. The views learn of them.
CREATE TABLE holdfast.held_runs (
  run_id   text PRIMARY KEY REFERENCES dbos.workflow_status (workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE,
  reason   text NOT NULL,
  step_id  integer,
  expected text,
  found    text,
  message  text NOT NULL,
  held_at  timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE holdfast.held_runs IS 'Why a run is held. A row of a run that is not held any more is left over, and is removed in time.';
COMMENT ON COLUMN holdfast.held_runs.reason IS 'unexpected_step, nondeterminism or no_such_workflow.';
COMMENT ON COLUMN holdfast.held_runs.step_id IS 'The step at which code and history part.';
COMMENT ON COLUMN holdfast.held_runs.expected IS 'What the code calls there.';
COMMENT ON COLUMN holdfast.held_runs.found IS 'What is recorded there; the workflow, when no process has it.';

CREATE FUNCTION holdfast.step_name(recorded text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE recorded
    WHEN 'DBOS.sleep' THEN 'sleep'
    WHEN 'DBOS.recv' THEN 'waitFor'
    WHEN 'DBOS.send' THEN 'send'
    WHEN 'DBOS.getResult' THEN 'result'
    WHEN 'DBOS.writeStream' THEN 'progress'
    WHEN 'DBOS.now' THEN 'now'
    WHEN 'DBOS.randomUUID' THEN 'uuid'
    ELSE recorded
  END
$$;
COMMENT ON FUNCTION holdfast.step_name IS 'The name of a step in the words of the authoring API.';

CREATE OR REPLACE VIEW holdfast.runs AS
SELECT
  w.workflow_uuid AS id,
  w.name AS workflow,
  CASE
    WHEN w.status = 'DELAYED' AND w.owner_xid = 'held' THEN 'held'
    WHEN w.status IN ('ENQUEUED', 'DELAYED') THEN 'queued'
    WHEN w.status = 'PENDING' THEN 'running'
    WHEN w.status = 'SUCCESS' THEN 'succeeded'
    WHEN w.status = 'ERROR' THEN 'failed'
    WHEN w.status = 'CANCELLED' THEN 'cancelled'
    WHEN w.status = 'MAX_RECOVERY_ATTEMPTS_EXCEEDED' THEN 'dead'
  END AS status,
  COALESCE(NULLIF(w.authenticated_user, ''), 'default') AS tenant,
  w.queue_name AS lane,
  w.priority,
  w.parent_workflow_id AS parent_id,
  w.executor_id,
  GREATEST(w.recovery_attempts - 1, 0)::integer AS recoveries,
  holdfast.at_epoch_ms(w.created_at) AS created_at,
  holdfast.at_epoch_ms(w.delay_until_epoch_ms) AS delayed_until,
  holdfast.at_epoch_ms(w.started_at_epoch_ms) AS started_at,
  holdfast.at_epoch_ms(w.workflow_deadline_epoch_ms) AS deadline,
  holdfast.at_epoch_ms(w.completed_at) AS ended_at,
  w.completed_at - COALESCE(w.started_at_epoch_ms, w.created_at) AS duration_ms,
  CASE WHEN w.serialization = 'portable_json' THEN i.inputs::jsonb -> 'positionalArgs' -> 0
       ELSE holdfast.recorded_json(i.inputs) -> 0 END AS input,
  holdfast.recorded_json(COALESCE(o.output, w.output)) AS result,
  holdfast.recorded_error(COALESCE(o.error, w.error)) AS error,
  w.attributes,
  w.created_at AS created_ms,
  CASE WHEN h.run_id IS NOT NULL THEN jsonb_build_object(
    'reason', h.reason, 'step_id', h.step_id, 'expected', h.expected, 'found', h.found, 'message', h.message,
    'at', h.held_at) END AS held
FROM dbos.workflow_status w
LEFT JOIN dbos.workflow_input i ON i.workflow_uuid = w.workflow_uuid
LEFT JOIN dbos.workflow_output o ON o.workflow_uuid = w.workflow_uuid
LEFT JOIN holdfast.held_runs h ON h.run_id = w.workflow_uuid AND w.status = 'DELAYED' AND w.owner_xid = 'held';

COMMENT ON COLUMN holdfast.runs.status IS 'queued, running, held (a person decides), succeeded, failed, cancelled or dead (its process died too often while it ran).';
COMMENT ON COLUMN holdfast.runs.held IS '{reason, step_id, expected, found, message, at} of a held run: what the code calls at this step, and what is recorded there.';

CREATE OR REPLACE VIEW holdfast.steps AS
SELECT
  o.workflow_uuid AS run_id,
  o.function_id AS step_id,
  holdfast.step_name(o.function_name) AS name,
  CASE
    WHEN o.function_name = 'DBOS.getResult' THEN 'result'
    WHEN o.child_workflow_id IS NOT NULL THEN 'child'
    WHEN o.function_name = 'DBOS.sleep' THEN 'timer'
    WHEN o.function_name IN ('DBOS.recv', 'DBOS.send') THEN 'message'
    WHEN o.function_name = 'DBOS.writeStream' THEN 'progress'
    WHEN o.function_name IN ('DBOS.now', 'DBOS.randomUUID', 'random') THEN 'value'
    ELSE 'step'
  END AS kind,
  CASE WHEN o.error IS NULL THEN 'succeeded' ELSE 'failed' END AS status,
  GREATEST(1, (SELECT count(*) FROM holdfast.attempts a WHERE a.run_id = o.workflow_uuid AND a.step_id = o.function_id)
              + CASE WHEN o.error IS NULL THEN 1 ELSE 0 END)::integer AS attempts,
  holdfast.at_epoch_ms(o.started_at_epoch_ms) AS started_at,
  holdfast.at_epoch_ms(o.completed_at_epoch_ms) AS ended_at,
  o.completed_at_epoch_ms - o.started_at_epoch_ms AS duration_ms,
  holdfast.recorded_json(o.output) AS output,
  holdfast.recorded_error(o.error) AS error,
  o.child_workflow_id AS child_run_id
FROM dbos.operation_outputs o
UNION ALL
SELECT
  a.run_id, a.step_id, max(a.step), 'step', 'retrying', count(*)::integer, min(a.started_at), NULL, NULL, NULL,
  (array_agg(jsonb_build_object('code', a.code, 'message', a.message) ORDER BY a.id DESC))[1], NULL
FROM holdfast.attempts a
WHERE NOT EXISTS (SELECT FROM dbos.operation_outputs o WHERE o.workflow_uuid = a.run_id AND o.function_id = a.step_id)
GROUP BY a.run_id, a.step_id;
