-- Processes that run runs, and their leases. A process whose lease has ended is taken for dead; all times are this database's.
CREATE TABLE holdfast.executors (
  executor_id text PRIMARY KEY,
  host        text NOT NULL,
  pid         integer NOT NULL,
  process     text NOT NULL,
  role        text NOT NULL CHECK (role IN ('all', 'api', 'worker')),
  version     text NOT NULL,
  started_at  timestamptz NOT NULL DEFAULT now(),
  renewed_at  timestamptz NOT NULL DEFAULT now(),
  expires_at  timestamptz NOT NULL
);

COMMENT ON TABLE holdfast.executors IS 'Processes that run runs. Once expires_at has passed, others take over their runs.';
COMMENT ON COLUMN holdfast.executors.host IS 'The machine or container, since its last boot.';
COMMENT ON COLUMN holdfast.executors.process IS 'The process id with its start, so that a later process with the same id is not mistaken for it.';
COMMENT ON COLUMN holdfast.executors.expires_at IS 'End of the lease; renewed every second while the process lives.';
