-- The conversations of agents. Nothing is stored for them: a turn's step records what is new with it, a tool's step the tool's outcome.

CREATE FUNCTION holdfast.tool_calls(messages jsonb)
RETURNS TABLE (place integer, width integer, call_id text, tool text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (row_number() OVER (ORDER BY m.n, p.n) - 1)::integer, (count(*) OVER ())::integer,
         p.part ->> 'toolCallId', p.part ->> 'toolName'
    FROM jsonb_array_elements(messages) WITH ORDINALITY AS m(message, n)
   CROSS JOIN LATERAL jsonb_array_elements(
           CASE jsonb_typeof(m.message -> 'content') WHEN 'array' THEN m.message -> 'content' ELSE '[]' END
         ) WITH ORDINALITY AS p(part, n)
   WHERE p.part ->> 'type' = 'tool-call' AND p.part ->> 'providerExecuted' IS DISTINCT FROM 'true'
$$;
COMMENT ON FUNCTION holdfast.tool_calls IS 'The tool calls in messages of a model, in their order, without those that its provider made.';

-- A turn's calls run side by side. With `width` of them, call number `place` has the steps turn + 1 + place, and every width-th after it:
-- its last one is its outcome, where it is neither a value nor the start of a child.
CREATE FUNCTION holdfast.tool_outcomes(run text, turn integer, output jsonb)
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
            ORDER BY s.function_id DESC
            LIMIT 1)
         ) AS r
$$;
COMMENT ON FUNCTION holdfast.tool_outcomes IS 'What became of the tool calls of an agent''s turn, as the model is told; calls that are under way are missing.';

CREATE VIEW holdfast.transcript AS
SELECT
  o.workflow_uuid AS run_id,
  o.function_id AS step_id,
  m.position,
  m.message ->> 'role' AS role,
  m.message -> 'content' AS content,
  holdfast.at_epoch_ms(m.at_ms) AS at,
  CASE WHEN m.is_answer THEN turn.output ->> 'model' END AS model,
  CASE WHEN m.is_answer THEN turn.output ->> 'finishReason' END AS finish_reason,
  CASE WHEN m.is_answer THEN turn.output -> 'usage' END AS usage
FROM dbos.operation_outputs o
CROSS JOIN LATERAL holdfast.recorded_json(o.output) AS turn(output)
CROSS JOIN LATERAL (
  SELECT a.n::integer AS position, a.message, o.started_at_epoch_ms AS at_ms, FALSE AS is_answer
    FROM jsonb_array_elements(turn.output -> 'asked') WITH ORDINALITY AS a(message, n)
  UNION ALL
  SELECT (jsonb_array_length(turn.output -> 'asked') + b.n)::integer, b.message, o.completed_at_epoch_ms, TRUE
    FROM jsonb_array_elements(turn.output -> 'messages') WITH ORDINALITY AS b(message, n)
  UNION ALL
  SELECT jsonb_array_length(turn.output -> 'asked') + jsonb_array_length(turn.output -> 'messages') + 1,
         jsonb_build_object('role', 'tool', 'content', jsonb_agg(t.result ORDER BY t.place)),
         COALESCE(max(t.at_ms), o.completed_at_epoch_ms), FALSE
    FROM holdfast.tool_outcomes(o.workflow_uuid, o.function_id, turn.output) AS t
  HAVING count(*) > 0
) AS m
WHERE o.function_name = 'model'
  AND o.error IS NULL
  AND CASE WHEN jsonb_typeof(turn.output) = 'object'
           THEN turn.output @> '{"asked": [], "messages": [], "refused": []}' ELSE FALSE END;

COMMENT ON VIEW holdfast.transcript IS 'The conversations of agents, message by message, in the form of the AI SDK''s model messages.';
COMMENT ON COLUMN holdfast.transcript.run_id IS 'The agent''s run.';
COMMENT ON COLUMN holdfast.transcript.step_id IS 'The step of the model call that the message belongs to; messages are in the order of step_id and position.';
COMMENT ON COLUMN holdfast.transcript.position IS 'The place among the messages of the turn, from 1: what the model was asked, what it answered, what its tools returned.';
COMMENT ON COLUMN holdfast.transcript.role IS 'user, assistant or tool.';
COMMENT ON COLUMN holdfast.transcript.content IS 'A text, or an array of parts; of the tools, the results that there are so far, in the order of the calls.';
COMMENT ON COLUMN holdfast.transcript.at IS 'When the model was asked, when it had answered, or when the last of the tools had.';
COMMENT ON COLUMN holdfast.transcript.model IS 'The name by which the model called itself; of its answers only.';
COMMENT ON COLUMN holdfast.transcript.finish_reason IS 'Why the model ended its answer: stop, tool-calls, length and others; of its answers only.';
COMMENT ON COLUMN holdfast.transcript.usage IS '{inputTokens, outputTokens, cachedInputTokens} of the model call; of its answers only.';
