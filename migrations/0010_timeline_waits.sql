-- A wait for a message is one step in the timeline: with its topic, once a message has come, and with the message itself. The engine
-- records its time limit as a sleep of its own that took no time, although it ends later; that one is left out.
CREATE OR REPLACE VIEW holdfast.steps AS
SELECT
  o.workflow_uuid AS run_id,
  o.function_id AS step_id,
  holdfast.step_name(o.function_name) || COALESCE(' ' || m.topic, '') AS name,
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
  CASE WHEN o.function_name = 'DBOS.recv' THEN holdfast.recorded_json(o.output) -> 'body'
       ELSE holdfast.recorded_json(o.output) END AS output,
  holdfast.recorded_error(o.error) AS error,
  o.child_workflow_id AS child_run_id
FROM dbos.operation_outputs o
LEFT JOIN dbos.notifications m
       ON o.function_name = 'DBOS.recv' AND m.destination_uuid = o.workflow_uuid AND m.consumed_by_function_id = o.function_id
WHERE CASE WHEN o.function_name = 'DBOS.sleep' AND o.output ~ '^\d{1,18}$'
           THEN o.output::bigint <= o.completed_at_epoch_ms ELSE TRUE END
UNION ALL
SELECT
  a.run_id, a.step_id, max(a.step), 'step', 'retrying', count(*)::integer, min(a.started_at), NULL, NULL, NULL,
  (array_agg(jsonb_build_object('code', a.code, 'message', a.message) ORDER BY a.id DESC))[1], NULL
FROM holdfast.attempts a
WHERE NOT EXISTS (SELECT FROM dbos.operation_outputs o WHERE o.workflow_uuid = a.run_id AND o.function_id = a.step_id)
GROUP BY a.run_id, a.step_id;

COMMENT ON COLUMN holdfast.steps.run_id IS 'The run that the step belongs to.';
COMMENT ON COLUMN holdfast.steps.name IS 'Class.method of a step, the workflow of a child, or the durable verb; of waitFor with the topic of the message that came.';
COMMENT ON COLUMN holdfast.steps.kind IS 'step (a transaction is one, too), child, result (of a child), timer, message, progress or value.';
COMMENT ON COLUMN holdfast.steps.started_at IS 'When its first attempt began.';
COMMENT ON COLUMN holdfast.steps.ended_at IS 'When its outcome was recorded; of a sleep, when it is over. Null while it is retried.';
COMMENT ON COLUMN holdfast.steps.output IS 'What the step returned, as JSON; of waitFor the message, and null when none came in time.';

COMMENT ON COLUMN holdfast.runs.created_at IS 'When it was started.';
COMMENT ON COLUMN holdfast.runs.delayed_until IS 'When it may begin at the earliest, where it was started with a delay.';
COMMENT ON COLUMN holdfast.runs.started_at IS 'When a process first began to run it; null before that.';
COMMENT ON COLUMN holdfast.runs.deadline IS 'When it is cancelled, unless it has ended by then.';
COMMENT ON COLUMN holdfast.runs.ended_at IS 'When its outcome was recorded.';
COMMENT ON COLUMN holdfast.runs.attributes IS 'What the service noted when it was started, such as the fingerprint of the input behind an idempotency key. May change.';
COMMENT ON COLUMN holdfast.runs.engine_status IS 'The status in the words of the engine: the indexed form, for lists.';

COMMENT ON COLUMN holdfast.attempts.run_id IS 'The run that the step belongs to.';
COMMENT ON COLUMN holdfast.attempts.step_id IS 'The step''s number, as in holdfast.steps.';
COMMENT ON COLUMN holdfast.attempts.step IS 'The step''s name.';
COMMENT ON COLUMN holdfast.attempts.code IS 'The code of its error.';
COMMENT ON COLUMN holdfast.attempts.message IS 'The message of its error.';
