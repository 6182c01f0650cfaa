-- Drift: turns of agents that were recorded when the code asked its model in another way than it does now. And answers of models that
-- are kept for calls that are the same again.

CREATE TABLE holdfast.drifts (
  run_id       text NOT NULL REFERENCES dbos.workflow_status (workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE,
  step_id      integer NOT NULL,
  present_hash text NOT NULL,
  agent        text NOT NULL,
  changed      jsonb NOT NULL,
  recorded     jsonb NOT NULL,
  present      jsonb NOT NULL,
  policy       text NOT NULL CHECK (policy IN ('accept', 'warn', 'hold', 'rerun')),
  outcome      text NOT NULL CHECK (outcome IN ('went_on', 'held', 'asked_again')),
  rewinds      integer NOT NULL DEFAULT 0 CHECK (rewinds >= 0),
  noticed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  accepted_at  timestamptz,
  PRIMARY KEY (run_id, step_id, present_hash)
);

COMMENT ON COLUMN holdfast.drifts.rewinds IS 'How often the run was taken back to this step, to ask the model again.';

CREATE VIEW holdfast.drift AS
SELECT
  d.run_id,
  d.step_id,
  d.agent,
  COALESCE(NULLIF(w.authenticated_user, ''), 'default') AS tenant,
  ARRAY(SELECT DISTINCT c.change ->> 'part' FROM jsonb_array_elements(d.changed) AS c(change) ORDER BY 1) AS parts,
  d.changed,
  d.recorded,
  d.present,
  d.policy,
  d.outcome,
  d.noticed_at,
  d.accepted_at
FROM holdfast.drifts d
LEFT JOIN dbos.workflow_status w ON w.workflow_uuid = d.run_id;

COMMENT ON VIEW holdfast.drift IS 'Turns of agents that were recorded when their code asked the model in another way than the code that met them later.';
COMMENT ON COLUMN holdfast.drift.run_id IS 'The agent''s run.';
COMMENT ON COLUMN holdfast.drift.step_id IS 'The step of the model call.';
COMMENT ON COLUMN holdfast.drift.agent IS 'Class.method of the agent.';
COMMENT ON COLUMN holdfast.drift.tenant IS 'On whose behalf the run runs.';
COMMENT ON COLUMN holdfast.drift.parts IS 'What has changed: template, tools, schema, model or parameters.';
COMMENT ON COLUMN holdfast.drift.changed IS 'Each change as {part, name, recorded, present}; name is that of a tool. What was not there, or is not there any more, is null.';
COMMENT ON COLUMN holdfast.drift.recorded IS 'The fingerprint with which the model was asked.';
COMMENT ON COLUMN holdfast.drift.present IS 'The fingerprint with which the code that met the turn would have asked it.';
COMMENT ON COLUMN holdfast.drift.policy IS 'What the agent says is to be done: accept, warn, hold or rerun.';
COMMENT ON COLUMN holdfast.drift.outcome IS 'What was done: the run went_on with what is recorded, was held for a person, or the model is asked_again from this step on.';
COMMENT ON COLUMN holdfast.drift.noticed_at IS 'When a run was first taken up by code that would have asked like this.';
COMMENT ON COLUMN holdfast.drift.accepted_at IS 'When a person released the run that was held for it.';

CREATE TABLE holdfast.model_answers (
  tenant     text NOT NULL,
  key        text NOT NULL CHECK (key ~ '^[0-9a-f]{64}$'),
  answer     jsonb NOT NULL,
  made_at    timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant, key)
);

CREATE INDEX model_answers_expired ON holdfast.model_answers (expires_at);

COMMENT ON TABLE holdfast.model_answers IS 'Answers of models that are given again to calls that ask the same on behalf of the same tenant. They may be deleted at any time.';
COMMENT ON COLUMN holdfast.model_answers.key IS 'SHA-256 of all that the call consists of: class and its endpoints, prompt, tools, schema, parameters, and the tenant.';
