-- Erasing a person: the ledger stays as it is, but for whose a user's account was.

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION paceboard.only_pseudonyms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.competition_id, NEW.seq, NEW.n, NEW.amount_minor) IS DISTINCT FROM (OLD.competition_id, OLD.seq, OLD.n, OLD.amount_minor)
        OR OLD.user_id IS NULL
        OR split_part(NEW.account, '/', 1) <> split_part(OLD.account, '/', 1)
        OR NEW.account !~ '/erased-[0-9a-f]{32}$' THEN
        RAISE EXCEPTION 'rows of paceboard.% are only ever added', TG_TABLE_NAME USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
DROP TRIGGER postings_append_only ON paceboard.postings;
CREATE TRIGGER postings_append_only BEFORE DELETE OR TRUNCATE ON paceboard.postings
    FOR EACH STATEMENT EXECUTE FUNCTION paceboard.append_only();
CREATE TRIGGER postings_only_pseudonyms BEFORE UPDATE ON paceboard.postings
    FOR EACH ROW EXECUTE FUNCTION paceboard.only_pseudonyms();
COMMENT ON TABLE paceboard.postings IS
    'What each transaction does to its accounts, in minor units; those of a transaction add up to 0. Rows are only ever added, and name a pseudonym once their user was erased.';
COMMENT ON TABLE paceboard.identities IS
    'Who a participant''s number stands for; 0 is the creator. The journal holds numbers, and commitments under these keys. Who was erased has a pseudonym, erased-….';
COMMENT ON TABLE paceboard.audit IS 'What operators did; rows are only ever added, and name a pseudonym instead of somebody erased.';

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

-- +goose Down
-- Loses: no row. The database no longer holds the ledger of erased people to pseudonyms, and erasing somebody who has transactions fails.
CREATE OR REPLACE VIEW paceboard.events AS
    SELECT competition_id, seq, at,
           coalesce((ARRAY['sync_accepted', 'competition_created', 'competition_edited', 'status_changed', 'participant_enrolled',
                           'participant_renamed', 'participant_left', 'participant_returned', 'entry_fee_paid', 'entry_fee_refunded',
                           'prizes_distributed', 'prize_confirmed', 'prize_failed', 'sync_flagged', 'participant_excluded',
                           'participant_restored', 'day_corrected', 'correction_withdrawn'])[get_byte(record, 41)],
                    'kind ' || get_byte(record, 41)) AS kind,
           length(record) AS bytes
    FROM paceboard.journal;
DROP TRIGGER postings_only_pseudonyms ON paceboard.postings;
DROP TRIGGER postings_append_only ON paceboard.postings;
CREATE TRIGGER postings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON paceboard.postings
    FOR EACH STATEMENT EXECUTE FUNCTION paceboard.append_only();
DROP FUNCTION paceboard.only_pseudonyms;
