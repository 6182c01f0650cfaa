-- Agents shorten what they tell their model: a step `compact` may follow the tool calls of a turn, and is the outcome of none. Runs that
-- waited for one that was cancelled, or is a dead letter, say so in their timelines and transcripts by the codes that their code sees.
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
              AND s.function_name <> 'compact'
              AND s.function_name NOT LIKE 'notice of %'
              AND (s.error IS NOT NULL
                   OR s.function_name NOT LIKE 'approval of %' AND s.function_name NOT LIKE 'decision on %')
            ORDER BY s.function_id DESC
            LIMIT 1)
         ) AS r
$$;

CREATE OR REPLACE FUNCTION holdfast.recorded_error(recorded text) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
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
$$;
