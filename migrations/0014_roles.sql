-- What the person behind a key may decide: the roles that approvals ask for.
ALTER TABLE holdfast.api_keys ADD COLUMN roles text[] NOT NULL DEFAULT '{}' CHECK (array_position(roles, NULL) IS NULL);

COMMENT ON COLUMN holdfast.api_keys.name IS 'Who uses the key: by this name they start runs and decide. Without one it is the hint.';
COMMENT ON COLUMN holdfast.api_keys.roles IS 'What its user may decide: an approval may ask for one of them.';
