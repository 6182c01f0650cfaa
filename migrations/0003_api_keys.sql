-- Keys of the HTTP API. The key itself is shown once, when it is made; only its SHA-256 is kept.
CREATE TABLE holdfast.api_keys (
  id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant     text NOT NULL CHECK (tenant <> ''),
  name       text NOT NULL,
  hint       text NOT NULL,
  hash       bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz
);

COMMENT ON TABLE holdfast.api_keys IS 'Keys of the HTTP API, each for one tenant: its runs carry the tenant, and it sees no others.';
COMMENT ON COLUMN holdfast.api_keys.hint IS 'The first characters of the key, by which a person recognises it.';
COMMENT ON COLUMN holdfast.api_keys.hash IS 'SHA-256 of the key.';
