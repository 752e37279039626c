-- What may stand in the journals, and what its events are called.
-- Loses: the format level, by which an older program would know that it cannot read this database.

-- +goose Up
CREATE TABLE paceboard.format (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    level    integer NOT NULL
);
COMMENT ON TABLE paceboard.format IS
    'The format level of the newest program that has used this database. A program of an older level refuses to.';

CREATE TABLE paceboard.kinds (
    kind smallint PRIMARY KEY,
    name text NOT NULL UNIQUE
);
COMMENT ON TABLE paceboard.kinds IS 'What the kinds of events are called; the program writes it when it starts.';

CREATE OR REPLACE VIEW paceboard.events AS
    SELECT competition_id, seq, at,
           coalesce((SELECT k.name FROM paceboard.kinds k WHERE k.kind = get_byte(record, 41)), 'kind ' || get_byte(record, 41)) AS kind,
           length(record) AS bytes
    FROM paceboard.journal;

-- +goose Down
CREATE OR REPLACE VIEW paceboard.events AS
    SELECT competition_id, seq, at,
           coalesce((ARRAY['sync_accepted', 'competition_created', 'competition_edited', 'status_changed', 'participant_enrolled',
                           'participant_renamed', 'participant_left', 'participant_returned', 'entry_fee_paid', 'entry_fee_refunded',
                           'prizes_distributed', 'prize_confirmed', 'prize_failed', 'sync_flagged', 'participant_excluded',
                           'participant_restored', 'day_corrected', 'correction_withdrawn', NULL,
                           'participant_erased'])[get_byte(record, 41)],
                    'kind ' || get_byte(record, 41)) AS kind,
           length(record) AS bytes
    FROM paceboard.journal;
DROP TABLE paceboard.kinds, paceboard.format;
