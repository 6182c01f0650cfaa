-- Calls of models are entered without waiting for the disk. A crash of the server may take the last of them; their processes notice it by
-- the server's life, and enter them again.

-- After a crash, and on a standby that takes over, a table that is not logged is empty.
CREATE UNLOGGED TABLE holdfast.server_lives (
  is_only boolean PRIMARY KEY DEFAULT TRUE CHECK (is_only),
  life    uuid NOT NULL DEFAULT gen_random_uuid()
);

COMMENT ON TABLE holdfast.server_lives IS 'One row, which is another one after each crash of the server.';

CREATE FUNCTION holdfast.server_life() RETURNS uuid
  LANGUAGE plpgsql
AS $$
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
$$;

COMMENT ON FUNCTION holdfast.server_life IS 'What was committed without waiting for the disk is there for as long as this is the same.';

-- Processes of the version before call the function without its new argument.
DROP FUNCTION holdfast.reserve_calls(json);

CREATE FUNCTION holdfast.reserve_calls(planned json, must boolean DEFAULT FALSE)
  RETURNS TABLE (call_id uuid, blocks jsonb, is_limited boolean)
  LANGUAGE plpgsql
AS $$
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
$$;

COMMENT ON FUNCTION holdfast.reserve_calls IS 'Enters calls that are about to be made, and reserves their estimates in the counters of all budgets that they count for; a call that one of these does not allow is not entered, and its blocks are returned. With `must`, what budgets allow is not asked: the calls are made already, and what belongs to removed runs is left out. Its transaction does not wait for the disk.';
