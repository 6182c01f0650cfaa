-- What models say while they say it: pieces of answers that are not recorded yet, for those who follow a run.
CREATE TABLE holdfast.token_chunks (
  run_id     text NOT NULL REFERENCES dbos.workflow_status (workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE,
  id         bigint GENERATED ALWAYS AS IDENTITY,
  step_id    integer NOT NULL,
  generation text NOT NULL,
  start      integer NOT NULL CHECK (start >= 0),
  deltas     jsonb NOT NULL,
  PRIMARY KEY (run_id, id)
);
CREATE INDEX token_chunks_of_step ON holdfast.token_chunks (run_id, step_id, id);

COMMENT ON TABLE holdfast.token_chunks IS 'Pieces of what models say in steps that stream. They go when the step''s record has the text; what a step streamed by itself stays, as one row, for as long as its run.';
COMMENT ON COLUMN holdfast.token_chunks.id IS 'Grows within a run in the order of the commits.';
COMMENT ON COLUMN holdfast.token_chunks.generation IS 'Which attempt it belongs to. What an attempt said counts until another one says something.';
COMMENT ON COLUMN holdfast.token_chunks.start IS 'How many UTF-16 code units the attempt had said before. Pieces may overlap.';
COMMENT ON COLUMN holdfast.token_chunks.deltas IS 'An array of [number of the part, text or reasoning, what was added to it].';
