-- Which requests are unknown, said in one place: by their own state alone those would be among them that were found out about, or undone.
CREATE OR REPLACE VIEW holdfast.effects AS
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
  r.response_hash,
  r.accepted_at IS NULL
    AND (r.state = 'sent' OR r.state = 'answered' AND r.status IN (502, 504))
    AND NOT EXISTS (SELECT FROM dbos.operation_outputs o
                     WHERE o.workflow_uuid = r.run_id AND o.function_id = r.step_id AND o.error IS NULL)
    AND NOT EXISTS (SELECT FROM holdfast.compensations c
                     WHERE c.run_id = r.run_id AND c.step_id = r.step_id
                       AND c.state IN ('undone', 'nothing_to_undo', 'accepted')) AS is_unknown
FROM holdfast.receipts r
LEFT JOIN dbos.workflow_status w ON w.workflow_uuid = r.run_id;

COMMENT ON COLUMN holdfast.effects.is_unknown IS 'Whether nobody knows if it was done: it was not answered, or by a gateway, its step has no result, and it was neither found out about nor undone. While its step runs, it may only be under way.';
COMMENT ON COLUMN holdfast.receipts.accepted_at IS 'When it was decided that the last attempt may be followed by another though nobody knows what became of it, or when that was found out.';
COMMENT ON COLUMN holdfast.effects.accepted_at IS 'When it was decided that an unanswered request may be sent again, or when it was found out what became of it.';
