-- Invitations and join codes: rows beside the journals.
-- Loses: all invitations and join codes.

-- +goose Up
CREATE TABLE paceboard.invitations (
    invitation_id  text COLLATE "C" PRIMARY KEY,
    competition_id text COLLATE "C" NOT NULL,
    user_id        text COLLATE "C" NOT NULL,
    invited_by     text COLLATE "C",
    by_operator    boolean NOT NULL,
    code_hash      bytea CHECK (length(code_hash) = 32),
    state          text NOT NULL CHECK (state IN ('open', 'accepted', 'declined', 'withdrawn')),
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    decided_at     timestamptz,
    kept_until     timestamptz NOT NULL
);
CREATE INDEX invitations_of ON paceboard.invitations (competition_id, invitation_id);
CREATE INDEX invitations_to ON paceboard.invitations (user_id, competition_id, invitation_id);
CREATE INDEX invitations_by ON paceboard.invitations (invited_by, created_at) WHERE invited_by IS NOT NULL;
CREATE INDEX invitations_open ON paceboard.invitations (competition_id) WHERE state = 'open' AND code_hash IS NULL;
CREATE INDEX invitations_end ON paceboard.invitations (kept_until);
COMMENT ON TABLE paceboard.invitations IS
    'Who was asked to take part in a competition. Nothing in the competition follows from an invitation before it is accepted.';
COMMENT ON COLUMN paceboard.invitations.invited_by IS 'the athlete who did; null for operators, services and join codes';
COMMENT ON COLUMN paceboard.invitations.by_operator IS
    'an operator or a service did, or made the code: where there is money, only these let anybody in';
COMMENT ON COLUMN paceboard.invitations.code_hash IS 'of the join code that the user showed; null for somebody who was invited';
COMMENT ON COLUMN paceboard.invitations.kept_until IS 'after which the row is deleted';

CREATE TABLE paceboard.join_codes (
    code_id        text COLLATE "C" PRIMARY KEY,
    hash           bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    competition_id text COLLATE "C" NOT NULL,
    by_operator    boolean NOT NULL,
    uses           integer NOT NULL CHECK (uses >= 0),
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL
);
CREATE INDEX join_codes_of ON paceboard.join_codes (competition_id, code_id);
CREATE INDEX join_codes_end ON paceboard.join_codes (expires_at);
COMMENT ON TABLE paceboard.join_codes IS 'Codes that let whoever shows one join a competition. The codes themselves are kept nowhere.';
COMMENT ON COLUMN paceboard.join_codes.hash IS 'HMAC-SHA-256 of the code';
COMMENT ON COLUMN paceboard.join_codes.by_operator IS 'an operator or a service made it';
COMMENT ON COLUMN paceboard.join_codes.uses IS 'how many are left';

CREATE TABLE paceboard.secrets (
    name  text PRIMARY KEY,
    value bytea NOT NULL CHECK (length(value) = 32)
);
COMMENT ON TABLE paceboard.secrets IS 'Random keys of this store';

-- +goose Down
DROP TABLE paceboard.secrets;
DROP TABLE paceboard.join_codes;
DROP TABLE paceboard.invitations;
