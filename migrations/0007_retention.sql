-- How long ended runs are kept, how far their removal has come, and vacuuming that keeps up with runs that wait.
CREATE TABLE holdfast.retention (
  application text NOT NULL,
  workflow    text NOT NULL,
  keep_ms     bigint CHECK (keep_ms > 0),
  PRIMARY KEY (application, workflow)
);

COMMENT ON TABLE holdfast.retention IS 'How long ended runs of each workflow are kept, as the process that was started last said.';
COMMENT ON COLUMN holdfast.retention.workflow IS 'Empty for the workflows that have no row.';
COMMENT ON COLUMN holdfast.retention.keep_ms IS 'Milliseconds after the end of a run; null to keep runs for ever.';

CREATE TABLE holdfast.retention_rounds (
  application text NOT NULL,
  keep_ms     bigint NOT NULL,
  reached_ms  bigint NOT NULL DEFAULT 0,
  reached_id  text NOT NULL DEFAULT '',
  began_at    timestamptz NOT NULL DEFAULT now(),
  due_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (application, keep_ms)
);

COMMENT ON TABLE holdfast.retention_rounds IS 'One row for each length of time: how far the removal of runs that are kept for so long has come.';
COMMENT ON COLUMN holdfast.retention_rounds.reached_ms IS 'Runs that ended up to here were looked at in this round: milliseconds since 1970, and the run''s id.';
COMMENT ON COLUMN holdfast.retention_rounds.began_at IS 'A round goes over all ended runs once; after a day the next one begins with the oldest.';
COMMENT ON COLUMN holdfast.retention_rounds.due_at IS 'When to go on.';

-- Storage parameters alone; columns, indexes and constraints of these tables are the engine's. Each claim, wait and end of a run is an
-- update of its status, which no index lets be a HOT update, so a fill factor would buy nothing. What it leaves behind stands in the
-- way of the next claim: it is to be cleared away after a hundredth of the table, not a fifth, and in one go.
ALTER TABLE dbos.workflow_status SET (
  autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_limit = 2000,
  autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE dbos.notifications SET (
  autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_limit = 2000,
  autovacuum_analyze_scale_factor = 0.02);

-- Written once and removed long afterwards: what retention frees is to be used again before the tables grow.
ALTER TABLE dbos.operation_outputs SET (
  autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_limit = 2000,
  autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE dbos.workflow_input SET (
  autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_limit = 2000);
ALTER TABLE dbos.workflow_output SET (
  autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_limit = 2000);

-- The view gets the status in the form that the indexes know, so that a list of a rare status does not walk past all other runs.
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
    'at', h.held_at) END AS held,
  w.status AS engine_status
FROM dbos.workflow_status w
LEFT JOIN dbos.workflow_input i ON i.workflow_uuid = w.workflow_uuid
LEFT JOIN dbos.workflow_output o ON o.workflow_uuid = w.workflow_uuid
LEFT JOIN holdfast.held_runs h ON h.run_id = w.workflow_uuid AND w.status = 'DELAYED' AND w.owner_xid = 'held';

COMMENT ON COLUMN holdfast.runs.engine_status IS 'The status as the engine has it: the indexed form, for filters.';
