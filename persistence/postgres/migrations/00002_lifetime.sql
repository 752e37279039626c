-- Lifetime statistics: what the competitions' snapshots say of each user's days, together. Both tables can be emptied, together,
-- at any time: the next start of the server makes them anew from the participants.

-- +goose Up
CREATE TABLE paceboard.lifetime (
    user_id   text COLLATE "C" NOT NULL,
    month     date NOT NULL CHECK (extract(day FROM month) = 1),
    synced_at timestamptz,
    sources   text[] NOT NULL,
    days      bytea NOT NULL,
    PRIMARY KEY (user_id, month)
) WITH (fillfactor = 85);
ALTER TABLE paceboard.lifetime ALTER COLUMN days SET STORAGE EXTERNAL; -- they are packed already
COMMENT ON TABLE paceboard.lifetime IS
    'Each user''s days in all competitions together, a month a row, as of the checkpoints. The view lifetime_days shows it to people.';
COMMENT ON COLUMN paceboard.lifetime.month IS 'its first day';
COMMENT ON COLUMN paceboard.lifetime.synced_at IS 'a sync that changed something was accepted then; the latest of a user''s months is the last one';
COMMENT ON COLUMN paceboard.lifetime.sources IS 'the names of the numbers, from 0, by which the days call their sources';
COMMENT ON COLUMN paceboard.lifetime.days IS 'packed; see the view lifetime_days';

CREATE TABLE paceboard.lifetime_checkpoints (
    competition_id text COLLATE "C" PRIMARY KEY,
    seq            bigint NOT NULL,
    projected_at   timestamptz NOT NULL
);
COMMENT ON TABLE paceboard.lifetime_checkpoints IS
    'The seq of which the lifetime statistics have a competition''s days. Until it is that of the snapshot the server is at work on it.';

CREATE VIEW paceboard.lifetime_days AS
    SELECT l.user_id, d.day, l.sources[d.source + 1] AS source,
           timestamptz 'epoch' + (d.recorded_ns / 1000) * interval '1 microsecond' AS recorded_at,
           d.steps, d.distance_cm / 100.0 AS metres, d.energy_centikcal / 100.0 AS kcal, d.active_minutes
    FROM paceboard.lifetime l
    CROSS JOIN LATERAL paceboard.unpack_days(l.days) d;
COMMENT ON VIEW paceboard.lifetime_days IS
    'What each source last said of each user''s days, whatever the competition. A day counts, metric by metric, the most that any source said.';

CREATE VIEW paceboard.lifetime_lag AS
    SELECT s.competition_id, s.seq AS snapshot_seq, coalesce(c.seq, 0) AS checkpoint, s.seq - coalesce(c.seq, 0) AS behind, c.projected_at
    FROM paceboard.snapshots s
    LEFT JOIN paceboard.lifetime_checkpoints c USING (competition_id);
COMMENT ON VIEW paceboard.lifetime_lag IS 'How many events the lifetime statistics are behind each competition''s snapshot.';

-- +goose Down
-- Loses: nothing that cannot be worked out again: the lifetime statistics, which migrating up and starting a server rebuild.
DROP VIEW paceboard.lifetime_lag, paceboard.lifetime_days;
DROP TABLE paceboard.lifetime_checkpoints, paceboard.lifetime;
