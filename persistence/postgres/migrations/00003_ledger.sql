-- The ledger: money moves between accounts and is never made or lost. Its rows are written in the transaction that stores
-- the events they follow from, and `paceboard audit` works them out again from the journal.

-- +goose Up
CREATE TABLE paceboard.transactions (
    competition_id text COLLATE "C" NOT NULL,
    seq            bigint NOT NULL CHECK (seq > 0),
    n              bigint NOT NULL CHECK (n >= 0),
    type           text NOT NULL CHECK (type IN ('entry_fee', 'refund', 'sponsor', 'prize', 'payout')),
    currency       text NOT NULL,
    at             timestamptz NOT NULL,
    PRIMARY KEY (competition_id, seq, n)
);
COMMENT ON TABLE paceboard.transactions IS
    'Why money moved. Rows are only ever added. The id that clients see is <competition_id>.<seq>, with .<n> where n is not 0.';
COMMENT ON COLUMN paceboard.transactions.seq IS 'the event of the journal that it follows from';

CREATE TABLE paceboard.postings (
    competition_id text COLLATE "C" NOT NULL,
    seq            bigint NOT NULL,
    n              bigint NOT NULL,
    account        text COLLATE "C" NOT NULL CHECK (account ~ '^(pool|wallet|outside|sponsor)/.'),
    amount_minor   bigint NOT NULL CHECK (amount_minor <> 0),
    user_id        text COLLATE "C" GENERATED ALWAYS AS
        (CASE WHEN account LIKE 'wallet/%' OR account LIKE 'outside/%' THEN substr(account, strpos(account, '/') + 1) END) STORED,
    PRIMARY KEY (competition_id, seq, n, account)
);
CREATE INDEX postings_user ON paceboard.postings (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX postings_account ON paceboard.postings (account);
COMMENT ON TABLE paceboard.postings IS
    'What each transaction does to its accounts, in minor units; those of a transaction add up to 0. Rows are only ever added.';
COMMENT ON COLUMN paceboard.postings.account IS
    'pool/<competition>, wallet/<user>, outside/<user> (through the payment provider) or sponsor/<competition>; the first two are never below 0';

-- Postings come with their transaction, in one statement, so that what a statement adds must balance. One look at all of
-- them costs much less than a foreign key's at each.
-- +goose StatementBegin
CREATE FUNCTION paceboard.postings_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    odd record;
BEGIN
    SELECT competition_id, seq, n, sum(amount_minor) AS total, count(*) AS postings INTO odd
    FROM added GROUP BY competition_id, seq, n HAVING sum(amount_minor) <> 0 OR count(*) < 2 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'transaction %.%.% has % postings that add up to %', odd.competition_id, odd.seq, odd.n, odd.postings, odd.total
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT a.competition_id, a.seq, a.n INTO odd
    FROM added a LEFT JOIN paceboard.transactions t USING (competition_id, seq, n) WHERE t.seq IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'transaction %.%.% has postings, but is not there', odd.competition_id, odd.seq, odd.n USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION paceboard.append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of paceboard.% are only ever added', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END
$$;
-- +goose StatementEnd
CREATE TRIGGER postings_balance AFTER INSERT ON paceboard.postings
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION paceboard.postings_balance();
CREATE TRIGGER transactions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON paceboard.transactions
    FOR EACH STATEMENT EXECUTE FUNCTION paceboard.append_only();
CREATE TRIGGER postings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON paceboard.postings
    FOR EACH STATEMENT EXECUTE FUNCTION paceboard.append_only();

CREATE TABLE paceboard.prizes (
    competition_id text COLLATE "C" NOT NULL,
    number         bigint NOT NULL CHECK (number > 0),
    user_id        text COLLATE "C" NOT NULL,
    rank           bigint NOT NULL CHECK (rank > 0),
    amount_minor   bigint NOT NULL CHECK (amount_minor > 0),
    currency       text NOT NULL,
    status         text NOT NULL CHECK (status IN ('pending', 'distributed', 'failed')),
    created_at     timestamptz NOT NULL,
    distributed_at timestamptz CHECK ((distributed_at IS NOT NULL) = (status = 'distributed')),
    reason         text NOT NULL,
    PRIMARY KEY (competition_id, number)
);
CREATE INDEX prizes_user ON paceboard.prizes (user_id, created_at);
CREATE INDEX prizes_pending ON paceboard.prizes (competition_id, number) WHERE status = 'pending';
COMMENT ON TABLE paceboard.prizes IS
    'Each winner''s prize. A pending one waits in the wallet until the payment provider''s word is reported; the id that clients see is <competition_id>.<number>.';
COMMENT ON COLUMN paceboard.prizes.number IS 'the participant''s, see identities';
COMMENT ON COLUMN paceboard.prizes.reason IS 'why it failed';

CREATE TABLE paceboard.handovers (
    competition_id text COLLATE "C" NOT NULL,
    number         bigint NOT NULL,
    status         text NOT NULL CHECK (status IN ('waiting', 'delivered', 'dead')),
    attempts       integer NOT NULL CHECK (attempts >= 0),
    next_at        timestamptz NOT NULL,
    error          text NOT NULL,
    PRIMARY KEY (competition_id, number)
);
CREATE INDEX handovers_dead ON paceboard.handovers (competition_id, number) WHERE status = 'dead';
COMMENT ON TABLE paceboard.handovers IS
    'How far telling the payment provider of each pending prize is. A prize without a row was not tried; without a pending prize a row says nothing.';

-- 1/100, 1/1000… by currency is the reader's to know: the amounts are minor units.
CREATE VIEW paceboard.ledger AS
    SELECT p.competition_id || '.' || p.seq || CASE WHEN p.n > 0 THEN '.' || p.n ELSE '' END AS transaction_id,
           t.at, t.type, p.account, p.amount_minor, t.currency, p.user_id, p.competition_id, p.seq, p.n
    FROM paceboard.postings p
    JOIN paceboard.transactions t USING (competition_id, seq, n);
COMMENT ON VIEW paceboard.ledger IS 'Each posting with its transaction.';

CREATE VIEW paceboard.balances AS
    SELECT account, currency, sum(amount_minor) AS amount_minor
    FROM paceboard.ledger GROUP BY account, currency;
COMMENT ON VIEW paceboard.balances IS 'What each account holds. All of a currency add up to 0.';

ALTER TABLE paceboard.participants ADD COLUMN paid_minor bigint NOT NULL DEFAULT 0 CHECK (paid_minor >= 0);
COMMENT ON COLUMN paceboard.participants.paid_minor IS 'paid in and not refunded, in minor units';

CREATE OR REPLACE VIEW paceboard.events AS
    SELECT competition_id, seq, at,
           coalesce((ARRAY['sync_accepted', 'competition_created', 'competition_edited', 'status_changed', 'participant_enrolled',
                           'participant_renamed', 'participant_left', 'participant_returned', 'entry_fee_paid', 'entry_fee_refunded',
                           'prizes_distributed', 'prize_confirmed', 'prize_failed'])[get_byte(record, 41)],
                    'kind ' || get_byte(record, 41)) AS kind,
           length(record) AS bytes
    FROM paceboard.journal;

-- +goose Down
-- Loses: the ledger, that is every entry fee, refund and prize, and what the payment provider was told; nothing fills it again.
CREATE OR REPLACE VIEW paceboard.events AS
    SELECT competition_id, seq, at,
           coalesce((ARRAY['sync_accepted', 'competition_created', 'competition_edited', 'status_changed', 'participant_enrolled',
                           'participant_renamed', 'participant_left', 'participant_returned'])[get_byte(record, 41)],
                    'kind ' || get_byte(record, 41)) AS kind,
           length(record) AS bytes
    FROM paceboard.journal;
ALTER TABLE paceboard.participants DROP COLUMN paid_minor;
DROP VIEW paceboard.balances, paceboard.ledger;
DROP TABLE paceboard.handovers, paceboard.prizes, paceboard.postings, paceboard.transactions;
DROP FUNCTION paceboard.append_only, paceboard.postings_balance;
