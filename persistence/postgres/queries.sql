-- What operators ask. Each is answered through an index; a test holds them to that. The words after a colon are psql's
-- variables: psql "$DATABASE_URL" -v competition=spring -v user=u1 …

-- name: board
-- The first 100 of a competition's board, as of its snapshot. It reads the whole board, a second for a million. Who asks
-- often may add an index; every snapshot then takes 1.7 times as long:
--   CREATE INDEX ON paceboard.participants (competition_id, score DESC, reached) WHERE present AND NOT excluded;
SELECT row_number() OVER () AS rank, b.*
FROM (SELECT * FROM paceboard.board WHERE competition_id = :'competition' ORDER BY score DESC, reached, user_id LIMIT 100) b;

-- name: days
-- What each source said of a user's days in a competition.
SELECT day, source, recorded_at, steps, metres, kcal, active_minutes
FROM paceboard.days
WHERE user_id = :'user' AND competition_id = :'competition'
ORDER BY day, source;

-- name: totals
-- What a user's days count for: of each metric the most that any source said.
SELECT day, max(steps) AS steps, max(metres) AS metres, max(kcal) AS kcal, max(active_minutes) AS active_minutes
FROM paceboard.days
WHERE user_id = :'user' AND competition_id = :'competition'
GROUP BY day
ORDER BY day;

-- name: journal
-- What happened in a competition between two times.
SELECT seq, at, kind, bytes
FROM paceboard.events
WHERE competition_id = :'competition' AND at >= :'from' AND at < :'to'
ORDER BY seq;

-- name: memberships
-- Where a user takes part, or has taken part.
SELECT m.competition_id, c.name, c.status, m.number, m.present, m.creator
FROM paceboard.memberships m
JOIN paceboard.competitions c USING (competition_id)
WHERE m.user_id = :'user'
ORDER BY m.competition_id;

-- name: running
-- The competitions of a status that end before a time.
SELECT competition_id, name, participants, start_at, end_at
FROM paceboard.competitions
WHERE status = :'status' AND end_at < :'to'
ORDER BY end_at;

-- name: lag
-- By how many events a competition's snapshot lags its journal.
SELECT * FROM paceboard.lag WHERE competition_id = :'competition';

-- name: reviews
-- Who was excluded from a competition, or corrected, or flagged.
SELECT user_id, user_name, excluded, reason, corrections, flags, score
FROM paceboard.reviews WHERE competition_id = :'competition' ORDER BY excluded DESC, flags DESC, user_id;

-- name: corrections
-- What operators say that days of a competition count for.
SELECT day, user_id, steps, metres, kcal, active_minutes, reason
FROM paceboard.corrections WHERE competition_id = :'competition' ORDER BY day, user_id;

-- name: flags
-- The odd syncs of a competition, newest first.
SELECT at, user_id, day, reason, found, usual, excluded
FROM paceboard.flags WHERE competition_id = :'competition' ORDER BY seq DESC;

-- name: lifetime
-- What a user's days count for in all competitions together, as of the checkpoints: of each metric the most that any source said.
SELECT day, max(steps) AS steps, max(metres) AS metres, max(kcal) AS kcal, max(active_minutes) AS active_minutes
FROM paceboard.lifetime_days
WHERE user_id = :'user'
GROUP BY day
ORDER BY day;

-- name: lifetime lag
-- By how many events the lifetime statistics lag a competition's snapshot.
SELECT * FROM paceboard.lifetime_lag WHERE competition_id = :'competition';
