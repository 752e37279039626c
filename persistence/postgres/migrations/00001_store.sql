-- The store of package competition. Ids are compared byte by byte, as the core does.

-- +goose Up
CREATE TABLE paceboard.heads (
    competition_id text COLLATE "C" PRIMARY KEY,
    first_seq      bigint NOT NULL CHECK (first_seq > 0),
    last_seq       bigint NOT NULL CHECK (last_seq >= first_seq),
    last_hash      bytea  NOT NULL
) WITH (fillfactor = 40);
COMMENT ON TABLE paceboard.heads IS
    'Where each journal ends. An append moves the row on from the seq that it follows, or is refused: of two writers one loses.';
COMMENT ON COLUMN paceboard.heads.first_seq IS 'of the batch that was appended last';
COMMENT ON COLUMN paceboard.heads.last_hash IS 'SHA-256 of the last record, which the next one must hold';

CREATE TABLE paceboard.journal (
    competition_id text COLLATE "C" NOT NULL,
    seq            bigint NOT NULL,
    at             timestamptz NOT NULL,
    record         bytea NOT NULL,
    PRIMARY KEY (competition_id, seq)
);
COMMENT ON TABLE paceboard.journal IS
    'What happened, an event a row. Rows are only ever added, and removed once a snapshot holds them and they are old.';
-- Time grows with the place in the table, so that a summary of blocks finds a time span, and costs an append nothing.
CREATE INDEX journal_at ON paceboard.journal USING brin (at timestamptz_minmax_multi_ops) WITH (pages_per_range = 32, autosummarize = on);

CREATE TABLE paceboard.identities (
    competition_id text COLLATE "C" NOT NULL,
    number         bigint NOT NULL,
    key            bytea NOT NULL,
    user_id        text COLLATE "C" NOT NULL,
    user_name      text NOT NULL,
    PRIMARY KEY (competition_id, number)
);
COMMENT ON TABLE paceboard.identities IS
    'Who a participant''s number stands for; 0 is the creator. The journal holds numbers, and commitments under these keys.';

CREATE TABLE paceboard.memberships (
    user_id        text COLLATE "C" NOT NULL,
    competition_id text COLLATE "C" NOT NULL,
    number         bigint NOT NULL,
    present        boolean NOT NULL,
    creator        boolean NOT NULL,
    PRIMARY KEY (user_id, competition_id)
);
COMMENT ON TABLE paceboard.memberships IS 'Each user''s ties to competitions; number is 0 for a creator who never took part.';

CREATE TABLE paceboard.competitions (
    competition_id   text COLLATE "C" PRIMARY KEY,
    status           text NOT NULL,
    participants     integer NOT NULL,
    name             text NOT NULL,
    description      text NOT NULL,
    type             text NOT NULL,
    start_at         timestamptz NOT NULL,
    end_at           timestamptz NOT NULL,
    entry_fee_minor  bigint NOT NULL,
    prize_pool_minor bigint NOT NULL,
    currency         text NOT NULL,
    time_zone        text NOT NULL,
    enrollment       text NOT NULL,
    visibility       text NOT NULL,
    max_participants integer NOT NULL,
    late_sync_hours  integer NOT NULL,
    first_day        date NOT NULL,
    last_day         date NOT NULL,
    packed           bytea NOT NULL
);
CREATE INDEX competitions_status ON paceboard.competitions (status, end_at);
COMMENT ON TABLE paceboard.competitions IS 'What lists show of each competition, as of its journal''s end.';
COMMENT ON COLUMN paceboard.competitions.participants IS 'on the board';
COMMENT ON COLUMN paceboard.competitions.packed IS 'what the server reads: all of this and the scoring, exactly; the columns are for people';

CREATE TABLE paceboard.sources (
    competition_id text COLLATE "C" NOT NULL,
    source         integer NOT NULL,
    name           text NOT NULL,
    PRIMARY KEY (competition_id, source)
);
COMMENT ON TABLE paceboard.sources IS 'The names of the numbers by which a competition''s days call their sources.';

CREATE TABLE paceboard.snapshots (
    competition_id text COLLATE "C" PRIMARY KEY,
    seq            bigint NOT NULL,
    header         bytea NOT NULL,
    saved_at       timestamptz NOT NULL
);
COMMENT ON TABLE paceboard.snapshots IS 'The seq of which a competition''s participants are; the journal behind it says the rest.';

CREATE TABLE paceboard.participants (
    competition_id   text COLLATE "C" NOT NULL,
    number           bigint NOT NULL,
    present          boolean NOT NULL,
    score            bigint NOT NULL,
    steps            bigint NOT NULL,
    distance_cm      bigint NOT NULL,
    energy_centikcal bigint NOT NULL,
    active_minutes   bigint NOT NULL,
    reached          bigint NOT NULL,
    updated_at       timestamptz,
    last_synced_at   timestamptz,
    days             bytea NOT NULL,
    PRIMARY KEY (competition_id, number)
) WITH (fillfactor = 85);
ALTER TABLE paceboard.participants ALTER COLUMN days SET STORAGE EXTERNAL; -- they are packed already
COMMENT ON TABLE paceboard.participants IS 'Each board as of its snapshot''s seq. The views board and days show it to people.';
COMMENT ON COLUMN paceboard.participants.present IS 'on the board; somebody who left keeps the row';
COMMENT ON COLUMN paceboard.participants.reached IS 'the seq that brought the score: of equal scores the lower is ahead';
COMMENT ON COLUMN paceboard.participants.days IS 'packed; see the view days';

-- Unpacks participants.days: entries of a size byte and uvarints: day, source with the unit of the time in its two low
-- bits, the time (zigzag, from the day's midnight UTC, if there is one), four metrics.
-- +goose StatementBegin
CREATE FUNCTION paceboard.unpack_days(days bytea)
    RETURNS TABLE (day date, source integer, recorded_ns bigint, steps bigint, distance_cm bigint, energy_centikcal bigint, active_minutes bigint)
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    nanos  CONSTANT bigint[] := '{1000000000,1000000,1}';
    next   integer := 0;
    stop   integer;
    fields bigint[];
    field  bigint;
    shift  integer;
    octet  integer;
    unit   integer;
BEGIN
    WHILE next < length(days) LOOP
        stop := next + 1 + get_byte(days, next);
        next := next + 1;
        fields := '{}';
        WHILE next < stop LOOP
            field := 0;
            shift := 0;
            LOOP
                octet := get_byte(days, next);
                next := next + 1;
                field := field | ((octet & 127)::bigint << shift);
                EXIT WHEN octet < 128;
                shift := shift + 7;
            END LOOP;
            fields := fields || field;
        END LOOP;
        day := date '1970-01-01' + fields[1]::integer;
        source := (fields[2] >> 2)::integer;
        unit := (fields[2] & 3)::integer;
        recorded_ns := NULL;
        IF unit > 0 THEN
            field := ((fields[3] >> 1) & 9223372036854775807) # -(fields[3] & 1);
            recorded_ns := (fields[1]::numeric * 86400000000000 + field::numeric * nanos[unit])::bigint;
            fields := fields[2:];
        END IF;
        steps := fields[3];
        distance_cm := fields[4];
        energy_centikcal := fields[5];
        active_minutes := fields[6];
        RETURN NEXT;
    END LOOP;
END
$$;
-- +goose StatementEnd

CREATE VIEW paceboard.board AS
    SELECT p.competition_id, i.user_id, i.user_name, p.score, p.steps, p.distance_cm / 100.0 AS metres,
           p.energy_centikcal / 100.0 AS kcal, p.active_minutes, p.reached, p.updated_at, p.last_synced_at, p.number
    FROM paceboard.participants p
    JOIN paceboard.identities i USING (competition_id, number)
    WHERE p.present;
COMMENT ON VIEW paceboard.board IS 'Who is on a board, as of its snapshot. The order is score DESC, reached, user_id.';

CREATE VIEW paceboard.days AS
    SELECT m.user_id, p.competition_id, d.day, coalesce(s.name, d.source::text) AS source,
           timestamptz 'epoch' + (d.recorded_ns / 1000) * interval '1 microsecond' AS recorded_at,
           d.steps, d.distance_cm / 100.0 AS metres, d.energy_centikcal / 100.0 AS kcal, d.active_minutes, m.number
    FROM paceboard.memberships m
    JOIN paceboard.participants p USING (competition_id, number)
    CROSS JOIN LATERAL paceboard.unpack_days(p.days) d
    LEFT JOIN paceboard.sources s ON s.competition_id = p.competition_id AND s.source = d.source;
COMMENT ON VIEW paceboard.days IS
    'What each source last said of each user''s days, as of the snapshots. A day counts, metric by metric, the most that any source said.';

CREATE VIEW paceboard.events AS
    SELECT competition_id, seq, at,
           coalesce((ARRAY['sync_accepted', 'competition_created', 'competition_edited', 'status_changed', 'participant_enrolled',
                           'participant_renamed', 'participant_left', 'participant_returned'])[get_byte(record, 41)],
                    'kind ' || get_byte(record, 41)) AS kind,
           length(record) AS bytes
    FROM paceboard.journal;
COMMENT ON VIEW paceboard.events IS 'The journal in words.';

CREATE VIEW paceboard.lag AS
    SELECT h.competition_id, h.last_seq, coalesce(s.seq, 0) AS snapshot_seq, h.last_seq - coalesce(s.seq, 0) AS behind, s.saved_at
    FROM paceboard.heads h
    LEFT JOIN paceboard.snapshots s USING (competition_id);
COMMENT ON VIEW paceboard.lag IS 'How many events each competition''s snapshot is behind its journal.';

-- +goose Down
-- Loses: everything: all competitions, their participants, days, boards and journals.
DROP VIEW paceboard.lag, paceboard.events, paceboard.days, paceboard.board;
DROP FUNCTION paceboard.unpack_days;
DROP TABLE paceboard.participants, paceboard.snapshots, paceboard.sources, paceboard.competitions,
    paceboard.memberships, paceboard.identities, paceboard.journal, paceboard.heads;
