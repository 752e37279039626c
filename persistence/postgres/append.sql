-- Appends the batches of several competitions: a batch that does not continue its journal's end, or is not its owner's, is
-- left out with all its rows, the others are stored. It returns what became of each, and commits by itself. $25 is the node
-- that asks.
--
-- The row in heads is the fence. Rows are locked in the order of ids, and one that somebody has locked is left out, because
-- waiting for it would hold the other competitions up. What the row must hold is asked where it is changed, and nowhere
-- else: a subquery would answer from the time at which the statement began. A competition without a row takes a batch from
-- seq 1 alone.
WITH batch AS (
    SELECT * FROM unnest($1::integer[], $2::text[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bytea[], $26::bigint[])
        AS b (place, competition_id, first_seq, last_seq, previous_hash, last_hash, epoch)
), locked AS (
    SELECT b.place, h.owner, h.epoch AS claimed
    FROM batch b JOIN paceboard.heads h USING (competition_id)
    ORDER BY b.competition_id COLLATE "C"
    FOR UPDATE OF h SKIP LOCKED
), moved AS (
    INSERT INTO paceboard.heads AS h (competition_id, first_seq, last_seq, last_hash, owner, epoch)
    SELECT b.competition_id, b.first_seq, b.last_seq, b.last_hash, $25::text, b.epoch
    FROM batch b LEFT JOIN locked l USING (place)
    WHERE l.place IS NOT NULL
       OR b.first_seq = 1 AND NOT EXISTS (SELECT FROM paceboard.heads e WHERE e.competition_id = b.competition_id)
    ORDER BY b.competition_id COLLATE "C"
    ON CONFLICT (competition_id) DO UPDATE
        SET first_seq = excluded.first_seq, last_seq = excluded.last_seq, last_hash = excluded.last_hash
        WHERE h.owner = excluded.owner AND h.epoch = excluded.epoch AND h.last_seq = excluded.first_seq - 1
          AND (h.competition_id, h.last_hash) IN (SELECT competition_id, previous_hash FROM batch)
    RETURNING competition_id
), stored AS (
    SELECT competition_id, place FROM batch JOIN moved USING (competition_id)
), events AS (
    INSERT INTO paceboard.journal (competition_id, seq, at, record)
    SELECT s.competition_id, e.seq, timestamptz 'epoch' + e.at * interval '1 millisecond', e.record
    FROM unnest($7::integer[], $8::bigint[], $9::bigint[], $10::bytea[]) AS e (place, seq, at, record)
    JOIN stored s USING (place)
), people AS (
    INSERT INTO paceboard.identities (competition_id, number, key, user_id, user_name)
    SELECT s.competition_id, i.number, i.key, i.user_id, i.user_name
    FROM unnest($11::integer[], $12::bigint[], $13::bytea[], $14::text[], $15::text[]) AS i (place, number, key, user_id, user_name)
    JOIN stored s USING (place)
    ON CONFLICT (competition_id, number) DO UPDATE
        SET key = excluded.key, user_id = excluded.user_id, user_name = excluded.user_name
), ties AS (
    INSERT INTO paceboard.memberships (user_id, competition_id, number, present, creator)
    SELECT m.user_id, s.competition_id, m.number, m.present, m.creator
    FROM unnest($16::integer[], $17::text[], $18::bigint[], $19::boolean[], $20::boolean[]) AS m (place, user_id, number, present, creator)
    JOIN stored s USING (place)
    ON CONFLICT (user_id, competition_id) DO UPDATE
        SET number = excluded.number, present = excluded.present, creator = excluded.creator
), names AS (
    INSERT INTO paceboard.sources (competition_id, source, name)
    SELECT s.competition_id, n.source, n.name
    FROM unnest($21::integer[], $22::integer[], $23::text[]) AS n (place, source, name)
    JOIN stored s USING (place)
    ON CONFLICT (competition_id, source) DO UPDATE SET name = excluded.name
), summaries AS (
    INSERT INTO paceboard.competitions
    SELECT s.competition_id, c.status, c.participants, c.name, c.description, c.type, c.start_at, c.end_at,
           c.entry_fee_minor, c.prize_pool_minor, c.currency, c.time_zone, c.enrollment, c.visibility,
           c.max_participants, c.late_sync_hours, c.first_day, c.last_day, decode(c.packed, 'base64'), c.kept_until
    FROM json_to_recordset($24::json) AS c (
        place integer, status text, participants integer, name text, description text, type text,
        start_at timestamptz, end_at timestamptz, entry_fee_minor bigint, prize_pool_minor bigint, currency text,
        time_zone text, enrollment text, visibility text, max_participants integer, late_sync_hours integer,
        first_day date, last_day date, packed text, kept_until timestamptz)
    JOIN stored s USING (place)
    ON CONFLICT (competition_id) DO UPDATE
        SET (status, participants, name, description, type, start_at, end_at, entry_fee_minor, prize_pool_minor, currency,
             time_zone, enrollment, visibility, max_participants, late_sync_hours, first_day, last_day, packed, kept_until)
          = (excluded.status, excluded.participants, excluded.name, excluded.description, excluded.type, excluded.start_at,
             excluded.end_at, excluded.entry_fee_minor, excluded.prize_pool_minor, excluded.currency, excluded.time_zone,
             excluded.enrollment, excluded.visibility, excluded.max_participants, excluded.late_sync_hours,
             excluded.first_day, excluded.last_day, excluded.packed, excluded.kept_until)
)
SELECT b.place,
       CASE WHEN s.place IS NOT NULL THEN 0 -- see verdict.go
            WHEN l.place IS NOT NULL THEN CASE WHEN l.owner = $25::text AND l.claimed = b.epoch THEN 3 ELSE 2 END
            WHEN EXISTS (SELECT FROM paceboard.heads h WHERE h.competition_id = b.competition_id) THEN 1
            ELSE 3
       END,
       CASE WHEN s.place IS NULL THEN l.owner END
FROM batch b LEFT JOIN locked l USING (place) LEFT JOIN stored s USING (place);
