-- What parked runs wait for, besides the time: a parked run is not in any process's memory.
CREATE TABLE holdfast.waits (
  run_id text NOT NULL REFERENCES dbos.workflow_status (workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE,
  kind   text NOT NULL CHECK (kind IN ('message', 'run')),
  key    text NOT NULL,
  PRIMARY KEY (run_id, kind, key)
);

CREATE INDEX waits_for_run ON holdfast.waits (key) WHERE kind = 'run';

COMMENT ON TABLE holdfast.waits IS 'What parked runs wait for: messages on a topic, and the ends of other runs.';
COMMENT ON COLUMN holdfast.waits.key IS 'The topic, or the id of the other run.';

-- A parked run is waiting; so far it was queued.
CREATE OR REPLACE VIEW holdfast.runs AS
SELECT
  w.workflow_uuid AS id,
  w.name AS workflow,
  CASE
    WHEN w.status = 'DELAYED' AND w.owner_xid = 'held' THEN 'held'
    WHEN w.status = 'DELAYED' AND w.owner_xid = 'parked' THEN 'waiting'
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
  CASE WHEN w.owner_xid IS DISTINCT FROM 'parked' THEN holdfast.at_epoch_ms(w.delay_until_epoch_ms) END AS delayed_until,
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
    'at', h.held_at) END AS held,
  w.status AS engine_status
FROM dbos.workflow_status w
LEFT JOIN dbos.workflow_input i ON i.workflow_uuid = w.workflow_uuid
LEFT JOIN dbos.workflow_output o ON o.workflow_uuid = w.workflow_uuid
LEFT JOIN holdfast.held_runs h ON h.run_id = w.workflow_uuid AND w.status = 'DELAYED' AND w.owner_xid = 'held';

COMMENT ON COLUMN holdfast.runs.status IS 'queued, running, waiting (for time, a message or another run, in no process''s memory), held (its code does not fit), succeeded, failed, cancelled or dead (its process died too often while it ran).';
