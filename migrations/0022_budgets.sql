-- Budgets: what may be spent, by whom, and what follows when it is; and what calls of models have used, in sums.
ALTER TABLE holdfast.model_calls
  ADD COLUMN workflow text NOT NULL DEFAULT '',
  ADD COLUMN counters bigint[] NOT NULL DEFAULT '{}',
  ADD COLUMN is_counted boolean NOT NULL DEFAULT false;

CREATE INDEX model_calls_to_count ON holdfast.model_calls (started_at) WHERE state <> 'reserved' AND NOT is_counted;

COMMENT ON COLUMN holdfast.model_calls.workflow IS 'Of the run; empty for a call outside of any.';
COMMENT ON COLUMN holdfast.model_calls.counters IS 'The counters of budgets in which the estimate is reserved until the call is counted.';
COMMENT ON COLUMN holdfast.model_calls.is_counted IS 'Whether what it has used is in the sums, and its reservations are released.';

CREATE TABLE holdfast.budget_rules (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant           text NOT NULL DEFAULT '',
  name             text NOT NULL,
  scope            text NOT NULL CHECK (scope IN ('run', 'workflow', 'tenant', 'all')),
  workflow         text,
  time_window      text NOT NULL CHECK (time_window IN ('run', 'day', 'month', 'total')),
  limit_usd        numeric CHECK (limit_usd >= 0),
  limit_tokens     bigint CHECK (limit_tokens >= 0),
  policy           text NOT NULL CHECK (policy IN ('stop', 'degrade', 'ask', 'alert')),
  degrade_to       text,
  approval         jsonb,
  allows_unpriced  boolean NOT NULL DEFAULT false,
  set_by           text,
  set_at           timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant, name),
  CHECK (num_nonnulls(limit_usd, limit_tokens) > 0),
  CHECK ((scope = 'run') = (time_window = 'run')),
  CHECK ((policy = 'degrade') = (degrade_to IS NOT NULL))
);

COMMENT ON TABLE holdfast.budget_rules IS 'Budgets as they were set.';
COMMENT ON COLUMN holdfast.budget_rules.tenant IS 'Whose calls it is for; empty for those of all tenants.';

CREATE TABLE holdfast.budget_counters (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  budget_id        bigint NOT NULL REFERENCES holdfast.budget_rules ON DELETE CASCADE,
  subject          text NOT NULL,
  period           text NOT NULL,
  run_id           text REFERENCES dbos.workflow_status (workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE,
  spent_usd        numeric NOT NULL DEFAULT 0,
  spent_tokens     bigint NOT NULL DEFAULT 0,
  reserved_usd     numeric NOT NULL DEFAULT 0,
  reserved_tokens  bigint NOT NULL DEFAULT 0,
  raises           integer NOT NULL DEFAULT 0,
  alerted_at       timestamptz,
  UNIQUE (budget_id, subject, period)
) WITH (fillfactor = 50);

CREATE INDEX budget_counters_of_run ON holdfast.budget_counters (run_id) WHERE run_id IS NOT NULL;

COMMENT ON TABLE holdfast.budget_counters IS 'What is spent and reserved of a budget, for each subject and period. Rows of it are hot: they are locked in the order of their ids, and for a moment only.';

CREATE TABLE holdfast.usage_totals (
  day                  date NOT NULL,
  tenant               text NOT NULL,
  workflow             text NOT NULL,
  class                text NOT NULL,
  endpoint             text NOT NULL,
  model                text NOT NULL,
  calls                bigint NOT NULL,
  failed_calls         bigint NOT NULL,
  lost_calls           bigint NOT NULL,
  estimated_calls      bigint NOT NULL,
  unpriced_calls       bigint NOT NULL,
  input_tokens         bigint NOT NULL,
  cached_input_tokens  bigint NOT NULL,
  cache_write_tokens   bigint NOT NULL,
  output_tokens        bigint NOT NULL,
  reasoning_tokens     bigint NOT NULL,
  cost_usd             numeric NOT NULL,
  PRIMARY KEY (day, tenant, workflow, class, endpoint, model)
);

COMMENT ON TABLE holdfast.usage_totals IS 'What calls of models have used. It stays when their runs are removed.';

CREATE FUNCTION holdfast.root_run(id text) RETURNS text
  LANGUAGE sql STABLE
AS $$
  WITH RECURSIVE above AS (
    SELECT w.workflow_uuid, w.parent_workflow_id, 0 AS height
      FROM dbos.workflow_status w WHERE w.workflow_uuid = id
    UNION ALL
    SELECT w.workflow_uuid, w.parent_workflow_id, above.height + 1
      FROM above JOIN dbos.workflow_status w ON w.workflow_uuid = above.parent_workflow_id)
  SELECT workflow_uuid FROM above ORDER BY height DESC LIMIT 1
$$;

COMMENT ON FUNCTION holdfast.root_run IS 'The run above all others from which a run comes; itself, where nobody started it.';

CREATE FUNCTION holdfast.counters_of(of_tenant text, of_workflow text, root text)
  RETURNS TABLE (budget_id bigint, subject text, period text, run_id text)
  LANGUAGE sql STABLE
AS $$
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
$$;

COMMENT ON FUNCTION holdfast.counters_of IS 'In which counters a call of now counts.';

-- What a counter begins with: what was used in its period before there was a budget.
CREATE FUNCTION holdfast.used_before(budget bigint, of_subject text, of_period text)
  RETURNS TABLE (usd numeric, tokens bigint)
  LANGUAGE sql STABLE
AS $$
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
$$;

CREATE FUNCTION holdfast.budget_state(k holdfast.budget_counters, b holdfast.budget_rules) RETURNS jsonb
  LANGUAGE sql STABLE
AS $$
  SELECT jsonb_build_object(
    'counter', k.id::text, 'budget', b.name, 'tenant', b.tenant, 'scope', b.scope, 'subject', k.subject,
    'window', b.time_window, 'period', k.period, 'policy', b.policy, 'degradeTo', b.degrade_to, 'approval', b.approval,
    'limitUsd', (b.limit_usd * (1 + k.raises))::text, 'spentUsd', k.spent_usd::text, 'reservedUsd', k.reserved_usd::text,
    'limitTokens', b.limit_tokens * (1 + k.raises), 'spentTokens', k.spent_tokens, 'reservedTokens', k.reserved_tokens,
    'raiseUsd', b.limit_usd::text, 'raiseTokens', b.limit_tokens, 'raises', k.raises)
$$;

CREATE FUNCTION holdfast.reserve_calls(planned json)
  RETURNS TABLE (call_id uuid, blocks jsonb, is_limited boolean)
  LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
  asked   holdfast.model_calls[] := '{}';
  one     holdfast.model_calls;
  missing boolean;
  lacking boolean := FALSE;
BEGIN
  IF NOT EXISTS (SELECT FROM holdfast.budget_rules) THEN
    INSERT INTO holdfast.model_calls
           (id, run_id, step_id, step, attempt, tenant, workflow, executor_id, class, endpoint, model, choice, fingerprint,
            estimated_input, estimated_output, estimated_usd, price_version)
    SELECT p.id, w.workflow_uuid, p.step_id, p.step, p.attempt, COALESCE(NULLIF(p.tenant, ''), 'default'), COALESCE(w.name, ''),
           p.executor_id, p.class, p.endpoint, p.model, COALESCE(p.choice, '{}'), p.fingerprint,
           p.estimated_input, p.estimated_output, p.estimated_usd, p.price_version
      FROM json_populate_recordset(NULL::holdfast.model_calls, planned) p
      LEFT JOIN dbos.workflow_status w ON w.workflow_uuid = p.run_id
    ON CONFLICT (id) DO NOTHING;
    RETURN QUERY SELECT p.id, NULL::jsonb, FALSE FROM json_populate_recordset(NULL::holdfast.model_calls, planned) p;
    RETURN;
  END IF;
  FOR one IN SELECT * FROM json_populate_recordset(NULL::holdfast.model_calls, planned) LOOP
    -- Whoever removes the run is waited for before anything else is locked.
    SELECT w.name INTO one.workflow FROM dbos.workflow_status w WHERE w.workflow_uuid = one.run_id FOR KEY SHARE;
    -- A run that was removed meanwhile.
    IF one.workflow IS NULL THEN one.run_id := NULL; END IF;
    one.workflow := COALESCE(one.workflow, '');
    one.tenant := COALESCE(NULLIF(one.tenant, ''), 'default');
    SELECT COALESCE(array_agg(k.id) FILTER (WHERE k.id IS NOT NULL), '{}'), COALESCE(bool_or(k.id IS NULL), FALSE)
      INTO one.counters, missing
      FROM holdfast.counters_of(one.tenant, one.workflow, holdfast.root_run(one.run_id)) c
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
    IF EXISTS (SELECT FROM holdfast.model_calls known WHERE known.id = one.id) THEN
      blocks := NULL;
    ELSIF blocks IS NULL THEN
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

COMMENT ON FUNCTION holdfast.reserve_calls IS 'Enters calls that are about to be made, and reserves their estimates in the counters of all budgets that they count for; a call that one of these does not allow is not entered, and its blocks are returned.';

-- The calls are ended, and nobody else counts them. Returns the budgets that were crossed now, and that only want people to know.
CREATE FUNCTION holdfast.count_calls(ids uuid[]) RETURNS jsonb
  LANGUAGE plpgsql
AS $$
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
$$;

CREATE FUNCTION holdfast.count_ended_calls(most integer, OUT counted integer, OUT alerts jsonb)
  LANGUAGE plpgsql
AS $$
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
$$;

COMMENT ON FUNCTION holdfast.count_ended_calls IS 'Puts what ended calls have used into the sums, and releases their reservations; each call once, whoever else does it at the same time.';

-- What has most likely been charged counts as if it had.
CREATE FUNCTION holdfast.lose_calls(ids uuid[]) RETURNS integer
  LANGUAGE sql
AS $$
  WITH lost AS (
    UPDATE holdfast.model_calls c
       SET state = 'lost', input_tokens = c.estimated_input, cached_input_tokens = 0, cache_write_tokens = 0,
           output_tokens = c.estimated_output, reasoning_tokens = 0, is_estimated = TRUE, cost_usd = c.estimated_usd, ended_at = now()
     WHERE c.id = ANY (ids) AND c.state = 'reserved'
    RETURNING 1)
  SELECT count(*)::integer FROM lost
$$;

CREATE FUNCTION holdfast.count_calls_of(runs text[]) RETURNS void
  LANGUAGE plpgsql
AS $$
DECLARE
  ids uuid[];
BEGIN
  PERFORM holdfast.lose_calls(ARRAY(SELECT c.id FROM holdfast.model_calls c WHERE c.run_id = ANY (runs) AND c.state = 'reserved'));
  WITH marked AS (
    UPDATE holdfast.model_calls c SET is_counted = TRUE WHERE c.run_id = ANY (runs) AND NOT c.is_counted RETURNING c.id)
  SELECT array_agg(id) INTO ids FROM marked;
  IF ids IS NOT NULL THEN PERFORM holdfast.count_calls(ids); END IF;
END
$$;

COMMENT ON FUNCTION holdfast.count_calls_of IS 'Counts the calls of runs that are about to be removed.';

CREATE VIEW holdfast.usage AS
SELECT day, tenant, workflow, class, endpoint, model, calls, failed_calls, lost_calls, estimated_calls, unpriced_calls, input_tokens,
       cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_usd
  FROM holdfast.usage_totals;

COMMENT ON VIEW holdfast.usage IS 'What calls of models have used and cost, in sums, about a second after they ended.';
COMMENT ON COLUMN holdfast.usage.day IS 'On which day the calls began, in UTC.';
COMMENT ON COLUMN holdfast.usage.tenant IS 'The tenant; default for runs without one, and for calls outside of runs.';
COMMENT ON COLUMN holdfast.usage.workflow IS 'The workflow or agent whose run called; empty for calls outside of runs.';
COMMENT ON COLUMN holdfast.usage.class IS 'The class of model.';
COMMENT ON COLUMN holdfast.usage.endpoint IS 'The endpoint that was called.';
COMMENT ON COLUMN holdfast.usage.model IS 'What the endpoint calls the model.';
COMMENT ON COLUMN holdfast.usage.calls IS 'How many calls ended, whichever way.';
COMMENT ON COLUMN holdfast.usage.failed_calls IS 'How many of them failed.';
COMMENT ON COLUMN holdfast.usage.lost_calls IS 'How many of them were under way when their process died; they count as estimated.';
COMMENT ON COLUMN holdfast.usage.estimated_calls IS 'How many of them count with estimated numbers of tokens.';
COMMENT ON COLUMN holdfast.usage.unpriced_calls IS 'How many of them used something at an endpoint without a price; cost_usd is without them.';
COMMENT ON COLUMN holdfast.usage.input_tokens IS 'All tokens of the input.';
COMMENT ON COLUMN holdfast.usage.cached_input_tokens IS 'Those of the input that the provider had kept.';
COMMENT ON COLUMN holdfast.usage.cache_write_tokens IS 'Those of the input that the provider keeps from now on.';
COMMENT ON COLUMN holdfast.usage.output_tokens IS 'All tokens of the output.';
COMMENT ON COLUMN holdfast.usage.reasoning_tokens IS 'Those of the output that were thought and not said.';
COMMENT ON COLUMN holdfast.usage.cost_usd IS 'US dollars, by the prices that were known when the calls were made.';

CREATE VIEW holdfast.budgets AS
SELECT b.name, NULLIF(b.tenant, '') AS tenant, b.scope, b.workflow, b.time_window, b.policy, b.degrade_to, b.approval, b.allows_unpriced,
       b.limit_usd, b.limit_tokens, b.set_by, b.set_at, k.subject, k.period, k.raises,
       b.limit_usd * (1 + COALESCE(k.raises, 0)) AS present_limit_usd, b.limit_tokens * (1 + COALESCE(k.raises, 0)) AS present_limit_tokens,
       k.spent_usd, k.spent_tokens, k.reserved_usd, k.reserved_tokens, k.alerted_at
  FROM holdfast.budget_rules b
  LEFT JOIN holdfast.budget_counters k ON k.budget_id = b.id;

COMMENT ON VIEW holdfast.budgets IS 'Budgets, with what is spent of each of them: one row for each subject and period, one without both where nothing was spent.';
COMMENT ON COLUMN holdfast.budgets.name IS 'The name of the budget.';
COMMENT ON COLUMN holdfast.budgets.tenant IS 'Whose calls it is for; null for those of all tenants.';
COMMENT ON COLUMN holdfast.budgets.scope IS 'What it is spent by: each run (with the runs that it started), each workflow, each tenant, or all of them together.';
COMMENT ON COLUMN holdfast.budgets.workflow IS 'Only calls of runs of this workflow count; null for all.';
COMMENT ON COLUMN holdfast.budgets.time_window IS 'How long it lasts before it begins anew: run, day, month (UTC), or total for never.';
COMMENT ON COLUMN holdfast.budgets.policy IS 'What follows when it is crossed: stop, degrade, ask or alert.';
COMMENT ON COLUMN holdfast.budgets.degrade_to IS 'The class that calls go on in; only with degrade.';
COMMENT ON COLUMN holdfast.budgets.approval IS 'Who is asked; only with ask.';
COMMENT ON COLUMN holdfast.budgets.allows_unpriced IS 'Whether endpoints without a price may be called, though nobody knows what they cost.';
COMMENT ON COLUMN holdfast.budgets.limit_usd IS 'US dollars as they were set; null where only tokens are limited.';
COMMENT ON COLUMN holdfast.budgets.limit_tokens IS 'Tokens of input and output as they were set; null where only money is limited.';
COMMENT ON COLUMN holdfast.budgets.set_by IS 'Who has set it.';
COMMENT ON COLUMN holdfast.budgets.set_at IS 'When it was set.';
COMMENT ON COLUMN holdfast.budgets.subject IS 'Whose spending this row counts: the id of a run, the name of a workflow, a tenant; empty for all.';
COMMENT ON COLUMN holdfast.budgets.period IS 'When: 2026-11-21 for a day, 2026-11 for a month, in UTC; empty for others.';
COMMENT ON COLUMN holdfast.budgets.raises IS 'How often people have approved one more limit for this row.';
COMMENT ON COLUMN holdfast.budgets.present_limit_usd IS 'The limit with what was approved.';
COMMENT ON COLUMN holdfast.budgets.present_limit_tokens IS 'The limit with what was approved.';
COMMENT ON COLUMN holdfast.budgets.spent_usd IS 'What ended calls have cost.';
COMMENT ON COLUMN holdfast.budgets.spent_tokens IS 'What ended calls have used.';
COMMENT ON COLUMN holdfast.budgets.reserved_usd IS 'What calls that are under way may cost at most.';
COMMENT ON COLUMN holdfast.budgets.reserved_tokens IS 'What calls that are under way may use at most.';
COMMENT ON COLUMN holdfast.budgets.alerted_at IS 'When it was first crossed; only with alert.';
