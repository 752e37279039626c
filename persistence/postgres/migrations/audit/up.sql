-- The audit log: a chain of entries, and beside it the rows of their subjects, which the entries only commit to. The rows of
-- the table before are moved over by the program, see migrate_audit.go.

ALTER TABLE paceboard.audit RENAME TO audit_untyped;

CREATE TABLE paceboard.audit_entries (
    seq         bigint PRIMARY KEY CHECK (seq > 0),
    entry_id    text COLLATE "C" NOT NULL,
    at          timestamptz NOT NULL,
    action      text NOT NULL,
    route       text NOT NULL,
    places      text[] NOT NULL,
    status      integer NOT NULL,
    request_id  text NOT NULL,
    erased      bytea,
    commitments bytea NOT NULL CHECK (length(commitments) = 32 * (1 + cardinality(places))),
    prev_hash   bytea NOT NULL CHECK (length(prev_hash) = 32)
);
COMMENT ON TABLE paceboard.audit_entries IS
    'What operators did. Rows are only ever added, and removed from the beginning once they are older than AUDIT_RETENTION; `paceboard audit` verifies their chain. The view audit shows them to people.';
COMMENT ON COLUMN paceboard.audit_entries.places IS 'the parameters and fields that name the targets, subjects 1, 2, …';
COMMENT ON COLUMN paceboard.audit_entries.status IS 'HTTP status of the answer; 0 for the log''s own entries';
COMMENT ON COLUMN paceboard.audit_entries.erased IS 'packed, in the log''s own entries: which subjects name a pseudonym since';
COMMENT ON COLUMN paceboard.audit_entries.commitments IS 'HMAC-SHA-256 of each subject under its key, one after another';
COMMENT ON COLUMN paceboard.audit_entries.prev_hash IS 'SHA-256 of the entry before';
CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR TRUNCATE ON paceboard.audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION paceboard.append_only();

CREATE TABLE paceboard.audit_subjects (
    seq  bigint NOT NULL,
    n    integer NOT NULL CHECK (n >= 0),
    kind text NOT NULL,
    id   text COLLATE "C" NOT NULL,
    key  bytea NOT NULL CHECK (length(key) = 32),
    PRIMARY KEY (seq, n)
);
CREATE INDEX audit_subjects_user ON paceboard.audit_subjects (id, seq) WHERE kind = 'user';
COMMENT ON TABLE paceboard.audit_subjects IS 'Who did what an entry of the audit log says (n = 0), and to whom or what. Users who were erased have a pseudonym, erased-….';

CREATE FUNCTION paceboard.only_erased_subjects() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.seq, NEW.n, NEW.kind) IS DISTINCT FROM (OLD.seq, OLD.n, OLD.kind)
        OR OLD.kind <> 'user'
        OR NEW.id !~ '^erased-[0-9a-f]{32}$' THEN
        RAISE EXCEPTION 'rows of paceboard.% are only ever added', TG_TABLE_NAME USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER audit_subjects_only_erased BEFORE UPDATE ON paceboard.audit_subjects
    FOR EACH ROW EXECUTE FUNCTION paceboard.only_erased_subjects();

CREATE TABLE paceboard.audit_head (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    first_seq   bigint NOT NULL,
    anchor_hash bytea NOT NULL CHECK (length(anchor_hash) = 32),
    last_seq    bigint NOT NULL CHECK (last_seq >= first_seq - 1),
    last_hash   bytea NOT NULL CHECK (length(last_hash) = 32)
) WITH (fillfactor = 40);
COMMENT ON TABLE paceboard.audit_head IS 'Where the audit log begins and ends. Whoever appends locks the row.';
COMMENT ON COLUMN paceboard.audit_head.anchor_hash IS 'SHA-256 of the entry before the first, which was removed';

CREATE VIEW paceboard.audit AS
    SELECT e.seq, e.entry_id, e.at, a.kind AS actor_kind, a.id AS actor, e.action, e.route,
           (SELECT array_agg(t.kind || ' ' || t.id ORDER BY t.n) FROM paceboard.audit_subjects t WHERE t.seq = e.seq AND t.n > 0) AS targets,
           e.status, e.request_id
    FROM paceboard.audit_entries e
    JOIN paceboard.audit_subjects a ON a.seq = e.seq AND a.n = 0;
COMMENT ON VIEW paceboard.audit IS 'What operators did, in words.';

ALTER TABLE paceboard.api_keys ADD COLUMN created_by_kind text NOT NULL DEFAULT 'user';
UPDATE paceboard.api_keys SET created_by_kind = 'role' WHERE created_by = 'service_role';
ALTER TABLE paceboard.api_keys ALTER COLUMN created_by_kind DROP DEFAULT;
COMMENT ON COLUMN paceboard.api_keys.created_by_kind IS 'user or role';
COMMENT ON COLUMN paceboard.api_keys.scopes IS 'added up: 1 read, 2 sync, 4 manage, 8 prizes, 16 people, 32 payouts';
