-- The schema holdfast as migrations/ make it: tables, functions, then views, each in the order of their names.
-- Written by scripts/schema-dump.ts, and compared by `npm run check`. Tables are private; the views are the contract.

-- Keys of the HTTP API, each for one tenant: its runs carry the tenant, and it sees no others.
CREATE TABLE holdfast.api_keys (
  id         uuid NOT NULL DEFAULT gen_random_uuid(),
  tenant     text NOT NULL,
  -- Who uses the key: by this name they start runs and decide. Without one it is the hint.
  name       text NOT NULL,
  -- The first characters of the key, by which a person recognises it.
  hint       text NOT NULL,
  -- SHA-256 of the key.
  hash       bytea NOT NULL,
  created_at timestamp with time zone NOT NULL DEFAULT now(),
  revoked_at timestamp with time zone,
  -- What its user may decide: an approval may ask for one of them.
  roles      text[] NOT NULL DEFAULT '{}'::text[],
  CONSTRAINT api_keys_pkey PRIMARY KEY (id),
  CONSTRAINT api_keys_hash_key UNIQUE (hash),
  CONSTRAINT api_keys_hash_check CHECK ((length(hash) = 32)),
  CONSTRAINT api_keys_roles_check CHECK ((array_position(roles, NULL::text) IS NULL)),
  CONSTRAINT api_keys_tenant_check CHECK ((tenant <> ''::text))
);

-- The audit of approvals: what happened to each, in order. Rows are added, never changed.
CREATE TABLE holdfast.approval_events (
  approval_id    text NOT NULL,
  n              integer NOT NULL,
  at             timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  what           text NOT NULL,
  who            text,
  roles          text[] NOT NULL DEFAULT '{}'::text[],
  via            text,
  recipient      text,
  comment        text,
  arguments_hash text,
  CONSTRAINT approval_events_pkey PRIMARY KEY (approval_id, n),
  CONSTRAINT approval_events_approval_id_fkey FOREIGN KEY (approval_id) REFERENCES holdfast.approvals(id) ON DELETE CASCADE,
  CONSTRAINT approval_events_n_check CHECK ((n >= 1)),
  CONSTRAINT approval_events_via_check CHECK ((via = 'link'::text)),
  CONSTRAINT approval_events_what_check CHECK ((what = ANY (ARRAY['asked'::text, 'voted'::text, 'approved'::text, 'rejected'::text, 'escalated'::text, 'expired'::text, 'link_made'::text])))
);
CREATE TRIGGER guard BEFORE DELETE OR UPDATE ON holdfast.approval_events FOR EACH ROW EXECUTE FUNCTION holdfast.guard_approval_events();
CREATE TRIGGER guard_all BEFORE TRUNCATE ON holdfast.approval_events FOR EACH STATEMENT EXECUTE FUNCTION holdfast.guard_approval_events();

-- Links by which one person can answer one question once. Only the SHA-256 of a link's token is kept.
CREATE TABLE holdfast.approval_links (
  id          uuid NOT NULL DEFAULT gen_random_uuid(),
  approval_id text NOT NULL,
  token_hash  bytea NOT NULL,
  person      text NOT NULL,
  roles       text[] NOT NULL,
  made_by     text NOT NULL,
  made_at     timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  expires_at  timestamp with time zone NOT NULL,
  used_at     timestamp with time zone,
  CONSTRAINT approval_links_pkey PRIMARY KEY (id),
  CONSTRAINT approval_links_token_hash_key UNIQUE (token_hash),
  CONSTRAINT approval_links_approval_id_fkey FOREIGN KEY (approval_id) REFERENCES holdfast.approvals(id) ON DELETE CASCADE,
  CONSTRAINT approval_links_person_check CHECK ((person <> ''::text)),
  CONSTRAINT approval_links_token_hash_check CHECK ((length(token_hash) = 32))
);
CREATE INDEX approval_links_of_approval ON holdfast.approval_links USING btree (approval_id);

-- One row for each question that a run puts to people, with its answer.
CREATE TABLE holdfast.approvals (
  id                text NOT NULL,
  run_id            text NOT NULL,
  -- The step of the run that asked.
  step_id           integer NOT NULL,
  tenant            text NOT NULL,
  workflow          text NOT NULL,
  tool              text,
  question          text NOT NULL,
  -- What is to be approved, as plain JSON.
  arguments         jsonb,
  -- SHA-256 of the arguments as JSON with sorted keys, in hexadecimal.
  arguments_hash    text NOT NULL,
  role              text,
  quorum            integer NOT NULL DEFAULT 1,
  exclude_initiator boolean NOT NULL DEFAULT false,
  initiator         text,
  otherwise         text NOT NULL DEFAULT 'reject'::text,
  -- Who is asked next when nobody has answered in time; null once that was done.
  escalate_role     text,
  escalate_ms       bigint,
  status            text NOT NULL DEFAULT 'pending'::text,
  -- What was approved instead of the arguments; null when they were not edited.
  decided_arguments jsonb,
  decided_hash      text,
  comment           text,
  asked_at          timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  expires_at        timestamp with time zone NOT NULL,
  escalated_at      timestamp with time zone,
  decided_at        timestamp with time zone,
  CONSTRAINT approvals_pkey PRIMARY KEY (id),
  CONSTRAINT approvals_arguments_hash_check CHECK ((arguments_hash ~ '^[0-9a-f]{64}$'::text)),
  CONSTRAINT approvals_check CHECK (((status = 'pending'::text) = (decided_at IS NULL))),
  CONSTRAINT approvals_check1 CHECK (((escalate_role IS NULL) = (escalate_ms IS NULL))),
  CONSTRAINT approvals_check2 CHECK (((decided_arguments IS NULL) = (decided_hash IS NULL))),
  CONSTRAINT approvals_check3 CHECK (((decided_hash IS NULL) OR (status = 'approved'::text))),
  CONSTRAINT approvals_decided_hash_check CHECK ((decided_hash ~ '^[0-9a-f]{64}$'::text)),
  CONSTRAINT approvals_escalate_ms_check CHECK ((escalate_ms > 0)),
  CONSTRAINT approvals_otherwise_check CHECK ((otherwise = ANY (ARRAY['reject'::text, 'approve'::text]))),
  CONSTRAINT approvals_quorum_check CHECK (((quorum >= 1) AND (quorum <= 100))),
  CONSTRAINT approvals_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text, 'expired'::text])))
);
CREATE INDEX approvals_in_order ON holdfast.approvals USING btree (asked_at, id);
CREATE INDEX approvals_of_run ON holdfast.approvals USING btree (run_id);
CREATE INDEX approvals_pending ON holdfast.approvals USING btree (asked_at, id) WHERE (status = 'pending'::text);
CREATE TRIGGER guard BEFORE UPDATE ON holdfast.approvals FOR EACH ROW EXECUTE FUNCTION holdfast.guard_approval();

-- One row for each attempt of a step that failed, with the error and the pause that followed.
CREATE TABLE holdfast.attempts (
  id          bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  -- The run that the step belongs to.
  run_id      text NOT NULL,
  -- The step's number, as in holdfast.steps.
  step_id     integer NOT NULL,
  -- The step's name.
  step        text NOT NULL,
  -- Counts from 1 each time that a process takes up the step.
  attempt     integer NOT NULL,
  started_at  timestamp with time zone NOT NULL,
  failed_at   timestamp with time zone NOT NULL DEFAULT now(),
  -- The code of its error.
  code        text NOT NULL,
  -- The message of its error.
  message     text NOT NULL,
  -- Milliseconds until the next attempt; null when this was the last.
  retry_in_ms integer,
  CONSTRAINT attempts_pkey PRIMARY KEY (id),
  CONSTRAINT attempts_run_id_fkey FOREIGN KEY (run_id) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT attempts_attempt_check CHECK ((attempt >= 1))
);
CREATE INDEX attempts_of_step ON holdfast.attempts USING btree (run_id, step_id);

-- Where each tenant stands in the fair queue of a bucket. A row that lags behind the queue means nothing any more.
CREATE TABLE holdfast.bucket_flows (
  bucket    text NOT NULL,
  tenant    text NOT NULL,
  finish_ms double precision NOT NULL,
  CONSTRAINT bucket_flows_pkey PRIMARY KEY (bucket, tenant)
);

-- One row for each endpoint or tenant with limits. A bucket fills at its rate, up to a few seconds of it; calls take from it before they are made. Times are in milliseconds since 1970.
CREATE TABLE holdfast.bucket_levels (
  key               text NOT NULL,
  kind              text NOT NULL,
  name              text NOT NULL,
  rpm               integer,
  tpm               integer,
  concurrency       integer,
  -- When the bucket was empty, or will be, given its rate: what has flowed in since is left.
  requests_empty_ms double precision NOT NULL DEFAULT 0,
  tokens_empty_ms   double precision NOT NULL DEFAULT 0,
  -- The part of the configured rate that was used when it was last lowered, because the provider refused calls.
  factor            double precision NOT NULL DEFAULT 1,
  -- When the rate was last lowered. It recovers from then on.
  slowed_ms         double precision NOT NULL DEFAULT 0,
  -- Until when the provider wants no calls.
  blocked_ms        double precision NOT NULL DEFAULT 0,
  -- How far the fair queue has come, in its own time.
  virtual_ms        double precision NOT NULL DEFAULT 0,
  -- When a process that has the limits last looked.
  served_at         timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT bucket_levels_pkey PRIMARY KEY (key),
  CONSTRAINT bucket_levels_concurrency_check CHECK ((concurrency > 0)),
  CONSTRAINT bucket_levels_factor_check CHECK (((factor > (0)::double precision) AND (factor <= (1)::double precision))),
  CONSTRAINT bucket_levels_kind_check CHECK ((kind = ANY (ARRAY['endpoint'::text, 'tenant'::text]))),
  CONSTRAINT bucket_levels_rpm_check CHECK ((rpm > 0)),
  CONSTRAINT bucket_levels_tpm_check CHECK ((tpm > 0))
);

-- How many calls at the same time each process may make, of those that an endpoint allows.
CREATE TABLE holdfast.bucket_slots (
  bucket      text NOT NULL,
  executor_id text NOT NULL,
  slots       integer NOT NULL,
  CONSTRAINT bucket_slots_pkey PRIMARY KEY (bucket, executor_id),
  CONSTRAINT bucket_slots_slots_check CHECK ((slots > 0))
);

-- Calls of models that wait for room in a bucket, and those that have got it and were not made yet.
CREATE TABLE holdfast.bucket_waits (
  id          uuid NOT NULL,
  bucket      text NOT NULL,
  -- The second bucket that the call takes from.
  also        text,
  tenant      text NOT NULL,
  run_id      text,
  step_id     integer,
  -- Tells calls apart that one step makes at the same time.
  ordinal     integer NOT NULL DEFAULT 0,
  -- The process in which the call waited last.
  executor_id text NOT NULL,
  tokens      double precision NOT NULL,
  priority    integer NOT NULL DEFAULT 0,
  -- The place among the calls of its tenant: when it came, later for a lower priority and for a larger call.
  place       double precision NOT NULL,
  entered_at  timestamp with time zone NOT NULL DEFAULT now(),
  -- When it got its room. What is not taken up in time is given back.
  granted_at  timestamp with time zone,
  -- How often its room was given back because nobody took it up.
  lapses      integer NOT NULL DEFAULT 0,
  CONSTRAINT bucket_waits_pkey PRIMARY KEY (id),
  CONSTRAINT bucket_waits_run_id_step_id_bucket_ordinal_key UNIQUE (run_id, step_id, bucket, ordinal),
  CONSTRAINT bucket_waits_run_id_fkey FOREIGN KEY (run_id) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT bucket_waits_tokens_check CHECK ((tokens >= (0)::double precision))
);
CREATE INDEX bucket_waits_also ON holdfast.bucket_waits USING btree (bucket, also) WHERE ((granted_at IS NULL) AND (also IS NOT NULL));
CREATE INDEX bucket_waits_granted ON holdfast.bucket_waits USING btree (bucket, granted_at) WHERE (granted_at IS NOT NULL);
CREATE INDEX bucket_waits_in_line ON holdfast.bucket_waits USING btree (bucket, tenant, place) WHERE (granted_at IS NULL);

-- What is spent and reserved of a budget, for each subject and period. Rows of it are hot: they are locked in the order of their ids, and for a moment only.
CREATE TABLE holdfast.budget_counters (
  id              bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  budget_id       bigint NOT NULL,
  subject         text NOT NULL,
  period          text NOT NULL,
  run_id          text,
  spent_usd       numeric NOT NULL DEFAULT 0,
  spent_tokens    bigint NOT NULL DEFAULT 0,
  reserved_usd    numeric NOT NULL DEFAULT 0,
  reserved_tokens bigint NOT NULL DEFAULT 0,
  raises          integer NOT NULL DEFAULT 0,
  alerted_at      timestamp with time zone,
  CONSTRAINT budget_counters_pkey PRIMARY KEY (id),
  CONSTRAINT budget_counters_budget_id_subject_period_key UNIQUE (budget_id, subject, period),
  CONSTRAINT budget_counters_budget_id_fkey FOREIGN KEY (budget_id) REFERENCES holdfast.budget_rules(id) ON DELETE CASCADE,
  CONSTRAINT budget_counters_run_id_fkey FOREIGN KEY (run_id) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX budget_counters_of_run ON holdfast.budget_counters USING btree (run_id) WHERE (run_id IS NOT NULL);

-- Budgets as they were set.
CREATE TABLE holdfast.budget_rules (
  id              bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  -- Whose calls it is for; empty for those of all tenants.
  tenant          text NOT NULL DEFAULT ''::text,
  name            text NOT NULL,
  scope           text NOT NULL,
  workflow        text,
  time_window     text NOT NULL,
  limit_usd       numeric,
  limit_tokens    bigint,
  policy          text NOT NULL,
  degrade_to      text,
  approval        jsonb,
  allows_unpriced boolean NOT NULL DEFAULT false,
  set_by          text,
  set_at          timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT budget_rules_pkey PRIMARY KEY (id),
  CONSTRAINT budget_rules_tenant_name_key UNIQUE (tenant, name),
  CONSTRAINT budget_rules_check CHECK ((num_nonnulls(limit_usd, limit_tokens) > 0)),
  CONSTRAINT budget_rules_check1 CHECK (((scope = 'run'::text) = (time_window = 'run'::text))),
  CONSTRAINT budget_rules_check2 CHECK (((policy = 'degrade'::text) = (degrade_to IS NOT NULL))),
  CONSTRAINT budget_rules_limit_tokens_check CHECK ((limit_tokens >= 0)),
  CONSTRAINT budget_rules_limit_usd_check CHECK ((limit_usd >= (0)::numeric)),
  CONSTRAINT budget_rules_policy_check CHECK ((policy = ANY (ARRAY['stop'::text, 'degrade'::text, 'ask'::text, 'alert'::text]))),
  CONSTRAINT budget_rules_scope_check CHECK ((scope = ANY (ARRAY['run'::text, 'workflow'::text, 'tenant'::text, 'all'::text]))),
  CONSTRAINT budget_rules_time_window_check CHECK ((time_window = ANY (ARRAY['run'::text, 'day'::text, 'month'::text, 'total'::text])))
);

-- One row for each call of a compensable or irreversible tool, written before it is made, and for each compensation that a workflow registered.
CREATE TABLE holdfast.compensations (
  run_id       text NOT NULL,
  step_id      integer NOT NULL,
  tool         text NOT NULL,
  effect       text NOT NULL,
  -- What the tool was called with, as SuperJSON.
  arguments    text NOT NULL,
  -- The idempotency key of the call.
  key          text NOT NULL,
  -- armed; kept (its run, and those above it, have succeeded); closed (it is being undone: nothing more is sent for it); undone; nothing_to_undo (the call had no effect); accepted (a person let an unwinding go past an irreversible effect).
  state        text NOT NULL DEFAULT 'armed'::text,
  armed_at     timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  settled_at   timestamp with time zone,
  -- call: what the call did is undone with the tool's own compensation. registered: tool names the method that undoes it.
  kind         text NOT NULL DEFAULT 'call'::text,
  -- How many executions of the run have begun the call. All but the last died in it.
  executions   integer NOT NULL DEFAULT 1,
  -- Of so many of them somebody has said that the call may be made again, though nobody knows whether they made it.
  accepted     integer NOT NULL DEFAULT 0,
  -- Names the last of them, so that a repeated statement counts once.
  execution_id uuid,
  -- One more than that of the calls of the run that had ended when it began. Calls with the same one cannot have known of each other.
  wave         integer NOT NULL DEFAULT 0,
  CONSTRAINT compensations_pkey PRIMARY KEY (run_id, step_id),
  CONSTRAINT compensations_effect_check CHECK ((effect = ANY (ARRAY['compensable'::text, 'irreversible'::text]))),
  CONSTRAINT compensations_executions_check CHECK ((executions >= 1)),
  CONSTRAINT compensations_kind_check CHECK ((kind = ANY (ARRAY['call'::text, 'registered'::text]))),
  CONSTRAINT compensations_state_check CHECK ((state = ANY (ARRAY['armed'::text, 'kept'::text, 'closed'::text, 'undone'::text, 'nothing_to_undo'::text, 'accepted'::text])))
);
CREATE INDEX compensations_armed ON holdfast.compensations USING btree (run_id) WHERE ((state = 'armed'::text) AND (effect = 'compensable'::text));

CREATE TABLE holdfast.drifts (
  run_id       text NOT NULL,
  step_id      integer NOT NULL,
  present_hash text NOT NULL,
  agent        text NOT NULL,
  changed      jsonb NOT NULL,
  recorded     jsonb NOT NULL,
  present      jsonb NOT NULL,
  policy       text NOT NULL,
  outcome      text NOT NULL,
  -- How often the run was taken back to this step, to ask the model again.
  rewinds      integer NOT NULL DEFAULT 0,
  noticed_at   timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  accepted_at  timestamp with time zone,
  CONSTRAINT drifts_pkey PRIMARY KEY (run_id, step_id, present_hash),
  CONSTRAINT drifts_run_id_fkey FOREIGN KEY (run_id) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT drifts_outcome_check CHECK ((outcome = ANY (ARRAY['went_on'::text, 'held'::text, 'asked_again'::text]))),
  CONSTRAINT drifts_policy_check CHECK ((policy = ANY (ARRAY['accept'::text, 'warn'::text, 'hold'::text, 'rerun'::text]))),
  CONSTRAINT drifts_rewinds_check CHECK ((rewinds >= 0))
);

-- The breakers of endpoints: one row for each that was ever open.
CREATE TABLE holdfast.endpoint_health (
  endpoint    text NOT NULL,
  -- Where the endpoint is and which model it stands for.
  target      text NOT NULL,
  state       text NOT NULL,
  -- How often it failed again since it was well for long: the pause grows with it.
  level       integer NOT NULL,
  -- The code of the failure that opened it last.
  reason      text NOT NULL,
  -- Since when it is in its state.
  changed_at  timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
  -- Before that nobody asks the endpoint; afterwards one call may.
  open_until  timestamp with time zone NOT NULL,
  -- While this lies ahead, somebody is making that call.
  probe_until timestamp with time zone,
  CONSTRAINT endpoint_health_pkey PRIMARY KEY (endpoint, target),
  CONSTRAINT endpoint_health_level_check CHECK ((level >= 0)),
  CONSTRAINT endpoint_health_state_check CHECK ((state = ANY (ARRAY['open'::text, 'closed'::text])))
);

-- Why a run is held. A row of a run that is not held any more is left over, and is removed in time.
CREATE TABLE holdfast.held_runs (
  run_id   text NOT NULL,
  -- unexpected_step, nondeterminism or no_such_workflow.
  reason   text NOT NULL,
  -- The step at which code and history part.
  step_id  integer,
  -- What the code calls there.
  expected text,
  -- What is recorded there; the workflow, when no process has it.
  found    text,
  message  text NOT NULL,
  held_at  timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT held_runs_pkey PRIMARY KEY (run_id),
  CONSTRAINT held_runs_run_id_fkey FOREIGN KEY (run_id) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE
);

-- One row for each process that runs runs. Once expires_at has passed, others take over its runs.
CREATE TABLE holdfast.leases (
  executor_id text NOT NULL,
  -- The machine or container, since its last boot.
  host        text NOT NULL,
  pid         integer NOT NULL,
  -- The process id with its start, so that a later process with the same id is not mistaken for it.
  process     text NOT NULL,
  role        text NOT NULL,
  version     text NOT NULL,
  started_at  timestamp with time zone NOT NULL DEFAULT now(),
  renewed_at  timestamp with time zone NOT NULL DEFAULT now(),
  -- End of the lease; renewed every second while the process lives.
  expires_at  timestamp with time zone NOT NULL,
  -- The workflows that the process has; it takes no runs of others.
  workflows   text[] NOT NULL DEFAULT '{}'::text[],
  CONSTRAINT leases_pkey PRIMARY KEY (executor_id),
  CONSTRAINT leases_role_check CHECK ((role = ANY (ARRAY['all'::text, 'api'::text, 'worker'::text])))
);

-- SHA-256 of every migration as it was applied, so that a later change to its file is noticed.
CREATE TABLE holdfast.migration_checksums (
  history  text NOT NULL,
  name     text NOT NULL,
  checksum text NOT NULL,
  CONSTRAINT migration_checksums_pkey PRIMARY KEY (history, name)
);

CREATE TABLE holdfast.migrations (
  id             integer NOT NULL DEFAULT nextval('holdfast.migrations_id_seq'::regclass),
  name           character varying(255),
  batch          integer,
  migration_time timestamp with time zone,
  CONSTRAINT migrations_pkey PRIMARY KEY (id)
);

CREATE TABLE holdfast.migrations_lock (
  index     integer NOT NULL DEFAULT nextval('holdfast.migrations_lock_index_seq'::regclass),
  is_locked integer,
  CONSTRAINT migrations_lock_pkey PRIMARY KEY (index)
);

-- Answers of models that are given again to calls that ask the same on behalf of the same tenant. They may be deleted at any time.
CREATE TABLE holdfast.model_answers (
  tenant     text NOT NULL,
  -- SHA-256 of all that the call consists of: class and its endpoints, prompt, tools, schema, parameters, and the tenant.
  key        text NOT NULL,
  answer     jsonb NOT NULL,
  made_at    timestamp with time zone NOT NULL DEFAULT now(),
  expires_at timestamp with time zone NOT NULL,
  CONSTRAINT model_answers_pkey PRIMARY KEY (tenant, key),
  CONSTRAINT model_answers_key_check CHECK ((key ~ '^[0-9a-f]{64}$'::text))
);
CREATE INDEX model_answers_expired ON holdfast.model_answers USING btree (expires_at);

-- One row for each call of a model, made before the call; settled in the commit of the checkpoint of its step.
CREATE TABLE holdfast.model_calls (
  id                  uuid NOT NULL,
  -- Null for a call outside of any run.
  run_id              text,
  step_id             integer,
  step                text,
  attempt             integer NOT NULL,
  tenant              text NOT NULL DEFAULT ''::text,
  executor_id         text NOT NULL,
  -- The class that was asked for.
  class               text NOT NULL,
  -- The endpoint that was asked.
  endpoint            text NOT NULL,
  model               text NOT NULL,
  -- Why this endpoint: what was looked at when it was chosen.
  choice              jsonb NOT NULL DEFAULT '{}'::jsonb,
  -- Hashes of what the model was asked with, to see what has changed since.
  fingerprint         jsonb,
  -- reserved: not ended, or not known to have. settled: answered. failed: ended with an error, and used nothing that is known. lost: its process died in between; it counts as estimated.
  state               text NOT NULL DEFAULT 'reserved'::text,
  estimated_input     integer NOT NULL,
  estimated_output    integer NOT NULL,
  estimated_usd       numeric,
  input_tokens        integer,
  cached_input_tokens integer,
  cache_write_tokens  integer,
  output_tokens       integer,
  reasoning_tokens    integer,
  -- Whether the numbers of tokens are estimates, because the provider gave none.
  is_estimated        boolean NOT NULL DEFAULT false,
  -- Null where the endpoint has no price.
  cost_usd            numeric,
  -- Which price list it was reckoned with, in the words of the models file.
  price_version       text,
  error_code          text,
  started_at          timestamp with time zone NOT NULL DEFAULT now(),
  ended_at            timestamp with time zone,
  -- Of the run; empty for a call outside of any.
  workflow            text NOT NULL DEFAULT ''::text,
  -- The counters of budgets in which the estimate is reserved until the call is counted.
  counters            bigint[] NOT NULL DEFAULT '{}'::bigint[],
  -- Whether what it has used is in the sums, and its reservations are released.
  is_counted          boolean NOT NULL DEFAULT false,
  CONSTRAINT model_calls_pkey PRIMARY KEY (id),
  CONSTRAINT model_calls_run_id_fkey FOREIGN KEY (run_id) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT model_calls_attempt_check CHECK ((attempt >= 1)),
  CONSTRAINT model_calls_estimated_input_check CHECK ((estimated_input >= 0)),
  CONSTRAINT model_calls_estimated_output_check CHECK ((estimated_output >= 0)),
  CONSTRAINT model_calls_state_check CHECK ((state = ANY (ARRAY['reserved'::text, 'settled'::text, 'failed'::text, 'lost'::text])))
);
CREATE INDEX model_calls_of_step ON holdfast.model_calls USING btree (run_id, step_id);
CREATE INDEX model_calls_reserved ON holdfast.model_calls USING btree (executor_id) WHERE (state = 'reserved'::text);
CREATE INDEX model_calls_to_count ON holdfast.model_calls USING btree (started_at) WHERE ((state <> 'reserved'::text) AND (NOT is_counted));

-- One row for each request of a tool that may change something outside, over all attempts to send it.
CREATE TABLE holdfast.receipts (
  key           text NOT NULL,
  run_id        text NOT NULL,
  step_id       integer NOT NULL,
  ordinal       integer NOT NULL,
  tool          text NOT NULL,
  method        text NOT NULL,
  url           text NOT NULL,
  request_hash  text NOT NULL,
  -- Names the last attempt to send it, whose outcome alone may be noted.
  sending_id    uuid NOT NULL,
  attempts      integer NOT NULL DEFAULT 1,
  state         text NOT NULL DEFAULT 'sent'::text,
  -- The state before the last attempt to send it, which holds again when that attempt certainly did not leave.
  state_before  text,
  status        integer,
  response_hash text,
  first_sent_at timestamp with time zone NOT NULL DEFAULT now(),
  sent_at       timestamp with time zone NOT NULL DEFAULT now(),
  answered_at   timestamp with time zone,
  -- When it was decided that the last attempt may be followed by another though nobody knows what became of it, or when that was found out.
  accepted_at   timestamp with time zone,
  CONSTRAINT receipts_pkey PRIMARY KEY (key),
  CONSTRAINT receipts_attempts_check CHECK ((attempts >= 1)),
  CONSTRAINT receipts_ordinal_check CHECK ((ordinal >= 1)),
  CONSTRAINT receipts_state_check CHECK ((state = ANY (ARRAY['sent'::text, 'answered'::text, 'unsent'::text])))
);
CREATE INDEX receipts_of_step ON holdfast.receipts USING btree (run_id, step_id);

-- The last release of a run from each step at which it was held.
CREATE TABLE holdfast.releases (
  run_id      text NOT NULL,
  step_id     integer NOT NULL,
  reason      text NOT NULL,
  released_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT releases_pkey PRIMARY KEY (run_id, step_id)
);

-- How long ended runs of each workflow are kept, as the process that was started last said.
CREATE TABLE holdfast.retention (
  application text NOT NULL,
  -- Empty for the workflows that have no row.
  workflow    text NOT NULL,
  -- Milliseconds after the end of a run; null to keep runs for ever.
  keep_ms     bigint,
  CONSTRAINT retention_pkey PRIMARY KEY (application, workflow),
  CONSTRAINT retention_keep_ms_check CHECK ((keep_ms > 0))
);

-- One row for each length of time: how far the removal of runs that are kept for so long has come.
CREATE TABLE holdfast.retention_rounds (
  application text NOT NULL,
  keep_ms     bigint NOT NULL,
  -- Runs that ended up to here were looked at in this round: milliseconds since 1970, and the run's id.
  reached_ms  bigint NOT NULL DEFAULT 0,
  reached_id  text NOT NULL DEFAULT ''::text,
  -- A round goes over all ended runs once; after a day the next one begins with the oldest.
  began_at    timestamp with time zone NOT NULL DEFAULT now(),
  -- When to go on.
  due_at      timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT retention_rounds_pkey PRIMARY KEY (application, keep_ms)
);

-- One row, which is another one after each crash of the server.
CREATE TABLE holdfast.server_lives (
  is_only boolean NOT NULL DEFAULT true,
  life    uuid NOT NULL DEFAULT gen_random_uuid(),
  CONSTRAINT server_lives_pkey PRIMARY KEY (is_only),
  CONSTRAINT server_lives_is_only_check CHECK (is_only)
);

-- Pieces of what models say in steps that stream. They go when the step's record has the text; what a step streamed by itself stays, as one row, for as long as its run.
CREATE TABLE holdfast.token_chunks (
  run_id     text NOT NULL,
  -- Grows within a run in the order of the commits.
  id         bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  step_id    integer NOT NULL,
  -- Which attempt it belongs to. What an attempt said counts until another one says something.
  generation text NOT NULL,
  -- How many UTF-16 code units the attempt had said before. Pieces may overlap.
  start      integer NOT NULL,
  -- An array of [number of the part, text or reasoning, what was added to it].
  deltas     jsonb NOT NULL,
  CONSTRAINT token_chunks_pkey PRIMARY KEY (run_id, id),
  CONSTRAINT token_chunks_run_id_fkey FOREIGN KEY (run_id) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT token_chunks_start_check CHECK ((start >= 0))
);
CREATE INDEX token_chunks_of_step ON holdfast.token_chunks USING btree (run_id, step_id, id);

-- Runs that are to be unwound: because they ended without success and had something to undo, or because somebody asked for it.
CREATE TABLE holdfast.unwind_requests (
  run_id       text NOT NULL,
  requested_at timestamp with time zone NOT NULL DEFAULT now(),
  -- When their unwinding run was started. It is not started again, whatever became of it.
  started_at   timestamp with time zone,
  CONSTRAINT unwind_requests_pkey PRIMARY KEY (run_id)
);
CREATE INDEX unwind_requests_waiting ON holdfast.unwind_requests USING btree (requested_at) WHERE (started_at IS NULL);

-- What calls of models have used. It stays when their runs are removed.
CREATE TABLE holdfast.usage_totals (
  day                 date NOT NULL,
  tenant              text NOT NULL,
  workflow            text NOT NULL,
  class               text NOT NULL,
  endpoint            text NOT NULL,
  model               text NOT NULL,
  calls               bigint NOT NULL,
  failed_calls        bigint NOT NULL,
  lost_calls          bigint NOT NULL,
  estimated_calls     bigint NOT NULL,
  unpriced_calls      bigint NOT NULL,
  input_tokens        bigint NOT NULL,
  cached_input_tokens bigint NOT NULL,
  cache_write_tokens  bigint NOT NULL,
  output_tokens       bigint NOT NULL,
  reasoning_tokens    bigint NOT NULL,
  cost_usd            numeric NOT NULL,
  CONSTRAINT usage_totals_pkey PRIMARY KEY (day, tenant, workflow, class, endpoint, model)
);

-- What parked runs wait for: messages on a topic, the ends of other runs, and room in the bucket of a model.
CREATE TABLE holdfast.waits (
  run_id text NOT NULL,
  kind   text NOT NULL,
  -- The topic, or the id of the other run; empty for room.
  key    text NOT NULL,
  CONSTRAINT waits_pkey PRIMARY KEY (run_id, kind, key),
  CONSTRAINT waits_run_id_fkey FOREIGN KEY (run_id) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT waits_kind_check CHECK ((kind = ANY (ARRAY['message'::text, 'run'::text, 'room'::text])))
);
CREATE INDEX waits_for_run ON holdfast.waits USING btree (key) WHERE (kind = 'run'::text);

-- Milliseconds since 1970 as a timestamp, within the years 1 to 9999.
CREATE OR REPLACE FUNCTION holdfast.at_epoch_ms(epoch_ms bigint)
 RETURNS timestamp with time zone
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  SELECT to_timestamp(CASE WHEN epoch_ms > 253402300799000 THEN 253402300799000
                           WHEN epoch_ms < -62135596800000 THEN -62135596800000
                           ELSE epoch_ms END / 1000.0)
$function$;

-- What is left in a bucket that fills at this rate; below 0 when more was taken than there was.
CREATE OR REPLACE FUNCTION holdfast.bucket_room(per_minute double precision, empty_ms double precision)
 RETURNS double precision
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
  SELECT LEAST(GREATEST(5000, 60000 / per_minute), EXTRACT(EPOCH FROM now()) * 1000 - empty_ms) * per_minute / 60000
$function$;

CREATE OR REPLACE FUNCTION holdfast.budget_state(k holdfast.budget_counters, b holdfast.budget_rules)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
AS $function$
  SELECT jsonb_build_object(
    'counter', k.id::text, 'budget', b.name, 'tenant', b.tenant, 'scope', b.scope, 'subject', k.subject,
    'window', b.time_window, 'period', k.period, 'policy', b.policy, 'degradeTo', b.degrade_to, 'approval', b.approval,
    'limitUsd', (b.limit_usd * (1 + k.raises))::text, 'spentUsd', k.spent_usd::text, 'reservedUsd', k.reserved_usd::text,
    'limitTokens', b.limit_tokens * (1 + k.raises), 'spentTokens', k.spent_tokens, 'reservedTokens', k.reserved_tokens,
    'raiseUsd', b.limit_usd::text, 'raiseTokens', b.limit_tokens, 'raises', k.raises)
$function$;

CREATE OR REPLACE FUNCTION holdfast.count_calls(ids uuid[])
 RETURNS jsonb
 LANGUAGE plpgsql
AS $function$
DECLARE
  alerts jsonb;
BEGIN
  PERFORM FROM holdfast.budget_counters k
    WHERE k.id = ANY (ARRAY(SELECT unnest(c.counters) FROM holdfast.model_calls c WHERE c.id = ANY (ids)))
    ORDER BY k.id FOR UPDATE;
  UPDATE holdfast.budget_counters k
     SET spent_usd = k.spent_usd + f.usd, spent_tokens = k.spent_tokens + f.tokens,
         reserved_usd = k.reserved_usd - f.estimated_usd, reserved_tokens = k.reserved_tokens - f.estimated_tokens
    FROM (SELECT counter, sum(COALESCE(c.cost_usd, 0)) AS usd,
                 sum(COALESCE(c.input_tokens, 0) + COALESCE(c.output_tokens, 0)) AS tokens,
                 sum(COALESCE(c.estimated_usd, 0)) AS estimated_usd, sum(c.estimated_input + c.estimated_output) AS estimated_tokens
            FROM holdfast.model_calls c CROSS JOIN LATERAL unnest(c.counters) AS counter
           WHERE c.id = ANY (ids)
           GROUP BY counter) f
   WHERE k.id = f.counter;
  WITH crossed AS (
    UPDATE holdfast.budget_counters k SET alerted_at = now()
      FROM holdfast.budget_rules b
     WHERE k.id = ANY (ARRAY(SELECT unnest(c.counters) FROM holdfast.model_calls c WHERE c.id = ANY (ids)))
       AND b.id = k.budget_id AND b.policy = 'alert' AND k.alerted_at IS NULL
       AND (k.spent_usd > b.limit_usd OR k.spent_tokens > b.limit_tokens)
    RETURNING holdfast.budget_state(k, b) AS state)
  SELECT jsonb_agg(state) INTO alerts FROM crossed;
  INSERT INTO holdfast.usage_totals AS t
  SELECT (c.started_at AT TIME ZONE 'UTC')::date AS day, c.tenant, c.workflow, c.class, c.endpoint, c.model, count(*),
         count(*) FILTER (WHERE c.state = 'failed'), count(*) FILTER (WHERE c.state = 'lost'),
         count(*) FILTER (WHERE c.is_estimated), count(*) FILTER (WHERE c.cost_usd IS NULL AND c.input_tokens IS NOT NULL),
         sum(COALESCE(c.input_tokens, 0)), sum(COALESCE(c.cached_input_tokens, 0)), sum(COALESCE(c.cache_write_tokens, 0)),
         sum(COALESCE(c.output_tokens, 0)), sum(COALESCE(c.reasoning_tokens, 0)), sum(COALESCE(c.cost_usd, 0))
    FROM holdfast.model_calls c
   WHERE c.id = ANY (ids)
   GROUP BY 1, 2, 3, 4, 5, 6
   ORDER BY 1, 2, 3, 4, 5, 6
  ON CONFLICT (day, tenant, workflow, class, endpoint, model) DO UPDATE
     SET calls = t.calls + excluded.calls, failed_calls = t.failed_calls + excluded.failed_calls,
         lost_calls = t.lost_calls + excluded.lost_calls, estimated_calls = t.estimated_calls + excluded.estimated_calls,
         unpriced_calls = t.unpriced_calls + excluded.unpriced_calls, input_tokens = t.input_tokens + excluded.input_tokens,
         cached_input_tokens = t.cached_input_tokens + excluded.cached_input_tokens,
         cache_write_tokens = t.cache_write_tokens + excluded.cache_write_tokens,
         output_tokens = t.output_tokens + excluded.output_tokens, reasoning_tokens = t.reasoning_tokens + excluded.reasoning_tokens,
         cost_usd = t.cost_usd + excluded.cost_usd;
  RETURN alerts;
END
$function$;

-- Counts the calls of runs that are about to be removed.
CREATE OR REPLACE FUNCTION holdfast.count_calls_of(runs text[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
  ids uuid[];
BEGIN
  PERFORM holdfast.lose_calls(ARRAY(SELECT c.id FROM holdfast.model_calls c WHERE c.run_id = ANY (runs) AND c.state = 'reserved'));
  WITH marked AS (
    UPDATE holdfast.model_calls c SET is_counted = TRUE WHERE c.run_id = ANY (runs) AND NOT c.is_counted RETURNING c.id)
  SELECT array_agg(id) INTO ids FROM marked;
  IF ids IS NOT NULL THEN PERFORM holdfast.count_calls(ids); END IF;
END
$function$;

-- Puts what ended calls have used into the sums, and releases their reservations; each call once, whoever else does it at the same time.
CREATE OR REPLACE FUNCTION holdfast.count_ended_calls(most integer, OUT counted integer, OUT alerts jsonb)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
DECLARE
  ids uuid[];
BEGIN
  WITH claimed AS MATERIALIZED (
    SELECT c.id FROM holdfast.model_calls c WHERE c.state <> 'reserved' AND NOT c.is_counted
     ORDER BY c.started_at LIMIT most FOR UPDATE SKIP LOCKED),
  marked AS (
    UPDATE holdfast.model_calls c SET is_counted = TRUE WHERE c.id = ANY (ARRAY(SELECT id FROM claimed)) RETURNING c.id)
  SELECT array_agg(id) INTO ids FROM marked;
  counted := COALESCE(cardinality(ids), 0);
  IF counted > 0 THEN alerts := holdfast.count_calls(ids); END IF;
END
$function$;

-- In which counters a call of now counts.
CREATE OR REPLACE FUNCTION holdfast.counters_of(of_tenant text, of_workflow text, root text)
 RETURNS TABLE(budget_id bigint, subject text, period text, run_id text)
 LANGUAGE sql
 STABLE
AS $function$
  SELECT b.id,
         CASE b.scope WHEN 'run' THEN root WHEN 'workflow' THEN of_workflow WHEN 'tenant' THEN of_tenant ELSE '' END,
         CASE b.time_window
           WHEN 'day' THEN to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD')
           WHEN 'month' THEN to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM')
           ELSE '' END,
         CASE b.scope WHEN 'run' THEN root END
    FROM holdfast.budget_rules b
   WHERE b.tenant IN ('', of_tenant)
     AND (b.workflow IS NULL OR b.workflow = of_workflow)
     AND (b.scope <> 'run' OR root IS NOT NULL)
     AND (b.scope <> 'workflow' OR of_workflow <> '')
$function$;

-- Refuses changes of what was asked, and of what was decided.
CREATE OR REPLACE FUNCTION holdfast.guard_approval()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  IF OLD.status <> 'pending' THEN
    RAISE EXCEPTION 'The approval % was decided, and does not change any more.', OLD.id;
  END IF;
  IF (OLD.id, OLD.run_id, OLD.step_id, OLD.tenant, OLD.workflow, OLD.tool, OLD.question, OLD.arguments, OLD.arguments_hash,
      OLD.quorum, OLD.exclude_initiator, OLD.initiator, OLD.otherwise, OLD.asked_at)
     IS DISTINCT FROM
     (NEW.id, NEW.run_id, NEW.step_id, NEW.tenant, NEW.workflow, NEW.tool, NEW.question, NEW.arguments, NEW.arguments_hash,
      NEW.quorum, NEW.exclude_initiator, NEW.initiator, NEW.otherwise, NEW.asked_at) THEN
    RAISE EXCEPTION 'The question of the approval % does not change.', OLD.id;
  END IF;
  RETURN NEW;
END
$function$;

-- Refuses to change the audit of approvals.
CREATE OR REPLACE FUNCTION holdfast.guard_approval_events()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
  IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM holdfast.approvals a WHERE a.id = OLD.approval_id) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'The audit of approvals is only added to: % was refused.', TG_OP;
END
$function$;

CREATE OR REPLACE FUNCTION holdfast.lose_calls(ids uuid[])
 RETURNS integer
 LANGUAGE sql
AS $function$
  WITH lost AS (
    UPDATE holdfast.model_calls c
       SET state = 'lost', input_tokens = c.estimated_input, cached_input_tokens = 0, cache_write_tokens = 0,
           output_tokens = c.estimated_output, reasoning_tokens = 0, is_estimated = TRUE, cost_usd = c.estimated_usd, ended_at = now()
     WHERE c.id = ANY (ids) AND c.state = 'reserved'
    RETURNING 1)
  SELECT count(*)::integer FROM lost
$function$;

-- A recorded error as {code, message, details}.
CREATE OR REPLACE FUNCTION holdfast.recorded_error(recorded text)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
  SELECT jsonb_strip_nulls(jsonb_build_object(
    'code', COALESCE(
      error ->> 'code',
      CASE error ->> 'dbosErrorCode' WHEN '27' THEN 'run_cancelled' WHEN '30' THEN 'run_dead' ELSE 'workflow_failed' END),
    'message', CASE error ->> 'dbosErrorCode'
      WHEN '27' THEN format('Run ''%s'' was cancelled and has no result.', error ->> 'workflowID')
      WHEN '30' THEN format('Run ''%s'' is a dead letter: its process died too often while it ran.', error ->> 'workflowID')
      ELSE COALESCE(error ->> 'message', error #>> '{}') END,
    'details', error -> 'details'))
  FROM holdfast.recorded_json(recorded) AS error
$function$;

-- A recorded value as plain JSON; dates, maps and bigints are in their JSON form.
CREATE OR REPLACE FUNCTION holdfast.recorded_json(recorded text)
 RETURNS jsonb
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
BEGIN
  RETURN recorded::jsonb -> 'json';
EXCEPTION WHEN OTHERS THEN
  -- jsonb cannot hold U+0000 nor halves of surrogate pairs, which a recorded text may contain. They are shown as U+FFFD.
  BEGIN
    RETURN regexp_replace(recorded, '(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})', '\1\\ufffd', 'g')::jsonb -> 'json';
  EXCEPTION WHEN OTHERS THEN
    RETURN to_jsonb(recorded);
  END;
END
$function$;

-- Enters calls that are about to be made, and reserves their estimates in the counters of all budgets that they count for; a call that one of these does not allow is not entered, and its blocks are returned. With `must`, what budgets allow is not asked: the calls are made already, and what belongs to removed runs is left out. Its transaction does not wait for the disk.
CREATE OR REPLACE FUNCTION holdfast.reserve_calls(planned json, must boolean DEFAULT false)
 RETURNS TABLE(call_id uuid, blocks jsonb, is_limited boolean)
 LANGUAGE plpgsql
AS $function$
#variable_conflict use_column
DECLARE
  asked   holdfast.model_calls[] := '{}';
  one     holdfast.model_calls;
  missing boolean;
  lacking boolean := FALSE;
  by_run  boolean;
  known   boolean;
BEGIN
  -- Nobody waits for the disk: whoever has entered a call enters it anew when the server has begun another life.
  PERFORM set_config('synchronous_commit', 'off', TRUE);
  IF NOT EXISTS (SELECT FROM holdfast.budget_rules) THEN
    INSERT INTO holdfast.model_calls
           (id, run_id, step_id, step, attempt, tenant, workflow, executor_id, class, endpoint, model, choice, fingerprint,
            estimated_input, estimated_output, estimated_usd, price_version)
    SELECT p.id, w.workflow_uuid, p.step_id, p.step, p.attempt, COALESCE(NULLIF(p.tenant, ''), 'default'), COALESCE(w.name, ''),
           p.executor_id, p.class, p.endpoint, p.model, COALESCE(p.choice, '{}'), p.fingerprint,
           p.estimated_input, p.estimated_output, p.estimated_usd, p.price_version
      FROM json_populate_recordset(NULL::holdfast.model_calls, planned) p
      LEFT JOIN dbos.workflow_status w ON w.workflow_uuid = p.run_id
     WHERE NOT must OR p.run_id IS NULL OR w.workflow_uuid IS NOT NULL
    ON CONFLICT (id) DO NOTHING;
    RETURN QUERY SELECT p.id, NULL::jsonb, FALSE FROM json_populate_recordset(NULL::holdfast.model_calls, planned) p;
    RETURN;
  END IF;
  -- Only then is it worth a look who started whom.
  by_run := EXISTS (SELECT FROM holdfast.budget_rules r WHERE r.scope = 'run');
  FOR one IN SELECT * FROM json_populate_recordset(NULL::holdfast.model_calls, planned) LOOP
    -- Whoever removes the run is waited for before anything else is locked.
    SELECT w.name INTO one.workflow FROM dbos.workflow_status w WHERE w.workflow_uuid = one.run_id FOR KEY SHARE;
    -- A run that was removed meanwhile: its calls that are to be there again were counted before, and removed with it.
    CONTINUE WHEN must AND one.run_id IS NOT NULL AND one.workflow IS NULL;
    IF one.workflow IS NULL THEN one.run_id := NULL; END IF;
    one.workflow := COALESCE(one.workflow, '');
    one.tenant := COALESCE(NULLIF(one.tenant, ''), 'default');
    SELECT COALESCE(array_agg(k.id) FILTER (WHERE k.id IS NOT NULL), '{}'), COALESCE(bool_or(k.id IS NULL), FALSE)
      INTO one.counters, missing
      FROM holdfast.counters_of(one.tenant, one.workflow, CASE WHEN by_run THEN holdfast.root_run(one.run_id) END) c
      LEFT JOIN holdfast.budget_counters k
        ON k.budget_id = c.budget_id AND k.subject = c.subject AND k.period = c.period;
    lacking := lacking OR missing;
    asked := array_append(asked, one);
  END LOOP;
  IF lacking THEN
    PERFORM FROM dbos.workflow_status w
      WHERE w.workflow_uuid = ANY (ARRAY(SELECT holdfast.root_run(p.run_id) FROM unnest(asked) p))
      ORDER BY w.workflow_uuid FOR KEY SHARE;
    -- All at once and in one order: groups that begin the same periods at the same time must not wait for each other in a circle.
    INSERT INTO holdfast.budget_counters (budget_id, subject, period, run_id, spent_usd, spent_tokens)
    SELECT c.budget_id, c.subject, c.period, c.run_id, u.usd, u.tokens
      FROM (SELECT DISTINCT n.*
              FROM unnest(asked) p
             CROSS JOIN LATERAL holdfast.counters_of(p.tenant, p.workflow, holdfast.root_run(p.run_id)) n) c
     CROSS JOIN LATERAL holdfast.used_before(c.budget_id, c.subject, c.period) u
     WHERE NOT EXISTS (SELECT FROM holdfast.budget_counters k
                        WHERE k.budget_id = c.budget_id AND k.subject = c.subject AND k.period = c.period)
     ORDER BY 1, 2, 3
    ON CONFLICT DO NOTHING;
    FOR n IN 1..cardinality(asked) LOOP
      one := asked[n];
      asked[n].counters := ARRAY(
        SELECT k.id
          FROM holdfast.counters_of(one.tenant, one.workflow, holdfast.root_run(one.run_id)) c
          JOIN holdfast.budget_counters k
            ON k.budget_id = c.budget_id AND k.subject = c.subject AND k.period = c.period);
    END LOOP;
  END IF;
  PERFORM FROM holdfast.budget_counters k
    WHERE k.id = ANY (ARRAY(SELECT unnest(p.counters) FROM unnest(asked) p)) ORDER BY k.id FOR UPDATE;
  FOREACH one IN ARRAY asked LOOP
    call_id := one.id;
    SELECT jsonb_agg(s.state) FILTER (WHERE s.reason IS NOT NULL AND NOT s.goes_on),
           COALESCE(bool_or(s.policy <> 'alert'), FALSE)
      INTO blocks, is_limited
      FROM (
        SELECT r.reason, b.policy,
               b.policy = 'alert' OR b.policy = 'degrade' AND b.degrade_to = one.class AND r.reason <> 'price_unknown' AS goes_on,
               holdfast.budget_state(k, b) || jsonb_build_object('reason', r.reason) AS state
          FROM holdfast.budget_counters k
          JOIN holdfast.budget_rules b ON b.id = k.budget_id
         CROSS JOIN LATERAL (SELECT COALESCE(one.estimated_usd, 0) AS usd, one.estimated_input + one.estimated_output AS tokens) e
         CROSS JOIN LATERAL (
           SELECT CASE
             WHEN b.limit_usd IS NOT NULL AND one.estimated_usd IS NULL AND NOT b.allows_unpriced THEN 'price_unknown'
             WHEN k.spent_usd + e.usd > b.limit_usd * (1 + k.raises)
               OR k.spent_tokens + e.tokens > b.limit_tokens * (1 + k.raises) THEN 'exceeded'
             WHEN k.spent_usd + k.reserved_usd + e.usd > b.limit_usd * (1 + k.raises)
               OR k.spent_tokens + k.reserved_tokens + e.tokens > b.limit_tokens * (1 + k.raises) THEN 'reserved'
           END AS reason) r
         WHERE k.id = ANY (one.counters)) s;
    -- A statement whose answer was lost is sent again.
    known := EXISTS (SELECT FROM holdfast.model_calls c WHERE c.id = one.id);
    IF must OR known THEN blocks := NULL; END IF;
    IF blocks IS NULL AND NOT known THEN
      UPDATE holdfast.budget_counters k
         SET reserved_usd = k.reserved_usd + COALESCE(one.estimated_usd, 0),
             reserved_tokens = k.reserved_tokens + one.estimated_input + one.estimated_output
       WHERE k.id = ANY (one.counters);
      INSERT INTO holdfast.model_calls
             (id, run_id, step_id, step, attempt, tenant, workflow, executor_id, class, endpoint, model, choice, fingerprint,
              estimated_input, estimated_output, estimated_usd, price_version, counters)
      VALUES (one.id, one.run_id, one.step_id, one.step, one.attempt, one.tenant, one.workflow, one.executor_id, one.class,
              one.endpoint, one.model, COALESCE(one.choice, '{}'), one.fingerprint,
              one.estimated_input, one.estimated_output, one.estimated_usd, one.price_version, one.counters);
    END IF;
    RETURN NEXT;
  END LOOP;
END
$function$;

-- The run above all others from which a run comes; itself, where nobody started it.
CREATE OR REPLACE FUNCTION holdfast.root_run(id text)
 RETURNS text
 LANGUAGE sql
 STABLE
AS $function$
  WITH RECURSIVE above AS (
    SELECT w.workflow_uuid, w.parent_workflow_id, 0 AS height
      FROM dbos.workflow_status w WHERE w.workflow_uuid = id
    UNION ALL
    SELECT w.workflow_uuid, w.parent_workflow_id, above.height + 1
      FROM above JOIN dbos.workflow_status w ON w.workflow_uuid = above.parent_workflow_id)
  SELECT workflow_uuid FROM above ORDER BY height DESC LIMIT 1
$function$;

-- What was committed without waiting for the disk is there for as long as this is the same.
CREATE OR REPLACE FUNCTION holdfast.server_life()
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
DECLARE
  found uuid;
BEGIN
  SELECT l.life INTO found FROM holdfast.server_lives l;
  IF found IS NULL THEN
    INSERT INTO holdfast.server_lives DEFAULT VALUES ON CONFLICT DO NOTHING;
    SELECT l.life INTO found FROM holdfast.server_lives l;
  END IF;
  RETURN found;
END
$function$;

-- The name of a step in the words of the authoring API.
CREATE OR REPLACE FUNCTION holdfast.step_name(recorded text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  SELECT CASE recorded
    WHEN 'DBOS.sleep' THEN 'sleep'
    WHEN 'DBOS.recv' THEN 'waitFor'
    WHEN 'DBOS.send' THEN 'send'
    WHEN 'DBOS.getResult' THEN 'result'
    WHEN 'DBOS.writeStream' THEN 'progress'
    WHEN 'DBOS.now' THEN 'now'
    WHEN 'DBOS.randomUUID' THEN 'uuid'
    ELSE recorded
  END
$function$;

-- The tool calls in messages of a model, in their order, without those that its provider made.
CREATE OR REPLACE FUNCTION holdfast.tool_calls(messages jsonb)
 RETURNS TABLE(place integer, width integer, call_id text, tool text)
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  SELECT (row_number() OVER (ORDER BY m.n, p.n) - 1)::integer, (count(*) OVER ())::integer,
         p.part ->> 'toolCallId', p.part ->> 'toolName'
    FROM jsonb_array_elements(messages) WITH ORDINALITY AS m(message, n)
   CROSS JOIN LATERAL jsonb_array_elements(
           CASE jsonb_typeof(m.message -> 'content') WHEN 'array' THEN m.message -> 'content' ELSE '[]' END
         ) WITH ORDINALITY AS p(part, n)
   WHERE p.part ->> 'type' = 'tool-call' AND p.part ->> 'providerExecuted' IS DISTINCT FROM 'true'
$function$;

-- What became of the tool calls of an agent's turn, as the model is told; calls that are under way are missing.
CREATE OR REPLACE FUNCTION holdfast.tool_outcomes(run text, turn integer, output jsonb)
 RETURNS TABLE(place integer, result jsonb, at_ms bigint)
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
  SELECT c.place,
         jsonb_build_object('type', 'tool-result', 'toolCallId', c.call_id, 'toolName', c.tool, 'output', r.output),
         r.at_ms
    FROM holdfast.tool_calls(output -> 'messages') AS c
    LEFT JOIN LATERAL (
           SELECT jsonb_build_object('code', x ->> 'code', 'message', x ->> 'message') AS error
             FROM jsonb_array_elements(output -> 'refused') AS x
            WHERE (x ->> 'call')::integer = c.place
         ) AS refusal ON TRUE
   CROSS JOIN LATERAL (
           SELECT jsonb_build_object('type', 'error-json', 'value', refusal.error) AS output, NULL::bigint AS at_ms
            WHERE refusal.error IS NOT NULL
           UNION ALL (
           SELECT CASE
                    WHEN s.error IS NOT NULL
                      THEN jsonb_build_object('type', 'error-json', 'value', holdfast.recorded_error(s.error) - 'details')
                    ELSE jsonb_build_object(
                      'type', CASE jsonb_typeof(v.value) WHEN 'string' THEN 'text' ELSE 'json' END, 'value', v.value)
                  END,
                  s.completed_at_epoch_ms
             FROM dbos.operation_outputs s
            CROSS JOIN LATERAL (SELECT COALESCE(holdfast.recorded_json(s.output), 'null') AS value) AS v
            WHERE refusal.error IS NULL
              AND s.workflow_uuid = run
              AND s.function_id > turn
              AND s.function_id < COALESCE(
                    (SELECT n.function_id FROM dbos.operation_outputs n
                      WHERE n.workflow_uuid = run AND n.function_id > turn AND n.function_name = 'model'
                      ORDER BY n.function_id LIMIT 1), 2147483647)
              AND (s.function_id - turn - 1 - c.place) % c.width = 0
              AND (s.function_name = 'DBOS.getResult'
                   OR s.function_name NOT LIKE 'DBOS.%' AND s.child_workflow_id IS NULL)
              AND s.function_name <> 'compact'
              AND s.function_name NOT LIKE 'notice of %'
              AND (s.error IS NOT NULL
                   OR s.function_name NOT LIKE 'approval of %' AND s.function_name NOT LIKE 'decision on %')
            ORDER BY s.function_id DESC
            LIMIT 1)
         ) AS r
$function$;

CREATE OR REPLACE FUNCTION holdfast.used_before(budget bigint, of_subject text, of_period text)
 RETURNS TABLE(usd numeric, tokens bigint)
 LANGUAGE sql
 STABLE
AS $function$
  SELECT COALESCE(sum(t.cost_usd), 0), COALESCE(sum(t.input_tokens + t.output_tokens), 0)::bigint
    FROM holdfast.budget_rules b
    JOIN holdfast.usage_totals t
      ON b.tenant IN ('', t.tenant)
     AND (b.workflow IS NULL OR b.workflow = t.workflow)
     AND CASE b.scope WHEN 'workflow' THEN t.workflow = of_subject WHEN 'tenant' THEN t.tenant = of_subject ELSE b.scope = 'all' END
     AND CASE b.time_window
           WHEN 'day' THEN t.day = of_period::date
           WHEN 'month' THEN t.day >= (of_period || '-01')::date AND t.day < (of_period || '-01')::date + interval '1 month'
           ELSE TRUE END
   WHERE b.id = budget AND b.scope <> 'run'
$function$;

-- What happened to approvals, in order. Rows are added, never changed.
--   approval_id    text: The approval.
--   run_id         text: The run that asks.
--   tenant         text: On whose behalf the run runs.
--   n              integer: Counts what happened to one approval, from 1.
--   at             timestamp with time zone: When it happened.
--   what           text: asked, voted (one of several who have to approve), approved, rejected, escalated, expired, or link_made.
--   who            text: The person who did it; of asked the initiator of the run, where known; null for the clock.
--   roles          text[]: The roles of that person then; of link_made those that the link gives; of asked and escalated the role that is asked.
--   via            text: link, where the person used one.
--   recipient      text: Of link_made: for whom the link is.
--   comment        text: What the person said about it.
--   arguments_hash text: The hash of the arguments that were asked about, or approved.
CREATE VIEW holdfast.approval_audit AS
 SELECT e.approval_id,
    a.run_id,
    a.tenant,
    e.n,
    e.at,
    e.what,
    e.who,
    e.roles,
    e.via,
    e.recipient,
    e.comment,
    e.arguments_hash
   FROM holdfast.approval_events e
     JOIN holdfast.approvals a ON a.id = e.approval_id;

-- Questions that runs put to people: what is asked of whom, and what was answered.
--   id                text: The id by which it is decided.
--   run_id            text: The run that asks, and waits for the answer.
--   step_id           integer: The step of the run that asked.
--   workflow          text: The workflow of the run.
--   tenant            text: On whose behalf the run runs. People of other tenants do not see it.
--   tool              text: The tool that is to be called; null for approve() in a workflow.
--   question          text: What is asked, in words.
--   arguments         jsonb: What is to be approved: the arguments of the tool, or what approve() was given.
--   arguments_hash    text: SHA-256 of the arguments as JSON with sorted keys, in hexadecimal.
--   role              text: Who may decide; null when anybody of the tenant may.
--   quorum            integer: How many people have to approve. One who rejects is enough.
--   votes             integer: How many have approved so far; those from before an escalation do not count.
--   exclude_initiator boolean: Whether the person who started the run must not decide.
--   initiator         text: Who started the run, or the one above it; null when that is not known.
--   status            text: pending, approved, rejected, expired (nobody decided in time), or withdrawn (the run has ended).
--   decided_by        text[]: Who has approved so far, or who rejected.
--   comment           text: What the last of them said about it.
--   decided_arguments jsonb: What was approved instead of the arguments, where they were edited.
--   otherwise         text: What an expired one means: reject or approve.
--   escalate_role     text: Who is asked next when nobody decides in time; null when nobody is, or that was done.
--   asked_at          timestamp with time zone: When it was asked.
--   expires_at        timestamp with time zone: Until when it can be decided.
--   escalated_at      timestamp with time zone: When it was put to escalate_role instead; null when it was not.
--   decided_at        timestamp with time zone: When it was approved or rejected, or had expired.
CREATE VIEW holdfast.approval_inbox AS
 SELECT a.id,
    a.run_id,
    a.step_id,
    a.workflow,
    a.tenant,
    a.tool,
    a.question,
    a.arguments,
    a.arguments_hash,
    a.role,
    a.quorum,
    cardinality(votes.people) AS votes,
    a.exclude_initiator,
    a.initiator,
        CASE
            WHEN a.status = 'pending'::text AND w.workflow_uuid IS NULL THEN 'withdrawn'::text
            ELSE a.status
        END AS status,
        CASE a.status
            WHEN 'rejected'::text THEN ARRAY( SELECT e.who
               FROM holdfast.approval_events e
              WHERE e.approval_id = a.id AND e.what = 'rejected'::text)
            ELSE votes.people
        END AS decided_by,
    a.comment,
    a.decided_arguments,
    a.otherwise,
    a.escalate_role,
    a.asked_at,
    a.expires_at,
    a.escalated_at,
    a.decided_at
   FROM holdfast.approvals a
     LEFT JOIN dbos.workflow_status w ON w.workflow_uuid = a.run_id AND (w.status = ANY (ARRAY['PENDING'::text, 'ENQUEUED'::text, 'DELAYED'::text]))
     CROSS JOIN LATERAL ( SELECT ARRAY( SELECT e.who
                   FROM holdfast.approval_events e
                  WHERE e.approval_id = a.id AND (e.what = ANY (ARRAY['voted'::text, 'approved'::text])) AND e.n > (( SELECT COALESCE(max(x.n), 0) AS "coalesce"
                           FROM holdfast.approval_events x
                          WHERE x.approval_id = a.id AND x.what = 'escalated'::text))
                  ORDER BY e.n) AS people) votes;

-- Endpoints of models that were ever left alone because their calls failed, and whether they still are.
--   endpoint   text: The name of the endpoint.
--   target     text: Where the endpoint is and which model it stands for.
--   state      text: closed: it is asked. open: nobody asks it. half_open: one call may try whether it is well again.
--   reason     text: The code of the failure that opened it last (docs/errors.md).
--   changed_at timestamp with time zone: Since when it is left alone, or asked again.
--   open_until timestamp with time zone: Until when nobody asks it; null when it is asked.
CREATE VIEW holdfast.breakers AS
 SELECT endpoint,
    target,
        CASE
            WHEN state = 'closed'::text THEN 'closed'::text
            WHEN open_until > now() THEN 'open'::text
            ELSE 'half_open'::text
        END AS state,
    reason,
    changed_at,
        CASE
            WHEN state = 'open'::text THEN open_until
            ELSE NULL::timestamp with time zone
        END AS open_until
   FROM holdfast.endpoint_health h;

-- Limits of endpoints and tenants: how much of each is left, and how many calls wait.
--   kind           text: endpoint or tenant.
--   name           text: The endpoint, or the tenant.
--   rpm            integer: Requests a minute; null for no limit.
--   tpm            integer: Tokens a minute; null for no limit.
--   concurrency    integer: Calls at the same time; null for no limit.
--   rate           double precision: The part of the rate that is used now: less than 1 for a while after the provider refused calls.
--   blocked_until  timestamp with time zone: Until when no calls are made, because the provider asked for that; null when it did not.
--   requests_left  bigint: How many requests could be made at once. Processes hold a few more in advance. Below 0 when more was used than was expected.
--   tokens_left    bigint: How many tokens could be used at once, in the same way.
--   calls_allotted integer: How many of the calls at the same time processes have taken; null without such a limit.
--   waiting        integer: How many calls wait.
--   granted        integer: How many calls have got their room and were not made yet.
--   oldest_at      timestamp with time zone: Since when the oldest of them waits; null when none does.
CREATE VIEW holdfast.buckets AS
 SELECT b.kind,
    b.name,
    b.rpm,
    b.tpm,
    b.concurrency,
    round(f.factor::numeric, 3)::double precision AS rate,
        CASE
            WHEN b.blocked_ms > n.ms THEN holdfast.at_epoch_ms(b.blocked_ms::bigint)
            ELSE NULL::timestamp with time zone
        END AS blocked_until,
    floor(holdfast.bucket_room(b.rpm::double precision * f.factor, b.requests_empty_ms))::bigint AS requests_left,
    floor(holdfast.bucket_room(b.tpm::double precision * f.factor, b.tokens_empty_ms))::bigint AS tokens_left,
        CASE
            WHEN b.concurrency IS NOT NULL THEN (( SELECT COALESCE(sum(s.slots), 0::bigint) AS "coalesce"
               FROM holdfast.bucket_slots s
              WHERE s.bucket = b.key))::integer
            ELSE NULL::integer
        END AS calls_allotted,
    w.waiting,
    w.granted,
    w.oldest_at
   FROM holdfast.bucket_levels b
     CROSS JOIN ( SELECT EXTRACT(epoch FROM now())::double precision * 1000::double precision AS ms) n
     CROSS JOIN LATERAL ( SELECT LEAST(1::double precision, b.factor + GREATEST(0::double precision, n.ms - b.slowed_ms) / 1000::double precision * 0.01::double precision) AS factor) f
     CROSS JOIN LATERAL ( SELECT count(*) FILTER (WHERE x.granted_at IS NULL)::integer AS waiting,
            count(x.granted_at)::integer AS granted,
            min(x.entered_at) FILTER (WHERE x.granted_at IS NULL) AS oldest_at
           FROM holdfast.bucket_waits x
          WHERE b.key = x.bucket OR b.key = x.also) w;

-- Budgets, with what is spent of each of them: one row for each subject and period, one without both where nothing was spent.
--   name                 text: The name of the budget.
--   tenant               text: Whose calls it is for; null for those of all tenants.
--   scope                text: What it is spent by: each run (with the runs that it started), each workflow, each tenant, or all of them together.
--   workflow             text: Only calls of runs of this workflow count; null for all.
--   time_window          text: How long it lasts before it begins anew: run, day, month (UTC), or total for never.
--   policy               text: What follows when it is crossed: stop, degrade, ask or alert.
--   degrade_to           text: The class that calls go on in; only with degrade.
--   approval             jsonb: Who is asked; only with ask.
--   allows_unpriced      boolean: Whether endpoints without a price may be called, though nobody knows what they cost.
--   limit_usd            numeric: US dollars as they were set; null where only tokens are limited.
--   limit_tokens         bigint: Tokens of input and output as they were set; null where only money is limited.
--   set_by               text: Who has set it.
--   set_at               timestamp with time zone: When it was set.
--   subject              text: Whose spending this row counts: the id of a run, the name of a workflow, a tenant; empty for all.
--   period               text: When: 2026-11-21 for a day, 2026-11 for a month, in UTC; empty for others.
--   raises               integer: How often people have approved one more limit for this row.
--   present_limit_usd    numeric: The limit with what was approved.
--   present_limit_tokens bigint: The limit with what was approved.
--   spent_usd            numeric: What ended calls have cost.
--   spent_tokens         bigint: What ended calls have used.
--   reserved_usd         numeric: What calls that are under way may cost at most.
--   reserved_tokens      bigint: What calls that are under way may use at most.
--   alerted_at           timestamp with time zone: When it was first crossed; only with alert.
CREATE VIEW holdfast.budgets AS
 SELECT b.name,
    NULLIF(b.tenant, ''::text) AS tenant,
    b.scope,
    b.workflow,
    b.time_window,
    b.policy,
    b.degrade_to,
    b.approval,
    b.allows_unpriced,
    b.limit_usd,
    b.limit_tokens,
    b.set_by,
    b.set_at,
    k.subject,
    k.period,
    k.raises,
    b.limit_usd * (1 + COALESCE(k.raises, 0))::numeric AS present_limit_usd,
    b.limit_tokens * (1 + COALESCE(k.raises, 0)) AS present_limit_tokens,
    k.spent_usd,
    k.spent_tokens,
    k.reserved_usd,
    k.reserved_tokens,
    k.alerted_at
   FROM holdfast.budget_rules b
     LEFT JOIN holdfast.budget_counters k ON k.budget_id = b.id;

-- Turns of agents that were recorded when their code asked the model in another way than the code that met them later.
--   run_id      text: The agent's run.
--   step_id     integer: The step of the model call.
--   agent       text: Class.method of the agent.
--   tenant      text: On whose behalf the run runs.
--   parts       text[]: What has changed: template, tools, schema, model or parameters.
--   changed     jsonb: Each change as {part, name, recorded, present}; name is that of a tool. What was not there, or is not there any more, is null.
--   recorded    jsonb: The fingerprint with which the model was asked.
--   present     jsonb: The fingerprint with which the code that met the turn would have asked it.
--   policy      text: What the agent says is to be done: accept, warn, hold or rerun.
--   outcome     text: What was done: the run went_on with what is recorded, was held for a person, or the model is asked_again from this step on.
--   noticed_at  timestamp with time zone: When a run was first taken up by code that would have asked like this.
--   accepted_at timestamp with time zone: When a person released the run that was held for it.
CREATE VIEW holdfast.drift AS
 SELECT d.run_id,
    d.step_id,
    d.agent,
    COALESCE(NULLIF(w.authenticated_user, ''::text), 'default'::text) AS tenant,
    ARRAY( SELECT DISTINCT c.change ->> 'part'::text
           FROM jsonb_array_elements(d.changed) c(change)
          ORDER BY (c.change ->> 'part'::text)) AS parts,
    d.changed,
    d.recorded,
    d.present,
    d.policy,
    d.outcome,
    d.noticed_at,
    d.accepted_at
   FROM holdfast.drifts d
     LEFT JOIN dbos.workflow_status w ON w.workflow_uuid = d.run_id;

-- What tools sent outside: one row for each request that may change something, over all attempts to send it.
--   run_id        text: The run on whose behalf it was sent.
--   step_id       integer: The step of the run that called the tool.
--   ordinal       integer: Counts the requests of one execution of the tool's body, from 1.
--   workflow      text: The workflow of the run.
--   tenant        text: On whose behalf the run runs.
--   tool          text: The tool whose body sent it.
--   key           text: What was sent as Idempotency-Key: the same on every attempt.
--   method        text: The HTTP method.
--   url           text: Without user, fragment, values in the query, and parts of the path that look like a secret; … stands for what was left out.
--   state         text: sent (under way; once its step does not run any more: unknown, it may have been done or not), answered, or unsent (it certainly never left).
--   attempts      integer: How often it was sent, or was to be sent.
--   status        integer: The HTTP status of the last answer.
--   first_sent_at timestamp with time zone: The first attempt to send it. Other sides forget keys after a time, often a day.
--   sent_at       timestamp with time zone: The last attempt to send it.
--   answered_at   timestamp with time zone: The last answer, which may be one to an earlier attempt.
--   accepted_at   timestamp with time zone: When it was decided that an unanswered request may be sent again, or when it was found out what became of it.
--   request_hash  text: SHA-256 of method, URL, content type and body: the same on every attempt.
--   response_hash text: SHA-256 of the last answer's body, when that was empty or JSON of at most 1 MB.
--   is_unknown    boolean: Whether nobody knows if it was done: it was not answered, or by a gateway, its step has no result, and it was neither found out about nor undone. While its step runs, it may only be under way.
CREATE VIEW holdfast.effects AS
 SELECT r.run_id,
    r.step_id,
    r.ordinal,
    w.name AS workflow,
    COALESCE(NULLIF(w.authenticated_user, ''::text), 'default'::text) AS tenant,
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
    r.response_hash,
    r.accepted_at IS NULL AND (r.state = 'sent'::text OR r.state = 'answered'::text AND (r.status = ANY (ARRAY[502, 504]))) AND NOT (EXISTS ( SELECT
           FROM dbos.operation_outputs o
          WHERE o.workflow_uuid = r.run_id AND o.function_id = r.step_id AND o.error IS NULL)) AND NOT (EXISTS ( SELECT
           FROM holdfast.compensations c
          WHERE c.run_id = r.run_id AND c.step_id = r.step_id AND (c.state = ANY (ARRAY['undone'::text, 'nothing_to_undo'::text, 'accepted'::text])))) AS is_unknown
   FROM holdfast.receipts r
     LEFT JOIN dbos.workflow_status w ON w.workflow_uuid = r.run_id;

-- Processes that run runs, and those that did within the last hour.
--   executor_id  text: Names the process in holdfast.runs.
--   host         text: The machine or container, since its last boot.
--   pid          integer: The process id on its host.
--   role         text: all, worker (runs runs and has no door) or api (a door that runs none).
--   version      text: The version of Holdfast.
--   started_at   timestamp with time zone: When the process took its lease.
--   renewed_at   timestamp with time zone: When it last renewed its lease, which it does every second.
--   expires_at   timestamp with time zone: When its lease ends unless it is renewed.
--   alive        boolean: Whether its lease still runs. The runs of a process without one are taken over.
--   running_runs integer: How many runs are running there; those that wait elsewhere than in memory are not counted.
--   workflows    text[]: The workflows that the process has; it takes no runs of others.
CREATE VIEW holdfast.executors AS
 SELECT l.executor_id,
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
     LEFT JOIN ( SELECT workflow_status.executor_id,
            count(*)::integer AS running_runs
           FROM dbos.workflow_status
          WHERE workflow_status.status = 'PENDING'::text
          GROUP BY workflow_status.executor_id) r ON r.executor_id = l.executor_id;

-- Every run: one execution of a workflow.
--   id            text: The run's id; derived from tenant, workflow and key when it was started with an idempotency key.
--   workflow      text: Class.method, or Class.instance.method.
--   status        text: queued, running, waiting (for time, a message or another run, in no process's memory), held (its code does not fit), succeeded, failed, cancelled or dead (its process died too often while it ran).
--   tenant        text: On whose behalf the run runs.
--   lane          text: The queue that the run waited in; null for a child that started at once.
--   priority      integer: Smaller numbers go first within a lane.
--   parent_id     text: The run that started this one.
--   executor_id   text: The process that runs it, or ran it last.
--   recoveries    integer: How often it was taken up again after its process died.
--   created_at    timestamp with time zone: When it was started.
--   delayed_until timestamp with time zone: When it may begin at the earliest, where it was started with a delay.
--   started_at    timestamp with time zone: When a process first began to run it; null before that.
--   deadline      timestamp with time zone: When it is cancelled, unless it has ended by then.
--   ended_at      timestamp with time zone: When its outcome was recorded.
--   duration_ms   bigint: Milliseconds from its start to its end.
--   input         jsonb: The input, as it was after validation.
--   result        jsonb: What the workflow returned.
--   error         jsonb: {code, message, details} of a failed run.
--   attributes    jsonb: What the service noted when it was started, such as the fingerprint of the input behind an idempotency key. May change.
--   created_ms    bigint: created_at in milliseconds since 1970: the indexed form, for paging.
--   held          jsonb: {reason, step_id, expected, found, message, at} of a held run: what the code calls at this step, and what is recorded there.
--   engine_status text: The status in the words of the engine: the indexed form, for lists.
CREATE VIEW holdfast.runs AS
 SELECT w.workflow_uuid AS id,
    w.name AS workflow,
        CASE
            WHEN w.status = 'DELAYED'::text AND w.owner_xid = 'held'::text THEN 'held'::text
            WHEN w.status = 'DELAYED'::text AND w.owner_xid = 'parked'::text THEN 'waiting'::text
            WHEN w.status = ANY (ARRAY['ENQUEUED'::text, 'DELAYED'::text]) THEN 'queued'::text
            WHEN w.status = 'PENDING'::text THEN 'running'::text
            WHEN w.status = 'SUCCESS'::text THEN 'succeeded'::text
            WHEN w.status = 'ERROR'::text THEN 'failed'::text
            WHEN w.status = 'CANCELLED'::text THEN 'cancelled'::text
            WHEN w.status = 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'::text THEN 'dead'::text
            ELSE NULL::text
        END AS status,
    COALESCE(NULLIF(w.authenticated_user, ''::text), 'default'::text) AS tenant,
    w.queue_name AS lane,
    w.priority,
    w.parent_workflow_id AS parent_id,
    w.executor_id,
    GREATEST(w.recovery_attempts - 1, 0::bigint)::integer AS recoveries,
    holdfast.at_epoch_ms(w.created_at) AS created_at,
        CASE
            WHEN w.owner_xid IS DISTINCT FROM 'parked'::text THEN holdfast.at_epoch_ms(w.delay_until_epoch_ms)
            ELSE NULL::timestamp with time zone
        END AS delayed_until,
    holdfast.at_epoch_ms(w.started_at_epoch_ms) AS started_at,
    holdfast.at_epoch_ms(w.workflow_deadline_epoch_ms) AS deadline,
    holdfast.at_epoch_ms(w.completed_at) AS ended_at,
    w.completed_at - COALESCE(w.started_at_epoch_ms, w.created_at) AS duration_ms,
        CASE
            WHEN w.serialization = 'portable_json'::text THEN (i.inputs::jsonb -> 'positionalArgs'::text) -> 0
            ELSE holdfast.recorded_json(i.inputs) -> 0
        END AS input,
    holdfast.recorded_json(COALESCE(o.output, w.output)) AS result,
    holdfast.recorded_error(COALESCE(o.error, w.error)) AS error,
    w.attributes,
    w.created_at AS created_ms,
        CASE
            WHEN h.run_id IS NOT NULL THEN jsonb_build_object('reason', h.reason, 'step_id', h.step_id, 'expected', h.expected, 'found', h.found, 'message', h.message, 'at', h.held_at)
            ELSE NULL::jsonb
        END AS held,
    w.status AS engine_status
   FROM dbos.workflow_status w
     LEFT JOIN dbos.workflow_input i ON i.workflow_uuid = w.workflow_uuid
     LEFT JOIN dbos.workflow_output o ON o.workflow_uuid = w.workflow_uuid
     LEFT JOIN holdfast.held_runs h ON h.run_id = w.workflow_uuid AND w.status = 'DELAYED'::text AND w.owner_xid = 'held'::text;

-- The recorded steps of every run, and those whose attempts have failed so far.
--   run_id       text: The run that the step belongs to.
--   step_id      integer: The step's number: in the order in which the workflow's body made the calls.
--   name         text: Class.method of a step, the workflow of a child, or the durable verb; of waitFor with the topic of the message that came.
--   kind         text: step (a transaction is one, too), child, result (of a child), timer, message, progress or value.
--   status       text: succeeded, failed, or retrying (no outcome is recorded yet).
--   attempts     integer: How often the body was tried, counting attempts whose failure was seen.
--   started_at   timestamp with time zone: When its first attempt began.
--   ended_at     timestamp with time zone: When its outcome was recorded; of a sleep, when it is over. Null while it is retried.
--   duration_ms  bigint: Milliseconds from the first attempt to the checkpoint, pauses between attempts included.
--   output       jsonb: What the step returned, as JSON; of waitFor the message, and null when none came in time.
--   error        jsonb: {code, message, details} of the failure; of the last attempt while retrying.
--   child_run_id text: The run that this step started or waited for.
CREATE VIEW holdfast.steps AS
 SELECT o.workflow_uuid AS run_id,
    o.function_id AS step_id,
    holdfast.step_name(o.function_name) || COALESCE(' '::text || m.topic, ''::text) AS name,
        CASE
            WHEN o.function_name = 'DBOS.getResult'::text THEN 'result'::text
            WHEN o.child_workflow_id IS NOT NULL THEN 'child'::text
            WHEN o.function_name = 'DBOS.sleep'::text THEN 'timer'::text
            WHEN o.function_name = ANY (ARRAY['DBOS.recv'::text, 'DBOS.send'::text]) THEN 'message'::text
            WHEN o.function_name = 'DBOS.writeStream'::text THEN 'progress'::text
            WHEN o.function_name = ANY (ARRAY['DBOS.now'::text, 'DBOS.randomUUID'::text, 'random'::text]) THEN 'value'::text
            ELSE 'step'::text
        END AS kind,
        CASE
            WHEN o.error IS NULL THEN 'succeeded'::text
            ELSE 'failed'::text
        END AS status,
    GREATEST(1::bigint, (( SELECT count(*) AS count
           FROM holdfast.attempts a
          WHERE a.run_id = o.workflow_uuid AND a.step_id = o.function_id)) +
        CASE
            WHEN o.error IS NULL THEN 1
            ELSE 0
        END)::integer AS attempts,
    holdfast.at_epoch_ms(o.started_at_epoch_ms) AS started_at,
    holdfast.at_epoch_ms(o.completed_at_epoch_ms) AS ended_at,
    o.completed_at_epoch_ms - o.started_at_epoch_ms AS duration_ms,
        CASE
            WHEN o.function_name = 'DBOS.recv'::text THEN holdfast.recorded_json(o.output) -> 'body'::text
            ELSE holdfast.recorded_json(o.output)
        END AS output,
    holdfast.recorded_error(o.error) AS error,
    o.child_workflow_id AS child_run_id
   FROM dbos.operation_outputs o
     LEFT JOIN dbos.notifications m ON o.function_name = 'DBOS.recv'::text AND m.destination_uuid = o.workflow_uuid AND m.consumed_by_function_id = o.function_id
  WHERE
        CASE
            WHEN o.function_name = 'DBOS.sleep'::text AND o.output ~ '^\d{1,18}$'::text THEN o.output::bigint <= o.completed_at_epoch_ms
            ELSE true
        END
UNION ALL
 SELECT a.run_id,
    a.step_id,
    max(a.step) AS name,
    'step'::text AS kind,
    'retrying'::text AS status,
    count(*)::integer AS attempts,
    min(a.started_at) AS started_at,
    NULL::timestamp with time zone AS ended_at,
    NULL::bigint AS duration_ms,
    NULL::jsonb AS output,
    (array_agg(jsonb_build_object('code', a.code, 'message', a.message) ORDER BY a.id DESC))[1] AS error,
    NULL::text AS child_run_id
   FROM holdfast.attempts a
  WHERE NOT (EXISTS ( SELECT
           FROM dbos.operation_outputs o
          WHERE o.workflow_uuid = a.run_id AND o.function_id = a.step_id))
  GROUP BY a.run_id, a.step_id;

-- The conversations of agents, message by message, in the form of the AI SDK's model messages.
--   run_id        text: The agent's run.
--   step_id       integer: The step of the model call that the message belongs to; messages are in the order of step_id and position.
--   position      integer: The place among the messages of the turn, from 1: what the model was asked, what it answered, what its tools returned.
--   role          text: user, assistant or tool.
--   content       jsonb: A text, or an array of parts; of the tools, the results that there are so far, in the order of the calls.
--   at            timestamp with time zone: When the model was asked, when it had answered, or when the last of the tools had.
--   model         text: The name by which the model called itself; of its answers only.
--   finish_reason text: Why the model ended its answer: stop, tool-calls, length and others; of its answers only.
--   usage         jsonb: {inputTokens, outputTokens, cachedInputTokens} of the model call; of its answers only.
CREATE VIEW holdfast.transcript AS
 SELECT o.workflow_uuid AS run_id,
    o.function_id AS step_id,
    m."position",
    m.message ->> 'role'::text AS role,
    m.message -> 'content'::text AS content,
    holdfast.at_epoch_ms(m.at_ms) AS at,
        CASE
            WHEN m.is_answer THEN turn.output ->> 'model'::text
            ELSE NULL::text
        END AS model,
        CASE
            WHEN m.is_answer THEN turn.output ->> 'finishReason'::text
            ELSE NULL::text
        END AS finish_reason,
        CASE
            WHEN m.is_answer THEN turn.output -> 'usage'::text
            ELSE NULL::jsonb
        END AS usage
   FROM dbos.operation_outputs o
     CROSS JOIN LATERAL holdfast.recorded_json(o.output) turn(output)
     CROSS JOIN LATERAL ( SELECT a.n::integer AS "position",
            a.message,
            o.started_at_epoch_ms AS at_ms,
            false AS is_answer
           FROM jsonb_array_elements(turn.output -> 'asked'::text) WITH ORDINALITY a(message, n)
        UNION ALL
         SELECT (jsonb_array_length(turn.output -> 'asked'::text) + b.n)::integer AS int4,
            b.message,
            o.completed_at_epoch_ms,
            true
           FROM jsonb_array_elements(turn.output -> 'messages'::text) WITH ORDINALITY b(message, n)
        UNION ALL
         SELECT jsonb_array_length(turn.output -> 'asked'::text) + jsonb_array_length(turn.output -> 'messages'::text) + 1,
            jsonb_build_object('role', 'tool', 'content', jsonb_agg(t.result ORDER BY t.place)) AS jsonb_build_object,
            COALESCE(max(t.at_ms), o.completed_at_epoch_ms) AS "coalesce",
            false
           FROM holdfast.tool_outcomes(o.workflow_uuid, o.function_id, turn.output) t(place, result, at_ms)
         HAVING count(*) > 0) m
  WHERE o.function_name = 'model'::text AND o.error IS NULL AND
        CASE
            WHEN jsonb_typeof(turn.output) = 'object'::text THEN turn.output @> '{"asked": [], "refused": [], "messages": []}'::jsonb
            ELSE false
        END;

-- Calls that would have to be undone, or that stand in the way of that, should their run fail; and what became of them.
--   run_id     text
--   step_id    integer: The step of the run that made the call.
--   workflow   text
--   tenant     text
--   tool       text
--   effect     text
--   key        text: The idempotency key that the call was made with.
--   state      text: armed (it would be undone if its run failed), kept (its run, and those above it, have succeeded), closed (it is being undone: nothing more is sent for it), undone, nothing_to_undo, or accepted (a person let an unwinding go past it).
--   armed_at   timestamp with time zone
--   settled_at timestamp with time zone: When it was undone, or found to need no undoing.
CREATE VIEW holdfast.unwinding AS
 SELECT c.run_id,
    c.step_id,
    w.name AS workflow,
    COALESCE(NULLIF(w.authenticated_user, ''::text), 'default'::text) AS tenant,
    c.tool,
    c.effect,
    c.key,
    c.state,
    c.armed_at,
    c.settled_at
   FROM holdfast.compensations c
     LEFT JOIN dbos.workflow_status w ON w.workflow_uuid = c.run_id;

-- What calls of models have used and cost, in sums, about a second after they ended.
--   day                 date: On which day the calls began, in UTC.
--   tenant              text: The tenant; default for runs without one, and for calls outside of runs.
--   workflow            text: The workflow or agent whose run called; empty for calls outside of runs.
--   class               text: The class of model.
--   endpoint            text: The endpoint that was called.
--   model               text: What the endpoint calls the model.
--   calls               bigint: How many calls ended, whichever way.
--   failed_calls        bigint: How many of them failed.
--   lost_calls          bigint: How many of them were under way when their process died; they count as estimated.
--   estimated_calls     bigint: How many of them count with estimated numbers of tokens.
--   unpriced_calls      bigint: How many of them used something at an endpoint without a price; cost_usd is without them.
--   input_tokens        bigint: All tokens of the input.
--   cached_input_tokens bigint: Those of the input that the provider had kept.
--   cache_write_tokens  bigint: Those of the input that the provider keeps from now on.
--   output_tokens       bigint: All tokens of the output.
--   reasoning_tokens    bigint: Those of the output that were thought and not said.
--   cost_usd            numeric: US dollars, by the prices that were known when the calls were made.
CREATE VIEW holdfast.usage AS
 SELECT day,
    tenant,
    workflow,
    class,
    endpoint,
    model,
    calls,
    failed_calls,
    lost_calls,
    estimated_calls,
    unpriced_calls,
    input_tokens,
    cached_input_tokens,
    cache_write_tokens,
    output_tokens,
    reasoning_tokens,
    cost_usd
   FROM holdfast.usage_totals;
