-- What concerns no single competition.

-- +goose Up
CREATE TABLE paceboard.api_keys (
    key_id     text COLLATE "C" PRIMARY KEY,
    name       text NOT NULL,
    hash       bytea NOT NULL CHECK (length(hash) = 32),
    scopes     smallint NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
);
COMMENT ON TABLE paceboard.api_keys IS 'Keys that let services in. The secrets are kept nowhere.';
COMMENT ON COLUMN paceboard.api_keys.hash IS 'SHA-256 of the secret';
COMMENT ON COLUMN paceboard.api_keys.scopes IS 'added up: 1 read, 2 sync, 4 manage, 8 prizes';

CREATE TABLE paceboard.audit (
    entry_id   text COLLATE "C" PRIMARY KEY,
    at         timestamptz NOT NULL,
    actor      text COLLATE "C" NOT NULL,
    action     text NOT NULL,
    target     text NOT NULL,
    status     smallint NOT NULL,
    request_id text NOT NULL
);
COMMENT ON TABLE paceboard.audit IS 'What operators did; rows are only ever added.';
COMMENT ON COLUMN paceboard.audit.status IS 'HTTP status of the answer';

-- +goose Down
-- Loses: every API key, so that services can no longer sign in, and the log of what operators did.
DROP TABLE paceboard.audit;
DROP TABLE paceboard.api_keys;
