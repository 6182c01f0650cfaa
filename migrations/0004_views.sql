-- The public read contract: runs and steps in words that people use, with JSON that can be queried.

CREATE FUNCTION holdfast.recorded_json(recorded text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  RETURN recorded::jsonb -> 'json';
EXCEPTION WHEN OTHERS THEN
  -- jsonb cannot hold U+0000 nor halves of surrogate pairs, which a recorded text may contain. They are shown as U+FFFD.
  BEGIN
    RETURN regexp_replace(recorded, '(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})', '\1\\ufffd', 'g')::jsonb -> 'json';
  EXCEPTION WHEN OTHERS THEN
    RETURN to_jsonb(recorded);
  END;
END
$$;
COMMENT ON FUNCTION holdfast.recorded_json IS 'A recorded value as plain JSON; dates, maps and bigints are in their JSON form.';

CREATE FUNCTION holdfast.recorded_error(recorded text) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT jsonb_strip_nulls(jsonb_build_object(
    'code', COALESCE(error ->> 'code', 'workflow_failed'),
    'message', COALESCE(error ->> 'message', error #>> '{}'),
    'details', error -> 'details'))
  FROM holdfast.recorded_json(recorded) AS error
$$;
COMMENT ON FUNCTION holdfast.recorded_error IS 'A recorded error as {code, message, details}.';

CREATE FUNCTION holdfast.at_epoch_ms(epoch_ms bigint) RETURNS timestamptz
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT to_timestamp(epoch_ms / 1000.0) $$;
COMMENT ON FUNCTION holdfast.at_epoch_ms IS 'Milliseconds since 1970 as a timestamp.';

CREATE VIEW holdfast.runs AS
SELECT
  w.workflow_uuid AS id,
  w.name AS workflow,
  CASE w.status
    WHEN 'ENQUEUED' THEN 'queued'
    WHEN 'DELAYED' THEN 'queued'
    WHEN 'PENDING' THEN 'running'
    WHEN 'SUCCESS' THEN 'succeeded'
    WHEN 'ERROR' THEN 'failed'
    WHEN 'CANCELLED' THEN 'cancelled'
    WHEN 'MAX_RECOVERY_ATTEMPTS_EXCEEDED' THEN 'dead'
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
  w.created_at AS created_ms
FROM dbos.workflow_status w
LEFT JOIN dbos.workflow_input i ON i.workflow_uuid = w.workflow_uuid
LEFT JOIN dbos.workflow_output o ON o.workflow_uuid = w.workflow_uuid;

COMMENT ON VIEW holdfast.runs IS 'Every run: one execution of a workflow.';
COMMENT ON COLUMN holdfast.runs.id IS 'The run''s id; derived from tenant, workflow and key when it was started with an idempotency key.';
COMMENT ON COLUMN holdfast.runs.workflow IS 'Class.method, or Class.instance.method.';
COMMENT ON COLUMN holdfast.runs.status IS 'queued, running, succeeded, failed, cancelled or dead (its process died too often while it ran).';
COMMENT ON COLUMN holdfast.runs.tenant IS 'On whose behalf the run runs.';
COMMENT ON COLUMN holdfast.runs.lane IS 'The queue that the run waited in; null for a child that started at once.';
COMMENT ON COLUMN holdfast.runs.priority IS 'Smaller numbers go first within a lane.';
COMMENT ON COLUMN holdfast.runs.parent_id IS 'The run that started this one.';
COMMENT ON COLUMN holdfast.runs.executor_id IS 'The process that runs it, or ran it last.';
COMMENT ON COLUMN holdfast.runs.recoveries IS 'How often it was taken up again after its process died.';
COMMENT ON COLUMN holdfast.runs.duration_ms IS 'Milliseconds from its start to its end.';
COMMENT ON COLUMN holdfast.runs.input IS 'The input, as it was after validation.';
COMMENT ON COLUMN holdfast.runs.result IS 'What the workflow returned.';
COMMENT ON COLUMN holdfast.runs.error IS '{code, message, details} of a failed run.';
COMMENT ON COLUMN holdfast.runs.created_ms IS 'created_at in milliseconds since 1970: the indexed form, for paging.';

CREATE VIEW holdfast.steps AS
SELECT
  o.workflow_uuid AS run_id,
  o.function_id AS step_id,
  CASE o.function_name
    WHEN 'DBOS.sleep' THEN 'sleep'
    WHEN 'DBOS.recv' THEN 'waitFor'
    WHEN 'DBOS.send' THEN 'send'
    WHEN 'DBOS.getResult' THEN 'result'
    WHEN 'DBOS.writeStream' THEN 'progress'
    WHEN 'DBOS.now' THEN 'now'
    WHEN 'DBOS.randomUUID' THEN 'uuid'
    ELSE o.function_name
  END AS name,
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

COMMENT ON VIEW holdfast.steps IS 'The recorded steps of every run, and those whose attempts have failed so far.';
COMMENT ON COLUMN holdfast.steps.step_id IS 'The step''s number: in the order in which the workflow''s body made the calls.';
COMMENT ON COLUMN holdfast.steps.name IS 'Class.method of a step, the workflow of a child, or the durable verb.';
COMMENT ON COLUMN holdfast.steps.kind IS 'step, child, result (of a child), timer, message, progress or value.';
COMMENT ON COLUMN holdfast.steps.status IS 'succeeded, failed, or retrying (no outcome is recorded yet).';
COMMENT ON COLUMN holdfast.steps.attempts IS 'How often the body was tried, counting attempts whose failure was seen.';
COMMENT ON COLUMN holdfast.steps.duration_ms IS 'Milliseconds from the first attempt to the checkpoint, pauses between attempts included.';
COMMENT ON COLUMN holdfast.steps.output IS 'What the step returned, as JSON.';
COMMENT ON COLUMN holdfast.steps.error IS '{code, message, details} of the failure; of the last attempt while retrying.';
COMMENT ON COLUMN holdfast.steps.child_run_id IS 'The run that this step started or waited for.';
