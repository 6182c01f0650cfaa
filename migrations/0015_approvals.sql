-- Approvals: questions that runs put to people. What the runtime does depends on these rows alone; a message only wakes the run to look.
-- No foreign key to the run: deciding must not lock its row. Whoever removes a run removes its approvals, and their audit with them.
CREATE TABLE holdfast.approvals (
  id                text PRIMARY KEY,
  run_id            text NOT NULL,
  step_id           integer NOT NULL,
  tenant            text NOT NULL,
  workflow          text NOT NULL,
  tool              text,
  question          text NOT NULL,
  arguments         jsonb,
  arguments_hash    text NOT NULL CHECK (arguments_hash ~ '^[0-9a-f]{64}$'),
  role              text,
  quorum            integer NOT NULL DEFAULT 1 CHECK (quorum BETWEEN 1 AND 100),
  exclude_initiator boolean NOT NULL DEFAULT FALSE,
  initiator         text,
  otherwise         text NOT NULL DEFAULT 'reject' CHECK (otherwise IN ('reject', 'approve')),
  escalate_role     text,
  escalate_ms       bigint CHECK (escalate_ms > 0),
  status            text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected', 'expired')),
  decided_arguments jsonb,
  decided_hash      text CHECK (decided_hash ~ '^[0-9a-f]{64}$'),
  comment           text,
  asked_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at        timestamptz NOT NULL,
  escalated_at      timestamptz,
  decided_at        timestamptz,
  CHECK ((status = 'pending') = (decided_at IS NULL)),
  CHECK ((escalate_role IS NULL) = (escalate_ms IS NULL)),
  CHECK ((decided_arguments IS NULL) = (decided_hash IS NULL)),
  CHECK (decided_hash IS NULL OR status = 'approved')
);

CREATE INDEX approvals_of_run ON holdfast.approvals (run_id);
CREATE INDEX approvals_in_order ON holdfast.approvals (asked_at, id);
CREATE INDEX approvals_pending ON holdfast.approvals (asked_at, id) WHERE status = 'pending';

CREATE TABLE holdfast.approval_events (
  approval_id    text NOT NULL REFERENCES holdfast.approvals ON DELETE CASCADE,
  n              integer NOT NULL CHECK (n >= 1),
  at             timestamptz NOT NULL DEFAULT clock_timestamp(),
  what           text NOT NULL
                 CHECK (what IN ('asked', 'voted', 'approved', 'rejected', 'escalated', 'expired', 'link_made')),
  who            text,
  roles          text[] NOT NULL DEFAULT '{}',
  via            text CHECK (via = 'link'),
  recipient      text,
  comment        text,
  arguments_hash text,
  PRIMARY KEY (approval_id, n)
);

CREATE TABLE holdfast.approval_links (
  id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  approval_id text NOT NULL REFERENCES holdfast.approvals ON DELETE CASCADE,
  token_hash  bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
  person      text NOT NULL CHECK (person <> ''),
  roles       text[] NOT NULL,
  made_by     text NOT NULL,
  made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at  timestamptz NOT NULL,
  used_at     timestamptz
);

CREATE INDEX approval_links_of_approval ON holdfast.approval_links (approval_id);

COMMENT ON TABLE holdfast.approvals IS 'One row for each question that a run puts to people, with its answer.';
COMMENT ON COLUMN holdfast.approvals.step_id IS 'The step of the run that asked.';
COMMENT ON COLUMN holdfast.approvals.arguments IS 'What is to be approved, as plain JSON.';
COMMENT ON COLUMN holdfast.approvals.arguments_hash IS 'SHA-256 of the arguments as JSON with sorted keys, in hexadecimal.';
COMMENT ON COLUMN holdfast.approvals.escalate_role IS 'Who is asked next when nobody has answered in time; null once that was done.';
COMMENT ON COLUMN holdfast.approvals.decided_arguments IS 'What was approved instead of the arguments; null when they were not edited.';
COMMENT ON TABLE holdfast.approval_events IS 'The audit of approvals: what happened to each, in order. Rows are added, never changed.';
COMMENT ON TABLE holdfast.approval_links IS 'Links by which one person can answer one question once. Only the SHA-256 of a link''s token is kept.';

-- A question does not change once it was asked, nor an answer once it was given.
CREATE FUNCTION holdfast.guard_approval() RETURNS trigger LANGUAGE plpgsql AS $$
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
$$;
COMMENT ON FUNCTION holdfast.guard_approval IS 'Refuses changes of what was asked, and of what was decided.';

CREATE TRIGGER guard BEFORE UPDATE ON holdfast.approvals FOR EACH ROW EXECUTE FUNCTION holdfast.guard_approval();

-- Rows of the audit go with their approval only.
CREATE FUNCTION holdfast.guard_approval_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM holdfast.approvals a WHERE a.id = OLD.approval_id) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'The audit of approvals is only added to: % was refused.', TG_OP;
END
$$;
COMMENT ON FUNCTION holdfast.guard_approval_events IS 'Refuses to change the audit of approvals.';

CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON holdfast.approval_events
  FOR EACH ROW EXECUTE FUNCTION holdfast.guard_approval_events();
CREATE TRIGGER guard_all BEFORE TRUNCATE ON holdfast.approval_events
  FOR EACH STATEMENT EXECUTE FUNCTION holdfast.guard_approval_events();

CREATE VIEW holdfast.approval_inbox AS
SELECT
  a.id,
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
  CASE WHEN a.status = 'pending' AND w.workflow_uuid IS NULL THEN 'withdrawn' ELSE a.status END AS status,
  CASE a.status WHEN 'rejected' THEN ARRAY(SELECT e.who FROM holdfast.approval_events e
                                            WHERE e.approval_id = a.id AND e.what = 'rejected')
                ELSE votes.people END AS decided_by,
  a.comment,
  a.decided_arguments,
  a.otherwise,
  a.escalate_role,
  a.asked_at,
  a.expires_at,
  a.escalated_at,
  a.decided_at
FROM holdfast.approvals a
LEFT JOIN dbos.workflow_status w ON w.workflow_uuid = a.run_id AND w.status IN ('PENDING', 'ENQUEUED', 'DELAYED')
CROSS JOIN LATERAL (
  SELECT ARRAY(SELECT e.who FROM holdfast.approval_events e
                WHERE e.approval_id = a.id AND e.what IN ('voted', 'approved')
                  AND e.n > (SELECT COALESCE(max(x.n), 0) FROM holdfast.approval_events x
                              WHERE x.approval_id = a.id AND x.what = 'escalated')
                ORDER BY e.n) AS people
) AS votes;

COMMENT ON VIEW holdfast.approval_inbox IS 'Questions that runs put to people: what is asked of whom, and what was answered.';
COMMENT ON COLUMN holdfast.approval_inbox.id IS 'The id by which it is decided.';
COMMENT ON COLUMN holdfast.approval_inbox.run_id IS 'The run that asks, and waits for the answer.';
COMMENT ON COLUMN holdfast.approval_inbox.step_id IS 'The step of the run that asked.';
COMMENT ON COLUMN holdfast.approval_inbox.workflow IS 'The workflow of the run.';
COMMENT ON COLUMN holdfast.approval_inbox.tenant IS 'On whose behalf the run runs. People of other tenants do not see it.';
COMMENT ON COLUMN holdfast.approval_inbox.tool IS 'The tool that is to be called; null for approve() in a workflow.';
COMMENT ON COLUMN holdfast.approval_inbox.question IS 'What is asked, in words.';
COMMENT ON COLUMN holdfast.approval_inbox.arguments IS 'What is to be approved: the arguments of the tool, or what approve() was given.';
COMMENT ON COLUMN holdfast.approval_inbox.arguments_hash IS 'SHA-256 of the arguments as JSON with sorted keys, in hexadecimal.';
COMMENT ON COLUMN holdfast.approval_inbox.role IS 'Who may decide; null when anybody of the tenant may.';
COMMENT ON COLUMN holdfast.approval_inbox.quorum IS 'How many people have to approve. One who rejects is enough.';
COMMENT ON COLUMN holdfast.approval_inbox.votes IS 'How many have approved so far; those from before an escalation do not count.';
COMMENT ON COLUMN holdfast.approval_inbox.exclude_initiator IS 'Whether the person who started the run must not decide.';
COMMENT ON COLUMN holdfast.approval_inbox.initiator IS 'Who started the run, or the one above it; null when that is not known.';
COMMENT ON COLUMN holdfast.approval_inbox.status IS 'pending, approved, rejected, expired (nobody decided in time), or withdrawn (the run has ended).';
COMMENT ON COLUMN holdfast.approval_inbox.decided_by IS 'Who has approved so far, or who rejected.';
COMMENT ON COLUMN holdfast.approval_inbox.comment IS 'What the last of them said about it.';
COMMENT ON COLUMN holdfast.approval_inbox.decided_arguments IS 'What was approved instead of the arguments, where they were edited.';
COMMENT ON COLUMN holdfast.approval_inbox.otherwise IS 'What an expired one means: reject or approve.';
COMMENT ON COLUMN holdfast.approval_inbox.escalate_role IS 'Who is asked next when nobody decides in time; null when nobody is, or that was done.';
COMMENT ON COLUMN holdfast.approval_inbox.asked_at IS 'When it was asked.';
COMMENT ON COLUMN holdfast.approval_inbox.expires_at IS 'Until when it can be decided.';
COMMENT ON COLUMN holdfast.approval_inbox.escalated_at IS 'When it was put to escalate_role instead; null when it was not.';
COMMENT ON COLUMN holdfast.approval_inbox.decided_at IS 'When it was approved or rejected, or had expired.';

CREATE VIEW holdfast.approval_audit AS
SELECT e.approval_id, a.run_id, a.tenant, e.n, e.at, e.what, e.who, e.roles, e.via, e.recipient, e.comment,
       e.arguments_hash
FROM holdfast.approval_events e
JOIN holdfast.approvals a ON a.id = e.approval_id;

COMMENT ON VIEW holdfast.approval_audit IS 'What happened to approvals, in order. Rows are added, never changed.';
COMMENT ON COLUMN holdfast.approval_audit.approval_id IS 'The approval.';
COMMENT ON COLUMN holdfast.approval_audit.run_id IS 'The run that asks.';
COMMENT ON COLUMN holdfast.approval_audit.tenant IS 'On whose behalf the run runs.';
COMMENT ON COLUMN holdfast.approval_audit.n IS 'Counts what happened to one approval, from 1.';
COMMENT ON COLUMN holdfast.approval_audit.at IS 'When it happened.';
COMMENT ON COLUMN holdfast.approval_audit.what IS 'asked, voted (one of several who have to approve), approved, rejected, escalated, expired, or link_made.';
COMMENT ON COLUMN holdfast.approval_audit.who IS 'The person who did it; of asked the initiator of the run, where known; null for the clock.';
COMMENT ON COLUMN holdfast.approval_audit.roles IS 'The roles of that person then; of link_made those that the link gives; of asked and escalated the role that is asked.';
COMMENT ON COLUMN holdfast.approval_audit.via IS 'link, where the person used one.';
COMMENT ON COLUMN holdfast.approval_audit.recipient IS 'Of link_made: for whom the link is.';
COMMENT ON COLUMN holdfast.approval_audit.comment IS 'What the person said about it.';
COMMENT ON COLUMN holdfast.approval_audit.arguments_hash IS 'The hash of the arguments that were asked about, or approved.';

-- As before, but for the steps of an approval: asking, telling people and looking for a decision are no outcome of a call, unless the
-- question could not be put, or the answer was no.
CREATE OR REPLACE FUNCTION holdfast.tool_outcomes(run text, turn integer, output jsonb)
RETURNS TABLE (place integer, result jsonb, at_ms bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
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
              AND s.function_name NOT LIKE 'notice of %'
              AND (s.error IS NOT NULL
                   OR s.function_name NOT LIKE 'approval of %' AND s.function_name NOT LIKE 'decision on %')
            ORDER BY s.function_id DESC
            LIMIT 1)
         ) AS r
$$;
