-- Which endpoints of models are left alone, because their calls failed, so that every process knows it. There is a row for each endpoint
-- that was ever left alone; an endpoint that stands for another model than before is another one.
CREATE TABLE holdfast.endpoint_health (
  endpoint    text NOT NULL,
  target      text NOT NULL,
  state       text NOT NULL CHECK (state IN ('open', 'closed')),
  level       integer NOT NULL CHECK (level >= 0),
  reason      text NOT NULL,
  changed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  open_until  timestamptz NOT NULL,
  probe_until timestamptz,
  PRIMARY KEY (endpoint, target)
);

COMMENT ON TABLE holdfast.endpoint_health IS 'The breakers of endpoints: one row for each that was ever open.';
COMMENT ON COLUMN holdfast.endpoint_health.target IS 'Where the endpoint is and which model it stands for.';
COMMENT ON COLUMN holdfast.endpoint_health.level IS 'How often it failed again since it was well for long: the pause grows with it.';
COMMENT ON COLUMN holdfast.endpoint_health.reason IS 'The code of the failure that opened it last.';
COMMENT ON COLUMN holdfast.endpoint_health.changed_at IS 'Since when it is in its state.';
COMMENT ON COLUMN holdfast.endpoint_health.open_until IS 'Before that nobody asks the endpoint; afterwards one call may.';
COMMENT ON COLUMN holdfast.endpoint_health.probe_until IS 'While this lies ahead, somebody is making that call.';

CREATE VIEW holdfast.breakers AS
SELECT
  h.endpoint,
  h.target,
  CASE WHEN h.state = 'closed' THEN 'closed' WHEN h.open_until > now() THEN 'open' ELSE 'half_open' END AS state,
  h.reason,
  h.changed_at,
  CASE WHEN h.state = 'open' THEN h.open_until END AS open_until
FROM holdfast.endpoint_health h;

COMMENT ON VIEW holdfast.breakers IS 'Endpoints of models that were ever left alone because their calls failed, and whether they still are.';
COMMENT ON COLUMN holdfast.breakers.endpoint IS 'The name of the endpoint.';
COMMENT ON COLUMN holdfast.breakers.target IS 'Where the endpoint is and which model it stands for.';
COMMENT ON COLUMN holdfast.breakers.state IS 'closed: it is asked. open: nobody asks it. half_open: one call may try whether it is well again.';
COMMENT ON COLUMN holdfast.breakers.reason IS 'The code of the failure that opened it last (docs/errors.md).';
COMMENT ON COLUMN holdfast.breakers.changed_at IS 'Since when it is left alone, or asked again.';
COMMENT ON COLUMN holdfast.breakers.open_until IS 'Until when nobody asks it; null when it is asked.';
