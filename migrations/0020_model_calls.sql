-- Calls of models: what each was expected to use before it was made, and what it did use.
CREATE TABLE holdfast.model_calls (
  id                  uuid PRIMARY KEY,
  run_id              text REFERENCES dbos.workflow_status (workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE,
  step_id             integer,
  step                text,
  attempt             integer NOT NULL CHECK (attempt >= 1),
  tenant              text NOT NULL DEFAULT '',
  executor_id         text NOT NULL,
  class               text NOT NULL,
  endpoint            text NOT NULL,
  model               text NOT NULL,
  choice              jsonb NOT NULL DEFAULT '{}',
  fingerprint         jsonb,
  state               text NOT NULL DEFAULT 'reserved' CHECK (state IN ('reserved', 'settled', 'failed', 'lost')),
  estimated_input     integer NOT NULL CHECK (estimated_input >= 0),
  estimated_output    integer NOT NULL CHECK (estimated_output >= 0),
  estimated_usd       numeric,
  input_tokens        integer,
  cached_input_tokens integer,
  cache_write_tokens  integer,
  output_tokens       integer,
  reasoning_tokens    integer,
  is_estimated        boolean NOT NULL DEFAULT false,
  cost_usd            numeric,
  price_version       text,
  error_code          text,
  started_at          timestamptz NOT NULL DEFAULT now(),
  ended_at            timestamptz
);

CREATE INDEX model_calls_of_step ON holdfast.model_calls (run_id, step_id);
CREATE INDEX model_calls_reserved ON holdfast.model_calls (executor_id) WHERE state = 'reserved';

COMMENT ON TABLE holdfast.model_calls IS 'One row for each call of a model, made before the call; settled in the commit of the checkpoint of its step.';
COMMENT ON COLUMN holdfast.model_calls.run_id IS 'Null for a call outside of any run.';
COMMENT ON COLUMN holdfast.model_calls.class IS 'The class that was asked for.';
COMMENT ON COLUMN holdfast.model_calls.endpoint IS 'The endpoint that was asked.';
COMMENT ON COLUMN holdfast.model_calls.choice IS 'Why this endpoint: what was looked at when it was chosen.';
COMMENT ON COLUMN holdfast.model_calls.fingerprint IS 'Hashes of what the model was asked with, to see what has changed since.';
COMMENT ON COLUMN holdfast.model_calls.state IS 'reserved: not ended, or not known to have. settled: answered. failed: ended with an error, and used nothing that is known. lost: its process died in between; it counts as estimated.';
COMMENT ON COLUMN holdfast.model_calls.is_estimated IS 'Whether the numbers of tokens are estimates, because the provider gave none.';
COMMENT ON COLUMN holdfast.model_calls.cost_usd IS 'Null where the endpoint has no price.';
COMMENT ON COLUMN holdfast.model_calls.price_version IS 'Which price list it was reckoned with, in the words of the models file.';
