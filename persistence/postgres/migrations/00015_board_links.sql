-- Links that show the board of a competition to everybody who has their code.
-- Loses: all board links.

-- +goose Up
CREATE TABLE paceboard.board_links (
    link_id        text COLLATE "C" PRIMARY KEY,
    hash           bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    key            bytea NOT NULL CHECK (length(key) = 32),
    competition_id text COLLATE "C" NOT NULL,
    names          text NOT NULL CHECK (names IN ('names', 'initials', 'none')),
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL
);
CREATE INDEX board_links_of ON paceboard.board_links (competition_id, link_id);
CREATE INDEX board_links_end ON paceboard.board_links (expires_at);
COMMENT ON TABLE paceboard.board_links IS
    'Links that show the board of a competition, and nothing else, to everybody who has their code. The codes themselves are kept nowhere.';
COMMENT ON COLUMN paceboard.board_links.hash IS 'SHA-256 of the code';
COMMENT ON COLUMN paceboard.board_links.key IS 'of the HMAC that stands for a user under the link';
COMMENT ON COLUMN paceboard.board_links.names IS 'what is shown of people: names, initials, or none, which leaves out metrics and times, too';

-- +goose Down
DROP TABLE paceboard.board_links;
