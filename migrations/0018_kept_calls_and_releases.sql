-- What runs that have succeeded did is not to be undone any more: without a state for that, the search for failed runs would look at all
-- of it for as long as it is kept.
ALTER TABLE holdfast.compensations
  DROP CONSTRAINT compensations_state_check,
  ADD CONSTRAINT compensations_state_check CHECK (state IN ('armed', 'kept', 'closed', 'undone', 'nothing_to_undo', 'accepted'));

COMMENT ON COLUMN holdfast.compensations.state IS 'armed; kept (its run, and those above it, have succeeded); closed (it is being undone: nothing more is sent for it); undone; nothing_to_undo (the call had no effect); accepted (a person let an unwinding go past an irreversible effect).';
COMMENT ON COLUMN holdfast.unwinding.state IS 'armed (it would be undone if its run failed), kept (its run, and those above it, have succeeded), closed (it is being undone: nothing more is sent for it), undone, nothing_to_undo, or accepted (a person let an unwinding go past it).';

-- What a person has said by releasing a run. It is written by the release itself, so that no answer can be lost, and none is given for
-- anybody.
CREATE TABLE holdfast.releases (
  run_id      text NOT NULL,
  step_id     integer NOT NULL,
  reason      text NOT NULL,
  released_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (run_id, step_id)
);

COMMENT ON TABLE holdfast.releases IS 'The last release of a run from each step at which it was held.';

ALTER TABLE holdfast.compensations DROP COLUMN asked_by;
