-- The table of executors becomes private, under the name of what it holds; a view says what people want to know of them.
ALTER TABLE holdfast.executors RENAME TO leases;
ALTER INDEX holdfast.executors_pkey RENAME TO leases_pkey;
ALTER TABLE holdfast.leases RENAME CONSTRAINT executors_role_check TO leases_role_check;
ALTER TABLE holdfast.leases ADD COLUMN workflows text[] NOT NULL DEFAULT '{}';

COMMENT ON TABLE holdfast.leases IS 'One row for each process that runs runs. Once expires_at has passed, others take over its runs.';
COMMENT ON COLUMN holdfast.leases.workflows IS 'The workflows that the process has; it takes no runs of others.';

CREATE VIEW holdfast.executors AS
SELECT
  l.executor_id,
  l.host,
  l.pid,
  l.role,
  l.version,
  l.started_at,
  l.renewed_at,
  l.expires_at,
  l.expires_at > now() AS alive,
  COALESCE(r.running_runs, 0) AS running_runs,
  l.workflows
FROM holdfast.leases l
LEFT JOIN (
  SELECT executor_id, count(*)::integer AS running_runs
    FROM dbos.workflow_status WHERE status = 'PENDING' GROUP BY executor_id
) r ON r.executor_id = l.executor_id;

COMMENT ON VIEW holdfast.executors IS 'Processes that run runs, and those that did within the last hour.';
COMMENT ON COLUMN holdfast.executors.executor_id IS 'Names the process in holdfast.runs.';
COMMENT ON COLUMN holdfast.executors.host IS 'The machine or container, since its last boot.';
COMMENT ON COLUMN holdfast.executors.pid IS 'The process id on its host.';
COMMENT ON COLUMN holdfast.executors.role IS 'all, worker (runs runs and has no door) or api (a door that runs none).';
COMMENT ON COLUMN holdfast.executors.version IS 'The version of Holdfast.';
COMMENT ON COLUMN holdfast.executors.started_at IS 'When the process took its lease.';
COMMENT ON COLUMN holdfast.executors.renewed_at IS 'When it last renewed its lease, which it does every second.';
COMMENT ON COLUMN holdfast.executors.expires_at IS 'When its lease ends unless it is renewed.';
COMMENT ON COLUMN holdfast.executors.alive IS 'Whether its lease still runs. The runs of a process without one are taken over.';
COMMENT ON COLUMN holdfast.executors.running_runs IS 'How many runs are running there; those that wait elsewhere than in memory are not counted.';
COMMENT ON COLUMN holdfast.executors.workflows IS 'The workflows that the process has; it takes no runs of others.';
