-- What the runs of the test app did, and how far each account got by it.
CREATE TABLE effects (
  run_id text NOT NULL,
  name   text NOT NULL
);

CREATE TABLE accounts (
  name    text PRIMARY KEY,
  balance integer NOT NULL DEFAULT 0
);
