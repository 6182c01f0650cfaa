-- What a failed or cancelled run has to undo. A row is written before the effect is made, so that one whose outcome is unknown is not
-- forgotten; what came of the call is in the checkpoint of its step. No foreign key: arming must not lock the row of the run. Whoever
-- removes a run removes its rows.
CREATE TABLE holdfast.compensations (
  run_id     text NOT NULL,
  step_id    integer NOT NULL,
  tool       text NOT NULL,
  effect     text NOT NULL CHECK (effect IN ('compensable', 'irreversible')),
  arguments  text NOT NULL,
  key        text NOT NULL,
  state      text NOT NULL DEFAULT 'armed' CHECK (state IN ('armed', 'undone', 'nothing_to_undo', 'accepted')),
  armed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  settled_at timestamptz,
  PRIMARY KEY (run_id, step_id)
) WITH (fillfactor = 85);

CREATE TABLE holdfast.unwind_requests (
  run_id       text PRIMARY KEY,
  requested_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE holdfast.compensations IS 'One row for each call of a compensable or irreversible tool, written before it is made.';
COMMENT ON COLUMN holdfast.compensations.arguments IS 'What the tool was called with, as SuperJSON.';
COMMENT ON COLUMN holdfast.compensations.key IS 'The idempotency key of the call.';
COMMENT ON COLUMN holdfast.compensations.state IS 'armed; undone; nothing_to_undo (the call had no effect); accepted (a person let the unwinding go past an irreversible effect).';
COMMENT ON TABLE holdfast.unwind_requests IS 'Runs that were cancelled with the wish to unwind them. A run that failed is unwound without one.';

CREATE VIEW holdfast.unwinding AS
SELECT
  c.run_id,
  c.step_id,
  w.name AS workflow,
  COALESCE(NULLIF(w.authenticated_user, ''), 'default') AS tenant,
  c.tool,
  c.effect,
  c.key,
  c.state,
  c.armed_at,
  c.settled_at
FROM holdfast.compensations c
LEFT JOIN dbos.workflow_status w ON w.workflow_uuid = c.run_id;

COMMENT ON VIEW holdfast.unwinding IS 'Calls that would have to be undone, or that stand in the way of that, should their run fail; and what became of them.';
COMMENT ON COLUMN holdfast.unwinding.step_id IS 'The step of the run that made the call.';
COMMENT ON COLUMN holdfast.unwinding.key IS 'The idempotency key that the call was made with.';
COMMENT ON COLUMN holdfast.unwinding.state IS 'armed (nothing was undone, or had to be), undone, nothing_to_undo, or accepted (a person let the unwinding go past it).';
COMMENT ON COLUMN holdfast.unwinding.settled_at IS 'When it was undone, or found to need no undoing.';
