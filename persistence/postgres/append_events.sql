-- Appends batches that are events and nothing else, as nearly all are, and of which none begins a journal: what append.sql
-- does for them, without the tables that they do not touch. $11 is the node that asks.
WITH batch AS (
    SELECT * FROM unnest($1::integer[], $2::text[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bytea[], $12::bigint[])
        AS b (place, competition_id, first_seq, last_seq, previous_hash, last_hash, epoch)
), locked AS (
    SELECT b.*, h.owner, h.epoch AS claimed
    FROM batch b JOIN paceboard.heads h USING (competition_id)
    ORDER BY b.competition_id COLLATE "C"
    FOR UPDATE OF h SKIP LOCKED
), stored AS (
    UPDATE paceboard.heads h
    SET first_seq = b.first_seq, last_seq = b.last_seq, last_hash = b.last_hash
    FROM locked b
    WHERE h.competition_id = b.competition_id AND h.owner = $11::text AND h.epoch = b.epoch
      AND h.last_seq = b.first_seq - 1 AND h.last_hash = b.previous_hash
    RETURNING h.competition_id, b.place
), events AS (
    INSERT INTO paceboard.journal (competition_id, seq, at, record)
    SELECT s.competition_id, e.seq, timestamptz 'epoch' + e.at * interval '1 millisecond', e.record
    FROM unnest($7::integer[], $8::bigint[], $9::bigint[], $10::bytea[]) AS e (place, seq, at, record)
    JOIN stored s USING (place)
)
SELECT b.place,
       CASE WHEN s.place IS NOT NULL THEN 0 -- see verdict.go
            WHEN l.place IS NOT NULL THEN CASE WHEN l.owner = $11::text AND l.claimed = b.epoch THEN 3 ELSE 2 END
            WHEN EXISTS (SELECT FROM paceboard.heads h WHERE h.competition_id = b.competition_id) THEN 1
            ELSE 3
       END,
       CASE WHEN s.place IS NULL THEN l.owner END
FROM batch b LEFT JOIN locked l USING (place) LEFT JOIN stored s USING (place);
