-- Which snapshots still hold the rows of people who were erased after them.
-- Loses: which snapshots are from before an erasure, so that an erasure that was cut short and is repeated does not wait for them.

-- +goose Up
CREATE TABLE paceboard.stale_snapshots (
    competition_id text COLLATE "C" NOT NULL,
    seq            bigint NOT NULL,
    key            bytea NOT NULL CHECK (length(key) = 32),
    mac            bytea NOT NULL CHECK (length(mac) = 32),
    PRIMARY KEY (competition_id, seq, key)
);
COMMENT ON TABLE paceboard.stale_snapshots IS
    'Erasures that no snapshot has followed yet: until then paceboard.participants has what the person did. Written with the erasure, deleted with the snapshot.';
COMMENT ON COLUMN paceboard.stale_snapshots.seq IS 'where the batch ended that erased the person; a snapshot of it or a later one is not stale';
COMMENT ON COLUMN paceboard.stale_snapshots.mac IS 'HMAC-SHA-256 of the user id under the key: it recognises the person who repeats the erasure, and names nobody';

-- +goose Down
DROP TABLE paceboard.stale_snapshots;
