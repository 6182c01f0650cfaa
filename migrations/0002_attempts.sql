-- Failed attempts of steps. The outcome of a step stands in the engine's tables; this is what went before it.
CREATE TABLE holdfast.attempts (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id      text NOT NULL REFERENCES dbos.workflow_status (workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE,
  step_id     integer NOT NULL,
  step        text NOT NULL,
  attempt     integer NOT NULL CHECK (attempt >= 1),
  started_at  timestamptz NOT NULL,
  failed_at   timestamptz NOT NULL DEFAULT now(),
  code        text NOT NULL,
  message     text NOT NULL,
  retry_in_ms integer
);

CREATE INDEX attempts_of_step ON holdfast.attempts (run_id, step_id);

COMMENT ON TABLE holdfast.attempts IS 'One row for each attempt of a step that failed, with the error and the pause that followed.';
COMMENT ON COLUMN holdfast.attempts.attempt IS 'Counts from 1 each time that a process takes up the step.';
COMMENT ON COLUMN holdfast.attempts.retry_in_ms IS 'Milliseconds until the next attempt; null when this was the last.';
