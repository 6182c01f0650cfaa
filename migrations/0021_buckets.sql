-- Limits of endpoints and tenants: how much is left in each bucket, and which calls wait for more.
CREATE TABLE holdfast.bucket_levels (
  key               text PRIMARY KEY,
  kind              text NOT NULL CHECK (kind IN ('endpoint', 'tenant')),
  name              text NOT NULL,
  rpm               integer CHECK (rpm > 0),
  tpm               integer CHECK (tpm > 0),
  concurrency       integer CHECK (concurrency > 0),
  requests_empty_ms float8 NOT NULL DEFAULT 0,
  tokens_empty_ms   float8 NOT NULL DEFAULT 0,
  factor            float8 NOT NULL DEFAULT 1 CHECK (factor > 0 AND factor <= 1),
  slowed_ms         float8 NOT NULL DEFAULT 0,
  blocked_ms        float8 NOT NULL DEFAULT 0,
  virtual_ms        float8 NOT NULL DEFAULT 0,
  served_at         timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE holdfast.bucket_levels IS 'One row for each endpoint or tenant with limits. A bucket fills at its rate, up to a few seconds of it; calls take from it before they are made. Times are in milliseconds since 1970.';
COMMENT ON COLUMN holdfast.bucket_levels.requests_empty_ms IS 'When the bucket was empty, or will be, given its rate: what has flowed in since is left.';
COMMENT ON COLUMN holdfast.bucket_levels.factor IS 'The part of the configured rate that was used when it was last lowered, because the provider refused calls.';
COMMENT ON COLUMN holdfast.bucket_levels.slowed_ms IS 'When the rate was last lowered. It recovers from then on.';
COMMENT ON COLUMN holdfast.bucket_levels.blocked_ms IS 'Until when the provider wants no calls.';
COMMENT ON COLUMN holdfast.bucket_levels.virtual_ms IS 'How far the fair queue has come, in its own time.';
COMMENT ON COLUMN holdfast.bucket_levels.served_at IS 'When a process that has the limits last looked.';

-- Only while calls wait: who has had how much, in the queue's own time.
CREATE TABLE holdfast.bucket_flows (
  bucket    text NOT NULL,
  tenant    text NOT NULL,
  finish_ms float8 NOT NULL,
  PRIMARY KEY (bucket, tenant)
);

COMMENT ON TABLE holdfast.bucket_flows IS 'Where each tenant stands in the fair queue of a bucket. A row that lags behind the queue means nothing any more.';

CREATE TABLE holdfast.bucket_slots (
  bucket      text NOT NULL,
  executor_id text NOT NULL,
  slots       integer NOT NULL CHECK (slots > 0),
  PRIMARY KEY (bucket, executor_id)
);

COMMENT ON TABLE holdfast.bucket_slots IS 'How many calls at the same time each process may make, of those that an endpoint allows.';

CREATE TABLE holdfast.bucket_waits (
  id          uuid PRIMARY KEY,
  bucket      text NOT NULL,
  also        text,
  tenant      text NOT NULL,
  run_id      text REFERENCES dbos.workflow_status (workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE,
  step_id     integer,
  ordinal     integer NOT NULL DEFAULT 0,
  executor_id text NOT NULL,
  tokens      float8 NOT NULL CHECK (tokens >= 0),
  priority    integer NOT NULL DEFAULT 0,
  place       float8 NOT NULL,
  entered_at  timestamptz NOT NULL DEFAULT now(),
  granted_at  timestamptz,
  lapses      integer NOT NULL DEFAULT 0,
  UNIQUE (run_id, step_id, bucket, ordinal)
);

CREATE INDEX bucket_waits_in_line ON holdfast.bucket_waits (bucket, tenant, place) WHERE granted_at IS NULL;
CREATE INDEX bucket_waits_also ON holdfast.bucket_waits (bucket, also) WHERE granted_at IS NULL AND also IS NOT NULL;
CREATE INDEX bucket_waits_granted ON holdfast.bucket_waits (bucket, granted_at) WHERE granted_at IS NOT NULL;

COMMENT ON TABLE holdfast.bucket_waits IS 'Calls of models that wait for room in a bucket, and those that have got it and were not made yet.';
COMMENT ON COLUMN holdfast.bucket_waits.also IS 'The second bucket that the call takes from.';
COMMENT ON COLUMN holdfast.bucket_waits.ordinal IS 'Tells calls apart that one step makes at the same time.';
COMMENT ON COLUMN holdfast.bucket_waits.executor_id IS 'The process in which the call waited last.';
COMMENT ON COLUMN holdfast.bucket_waits.place IS 'The place among the calls of its tenant: when it came, later for a lower priority and for a larger call.';
COMMENT ON COLUMN holdfast.bucket_waits.granted_at IS 'When it got its room. What is not taken up in time is given back.';
COMMENT ON COLUMN holdfast.bucket_waits.lapses IS 'How often its room was given back because nobody took it up.';

ALTER TABLE holdfast.waits DROP CONSTRAINT waits_kind_check;
ALTER TABLE holdfast.waits ADD CONSTRAINT waits_kind_check CHECK (kind IN ('message', 'run', 'room'));
COMMENT ON TABLE holdfast.waits IS 'What parked runs wait for: messages on a topic, the ends of other runs, and room in the bucket of a model.';
COMMENT ON COLUMN holdfast.waits.key IS 'The topic, or the id of the other run; empty for room.';

-- What a bucket holds at most: five seconds of its rate, or one request. The same rule is in src/core/bucket.ts.
CREATE FUNCTION holdfast.bucket_room(per_minute float8, empty_ms float8) RETURNS float8
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT LEAST(GREATEST(5000, 60000 / per_minute), EXTRACT(EPOCH FROM now()) * 1000 - empty_ms) * per_minute / 60000
$$;
COMMENT ON FUNCTION holdfast.bucket_room IS 'What is left in a bucket that fills at this rate; below 0 when more was taken than there was.';

CREATE VIEW holdfast.buckets AS
SELECT
  b.kind,
  b.name,
  b.rpm,
  b.tpm,
  b.concurrency,
  round(f.factor::numeric, 3)::float8 AS rate,
  CASE WHEN b.blocked_ms > n.ms THEN holdfast.at_epoch_ms(b.blocked_ms::bigint) END AS blocked_until,
  floor(holdfast.bucket_room(b.rpm * f.factor, b.requests_empty_ms))::bigint AS requests_left,
  floor(holdfast.bucket_room(b.tpm * f.factor, b.tokens_empty_ms))::bigint AS tokens_left,
  CASE WHEN b.concurrency IS NOT NULL THEN
    (SELECT COALESCE(sum(s.slots), 0) FROM holdfast.bucket_slots s WHERE s.bucket = b.key)::integer END AS calls_allotted,
  w.waiting,
  w.granted,
  w.oldest_at
FROM holdfast.bucket_levels b
CROSS JOIN (SELECT EXTRACT(EPOCH FROM now())::float8 * 1000 AS ms) AS n
CROSS JOIN LATERAL (SELECT LEAST(1, b.factor + GREATEST(0, n.ms - b.slowed_ms) / 1000 * 0.01) AS factor) AS f
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE x.granted_at IS NULL)::integer AS waiting,
         count(x.granted_at)::integer AS granted,
         min(x.entered_at) FILTER (WHERE x.granted_at IS NULL) AS oldest_at
    FROM holdfast.bucket_waits x WHERE b.key IN (x.bucket, x.also)
) AS w;

COMMENT ON VIEW holdfast.buckets IS 'Limits of endpoints and tenants: how much of each is left, and how many calls wait.';
COMMENT ON COLUMN holdfast.buckets.kind IS 'endpoint or tenant.';
COMMENT ON COLUMN holdfast.buckets.name IS 'The endpoint, or the tenant.';
COMMENT ON COLUMN holdfast.buckets.rpm IS 'Requests a minute; null for no limit.';
COMMENT ON COLUMN holdfast.buckets.tpm IS 'Tokens a minute; null for no limit.';
COMMENT ON COLUMN holdfast.buckets.concurrency IS 'Calls at the same time; null for no limit.';
COMMENT ON COLUMN holdfast.buckets.rate IS 'The part of the rate that is used now: less than 1 for a while after the provider refused calls.';
COMMENT ON COLUMN holdfast.buckets.blocked_until IS 'Until when no calls are made, because the provider asked for that; null when it did not.';
COMMENT ON COLUMN holdfast.buckets.requests_left IS 'How many requests could be made at once. Processes hold a few more in advance. Below 0 when more was used than was expected.';
COMMENT ON COLUMN holdfast.buckets.tokens_left IS 'How many tokens could be used at once, in the same way.';
COMMENT ON COLUMN holdfast.buckets.calls_allotted IS 'How many of the calls at the same time processes have taken; null without such a limit.';
COMMENT ON COLUMN holdfast.buckets.waiting IS 'How many calls wait.';
COMMENT ON COLUMN holdfast.buckets.granted IS 'How many calls have got their room and were not made yet.';
COMMENT ON COLUMN holdfast.buckets.oldest_at IS 'Since when the oldest of them waits; null when none does.';
