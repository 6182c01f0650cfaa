-- Times beyond all calendars are shown as the last second of the year 9999, or the first of the year 1: one such row must not keep
-- the others from being read. Not STRICT: Postgres would then no longer put the expression in the place of the call.
CREATE OR REPLACE FUNCTION holdfast.at_epoch_ms(epoch_ms bigint) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT to_timestamp(CASE WHEN epoch_ms > 253402300799000 THEN 253402300799000
                           WHEN epoch_ms < -62135596800000 THEN -62135596800000
                           ELSE epoch_ms END / 1000.0)
$$;
COMMENT ON FUNCTION holdfast.at_epoch_ms IS 'Milliseconds since 1970 as a timestamp, within the years 1 to 9999.';
