-- The entries go back into the table that older versions know, without their chain.
-- Loses: the hash chain of the audit log, and whether its actors are users, keys or roles; the entries stay.

DROP VIEW paceboard.audit;
CREATE TABLE paceboard.audit (
    entry_id   text COLLATE "C" PRIMARY KEY,
    at         timestamptz NOT NULL,
    actor      text COLLATE "C" NOT NULL,
    action     text NOT NULL,
    target     text NOT NULL,
    status     smallint NOT NULL,
    request_id text NOT NULL
);
COMMENT ON TABLE paceboard.audit IS 'What operators did; rows are only ever added, and name a pseudonym instead of somebody erased.';
COMMENT ON COLUMN paceboard.audit.status IS 'HTTP status of the answer';
ALTER TABLE paceboard.api_keys DROP COLUMN created_by_kind;
