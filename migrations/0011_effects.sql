-- Receipts of requests that tools sent: written before a request leaves and after its answer, so that one in between is known as such.
-- No foreign key: noting a request must not lock the row of its run. Whoever removes a run removes its receipts.
CREATE TABLE holdfast.receipts (
  key           text PRIMARY KEY,
  run_id        text NOT NULL,
  step_id       integer NOT NULL,
  ordinal       integer NOT NULL CHECK (ordinal >= 1),
  tool          text NOT NULL,
  method        text NOT NULL,
  url           text NOT NULL,
  request_hash  text NOT NULL,
  sending_id    uuid NOT NULL,
  attempts      integer NOT NULL DEFAULT 1 CHECK (attempts >= 1),
  state         text NOT NULL DEFAULT 'sent' CHECK (state IN ('sent', 'answered', 'unsent')),
  state_before  text,
  status        integer,
  response_hash text,
  first_sent_at timestamptz NOT NULL DEFAULT now(),
  sent_at       timestamptz NOT NULL DEFAULT now(),
  answered_at   timestamptz,
  accepted_at   timestamptz
) WITH (fillfactor = 70);

CREATE INDEX receipts_of_step ON holdfast.receipts (run_id, step_id);

COMMENT ON TABLE holdfast.receipts IS 'One row for each request of a tool that may change something outside, over all attempts to send it.';
COMMENT ON COLUMN holdfast.receipts.sending_id IS 'Names the last attempt to send it, whose outcome alone may be noted.';
COMMENT ON COLUMN holdfast.receipts.state_before IS 'The state before the last attempt to send it, which holds again when that attempt certainly did not leave.';
COMMENT ON COLUMN holdfast.receipts.accepted_at IS 'When it was decided that the last attempt may be followed by another, though nobody knows what became of it.';

CREATE VIEW holdfast.effects AS
SELECT
  r.run_id,
  r.step_id,
  r.ordinal,
  w.name AS workflow,
  COALESCE(NULLIF(w.authenticated_user, ''), 'default') AS tenant,
  r.tool,
  r.key,
  r.method,
  r.url,
  r.state,
  r.attempts,
  r.status,
  r.first_sent_at,
  r.sent_at,
  r.answered_at,
  r.accepted_at,
  r.request_hash,
  r.response_hash
FROM holdfast.receipts r
LEFT JOIN dbos.workflow_status w ON w.workflow_uuid = r.run_id;

COMMENT ON VIEW holdfast.effects IS 'What tools sent outside: one row for each request that may change something, over all attempts to send it.';
COMMENT ON COLUMN holdfast.effects.run_id IS 'The run on whose behalf it was sent.';
COMMENT ON COLUMN holdfast.effects.step_id IS 'The step of the run that called the tool.';
COMMENT ON COLUMN holdfast.effects.ordinal IS 'Counts the requests of one execution of the tool''s body, from 1.';
COMMENT ON COLUMN holdfast.effects.workflow IS 'The workflow of the run.';
COMMENT ON COLUMN holdfast.effects.tenant IS 'On whose behalf the run runs.';
COMMENT ON COLUMN holdfast.effects.tool IS 'The tool whose body sent it.';
COMMENT ON COLUMN holdfast.effects.key IS 'What was sent as Idempotency-Key: the same on every attempt.';
COMMENT ON COLUMN holdfast.effects.method IS 'The HTTP method.';
COMMENT ON COLUMN holdfast.effects.url IS 'Without user, fragment, values in the query, and parts of the path that look like a secret; … stands for what was left out.';
COMMENT ON COLUMN holdfast.effects.state IS 'sent (under way; once its step does not run any more: unknown, it may have been done or not), answered, or unsent (it certainly never left).';
COMMENT ON COLUMN holdfast.effects.attempts IS 'How often it was sent, or was to be sent.';
COMMENT ON COLUMN holdfast.effects.status IS 'The HTTP status of the last answer.';
COMMENT ON COLUMN holdfast.effects.first_sent_at IS 'The first attempt to send it. Other sides forget keys after a time, often a day.';
COMMENT ON COLUMN holdfast.effects.sent_at IS 'The last attempt to send it.';
COMMENT ON COLUMN holdfast.effects.answered_at IS 'The last answer, which may be one to an earlier attempt.';
COMMENT ON COLUMN holdfast.effects.accepted_at IS 'When it was decided that an unanswered request may be sent again.';
COMMENT ON COLUMN holdfast.effects.request_hash IS 'SHA-256 of method, URL, content type and body: the same on every attempt.';
COMMENT ON COLUMN holdfast.effects.response_hash IS 'SHA-256 of the last answer''s body, when that was empty or JSON of at most 1 MB.';
