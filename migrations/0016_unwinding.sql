-- Unwinding that misses nothing: which executions of a call have begun, which calls were made at the same time, who was asked about what
-- cannot be undone, and which runs are still to be unwound.
ALTER TABLE holdfast.compensations
  ADD COLUMN kind         text NOT NULL DEFAULT 'call' CHECK (kind IN ('call', 'registered')),
  ADD COLUMN executions   integer NOT NULL DEFAULT 1 CHECK (executions >= 1),
  ADD COLUMN accepted     integer NOT NULL DEFAULT 0,
  ADD COLUMN execution_id uuid,
  ADD COLUMN wave         integer NOT NULL DEFAULT 0,
  ADD COLUMN asked_by     text[] NOT NULL DEFAULT '{}',
  DROP CONSTRAINT compensations_state_check,
  ADD CONSTRAINT compensations_state_check CHECK (state IN ('armed', 'closed', 'undone', 'nothing_to_undo', 'accepted'));

COMMENT ON TABLE holdfast.compensations IS 'One row for each call of a compensable or irreversible tool, written before it is made, and for each compensation that a workflow registered.';
COMMENT ON COLUMN holdfast.compensations.state IS 'armed; closed (it is being undone: nothing more is sent for it); undone; nothing_to_undo (the call had no effect); accepted (a person let an unwinding go past an irreversible effect).';
COMMENT ON COLUMN holdfast.compensations.kind IS 'call: what the call did is undone with the tool''s own compensation. registered: tool names the method that undoes it.';
COMMENT ON COLUMN holdfast.compensations.executions IS 'How many executions of the run have begun the call. All but the last died in it.';
COMMENT ON COLUMN holdfast.compensations.accepted IS 'Of so many of them somebody has said that the call may be made again, though nobody knows whether they made it.';
COMMENT ON COLUMN holdfast.compensations.execution_id IS 'Names the last of them, so that a repeated statement counts once.';
COMMENT ON COLUMN holdfast.compensations.wave IS 'One more than that of the calls of the run that had ended when it began. Calls with the same one cannot have known of each other.';
COMMENT ON COLUMN holdfast.compensations.asked_by IS 'The unwinding runs that were held before they went past it. One that runs again was released.';

-- Only what may still have to be undone is looked at, however many calls and failed runs there are.
CREATE INDEX compensations_armed ON holdfast.compensations (run_id) WHERE state = 'armed' AND effect = 'compensable';

ALTER TABLE holdfast.unwind_requests ADD COLUMN started_at timestamptz;
CREATE INDEX unwind_requests_waiting ON holdfast.unwind_requests (requested_at) WHERE started_at IS NULL;

COMMENT ON TABLE holdfast.unwind_requests IS 'Runs that are to be unwound: because they ended without success and had something to undo, or because somebody asked for it.';
COMMENT ON COLUMN holdfast.unwind_requests.started_at IS 'When their unwinding run was started. It is not started again, whatever became of it.';

INSERT INTO holdfast.unwind_requests (run_id, started_at)
SELECT left(workflow_uuid, -length('-unwind')), now() FROM dbos.workflow_status WHERE name = 'holdfast.unwind'
ON CONFLICT (run_id) DO UPDATE SET started_at = excluded.started_at;

COMMENT ON COLUMN holdfast.unwinding.state IS 'armed (nothing was undone, or had to be), closed (it is being undone: nothing more is sent for it), undone, nothing_to_undo, or accepted (a person let an unwinding go past it).';
