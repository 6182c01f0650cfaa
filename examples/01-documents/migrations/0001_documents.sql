-- The application's own table: one row for each analysed document.
CREATE TABLE documents (
  id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  run_id      text NOT NULL UNIQUE,
  name        text NOT NULL,
  format      text NOT NULL,
  kind        text NOT NULL,
  title       text NOT NULL,
  language    text NOT NULL,
  fields      jsonb NOT NULL,
  entities    jsonb NOT NULL,
  keyphrases  jsonb NOT NULL,
  summary     text NOT NULL,
  model       text NOT NULL,
  usage       jsonb NOT NULL,
  analysed_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX documents_kind ON documents (kind);
