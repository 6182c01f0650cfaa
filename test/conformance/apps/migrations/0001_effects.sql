-- What the transactions of the conformance app wrote, and a counter that several of them write at once.
CREATE TABLE effects (
  run_id text NOT NULL,
  name   text NOT NULL
);

CREATE TABLE counters (
  name  text PRIMARY KEY,
  value integer NOT NULL DEFAULT 0
);
