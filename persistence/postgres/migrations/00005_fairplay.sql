-- What operators decide about participants, and the flags of their syncs.

-- +goose Up
ALTER TABLE paceboard.participants
    ADD COLUMN excluded boolean NOT NULL DEFAULT false,
    ADD COLUMN review   bytea,
    ADD COLUMN reviewed jsonb,
    ADD CHECK ((review IS NULL) = (reviewed IS NULL) AND (review IS NOT NULL OR NOT excluded));
-- Only the few participants with a review are in it.
CREATE INDEX participants_reviewed ON paceboard.participants (competition_id, number) WHERE review IS NOT NULL;
COMMENT ON COLUMN paceboard.participants.present IS 'takes part, and is on the board unless excluded; somebody who left keeps the row';
COMMENT ON COLUMN paceboard.participants.excluded IS 'taken off the board by an operator';
COMMENT ON COLUMN paceboard.participants.review IS 'what the server reads of exclusion, corrections and flags; NULL for nearly everybody';
COMMENT ON COLUMN paceboard.participants.reviewed IS 'the same for people; see the views reviews, corrections and flags';

CREATE OR REPLACE VIEW paceboard.board AS
    SELECT p.competition_id, i.user_id, i.user_name, p.score, p.steps, p.distance_cm / 100.0 AS metres,
           p.energy_centikcal / 100.0 AS kcal, p.active_minutes, p.reached, p.updated_at, p.last_synced_at, p.number
    FROM paceboard.participants p
    JOIN paceboard.identities i USING (competition_id, number)
    WHERE p.present AND NOT p.excluded;

CREATE VIEW paceboard.reviews AS
    SELECT p.competition_id, i.user_id, i.user_name, p.excluded, p.reviewed ->> 'reason' AS reason,
           jsonb_array_length(p.reviewed -> 'corrections') AS corrections, jsonb_array_length(p.reviewed -> 'flags') AS flags,
           p.score, p.present, p.number
    FROM paceboard.participants p
    JOIN paceboard.identities i USING (competition_id, number)
    WHERE p.review IS NOT NULL;
COMMENT ON VIEW paceboard.reviews IS 'Participants who were excluded, corrected or flagged, as of the snapshots.';
COMMENT ON COLUMN paceboard.reviews.reason IS 'of the exclusion';

CREATE VIEW paceboard.corrections AS
    SELECT p.competition_id, i.user_id, i.user_name, c.day, c.steps, c.distance_cm / 100.0 AS metres, c.energy_centikcal / 100.0 AS kcal,
           c.active_minutes, c.reason, p.number
    FROM paceboard.participants p
    JOIN paceboard.identities i USING (competition_id, number)
    CROSS JOIN LATERAL jsonb_to_recordset(p.reviewed -> 'corrections')
        AS c (day date, steps bigint, distance_cm bigint, energy_centikcal bigint, active_minutes bigint, reason text)
    WHERE p.review IS NOT NULL;
COMMENT ON VIEW paceboard.corrections IS 'What operators say that days count for, whatever their reports say, as of the snapshots.';

CREATE VIEW paceboard.flags AS
    SELECT p.competition_id, i.user_id, i.user_name, f.seq, f.at, f.day, f.reason, f.found, f.usual, p.excluded, p.number
    FROM paceboard.participants p
    JOIN paceboard.identities i USING (competition_id, number)
    CROSS JOIN LATERAL jsonb_to_recordset(p.reviewed -> 'flags')
        AS f (seq bigint, at timestamptz, day date, reason text, found jsonb, usual jsonb)
    WHERE p.review IS NOT NULL;
COMMENT ON VIEW paceboard.flags IS 'Syncs that were odd, as of the snapshots: found is what the day grew by (rate) or came to (own_days), usual what it is held against.';

CREATE OR REPLACE VIEW paceboard.events AS
    SELECT competition_id, seq, at,
           coalesce((ARRAY['sync_accepted', 'competition_created', 'competition_edited', 'status_changed', 'participant_enrolled',
                           'participant_renamed', 'participant_left', 'participant_returned', 'entry_fee_paid', 'entry_fee_refunded',
                           'prizes_distributed', 'prize_confirmed', 'prize_failed', 'sync_flagged', 'participant_excluded',
                           'participant_restored', 'day_corrected', 'correction_withdrawn'])[get_byte(record, 41)],
                    'kind ' || get_byte(record, 41)) AS kind,
           length(record) AS bytes
    FROM paceboard.journal;

-- +goose Down
-- Loses: exclusions, corrections and flags, as the snapshots hold them: people who were excluded come back to their boards.
CREATE OR REPLACE VIEW paceboard.events AS
    SELECT competition_id, seq, at,
           coalesce((ARRAY['sync_accepted', 'competition_created', 'competition_edited', 'status_changed', 'participant_enrolled',
                           'participant_renamed', 'participant_left', 'participant_returned', 'entry_fee_paid', 'entry_fee_refunded',
                           'prizes_distributed', 'prize_confirmed', 'prize_failed'])[get_byte(record, 41)],
                    'kind ' || get_byte(record, 41)) AS kind,
           length(record) AS bytes
    FROM paceboard.journal;
DROP VIEW paceboard.flags, paceboard.corrections, paceboard.reviews;
CREATE OR REPLACE VIEW paceboard.board AS
    SELECT p.competition_id, i.user_id, i.user_name, p.score, p.steps, p.distance_cm / 100.0 AS metres,
           p.energy_centikcal / 100.0 AS kcal, p.active_minutes, p.reached, p.updated_at, p.last_synced_at, p.number
    FROM paceboard.participants p
    JOIN paceboard.identities i USING (competition_id, number)
    WHERE p.present;
ALTER TABLE paceboard.participants DROP COLUMN reviewed, DROP COLUMN review, DROP COLUMN excluded;
