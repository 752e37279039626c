
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE SCHEMA paceboard;

CREATE FUNCTION paceboard.append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'rows of paceboard.% are only ever added', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END
$$;

CREATE FUNCTION paceboard.only_pseudonyms() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
BEGIN
    IF (NEW.competition_id, NEW.seq, NEW.n, NEW.amount_minor) IS DISTINCT FROM (OLD.competition_id, OLD.seq, OLD.n, OLD.amount_minor)
        OR OLD.user_id IS NULL
        OR split_part(NEW.account, '/', 1) <> split_part(OLD.account, '/', 1)
        OR NEW.account !~ '/erased-[0-9a-f]{32}$' THEN
        RAISE EXCEPTION 'rows of paceboard.% are only ever added', TG_TABLE_NAME USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$_$;

CREATE FUNCTION paceboard.postings_balance() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION paceboard.unpack_days(days bytea) RETURNS TABLE(day date, source integer, recorded_ns bigint, steps bigint, distance_cm bigint, energy_centikcal bigint, active_minutes bigint)
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
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

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE paceboard.api_keys (
    key_id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    hash bytea NOT NULL,
    scopes smallint NOT NULL,
    created_by text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT api_keys_hash_check CHECK ((length(hash) = 32))
);

CREATE TABLE paceboard.audit (
    entry_id text NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone NOT NULL,
    actor text NOT NULL COLLATE pg_catalog."C",
    action text NOT NULL,
    target text NOT NULL,
    status smallint NOT NULL,
    request_id text NOT NULL
);

CREATE TABLE paceboard.postings (
    competition_id text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL,
    n bigint NOT NULL,
    account text NOT NULL COLLATE pg_catalog."C",
    amount_minor bigint NOT NULL,
    user_id text GENERATED ALWAYS AS (
CASE
    WHEN ((account ~~ 'wallet/%'::text) OR (account ~~ 'outside/%'::text)) THEN substr(account, (strpos(account, '/'::text) + 1))
    ELSE NULL::text
END) STORED COLLATE pg_catalog."C",
    CONSTRAINT postings_account_check CHECK ((account ~ '^(pool|wallet|outside|sponsor)/.'::text)),
    CONSTRAINT postings_amount_minor_check CHECK ((amount_minor <> 0))
);

CREATE TABLE paceboard.transactions (
    competition_id text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL,
    n bigint NOT NULL,
    type text NOT NULL,
    currency text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT transactions_n_check CHECK ((n >= 0)),
    CONSTRAINT transactions_seq_check CHECK ((seq > 0)),
    CONSTRAINT transactions_type_check CHECK ((type = ANY (ARRAY['entry_fee'::text, 'refund'::text, 'sponsor'::text, 'prize'::text, 'payout'::text])))
);

CREATE VIEW paceboard.ledger AS
 SELECT (((p.competition_id || '.'::text) || p.seq) ||
        CASE
            WHEN (p.n > 0) THEN ('.'::text || p.n)
            ELSE ''::text
        END) AS transaction_id,
    t.at,
    t.type,
    p.account,
    p.amount_minor,
    t.currency,
    p.user_id,
    p.competition_id,
    p.seq,
    p.n
   FROM (paceboard.postings p
     JOIN paceboard.transactions t USING (competition_id, seq, n));

CREATE VIEW paceboard.balances AS
 SELECT ledger.account,
    ledger.currency,
    sum(ledger.amount_minor) AS amount_minor
   FROM paceboard.ledger
  GROUP BY ledger.account, ledger.currency;

CREATE TABLE paceboard.identities (
    competition_id text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL,
    key bytea NOT NULL,
    user_id text NOT NULL COLLATE pg_catalog."C",
    user_name text NOT NULL
);

CREATE TABLE paceboard.participants (
    competition_id text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL,
    present boolean NOT NULL,
    score bigint NOT NULL,
    steps bigint NOT NULL,
    distance_cm bigint NOT NULL,
    energy_centikcal bigint NOT NULL,
    active_minutes bigint NOT NULL,
    reached bigint NOT NULL,
    updated_at timestamp with time zone,
    last_synced_at timestamp with time zone,
    days bytea NOT NULL,
    paid_minor bigint DEFAULT 0 NOT NULL,
    excluded boolean DEFAULT false NOT NULL,
    review bytea,
    reviewed jsonb,
    CONSTRAINT participants_check CHECK ((((review IS NULL) = (reviewed IS NULL)) AND ((review IS NOT NULL) OR (NOT excluded)))),
    CONSTRAINT participants_paid_minor_check CHECK ((paid_minor >= 0))
)
WITH (fillfactor='85');
ALTER TABLE ONLY paceboard.participants ALTER COLUMN days SET STORAGE EXTERNAL;

CREATE VIEW paceboard.board AS
 SELECT p.competition_id,
    i.user_id,
    i.user_name,
    p.score,
    p.steps,
    ((p.distance_cm)::numeric / 100.0) AS metres,
    ((p.energy_centikcal)::numeric / 100.0) AS kcal,
    p.active_minutes,
    p.reached,
    p.updated_at,
    p.last_synced_at,
    p.number
   FROM (paceboard.participants p
     JOIN paceboard.identities i USING (competition_id, number))
  WHERE (p.present AND (NOT p.excluded));

CREATE TABLE paceboard.competitions (
    competition_id text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL,
    participants integer NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    type text NOT NULL,
    start_at timestamp with time zone NOT NULL,
    end_at timestamp with time zone NOT NULL,
    entry_fee_minor bigint NOT NULL,
    prize_pool_minor bigint NOT NULL,
    currency text NOT NULL,
    time_zone text NOT NULL,
    enrollment text NOT NULL,
    visibility text NOT NULL,
    max_participants integer NOT NULL,
    late_sync_hours integer NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    packed bytea NOT NULL
);

CREATE VIEW paceboard.corrections AS
 SELECT p.competition_id,
    i.user_id,
    i.user_name,
    c.day,
    c.steps,
    ((c.distance_cm)::numeric / 100.0) AS metres,
    ((c.energy_centikcal)::numeric / 100.0) AS kcal,
    c.active_minutes,
    c.reason,
    p.number
   FROM ((paceboard.participants p
     JOIN paceboard.identities i USING (competition_id, number))
     CROSS JOIN LATERAL jsonb_to_recordset((p.reviewed -> 'corrections'::text)) c(day date, steps bigint, distance_cm bigint, energy_centikcal bigint, active_minutes bigint, reason text))
  WHERE (p.review IS NOT NULL);

CREATE TABLE paceboard.memberships (
    user_id text NOT NULL COLLATE pg_catalog."C",
    competition_id text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL,
    present boolean NOT NULL,
    creator boolean NOT NULL
);

CREATE TABLE paceboard.sources (
    competition_id text NOT NULL COLLATE pg_catalog."C",
    source integer NOT NULL,
    name text NOT NULL
);

CREATE VIEW paceboard.days AS
 SELECT m.user_id,
    p.competition_id,
    d.day,
    COALESCE(s.name, (d.source)::text) AS source,
    ('1970-01-01 00:00:00+00'::timestamp with time zone + (((d.recorded_ns / 1000))::double precision * '00:00:00.000001'::interval)) AS recorded_at,
    d.steps,
    ((d.distance_cm)::numeric / 100.0) AS metres,
    ((d.energy_centikcal)::numeric / 100.0) AS kcal,
    d.active_minutes,
    m.number
   FROM (((paceboard.memberships m
     JOIN paceboard.participants p USING (competition_id, number))
     CROSS JOIN LATERAL paceboard.unpack_days(p.days) d(day, source, recorded_ns, steps, distance_cm, energy_centikcal, active_minutes))
     LEFT JOIN paceboard.sources s ON (((s.competition_id = p.competition_id) AND (s.source = d.source))));

CREATE TABLE paceboard.journal (
    competition_id text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    record bytea NOT NULL
);

CREATE VIEW paceboard.events AS
 SELECT journal.competition_id,
    journal.seq,
    journal.at,
    COALESCE((ARRAY['sync_accepted'::text, 'competition_created'::text, 'competition_edited'::text, 'status_changed'::text, 'participant_enrolled'::text, 'participant_renamed'::text, 'participant_left'::text, 'participant_returned'::text, 'entry_fee_paid'::text, 'entry_fee_refunded'::text, 'prizes_distributed'::text, 'prize_confirmed'::text, 'prize_failed'::text, 'sync_flagged'::text, 'participant_excluded'::text, 'participant_restored'::text, 'day_corrected'::text, 'correction_withdrawn'::text, NULL::text, 'participant_erased'::text])[get_byte(journal.record, 41)], ('kind '::text || get_byte(journal.record, 41))) AS kind,
    length(journal.record) AS bytes
   FROM paceboard.journal;

CREATE VIEW paceboard.flags AS
 SELECT p.competition_id,
    i.user_id,
    i.user_name,
    f.seq,
    f.at,
    f.day,
    f.reason,
    f.found,
    f.usual,
    p.excluded,
    p.number
   FROM ((paceboard.participants p
     JOIN paceboard.identities i USING (competition_id, number))
     CROSS JOIN LATERAL jsonb_to_recordset((p.reviewed -> 'flags'::text)) f(seq bigint, at timestamp with time zone, day date, reason text, found jsonb, usual jsonb))
  WHERE (p.review IS NOT NULL);

CREATE TABLE paceboard.handovers (
    competition_id text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL,
    status text NOT NULL,
    attempts integer NOT NULL,
    next_at timestamp with time zone NOT NULL,
    error text NOT NULL,
    CONSTRAINT handovers_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT handovers_status_check CHECK ((status = ANY (ARRAY['waiting'::text, 'delivered'::text, 'dead'::text])))
);

CREATE TABLE paceboard.heads (
    competition_id text NOT NULL COLLATE pg_catalog."C",
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    last_hash bytea NOT NULL,
    CONSTRAINT heads_check CHECK ((last_seq >= first_seq)),
    CONSTRAINT heads_first_seq_check CHECK ((first_seq > 0))
)
WITH (fillfactor='40');

CREATE TABLE paceboard.snapshots (
    competition_id text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL,
    header bytea NOT NULL,
    saved_at timestamp with time zone NOT NULL
);

CREATE VIEW paceboard.lag AS
 SELECT h.competition_id,
    h.last_seq,
    COALESCE(s.seq, (0)::bigint) AS snapshot_seq,
    (h.last_seq - COALESCE(s.seq, (0)::bigint)) AS behind,
    s.saved_at
   FROM (paceboard.heads h
     LEFT JOIN paceboard.snapshots s USING (competition_id));

CREATE TABLE paceboard.lifetime (
    user_id text NOT NULL COLLATE pg_catalog."C",
    month date NOT NULL,
    synced_at timestamp with time zone,
    sources text[] NOT NULL,
    days bytea NOT NULL,
    CONSTRAINT lifetime_month_check CHECK ((EXTRACT(day FROM month) = (1)::numeric))
)
WITH (fillfactor='85');
ALTER TABLE ONLY paceboard.lifetime ALTER COLUMN days SET STORAGE EXTERNAL;

CREATE TABLE paceboard.lifetime_checkpoints (
    competition_id text NOT NULL COLLATE pg_catalog."C",
    seq bigint NOT NULL,
    projected_at timestamp with time zone NOT NULL
);

CREATE VIEW paceboard.lifetime_days AS
 SELECT l.user_id,
    d.day,
    l.sources[(d.source + 1)] AS source,
    ('1970-01-01 00:00:00+00'::timestamp with time zone + (((d.recorded_ns / 1000))::double precision * '00:00:00.000001'::interval)) AS recorded_at,
    d.steps,
    ((d.distance_cm)::numeric / 100.0) AS metres,
    ((d.energy_centikcal)::numeric / 100.0) AS kcal,
    d.active_minutes
   FROM (paceboard.lifetime l
     CROSS JOIN LATERAL paceboard.unpack_days(l.days) d(day, source, recorded_ns, steps, distance_cm, energy_centikcal, active_minutes));

CREATE VIEW paceboard.lifetime_lag AS
 SELECT s.competition_id,
    s.seq AS snapshot_seq,
    COALESCE(c.seq, (0)::bigint) AS checkpoint,
    (s.seq - COALESCE(c.seq, (0)::bigint)) AS behind,
    c.projected_at
   FROM (paceboard.snapshots s
     LEFT JOIN paceboard.lifetime_checkpoints c USING (competition_id));

CREATE TABLE paceboard.migrations (
    id integer NOT NULL,
    version_id bigint NOT NULL,
    is_applied boolean NOT NULL,
    tstamp timestamp without time zone DEFAULT now() NOT NULL
);

ALTER TABLE paceboard.migrations ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME paceboard.migrations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE paceboard.prizes (
    competition_id text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL,
    user_id text NOT NULL COLLATE pg_catalog."C",
    rank bigint NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    status text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    distributed_at timestamp with time zone,
    reason text NOT NULL,
    CONSTRAINT prizes_amount_minor_check CHECK ((amount_minor > 0)),
    CONSTRAINT prizes_check CHECK (((distributed_at IS NOT NULL) = (status = 'distributed'::text))),
    CONSTRAINT prizes_number_check CHECK ((number > 0)),
    CONSTRAINT prizes_rank_check CHECK ((rank > 0)),
    CONSTRAINT prizes_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'distributed'::text, 'failed'::text])))
);

CREATE VIEW paceboard.reviews AS
 SELECT p.competition_id,
    i.user_id,
    i.user_name,
    p.excluded,
    (p.reviewed ->> 'reason'::text) AS reason,
    jsonb_array_length((p.reviewed -> 'corrections'::text)) AS corrections,
    jsonb_array_length((p.reviewed -> 'flags'::text)) AS flags,
    p.score,
    p.present,
    p.number
   FROM (paceboard.participants p
     JOIN paceboard.identities i USING (competition_id, number))
  WHERE (p.review IS NOT NULL);

INSERT INTO paceboard.audit VALUES ('01a2180c-df42-7e2d-a5a2-e948578b72f1', '2026-11-26 13:30:26.498+00', 'admin', 'excludeParticipant', '/api/v1/competitions/window/participants/~tilde/exclude', 200, '6XMFZDHKUZ-118');
INSERT INTO paceboard.audit VALUES ('01a2180c-df55-7dab-a282-2c914dff7651', '2026-11-26 13:30:26.517+00', 'admin', 'createCompetition', '/api/v1/competitions', 201, '6XMFZDHKUZ-119');
INSERT INTO paceboard.audit VALUES ('01a2180d-2bcb-70bd-bdfa-923c9b59de71', '2026-11-26 13:30:46.091+00', 'admin', 'distributePrizes', '/api/v1/prizes/distribute/paid', 200, '6XMFZDHKUZ-189');
INSERT INTO paceboard.audit VALUES ('01a2180d-2bea-734c-aac2-e38fb9ed7091', '2026-11-26 13:30:46.122+00', 'admin', 'failPrize', '/api/v1/prizes/paid.4/fail', 200, '6XMFZDHKUZ-190');
INSERT INTO paceboard.audit VALUES ('01a2180d-2bfc-7a68-af35-1b4b39adc98f', '2026-11-26 13:30:46.14+00', 'admin', 'failPrize', '/api/v1/prizes/paid.3/fail', 200, '6XMFZDHKUZ-191');
INSERT INTO paceboard.audit VALUES ('01a2180d-2c71-73c5-b5dc-c3618b480e70', '2026-11-26 13:30:46.257+00', 'admin', 'confirmPrize', '/api/v1/prizes/paid.2/confirm', 200, '6XMFZDHKUZ-192');

INSERT INTO paceboard.competitions VALUES ('rules', 'active', 0, 'rules', '', 'custom', '2026-01-01 00:00:00+00', '2030-01-01 00:00:00+00', 0, 0, 'USD', 'posixrules', 'invite', 'private', 0, 24, '2025-12-31', '2029-12-31', '\x0102000572756c65730572756c65730006637573746f6d035553440a706f73697872756c657306696e76697465077072697661746580a0d5edee6680d0adac9b6e0000d00f0000000030cabf02b4d602a08d0680dac40980897aa00b03c0a907e0d403a09c01');
INSERT INTO paceboard.competitions VALUES ('window', 'active', 7, '‮Spring​', '⁧back⁩', 'custom', '2015-01-01 00:00:00+00', '2035-01-01 00:00:00+00', 0, 0, 'USD', 'right/Europe/Berlin', 'open', 'public', 0, 24, '2015-01-01', '2035-01-01', '\x0102070677696e646f770ce280ae537072696e67e2808b0ae281a76261636be281a906637573746f6d035553441372696768742f4575726f70652f4265726c696e046f70656e067075626c696380c0d5acd45280b08fe6b2770000d00f0000000030e88002faf202a08d0680dac40980897aa00b03c0a907e0d403a09c01');
INSERT INTO paceboard.competitions VALUES ('paid', 'settled', 4, 'paid', '', 'custom', '2026-01-01 00:00:00+00', '2026-11-26 13:30:46+00', 0, 1000, 'EUR', 'UTC', 'open', 'public', 0, 0, '2026-01-01', '2026-11-26', '\x010504047061696404706169640006637573746f6d0345555203555443046f70656e067075626c696380a0d5edee66e0ade980c36800d00fd00f0000000000ccbf02dec402a08d0680dac40980897aa00b03a08d06e0d403c0b802');
INSERT INTO paceboard.competitions VALUES ('blank', 'active', 8, ' 　 ', '', 'custom', '2026-01-01 00:00:00+00', '2030-01-01 00:00:00+00', 0, 0, 'USD', 'localtime', 'open', 'public', 0, 24, '2026-01-01', '2029-12-31', '\x01020805626c616e6b0520e38080200006637573746f6d03555344096c6f63616c74696d65046f70656e067075626c696380a0d5edee6680d0adac9b6e0000d00f0000000030ccbf02b4d602a08d0680dac40980897aa00b03c0a907e0d403a09c01');
INSERT INTO paceboard.competitions VALUES ('zone', 'active', 8, '​', '', 'custom', '2026-01-01 00:00:00+00', '2030-01-01 00:00:00+00', 0, 0, 'USD', 'posix/Asia/Tokyo', 'open', 'public', 0, 24, '2026-01-01', '2030-01-01', '\x010208047a6f6e6503e2808b0006637573746f6d0355534410706f7369782f417369612f546f6b796f046f70656e067075626c696380a0d5edee6680d0adac9b6e0000d00f0000000030ccbf02b6d602a08d0680dac40980897aa00b03c0a907e0d403a09c01');

INSERT INTO paceboard.handovers VALUES ('paid', 4, 'waiting', 1, '2026-11-26 13:30:46.857+00', 'no answer: dial tcp 127.0.0.1:1: connect: connection refused');
INSERT INTO paceboard.handovers VALUES ('paid', 3, 'waiting', 1, '2026-11-26 13:30:46.71+00', 'no answer: dial tcp 127.0.0.1:1: connect: connection refused');
INSERT INTO paceboard.handovers VALUES ('paid', 2, 'waiting', 1, '2026-11-26 13:30:47.019+00', 'no answer: dial tcp 127.0.0.1:1: connect: connection refused');

INSERT INTO paceboard.heads VALUES ('rules', 1, 2, '\x9f36bc26167fa2d450ec74042056c81f08a087833d2d0d154c079967bf6809c0');
INSERT INTO paceboard.heads VALUES ('blank', 10, 10, '\x39726734e4efaef5f18eed6e4e0d106071e8f8c5215aedd8d13380827bcb052e');
INSERT INTO paceboard.heads VALUES ('window', 99, 99, '\xb5f0b058ce3f5832f66d4708331382e27d2adf8aecbd7249988784be5982eeb9');
INSERT INTO paceboard.heads VALUES ('zone', 10, 10, '\x79b086051ac9d8e2b5fee928d72bb1abe453ab6b579541d1fa5c7348b883dd09');
INSERT INTO paceboard.heads VALUES ('paid', 16, 16, '\xc5916cf8b9626804665b3c0f2e31c57f9bddb18c5025d969753bb0adbef26cb5');

INSERT INTO paceboard.identities VALUES ('window', 0, '\x99155e47305ad4468aae49d410536d92bbb424d19434e180ad962c6c17a2866a', 'anon', '');
INSERT INTO paceboard.identities VALUES ('blank', 0, '\x210df05a256f3148020071d2abcf42c4d0f1a31b04e0a181af314d764b38b9b6', 'authenticated', '');
INSERT INTO paceboard.identities VALUES ('zone', 0, '\xaab2697183458c91e4998eebe23803f6ef958eeb45e82899d1d529b3ffd312b5', 'self', '');
INSERT INTO paceboard.identities VALUES ('rules', 0, '\x780370b6efbecc6b6edb72bd833c73418138e8c061ce59a0f060f697e4e1d753', 'operator', '');
INSERT INTO paceboard.identities VALUES ('window', 1, '\x5eb67acaf26b0d8265327702e80ccffbfc55a91b06c1aa7fc8821629efc137c2', 'anon', '‮evil‬');
INSERT INTO paceboard.identities VALUES ('window', 2, '\x20b0ea5528251c81174df88d8e157870f0dc8ff3bde43adc7d6d5ba4c7750e5f', 'authenticated', '  ');
INSERT INTO paceboard.identities VALUES ('window', 3, '\x6453cb6f4831745a2a5c553a98602b4c8f48889152485c0d8472c7cdda42ed8f', 'self', 'a​b');
INSERT INTO paceboard.identities VALUES ('window', 4, '\x5a6ca867da6bd7b138a8530fa1c28e71a6b0b647416feb2584aca56336052584', 'operator', '⁦x⁩');
INSERT INTO paceboard.identities VALUES ('window', 5, '\xd5dfb6589ac65cd5dde570e5b5435d6ed9bba154ed9c4c61dfc4248d2f414d0a', 'service_role', '﻿bom');
INSERT INTO paceboard.identities VALUES ('window', 6, '\xb1f1801fd1274029fc44ac547514ac309ddc4a2fa6f8f036e2b90952fc4963f2', 'key:1', '‍');
INSERT INTO paceboard.identities VALUES ('window', 7, '\x4fef533f5aaf67f8af19f127d35b7684875bbf246c0d71c044a9511158082856', 'pbk_1', 'a­b');
INSERT INTO paceboard.identities VALUES ('window', 8, '\x50e9e013139b90442d0aa69cd9bdafe1ac649a16137bde1955e3c593ac625ee7', '~tilde', '');
INSERT INTO paceboard.identities VALUES ('blank', 1, '\xa7ce5f81b2740c58018981d491f21146acc0008960a67568da68a5a172666e7b', 'anon', '‮evil‬');
INSERT INTO paceboard.identities VALUES ('blank', 2, '\x93afd028d8669dc5cc07af1673270b821f5f0174dda13df034a9ca270bf11e1a', 'authenticated', '  ');
INSERT INTO paceboard.identities VALUES ('blank', 3, '\x4f6dc64f4934bd063ef72e41c6b42978f12246cd20ed91eef12c787f32a1f67e', 'self', 'a​b');
INSERT INTO paceboard.identities VALUES ('blank', 4, '\x599259cbc4564adce48e839f57ae686863c0a46a69360f3d83f6c80fac5e9e52', 'operator', '⁦x⁩');
INSERT INTO paceboard.identities VALUES ('blank', 5, '\x65408b25938820b551243881e5d89cea16d08533bd6a4d4a9098bd10b9927221', 'service_role', '﻿bom');
INSERT INTO paceboard.identities VALUES ('blank', 6, '\xf5fedc62263dc021c8c6b463372bb52bad3c9baf7c3569c16e2f44f1b5f7d9c8', 'key:1', '‍');
INSERT INTO paceboard.identities VALUES ('blank', 7, '\xac30bc732ccf7a72046251281e51c161644107288eaf59499cbc12b6fc02c3d2', 'pbk_1', 'a­b');
INSERT INTO paceboard.identities VALUES ('blank', 8, '\x5906680ff35ffff0f4d4c897e1a52f3e4420323b1538d3831fcf7e102b09e928', '~tilde', '');
INSERT INTO paceboard.identities VALUES ('zone', 1, '\xe095e039cbc09edeeb782c695851383eea81ebed9c22c6ecca044ee50427fcac', 'anon', '‮evil‬');
INSERT INTO paceboard.identities VALUES ('zone', 2, '\xc24de2ebe7719a6549956667543eec346290240595c9d18ab95386fcdc3da2c8', 'authenticated', '  ');
INSERT INTO paceboard.identities VALUES ('zone', 3, '\xc7a50c59c00c6f84f805db5ac9aca87be81c303e3182c8873d2ff5dbef23ddfa', 'self', 'a​b');
INSERT INTO paceboard.identities VALUES ('zone', 4, '\x3069b121ff4d3692c77d0771190d6f55daa63169493b33abef35b0e4b501736b', 'operator', '⁦x⁩');
INSERT INTO paceboard.identities VALUES ('zone', 5, '\xfe7813119f07b38b85b85abf143ccc5d1ddd7e0d43b51d6739aeba3322f6aa46', 'service_role', '﻿bom');
INSERT INTO paceboard.identities VALUES ('zone', 6, '\xb073d4c05b7b37623e3bffd2349a5aee4d0287db2996ca648e355b6e585133cc', 'key:1', '‍');
INSERT INTO paceboard.identities VALUES ('zone', 7, '\xf2f2e7209e814b6b355cf181bf3c455d87248fa8cc4df7cba6267a811a005362', 'pbk_1', 'a­b');
INSERT INTO paceboard.identities VALUES ('zone', 8, '\x202515434a83a7862c6eefeccac5401e6b8fb99fd3010b2395442563170e90b6', '~tilde', '');
INSERT INTO paceboard.identities VALUES ('paid', 0, '\x442750d36baf45e98c2eb5e01300cd5203fabb269867fd17eb568be0acb2ec81', 'admin', '');
INSERT INTO paceboard.identities VALUES ('paid', 1, '\xe84e1f32029db7de6f718c6e005fad97ebed728f31c07b38953654fc374ae940', 'service_role', '');
INSERT INTO paceboard.identities VALUES ('paid', 2, '\xdeee2b5f8ef9fc924d71674b14c4d2c2906e7a127f4e53dca44f57593adc9544', 'key:1', '');
INSERT INTO paceboard.identities VALUES ('paid', 3, '\xbbcf4f5b4d13acc38e97d843b19d69abd8f42a60d1993f47dfcc7b02e40c7fa9', 'pbk_1', '');
INSERT INTO paceboard.identities VALUES ('paid', 4, '\xd609b678c09e07322448df38444fa6e2847163bc9ebf9f88200082e79da7b60c', '~tilde', '');

INSERT INTO paceboard.journal VALUES ('window', 1, '2026-11-26 13:30:24.946+00', '\xc40000005c2d39400181a824058da867115077f3d7512b79391dc40e0cf9fe7adc4181587da35b46d20201e4e4e680c368926ba6973b8b8826a7542dce3e346a1f57483b91ba649dbbc86f4589cec2e8060677696e646f770ce280ae537072696e67e2808b0ae281a76261636be281a906637573746f6d035553441372696768742f4575726f70652f4265726c696e046f70656e067075626c696380c0d5acd45280b08fe6b2770000d00f0000000030e88002faf202a08d0680dac40980897aa00b03c0a907e0d403a09c01');
INSERT INTO paceboard.journal VALUES ('window', 2, '2026-11-26 13:30:24.946+00', '\x2a000000dec28d2801093531643c84ed0e62e1bc2ed5d8c6f39e683cf5e20ff66e6622130c9478cc760402e4e4e680c36802');
INSERT INTO paceboard.journal VALUES ('blank', 1, '2026-11-26 13:30:25.001+00', '\xa8000000205c63ae015014f24523f8619267fb5b2f726f220794c3fb6b33f5ada8b9ef1463ff5bd7750201d2e5e680c368bbef788f1c9d13e2e8ed8c455053900f432bad1773e7fa6bac87f0952738193005626c616e6b0520e38080200006637573746f6d03555344096c6f63616c74696d65046f70656e067075626c696380a0d5edee6680d0adac9b6e0000d00f0000000030ccbf02b4d602a08d0680dac40980897aa00b03c0a907e0d403a09c01');
INSERT INTO paceboard.journal VALUES ('blank', 2, '2026-11-26 13:30:25.001+00', '\x2a000000c3d9adc90137b2fdb27fa971918bf3708f4244b32d75213bf21d1ac16dae481f4abeffd34c0402d2e5e680c36802');
INSERT INTO paceboard.journal VALUES ('zone', 1, '2026-11-26 13:30:25.034+00', '\xac000000f6f410c701c8dfc651dccd4cc96c101bf45a46c84528c1dd481747024ccb45206321e570f2020194e6e680c36846a1cc45312025f73f794ccdfd08c3f4575fbf75e29740c45b37cf3175edc14f047a6f6e6503e2808b0006637573746f6d0355534410706f7369782f417369612f546f6b796f046f70656e067075626c696380a0d5edee6680d0adac9b6e0000d00f0000000030ccbf02b6d602a08d0680dac40980897aa00b03c0a907e0d403a09c01');
INSERT INTO paceboard.journal VALUES ('zone', 2, '2026-11-26 13:30:25.034+00', '\x2a000000427672db01c24a899c3ea0a6af6cb1c2fffc755c077002dfa143f50fd9b34d5365547d2b3b040294e6e680c36802');
INSERT INTO paceboard.journal VALUES ('rules', 1, '2026-11-26 13:30:25.065+00', '\xac0000002629333b0170632002acb651219ed77e9de0ff98d12676d3069da4b584c4b7db3196f2d9d40201d2e6e680c3684d841d0c262ea61337d60e1a4cfcc326fed3c374fe8b5d91c78762ff58eda61b0572756c65730572756c65730006637573746f6d035553440a706f73697872756c657306696e76697465077072697661746580a0d5edee6680d0adac9b6e0000d00f0000000030cabf02b4d602a08d0680dac40980897aa00b03c0a907e0d403a09c01');
INSERT INTO paceboard.journal VALUES ('rules', 2, '2026-11-26 13:30:25.065+00', '\x2a0000009ef342cf018fbbf56ab6726c3ec3ff214bab9fd037d18b3dbf36247692a83a402a2e498e890402d2e6e680c36802');
INSERT INTO paceboard.journal VALUES ('window', 3, '2026-11-26 13:30:25.082+00', '\x4a000000466ce4310134a29e3b81ee064f38d1c627cb3ec10c81e4477b0e1c5e257698077b6f2a0f8f0503f4e6e680c368019ad741d2724f8e2ac2050841590eb6d7fe4b90079ed8ca795187019319b1357e');
INSERT INTO paceboard.journal VALUES ('window', 4, '2026-11-26 13:30:25.128+00', '\x4a0000000adefc2601e5f2e6e72d52d775173a2c38c50b319f9d2b929295bc655c71f6bbe70ff432a50504d0e7e680c36802b9870feccfed227db6ed3b175f6aa59c69ae2652f6ecdc462d9e50c85c720ac1');
INSERT INTO paceboard.journal VALUES ('window', 5, '2026-11-26 13:30:25.146+00', '\x4a0000003877e1e7012d1d11ad0b9a577256b0c688132038b5cb0c776be21f7a5abbb077f24ae522a60505f4e7e680c3680318ce93f6471a8de3ebe6f051a07b2fc0e850c5407751d1e57df2a1740ddfc532');
INSERT INTO paceboard.journal VALUES ('window', 6, '2026-11-26 13:30:25.162+00', '\x4a000000feb503ec0153ca2d5ab7c85ea63eeb5d4f4d45a6816e6bc2dc5474c010431f6df70ed0b728050694e8e680c368044d75aead6b9b91cf46f8cd142279ad9202a82d2ac2b6ad865ab2de4c125d71af');
INSERT INTO paceboard.journal VALUES ('window', 7, '2026-11-26 13:30:25.192+00', '\x4a000000174c46c701f896ba69868eec7cf95268c9653a23d9ed2838397b0b0b1c8839dbc031cfaf9a0507d0e8e680c36805b853c0d25afd0fa1c305a01cf7e40ab002f63be6eaee1b814e1b23543ad85aa3');
INSERT INTO paceboard.journal VALUES ('window', 8, '2026-11-26 13:30:25.219+00', '\x4a00000097b0d9b7013e0ae8ad868fd638008d08f435a7765b1cca0bfffd6b9362b51893308de55e01050886e9e680c3680621e868e702a5b345615c80cb1d44d95a97f93607b98a918992fe9194c645da56');
INSERT INTO paceboard.journal VALUES ('window', 9, '2026-11-26 13:30:25.233+00', '\x4a00000000049cb20171adfbbfb0d43b1bf0ef0f1de85756d53db7a3c0c27b2b1420b4d846975842490509a2e9e680c36807ab307dcae8ef97c3f4f62fd8d2d6bf693b6cc5999df8352c9eac1c257b961fff');
INSERT INTO paceboard.journal VALUES ('window', 10, '2026-11-26 13:30:25.242+00', '\x4a0000009de6e2710133c7d01284c7c62afd46af71bce645ea12e9879fbdb614d662807b7563f61164050ab4e9e680c36808c27ed54472737d1cf40d63f5a67a096dc4b595524441dc7b508809609f17eb83');
INSERT INTO paceboard.journal VALUES ('blank', 3, '2026-11-26 13:30:25.271+00', '\x4a0000000b88863c01e9629d3c4abb8fcfbb13948b98b9df8f5d0c9de0145cd4f8c2df1f374185ad880503eee9e680c368011ba36bb8a86c646960f2d932d6098acd92d1ba378ec525faf9afb2dc12c22b2d');
INSERT INTO paceboard.journal VALUES ('blank', 4, '2026-11-26 13:30:25.289+00', '\x4a00000013ff686701b935a88b91235e4dacec1961a51d0ae1443ee57f3bdd5cc500fcda75e0dd0c1e050492eae680c36802cae26e051a721ea6bd842d547a4f2064752c754504579759f18a5047b660e14c');
INSERT INTO paceboard.journal VALUES ('blank', 5, '2026-11-26 13:30:25.31+00', '\x4a00000074fa0d0801395549f2b88fc75047f28586d133dd89ce6b9cc3dcff35a6fe7b41a5545766cd0505bceae680c36803df699d178b63ce05e1689111c60d2deaf8bcfbc8a4fc52191abeaf58cc2aa54b');
INSERT INTO paceboard.journal VALUES ('blank', 6, '2026-11-26 13:30:25.333+00', '\x4a000000b00ea27a01fe779f75c4c16848314cf525c6d1e15ce70e8650e96f239eab688ea802efaa460506eaeae680c368046c459530ba91965cd60b1ba5189cc552e570011bc78d6293d48c4eb2b8386f6d');
INSERT INTO paceboard.journal VALUES ('blank', 7, '2026-11-26 13:30:25.424+00', '\x4a000000f78a7843013da0c8697a9a40528915f5fb7996db9729fd7bd50bc8f2c2c99be0e45e1e03e40507a0ece680c36805ee93446bac197ed7efa0bdda612b61e63f08891145e9946f3d7fa8c0e6aab6cc');
INSERT INTO paceboard.journal VALUES ('blank', 8, '2026-11-26 13:30:25.431+00', '\x4a00000073f4c1d70158911ba23593a1ca40b8b8a961a37769ae16b9d9b42d04c99af22a2afd0ba3030508aeece680c3680630dda9a5079e1889168ecc015752976ac50fce9b388beb360e1e63c4f7bcce66');
INSERT INTO paceboard.journal VALUES ('blank', 9, '2026-11-26 13:30:25.48+00', '\x4a00000056ab24ab01100bc3fda334d72ce3f43ec781f8639133e1e15e4e75e5912ace7d6c71956d5b050990ede680c36807b14d35173c608429655e177e92d73985db18b05fa7b061a45c27d5f04dbb4361');
INSERT INTO paceboard.journal VALUES ('blank', 10, '2026-11-26 13:30:25.49+00', '\x4a0000009bd2856501ede9de82c13032ee87476f248b6692daca58ffd4e553043591152379959ab37f050aa4ede680c368081da6faf5c3a62bc333135a4be007c0b8c5b08180000c08e0d01a761371bd27f1');
INSERT INTO paceboard.journal VALUES ('zone', 3, '2026-11-26 13:30:25.519+00', '\x4a0000000b4f1a220170da08d16c8c7eb50bde694773e93b8532adb3de27f9411753894ed00efd67a20503deede680c36801e18e4e61142801cbd80e4502fe6db08a97c302de935ebf419305953d58c8ea45');
INSERT INTO paceboard.journal VALUES ('zone', 4, '2026-11-26 13:30:25.55+00', '\x4a000000bd8005450184ce90ae2cc39ed7630878e449e7fff5a0715c4e6ccf5fed9d2d726334a459ad05049ceee680c368029bd9d81e43e6d4cab9ef550e2af5272525429c7f97046e765620bbf0d02793bf');
INSERT INTO paceboard.journal VALUES ('zone', 5, '2026-11-26 13:30:25.568+00', '\x4a000000033fdeb801d72deed6380fe825c08e1964443f53b676554ccd3173954ee2b4765f7612fcbf0505c0eee680c368035da1079ec3efd976657d87bdd9af2fdfc607ae34b380461b33ae7c452b5b43e0');
INSERT INTO paceboard.journal VALUES ('zone', 6, '2026-11-26 13:30:25.578+00', '\x4a00000044f4361e01cd0a30945da8a279c95a4c3962c06c1a18654a98cbf8852ea8e3f1668f7719c70506d4eee680c368049e0f212fb5c71d8ac3032e35524ee7575a8c90ad063046a8fa8039a5c79861bf');
INSERT INTO paceboard.journal VALUES ('zone', 7, '2026-11-26 13:30:25.6+00', '\x4a000000b3ecf68b0163d484330bee6222c4378e98eb68f19ea3f0a8ca6df60d3be1d4eab6331597cd050780efe680c368052715e462e8000f178a71780cc6f8a0597929724d19918a043bf165755e01a64c');
INSERT INTO paceboard.journal VALUES ('zone', 8, '2026-11-26 13:30:25.62+00', '\x4a0000005c1ec24401609f03ed9a74eac6a302d86254d879f5d435260c62bfbc88e04e445845ff83f20508a8efe680c368064f64e5e2fcc6d7e24f134ff4c1685d0874b2b38de4338525af4b30d581c5f8f6');
INSERT INTO paceboard.journal VALUES ('zone', 9, '2026-11-26 13:30:25.641+00', '\x4a000000d764917e0176e7ab8c893e067356ed5c0b84fa4fafa84e4c6998fadaa962aff272a6502a1a0509d2efe680c36807252e37ea8956e1a417d2b6ecc6d5dd8b20dae0fe4524f9371586d78a3a1d62aa');
INSERT INTO paceboard.journal VALUES ('zone', 10, '2026-11-26 13:30:25.658+00', '\x4a0000008e850db60173f2acf4cfd07f294b3ee34df621b8f09abf36f0f12c611b348e2e3fe20aab01050af4efe680c3680859286041c6960b8a9f54015e06be4a150065e2158e5be1be26b48b547f1674c3');
INSERT INTO paceboard.journal VALUES ('window', 11, '2026-11-26 13:30:25.708+00', '\x3b0000006b6117aa017b17eeb41e5f25a1ffbec743a749b3eeb7222939564b794891160936547375c9010bd8f0e680c3680208a1a00100000000000773302d30e280ae');
INSERT INTO paceboard.journal VALUES ('window', 12, '2026-11-26 13:30:25.712+00', '\x3b000000e85dcd7d01e176208182dac1358660740243f8338f53764e3549b1d6f8f3a2cb5d4f41d759010ce0f0e680c3680208a1a00104010000000773302d31e280ae');
INSERT INTO paceboard.journal VALUES ('window', 13, '2026-11-26 13:30:25.715+00', '\x3b000000900aa1df0154809877eba0424f09973eff325c4417f4bdcda2c44519178286fe799e698012010de6f0e680c3680208a1a00108020000000773302d32e280ae');
INSERT INTO paceboard.journal VALUES ('window', 14, '2026-11-26 13:30:25.718+00', '\x3b0000003205d52f01abbf8ae66858b6317552723b23263202606360409abbe00983182b5c281a88ad010eecf0e680c3680208a1a0010c030000000773302d33e280ae');
INSERT INTO paceboard.journal VALUES ('window', 15, '2026-11-26 13:30:25.721+00', '\x3b000000be27579101f62e4fd628af61e7debce770134624eabd88ddb6e4df77172d64cae44c76914f010ff2f0e680c3680208a1a00110040000000773302d34e280ae');
INSERT INTO paceboard.journal VALUES ('window', 16, '2026-11-26 13:30:25.723+00', '\x3b00000081b80eae01fe08cfe5404b707a2f1cbbf8d88bb5d7cdf89ca4529559c712750f079eec66b50110f6f0e680c3680208a1a00114050000000773302d35e280ae');
INSERT INTO paceboard.journal VALUES ('window', 17, '2026-11-26 13:30:25.726+00', '\x3b000000940a7975019ad161cf7f3e3e5ff6b34c3568ce0e6953a3c3f7009d2934ac4d8bc44b79bd6e0111fcf0e680c3680208a1a00118060000000773302d36e280ae');
INSERT INTO paceboard.journal VALUES ('window', 18, '2026-11-26 13:30:25.732+00', '\x3b000000b6fd67f10166954b8fb567c3701390c44dda2591fb95e98f7a4972b273fd43fc150e97ab90011288f1e680c3680208a1a0011c070000000773302d37e280ae');
INSERT INTO paceboard.journal VALUES ('window', 19, '2026-11-26 13:30:25.737+00', '\x3b000000b5752eb301cfdedf5dfdf4540eb031ed0a13ed35908ff025cf0653604249c23a3dd44ac657011392f1e680c3680208a2a00120640000000773312d30e280ae');
INSERT INTO paceboard.journal VALUES ('window', 20, '2026-11-26 13:30:25.741+00', '\x3b0000007e28bc7a018698ad5624fb0433f0ccca371842866223c0feed82fade6e4022d1e3974374df01149af1e680c3680208a2a00124650000000773312d31e280ae');
INSERT INTO paceboard.journal VALUES ('window', 21, '2026-11-26 13:30:25.753+00', '\x3b000000823b3e7d018a6773579f781a90b79660741e71e558ed9ad5b488160d8644a403d24a549bbb0115b2f1e680c3680208a2a00128660000000773312d32e280ae');
INSERT INTO paceboard.journal VALUES ('window', 22, '2026-11-26 13:30:25.758+00', '\x3b000000767daaff01291a9ba11fecdf36950f4c4841b574c4165616b541c237a6b16785096572277a0116bcf1e680c3680208a2a0012c670000000773312d33e280ae');
INSERT INTO paceboard.journal VALUES ('window', 23, '2026-11-26 13:30:25.769+00', '\x3b000000ac33c3dd0188e2098241955aecf528352fc6c84e9bc5f22e6641f19d433f537f86087cb9b70117d2f1e680c3680208a2a00130680000000773312d34e280ae');
INSERT INTO paceboard.journal VALUES ('window', 24, '2026-11-26 13:30:25.792+00', '\x3b0000007b934dee01ea554b3eff33e2cb78515ab73ba91306a73695e1e263c3787c414ccca696f94d011880f2e680c3680208a2a00134690000000773312d35e280ae');
INSERT INTO paceboard.journal VALUES ('window', 25, '2026-11-26 13:30:25.799+00', '\x3b0000004aa6a50401500846f2dea45961ebc58dd32f0a15c13fc235d240337a837c1a4ddeddb9c6c701198ef2e680c3680208a2a001386a0000000773312d36e280ae');
INSERT INTO paceboard.journal VALUES ('window', 26, '2026-11-26 13:30:25.805+00', '\x3b00000045fc07a601892dab24c0d4a11c5e43bc006f8cbc96675a7d56c33988308155fad7436e5382011a9af2e680c3680208a2a0013c6b0000000773312d37e280ae');
INSERT INTO paceboard.journal VALUES ('window', 27, '2026-11-26 13:30:25.815+00', '\x3c0000009df7f01b01b2ffe47adea144ad36d5480157184d9bb09ad678173a0e961bd9d3acf721683e011baef2e680c3680209a3a00140c8010000000773322d30e280ae');
INSERT INTO paceboard.journal VALUES ('window', 28, '2026-11-26 13:30:25.821+00', '\x3c000000e811da770114cdca75967d6e3f23d76338e3615b26e4ec3cc7d7fc3f2b206d4376bdbd4aff011cbaf2e680c3680209a3a00144c9010000000773322d31e280ae');
INSERT INTO paceboard.journal VALUES ('window', 29, '2026-11-26 13:30:25.827+00', '\x3c000000bba4d99f01fb1f459c588553a0b85afc6e21da26b7bb9867e9875b5089018772745c3eaa03011dc6f2e680c3680209a3a00148ca010000000773322d32e280ae');
INSERT INTO paceboard.journal VALUES ('window', 30, '2026-11-26 13:30:25.833+00', '\x3c000000da18ed38014a5beb6b108ad280114f417f5f1b8a68d05e2cc6d9e345b3733d2af6731d8ea7011ed2f2e680c3680209a3a0014ccb010000000773322d33e280ae');
INSERT INTO paceboard.journal VALUES ('window', 31, '2026-11-26 13:30:25.839+00', '\x3c0000007a5cb2ab019b3a31643c51c83d6d6e1d23700e79d1dd6da55f5a32f2680e195dbc30ed8f40011fdef2e680c3680209a3a00150cc010000000773322d34e280ae');
INSERT INTO paceboard.journal VALUES ('window', 32, '2026-11-26 13:30:25.846+00', '\x3c000000f640df21010f69d8e6decdded3d8f60a70e2faea1b3ce5dc229c137fbff5ddd540fc48a8ab0120ecf2e680c3680209a3a00154cd010000000773322d35e280ae');
INSERT INTO paceboard.journal VALUES ('window', 33, '2026-11-26 13:30:25.853+00', '\x3c000000a49a5e0f01618142ffd8e156b1dd5a051562205d556024241af58de9845858c48a09bea5b60121faf2e680c3680209a3a00158ce010000000773322d36e280ae');
INSERT INTO paceboard.journal VALUES ('window', 34, '2026-11-26 13:30:25.859+00', '\x3c000000e174fbf3010b1ba66b6d1b2e5f934bf8c417fa094ddf14b9ecfa38b1ce005050818210d4c7012286f3e680c3680209a3a0015ccf010000000773322d37e280ae');
INSERT INTO paceboard.journal VALUES ('window', 35, '2026-11-26 13:30:25.865+00', '\x3c000000d260291501a4eb52792f651b27e95e967ebf3850f5367d974799abd1a49f95c5af67747b92012392f3e680c3680209a4a00160ac020000000773332d30e280ae');
INSERT INTO paceboard.journal VALUES ('window', 36, '2026-11-26 13:30:25.888+00', '\x3c0000001e17e2a901fde0978e2116f3db68f38a20ed82b75e791402e88669d10ff79db5eefba702510124c0f3e680c3680209a4a00164ad020000000773332d31e280ae');
INSERT INTO paceboard.journal VALUES ('window', 37, '2026-11-26 13:30:25.899+00', '\x3c00000075bfe4f101610d6191f903c5e992d1f04cbbe3474b2954c3f82543766064bf6a31d2c2c8390125d6f3e680c3680209a4a00168ae020000000773332d32e280ae');
INSERT INTO paceboard.journal VALUES ('window', 38, '2026-11-26 13:30:25.911+00', '\x3c0000003ed705ff01641fb93977e6f3707578de9157f0885f3324b0a848d51814313b74385340717b0126eef3e680c3680209a4a0016caf020000000773332d33e280ae');
INSERT INTO paceboard.journal VALUES ('window', 39, '2026-11-26 13:30:25.93+00', '\x3c000000f4178c1b01930299e1ec5e1baf7f7c06cb67d364a8ccb4fef115c02207719f5820f3b640ff012794f4e680c3680209a4a00170b0020000000773332d34e280ae');
INSERT INTO paceboard.journal VALUES ('window', 40, '2026-11-26 13:30:25.937+00', '\x3c0000005c8485d901d18e23069d383eb198f925a55d28946cd3915cbf2d1cae267806edc4b1a46a700128a2f4e680c3680209a4a00174b1020000000773332d35e280ae');
INSERT INTO paceboard.journal VALUES ('window', 41, '2026-11-26 13:30:25.952+00', '\x3c0000002fc1f86701101770a60e8224bcc20150bd5c2a304e9a20d6e0057c9d40296f3d442d9d9cea0129c0f4e680c3680209a4a00178b2020000000773332d36e280ae');
INSERT INTO paceboard.journal VALUES ('window', 42, '2026-11-26 13:30:25.96+00', '\x3c0000008fb9ed1301f8d35e19b604e87174b933bac4c1d105da9c8df0ba8bac6ef84271bc15b20c1b012ad0f4e680c3680209a4a0017cb3020000000773332d37e280ae');
INSERT INTO paceboard.journal VALUES ('window', 43, '2026-11-26 13:30:25.974+00', '\x3d000000762844780122adb68bc6408a094bbe2b6b3587aad481ac0c4fb95466503a83b31bc10147c1012becf4e680c368020aa5a001800190030000000773342d30e280ae');
INSERT INTO paceboard.journal VALUES ('window', 44, '2026-11-26 13:30:25.98+00', '\x3d000000302ff9ac0196b57e41691b6e5af35c2ce43d44149040bf8d8adbcee46b1a9dea9d4ffc6f86012cf8f4e680c368020aa5a001840191030000000773342d31e280ae');
INSERT INTO paceboard.journal VALUES ('window', 45, '2026-11-26 13:30:25.988+00', '\x3d0000009f77803701eebbd411a7a56ba0c11c489961e2cae8aa365e8b1b75f825d399d4add85f08e9012d88f5e680c368020aa5a001880192030000000773342d32e280ae');
INSERT INTO paceboard.journal VALUES ('window', 46, '2026-11-26 13:30:26.009+00', '\x3d0000000954bc5701b8434db83c486cce5c65f392d494db25191c8213c44c701eb60d8e51cce10b59012eb2f5e680c368020aa5a0018c0193030000000773342d33e280ae');
INSERT INTO paceboard.journal VALUES ('window', 47, '2026-11-26 13:30:26.014+00', '\x3d0000003af9d8e901b1e057894c310768dc9994aea69e8ddba42bb888e29d9ddb1901678f6df2c7e6012fbcf5e680c368020aa5a001900194030000000773342d34e280ae');
INSERT INTO paceboard.journal VALUES ('window', 48, '2026-11-26 13:30:26.024+00', '\x3d000000936f3b3b019771afb830774419fbf4082d2cafc9a231ce6d6710bd16be8f5e5764811731190130d0f5e680c368020aa5a001940195030000000773342d35e280ae');
INSERT INTO paceboard.journal VALUES ('window', 49, '2026-11-26 13:30:26.031+00', '\x3d00000065b1c0420193970ab916f591e1b9edaddd87c8ec4886c12ca006e5096dbae8b66d3af9d80b0131def5e680c368020aa5a001980196030000000773342d36e280ae');
INSERT INTO paceboard.journal VALUES ('window', 50, '2026-11-26 13:30:26.042+00', '\x3d000000a919d83e010cbf461eaa45ebf9754e9309e0b2b32bf2dfdc5558f37aa590727a6034100f1c0132f4f5e680c368020aa5a0019c0197030000000773342d37e280ae');
INSERT INTO paceboard.journal VALUES ('window', 51, '2026-11-26 13:30:26.053+00', '\x3d000000e88655d901f65b53b85c9ff0158df9489342c59b82963e883f1d120ff5175e4e89851afa4b01338af6e680c368020aa6a001a001f4030000000773352d30e280ae');
INSERT INTO paceboard.journal VALUES ('window', 52, '2026-11-26 13:30:26.067+00', '\x3d000000525d8243014d64c44121464665fb9c0c8a3b3c76c9bc0bf9436cbff8c705dff8456d4680630134a6f6e680c368020aa6a001a401f5030000000773352d31e280ae');
INSERT INTO paceboard.journal VALUES ('window', 53, '2026-11-26 13:30:26.079+00', '\x3d000000cf7509cc01599f291b7bb389bb7dafa36edd9fcc1d436572ec14b23684121fc4a1ae5d4b7e0135bef6e680c368020aa6a001a801f6030000000773352d32e280ae');
INSERT INTO paceboard.journal VALUES ('window', 54, '2026-11-26 13:30:26.109+00', '\x3d00000047990eb6010dc1f1813367802db667f6137ddda973e6e7cf7ccb4d903fdafd4a4cb48740170136faf6e680c368020aa6a001ac01f7030000000773352d33e280ae');
INSERT INTO paceboard.journal VALUES ('window', 55, '2026-11-26 13:30:26.131+00', '\x3d000000fca76dda011b85e1908614857545e488426487e030bbd78ebc4fba50bcf8cf4709e9c2baba0137a6f7e680c368020aa6a001b001f8030000000773352d34e280ae');
INSERT INTO paceboard.journal VALUES ('window', 56, '2026-11-26 13:30:26.154+00', '\x3d000000bdc813d401c10e9a4ed357d55190dfc4bab227cf866696619dae45da5e6e520d4fb64bc43c0138d4f7e680c368020aa6a001b401f9030000000773352d35e280ae');
INSERT INTO paceboard.journal VALUES ('window', 57, '2026-11-26 13:30:26.17+00', '\x3d000000aec80cca014ee4a22e60f01a7acdbdc9c88c2373e7e6279c8d79bf4c3ad0ceb91ca7ced8870139f4f7e680c368020aa6a001b801fa030000000773352d36e280ae');
INSERT INTO paceboard.journal VALUES ('window', 58, '2026-11-26 13:30:26.174+00', '\x3d00000079f5ba75019aa5557cf2a1d0ed4dc034c8b31de2ec23495e938a3d3baaad039931c553fe03013afcf7e680c368020aa6a001bc01fb030000000773352d37e280ae');
INSERT INTO paceboard.journal VALUES ('window', 59, '2026-11-26 13:30:26.184+00', '\x3d000000798f6ebe01a4ecbf8f6aaa344bb77db6f98c3ad622f3c0d553c3d50757daff95c6948660c3013b90f8e680c368020aa7a001c001d8040000000773362d30e280ae');
INSERT INTO paceboard.journal VALUES ('window', 60, '2026-11-26 13:30:26.196+00', '\x3d0000002999d3500126aa9a04d127720c3b84d80b2c677b822023bf072b1fff929c0b6c0a607abe5d013ca8f8e680c368020aa7a001c401d9040000000773362d31e280ae');
INSERT INTO paceboard.journal VALUES ('window', 61, '2026-11-26 13:30:26.212+00', '\x3d000000ca7b2ad1013fc55bd744b7a4c557d49a9a700f9300e128710be1ef84e2a212df5263aab8ac013dc8f8e680c368020aa7a001c801da040000000773362d32e280ae');
INSERT INTO paceboard.journal VALUES ('window', 62, '2026-11-26 13:30:26.218+00', '\x3d000000af2d77fe01a87af88eeb3c4d0e2c039de2b419a0f207c306e2f85e54703f3daab732ff7c23013ed4f8e680c368020aa7a001cc01db040000000773362d33e280ae');
INSERT INTO paceboard.journal VALUES ('window', 63, '2026-11-26 13:30:26.222+00', '\x3d000000d5e57ddf0172d4438be129567af666800bb03ed9bf72954450bb7fd8d82eb4d696408fa80c013fdcf8e680c368020aa7a001d001dc040000000773362d34e280ae');
INSERT INTO paceboard.journal VALUES ('window', 64, '2026-11-26 13:30:26.228+00', '\x3d000000bfb2523e01fe86e018979810b79724534b1b04f3d7bbeb4185812f8b9b361d3d50aba3a6d40140e8f8e680c368020aa7a001d401dd040000000773362d35e280ae');
INSERT INTO paceboard.journal VALUES ('window', 65, '2026-11-26 13:30:26.237+00', '\x3d0000000676d69501328b30bb26c249ae7a6b7d096a7742832198b2be5ddd215ec7d44c4060927c890141faf8e680c368020aa7a001d801de040000000773362d36e280ae');
INSERT INTO paceboard.journal VALUES ('window', 66, '2026-11-26 13:30:26.244+00', '\x3d00000003460d29010619730d6cfff74fe775014f3cf015e15e1c897f22dd37a608d5d873f64c0ce2014288f9e680c368020aa7a001dc01df040000000773362d37e280ae');
INSERT INTO paceboard.journal VALUES ('window', 67, '2026-11-26 13:30:26.253+00', '\x3d000000ce79bd990135e04e981e97b0c4a0e931b80d57eed22b059d450843b5f7713ac3b231356c9801439af9e680c368020aa8a001e001bc050000000773372d30e280ae');
INSERT INTO paceboard.journal VALUES ('window', 68, '2026-11-26 13:30:26.26+00', '\x3d000000cf38ebe301f0ab995ddc900bfa2bb93229115c3033081f8814f01b75388d4375b6ba8c59560144a8f9e680c368020aa8a001e401bd050000000773372d31e280ae');
INSERT INTO paceboard.journal VALUES ('window', 69, '2026-11-26 13:30:26.264+00', '\x3d0000008c10b0ce01cc3114a1e5c8962ec687b9d0b6be4b4d60ef9f113b494519a12901f38e1f292e0145b0f9e680c368020aa8a001e801be050000000773372d32e280ae');
INSERT INTO paceboard.journal VALUES ('window', 70, '2026-11-26 13:30:26.268+00', '\x3d000000d0d349c90132446843d725885501beb2d2da144a6f79dd292c509085179188c759655f69100146b8f9e680c368020aa8a001ec01bf050000000773372d33e280ae');
INSERT INTO paceboard.journal VALUES ('window', 71, '2026-11-26 13:30:26.271+00', '\x3d000000e218e7ce0153464acd8112c486bf5db01f6a2472d949ea5a022d6ea6e85d5c98396b7103700147bef9e680c368020aa8a001f001c0050000000773372d34e280ae');
INSERT INTO paceboard.journal VALUES ('window', 72, '2026-11-26 13:30:26.277+00', '\x3d000000ce4ad8ee0104cdea771db18feaa6db837b0f558c206e0952ba49cae851516fae6ef079952f0148caf9e680c368020aa8a001f401c1050000000773372d35e280ae');
INSERT INTO paceboard.journal VALUES ('window', 73, '2026-11-26 13:30:26.288+00', '\x3d0000005a66ab5801930af9bf320cb708906636d129d0e0c9ee3cdf60c99fe7ca5f6ec7ff8d893f560149e0f9e680c368020aa8a001f801c2050000000773372d36e280ae');
INSERT INTO paceboard.journal VALUES ('window', 74, '2026-11-26 13:30:26.295+00', '\x3d000000f66b8ef301ef531637690c504d73dde57694d8b41d8e7e7742a84e2cbf5163a2d41640f046014aeef9e680c368020aa8a001fc01c3050000000773372d37e280ae');
INSERT INTO paceboard.journal VALUES ('window', 75, '2026-11-26 13:30:26.304+00', '\x3d0000002640cd1a01031c30423165b1dff514f760b9889fc7c1c1a82a05e2d390849c818ec808e098014b80fae680c368020aa9a0018002a0060000000773382d30e280ae');
INSERT INTO paceboard.journal VALUES ('window', 76, '2026-11-26 13:30:26.312+00', '\x3d0000009e44b045013ab2bbf430bcbde4b301a416847f5c9eb77be67cb7f1769cab527551ae4e12cc014c90fae680c368020aa9a0018402a1060000000773382d31e280ae');
INSERT INTO paceboard.journal VALUES ('window', 77, '2026-11-26 13:30:26.316+00', '\x3d000000328ab5b30139ab1eafc84c736a9629457d64074bdc62bc2df8b2e0de16fd60e2262bfec44e014d98fae680c368020aa9a0018802a2060000000773382d32e280ae');
INSERT INTO paceboard.journal VALUES ('window', 78, '2026-11-26 13:30:26.325+00', '\x3d000000d1ac8ba10175f7f986d7accaff5201b291c7b6d3b7363467c641df2d4a07e5d38fc3a417dc014eaafae680c368020aa9a0018c02a3060000000773382d33e280ae');
INSERT INTO paceboard.journal VALUES ('window', 79, '2026-11-26 13:30:26.335+00', '\x3d0000006a9863a0015f643d33b77341e83df1a031b0feb266dc43d2243e131f45ca6c3361e4598ebb014fbefae680c368020aa9a0019002a4060000000773382d34e280ae');
INSERT INTO paceboard.journal VALUES ('window', 80, '2026-11-26 13:30:26.346+00', '\x3d00000074d18611017f7171beeb8ad1b51e91a4a3e4ae5536eb2d3321e03c1934a080e2497919a2460150d4fae680c368020aa9a0019402a5060000000773382d35e280ae');
INSERT INTO paceboard.journal VALUES ('window', 81, '2026-11-26 13:30:26.351+00', '\x3d0000000af9fab301a988a74c0afd9f4c9358582c8a74ae32574f4d1ac2f947c8f6dc06d8cbb2a1ca0151defae680c368020aa9a0019802a6060000000773382d36e280ae');
INSERT INTO paceboard.journal VALUES ('window', 82, '2026-11-26 13:30:26.356+00', '\x3d000000c947ea7701f6c34e3b849ca89380d8bf23d8b6bc2443d172cd84339df1bb59ed06d32e45f90152e8fae680c368020aa9a0019c02a7060000000773382d37e280ae');
INSERT INTO paceboard.journal VALUES ('window', 83, '2026-11-26 13:30:26.366+00', '\x3d000000f25d992101afcfa2ca0f86fffc39986f256b2e5196109178afcbc95d2a326c0d025e497d0d0153fcfae680c368020aaaa001a00284070000000773392d30e280ae');
INSERT INTO paceboard.journal VALUES ('window', 84, '2026-11-26 13:30:26.376+00', '\x3d0000001898da560184a2024e7397ad01ca6d468411d2f8afd36a156a5760d6ffa3ec70181d497748015490fbe680c368020aaaa001a40285070000000773392d31e280ae');
INSERT INTO paceboard.journal VALUES ('window', 85, '2026-11-26 13:30:26.382+00', '\x3d000000e8b1f90601bb1dc2a0e246587befb67a8e0ff5f086ddfc860000287c0474c686438a8a23bb01559cfbe680c368020aaaa001a80286070000000773392d32e280ae');
INSERT INTO paceboard.journal VALUES ('window', 86, '2026-11-26 13:30:26.392+00', '\x3d000000f3fafbe80187e984fafe17a7bb1f69407f2060a9d6d91c6e082a3f00c8c8cc3b7af9f0d2f70156b0fbe680c368020aaaa001ac0287070000000773392d33e280ae');
INSERT INTO paceboard.journal VALUES ('window', 87, '2026-11-26 13:30:26.399+00', '\x3d000000073af738017aa547a7b41196269cba222b9edf33490d4920beaad23b85a0c92d88c734229a0157befbe680c368020aaaa001b00288070000000773392d34e280ae');
INSERT INTO paceboard.journal VALUES ('window', 88, '2026-11-26 13:30:26.403+00', '\x3d0000002d5a38d4018bc81afa523f73eaae48119db120b92f231891a47dac960341ea0e899984b06f0158c6fbe680c368020aaaa001b40289070000000773392d35e280ae');
INSERT INTO paceboard.journal VALUES ('window', 89, '2026-11-26 13:30:26.418+00', '\x3d00000073ac19990185b23f59b9f8016cd8207060aa5fb0967009292a51d1a7e33f9c25468b1caf1c0159e4fbe680c368020aaaa001b8028a070000000773392d36e280ae');
INSERT INTO paceboard.journal VALUES ('window', 90, '2026-11-26 13:30:26.425+00', '\x3d00000047d10ab40121dc704d35e719a5f8dfb7e1b443454d19a0a41c078091838c23afa7b23bc9fd015af2fbe680c368020aaaa001bc028b070000000773392d37e280ae');
INSERT INTO paceboard.journal VALUES ('window', 91, '2026-11-26 13:30:26.432+00', '\x390000008aaafe9b01d3aaf49d4d85cf8e28ba32a6ec5aac6f15fccdd415c39b412fffba25dc9bfb1e015b80fce680c368020ab4a001c002e80700000003e2808b');
INSERT INTO paceboard.journal VALUES ('window', 92, '2026-11-26 13:30:26.436+00', '\x36000000b23f87d901a6fd3d62daa0f0df0b54a2e61285e2689199000df670a80f32af352350ed72e8015c88fce680c368040ab4a001c002e90700000000');
INSERT INTO paceboard.journal VALUES ('window', 93, '2026-11-26 13:30:26.448+00', '\x3600000000513111011692d4fe5d9b263649ac1affe158a7ea123c777a9f45524d910c1876379907f3015da0fce680c368060ab4a001c002ea0700000000');
INSERT INTO paceboard.journal VALUES ('window', 94, '2026-11-26 13:30:26.452+00', '\x360000002448542e01d517222b0bd39dcd97e9e355448acacae28418ee9ff7c79d292fde492ae46b0e015ea8fce680c368080ab4a001c002eb0700000000');
INSERT INTO paceboard.journal VALUES ('window', 95, '2026-11-26 13:30:26.459+00', '\x36000000b4cad281019c627be45d42c8718cb6c5b45c00262fd8d1d322f3cbdd1774e46463068aea5f015fb6fce680c3680a0ab4a001c002ec0700000000');
INSERT INTO paceboard.journal VALUES ('window', 96, '2026-11-26 13:30:26.465+00', '\x36000000971ffd1e01e1162b68e771e4040decff94fdd0c6214a81e751e1388b88bb9bb8aa3ab60fbc0160c2fce680c3680c0ab4a001c002ed0700000000');
INSERT INTO paceboard.journal VALUES ('window', 97, '2026-11-26 13:30:26.47+00', '\x360000007c72e32a014d83b2af2f36a57776b9e9822cb97f2c4b03dee164881a0d93259342906ce4900161ccfce680c3680e0ab4a001c002ee0700000000');
INSERT INTO paceboard.journal VALUES ('window', 98, '2026-11-26 13:30:26.48+00', '\x36000000b6a63c53015114cc6d45681030eeda49d07b3606d0934e81d5b1f2ce57198c1c2736a66a460162e0fce680c368100ab4a001c002ef0700000000');
INSERT INTO paceboard.journal VALUES ('window', 99, '2026-11-26 13:30:26.488+00', '\x3400000053c4e6b7010b75d0d21d7406e5f410db627c07161f4eec314c3abbcf40dd69e74d325b2a9a0f63f0fce680c3680809e280ae726561736f6e');
INSERT INTO paceboard.journal VALUES ('paid', 1, '2026-11-26 13:30:26.509+00', '\xa10000009e27b2b2019dd7f1290197bcb5d6a44463eee03e65fb796e6b7a2f240d58717637835f5e0b02019afde680c368e89d2f2c09d628f92015dda2f20a82a13a25170bc4d9ec9313e7833d5cd9c9fb047061696404706169640006637573746f6d0345555203555443046f70656e067075626c696380a0d5edee66e0ade980c36800d00fd00f0000000000ccbf02dec402a08d0680dac40980897aa00b03a08d06e0d403c0b802');
INSERT INTO paceboard.journal VALUES ('paid', 2, '2026-11-26 13:30:26.509+00', '\x2a0000002adfbf1e01094a1fc99a24493f474316ecadec1ce0aeae859ba98b822e7e924c8ce31a070804029afde680c36802');
INSERT INTO paceboard.journal VALUES ('paid', 3, '2026-11-26 13:30:26.526+00', '\x4a000000bb565afe01b52239b87ed68cb66947718322098f453eee3cfa9844025f7727fcfd3e0eba6b0503bcfde680c368019ed4d669f94965ec799ebad2a30980263e39ff994550add8cf0ada8e79bf4a08');
INSERT INTO paceboard.journal VALUES ('paid', 4, '2026-11-26 13:30:26.526+00', '\x3f0000007c388dc101bd2eba88ede695bc7e76fa4284a41c34d94283659200dfd311676d273f479e8b0104bcfde680c3680309b4a00100e8070000000a676f6f676c655f666974');
INSERT INTO paceboard.journal VALUES ('paid', 5, '2026-11-26 13:30:26.542+00', '\x4a000000687a2f7701ef9a4cdcc639578d86a9cec6837da32ef1bb848d840a5a8be7ae41c59b39b85e0505dcfde680c36802ec6b9fd1c2f71e3cbfa10babf80fdf25b35c9669c4a67bfe508d049d91844e39');
INSERT INTO paceboard.journal VALUES ('paid', 6, '2026-11-26 13:30:26.542+00', '\x35000000ffb49f45011732faeb5cf7f658b311cbc252faa3731f1c47146332ef4dd06e0bf538f426c20106dcfde680c3680509b4a00100e90700000000');
INSERT INTO paceboard.journal VALUES ('paid', 7, '2026-11-26 13:30:26.548+00', '\x4a000000fd62138101914bd88bfdc098f5b134f3ed711c3889de5ca256778dc415e83cb4b19a6c20e80507e8fde680c368030abd017dedb4762bb75bf850aba93f483c7355df3bd43cf79162f6ce52767750');
INSERT INTO paceboard.journal VALUES ('paid', 8, '2026-11-26 13:30:26.548+00', '\x3500000009b60e00013a5aac0202d2fe8503f22c5710e0ca95c9ee933cf9717b08de443c0cf842ed950108e8fde680c3680709b4a00100ea0700000000');
INSERT INTO paceboard.journal VALUES ('paid', 9, '2026-11-26 13:30:26.56+00', '\x4a0000000818c587017d14a74c5489964532a8c2fe5b06277e48ac99fbda275284ac403619b85cfa6c050980fee680c368049e62b639221ef59c61cc1c20aa1152d5dfcb75ef035e2f88563f5b7ebeff6d76');
INSERT INTO paceboard.journal VALUES ('paid', 10, '2026-11-26 13:30:26.56+00', '\x35000000cb44cd89019738d87f3b953526a55ab950baf3a3ede06a362159beb51be4777ac79d7b446c010a80fee680c3680909b4a00100eb0700000000');
INSERT INTO paceboard.journal VALUES ('paid', 11, '2026-11-26 13:30:46.002+00', '\x2a00000028e3b6c901cb185524aef40b61fbb0f62aa1e41984608686eef63f28c08f1effb6076f13ec040be4ade980c36803');
INSERT INTO paceboard.journal VALUES ('paid', 12, '2026-11-26 13:30:46.002+00', '\x2a000000a9bbdee001b9d28af293cc42d6192ba81f6d0863be7908a7fbf3cc9c444e0193ba4d00ac31040ce4ade980c36804');
INSERT INTO paceboard.journal VALUES ('paid', 13, '2026-11-26 13:30:46.051+00', '\x3b000000bfb33911011c17c9eadd5a3d687523d5e47e463fb5cb6276616ebaa549ac5c86ce508a50620b0dc6aee980c368e807e80701030401f4030302ac020203c801');
INSERT INTO paceboard.journal VALUES ('paid', 14, '2026-11-26 13:30:46.109+00', '\x2b000000b49bd6b001a439cc5a1c827047d2c108aea29014a94d21d0aaa904936cc656091c7ce48f540d0ebaafe980c3680400');
INSERT INTO paceboard.journal VALUES ('paid', 15, '2026-11-26 13:30:46.131+00', '\x3900000016d738f401371c5fb345da6afbc680c5ad76e227f1f01278c3e7353f9ace748577cb718a220d0fe6afe980c368030e757365722070626b5f3120e280ae');
INSERT INTO paceboard.journal VALUES ('paid', 16, '2026-11-26 13:30:46.17+00', '\x2a000000ac872f12018bdad95a1536132d0a3f9860ea47b821e64828902f919718d2a211ec5d89c9c00c10b4b0e980c36802');

INSERT INTO paceboard.lifetime VALUES ('anon', '2026-03-01', '2026-11-26 13:30:26.432+00', '{s0-0‮,s0-1‮,s0-2‮,s0-3‮,s0-4‮,s0-5‮,s0-6‮,s0-7‮,s1-0‮,s1-1‮,s1-2‮,s1-3‮,s1-4‮,s1-5‮,s1-6‮,s1-7‮,s2-0‮,s2-1‮,s2-2‮,s2-3‮,s2-4‮,s2-5‮,s2-6‮,s2-7‮,s3-0‮,s3-1‮,s3-2‮,s3-3‮,s3-4‮,s3-5‮,s3-6‮,s3-7‮,s4-0‮,s4-1‮,s4-2‮,s4-3‮,s4-4‮,s4-5‮,s4-6‮,s4-7‮,s5-0‮,s5-1‮,s5-2‮,s5-3‮,s5-4‮,s5-5‮,s5-6‮,s5-7‮,s6-0‮,s6-1‮,s6-2‮,s6-3‮,s6-4‮,s6-5‮,s6-6‮,s6-7‮,s7-0‮,s7-1‮,s7-2‮,s7-3‮,s7-4‮,s7-5‮,s7-6‮,s7-7‮,s8-0‮,s8-1‮,s8-2‮,s8-3‮,s8-4‮,s8-5‮,s8-6‮,s8-7‮,s9-0‮,s9-1‮,s9-2‮,s9-3‮,s9-4‮,s9-5‮,s9-6‮,s9-7‮,​}', '\x08a1a001000000000008a1a001040100000008a1a001080200000008a1a0010c0300000008a1a001100400000008a1a001140500000008a1a001180600000008a1a0011c0700000008a2a001206400000008a2a001246500000008a2a001286600000008a2a0012c6700000008a2a001306800000008a2a001346900000008a2a001386a00000008a2a0013c6b00000009a3a00140c80100000009a3a00144c90100000009a3a00148ca0100000009a3a0014ccb0100000009a3a00150cc0100000009a3a00154cd0100000009a3a00158ce0100000009a3a0015ccf0100000009a4a00160ac0200000009a4a00164ad0200000009a4a00168ae0200000009a4a0016caf0200000009a4a00170b00200000009a4a00174b10200000009a4a00178b20200000009a4a0017cb3020000000aa5a001800190030000000aa5a001840191030000000aa5a001880192030000000aa5a0018c0193030000000aa5a001900194030000000aa5a001940195030000000aa5a001980196030000000aa5a0019c0197030000000aa6a001a001f4030000000aa6a001a401f5030000000aa6a001a801f6030000000aa6a001ac01f7030000000aa6a001b001f8030000000aa6a001b401f9030000000aa6a001b801fa030000000aa6a001bc01fb030000000aa7a001c001d8040000000aa7a001c401d9040000000aa7a001c801da040000000aa7a001cc01db040000000aa7a001d001dc040000000aa7a001d401dd040000000aa7a001d801de040000000aa7a001dc01df040000000aa8a001e001bc050000000aa8a001e401bd050000000aa8a001e801be050000000aa8a001ec01bf050000000aa8a001f001c0050000000aa8a001f401c1050000000aa8a001f801c2050000000aa8a001fc01c3050000000aa9a0018002a0060000000aa9a0018402a1060000000aa9a0018802a2060000000aa9a0018c02a3060000000aa9a0019002a4060000000aa9a0019402a5060000000aa9a0019802a6060000000aa9a0019c02a7060000000aaaa001a00284070000000aaaa001a40285070000000aaaa001a80286070000000aaaa001ac0287070000000aaaa001b00288070000000aaaa001b40289070000000aaaa001b8028a070000000aaaa001bc028b070000000ab4a001c002e807000000');
INSERT INTO paceboard.lifetime VALUES ('authenticated', '2026-03-01', '2026-11-26 13:30:26.436+00', '{​}', '\x09b4a00100e907000000');
INSERT INTO paceboard.lifetime VALUES ('self', '2026-03-01', '2026-11-26 13:30:26.448+00', '{​}', '\x09b4a00100ea07000000');
INSERT INTO paceboard.lifetime VALUES ('operator', '2026-03-01', '2026-11-26 13:30:26.452+00', '{​}', '\x09b4a00100eb07000000');
INSERT INTO paceboard.lifetime VALUES ('service_role', '2026-03-01', '2026-11-26 13:30:26.526+00', '{google_fit,​}', '\x09b4a00100e80700000009b4a00104ec07000000');
INSERT INTO paceboard.lifetime VALUES ('key:1', '2026-03-01', '2026-11-26 13:30:26.542+00', '{google_fit,​}', '\x09b4a00100e90700000009b4a00104ed07000000');
INSERT INTO paceboard.lifetime VALUES ('pbk_1', '2026-03-01', '2026-11-26 13:30:26.548+00', '{google_fit,​}', '\x09b4a00100ea0700000009b4a00104ee07000000');
INSERT INTO paceboard.lifetime VALUES ('~tilde', '2026-03-01', '2026-11-26 13:30:26.56+00', '{google_fit,​}', '\x09b4a00100eb0700000009b4a00104ef07000000');

INSERT INTO paceboard.lifetime_checkpoints VALUES ('paid', 16, '2026-11-26 13:30:46.295594+00');
INSERT INTO paceboard.lifetime_checkpoints VALUES ('window', 99, '2026-11-26 13:30:46.351058+00');
INSERT INTO paceboard.lifetime_checkpoints VALUES ('blank', 10, '2026-11-26 13:30:46.370402+00');
INSERT INTO paceboard.lifetime_checkpoints VALUES ('zone', 10, '2026-11-26 13:30:46.378345+00');
INSERT INTO paceboard.lifetime_checkpoints VALUES ('rules', 2, '2026-11-26 13:30:46.385449+00');

INSERT INTO paceboard.memberships VALUES ('operator', 'rules', 0, false, true);
INSERT INTO paceboard.memberships VALUES ('anon', 'window', 1, true, true);
INSERT INTO paceboard.memberships VALUES ('authenticated', 'window', 2, true, false);
INSERT INTO paceboard.memberships VALUES ('self', 'window', 3, true, false);
INSERT INTO paceboard.memberships VALUES ('operator', 'window', 4, true, false);
INSERT INTO paceboard.memberships VALUES ('service_role', 'window', 5, true, false);
INSERT INTO paceboard.memberships VALUES ('key:1', 'window', 6, true, false);
INSERT INTO paceboard.memberships VALUES ('pbk_1', 'window', 7, true, false);
INSERT INTO paceboard.memberships VALUES ('~tilde', 'window', 8, true, false);
INSERT INTO paceboard.memberships VALUES ('anon', 'blank', 1, true, false);
INSERT INTO paceboard.memberships VALUES ('authenticated', 'blank', 2, true, true);
INSERT INTO paceboard.memberships VALUES ('self', 'blank', 3, true, false);
INSERT INTO paceboard.memberships VALUES ('operator', 'blank', 4, true, false);
INSERT INTO paceboard.memberships VALUES ('service_role', 'blank', 5, true, false);
INSERT INTO paceboard.memberships VALUES ('key:1', 'blank', 6, true, false);
INSERT INTO paceboard.memberships VALUES ('pbk_1', 'blank', 7, true, false);
INSERT INTO paceboard.memberships VALUES ('~tilde', 'blank', 8, true, false);
INSERT INTO paceboard.memberships VALUES ('anon', 'zone', 1, true, false);
INSERT INTO paceboard.memberships VALUES ('authenticated', 'zone', 2, true, false);
INSERT INTO paceboard.memberships VALUES ('self', 'zone', 3, true, true);
INSERT INTO paceboard.memberships VALUES ('operator', 'zone', 4, true, false);
INSERT INTO paceboard.memberships VALUES ('service_role', 'zone', 5, true, false);
INSERT INTO paceboard.memberships VALUES ('key:1', 'zone', 6, true, false);
INSERT INTO paceboard.memberships VALUES ('pbk_1', 'zone', 7, true, false);
INSERT INTO paceboard.memberships VALUES ('~tilde', 'zone', 8, true, false);
INSERT INTO paceboard.memberships VALUES ('admin', 'paid', 0, false, true);
INSERT INTO paceboard.memberships VALUES ('service_role', 'paid', 1, true, false);
INSERT INTO paceboard.memberships VALUES ('key:1', 'paid', 2, true, false);
INSERT INTO paceboard.memberships VALUES ('pbk_1', 'paid', 3, true, false);
INSERT INTO paceboard.memberships VALUES ('~tilde', 'paid', 4, true, false);

INSERT INTO paceboard.migrations VALUES (1, 0, true, '2026-11-26 13:30:22.596227');
INSERT INTO paceboard.migrations VALUES (2, 1, true, '2026-11-26 13:30:22.62617');
INSERT INTO paceboard.migrations VALUES (3, 2, true, '2026-11-26 13:30:22.775273');
INSERT INTO paceboard.migrations VALUES (4, 3, true, '2026-11-26 13:30:22.819413');
INSERT INTO paceboard.migrations VALUES (5, 4, true, '2026-11-26 13:30:22.92325');
INSERT INTO paceboard.migrations VALUES (6, 5, true, '2026-11-26 13:30:22.947146');
INSERT INTO paceboard.migrations VALUES (7, 6, true, '2026-11-26 13:30:22.997517');

INSERT INTO paceboard.participants VALUES ('paid', 1, true, 1000, 1000, 0, 0, 0, 4, '2026-11-26 13:30:26.526+00', '2026-11-26 13:30:26.526+00', '\x09b4a00100e807000000', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('paid', 2, true, 1001, 1001, 0, 0, 0, 6, '2026-11-26 13:30:26.542+00', '2026-11-26 13:30:26.542+00', '\x09b4a00100e907000000', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('paid', 3, true, 1002, 1002, 0, 0, 0, 8, '2026-11-26 13:30:26.548+00', '2026-11-26 13:30:26.548+00', '\x09b4a00100ea07000000', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('paid', 4, true, 1003, 1003, 0, 0, 0, 10, '2026-11-26 13:30:26.56+00', '2026-11-26 13:30:26.56+00', '\x09b4a00100eb07000000', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('window', 1, true, 5570, 5570, 0, 0, 0, 91, '2026-11-26 13:30:26.432+00', '2026-11-26 13:30:26.432+00', '\x08a1a001000000000008a1a001040100000008a1a001080200000008a1a0010c0300000008a1a001100400000008a1a001140500000008a1a001180600000008a1a0011c0700000008a2a001206400000008a2a001246500000008a2a001286600000008a2a0012c6700000008a2a001306800000008a2a001346900000008a2a001386a00000008a2a0013c6b00000009a3a00140c80100000009a3a00144c90100000009a3a00148ca0100000009a3a0014ccb0100000009a3a00150cc0100000009a3a00154cd0100000009a3a00158ce0100000009a3a0015ccf0100000009a4a00160ac0200000009a4a00164ad0200000009a4a00168ae0200000009a4a0016caf0200000009a4a00170b00200000009a4a00174b10200000009a4a00178b20200000009a4a0017cb3020000000aa5a001800190030000000aa5a001840191030000000aa5a001880192030000000aa5a0018c0193030000000aa5a001900194030000000aa5a001940195030000000aa5a001980196030000000aa5a0019c0197030000000aa6a001a001f4030000000aa6a001a401f5030000000aa6a001a801f6030000000aa6a001ac01f7030000000aa6a001b001f8030000000aa6a001b401f9030000000aa6a001b801fa030000000aa6a001bc01fb030000000aa7a001c001d8040000000aa7a001c401d9040000000aa7a001c801da040000000aa7a001cc01db040000000aa7a001d001dc040000000aa7a001d401dd040000000aa7a001d801de040000000aa7a001dc01df040000000aa8a001e001bc050000000aa8a001e401bd050000000aa8a001e801be050000000aa8a001ec01bf050000000aa8a001f001c0050000000aa8a001f401c1050000000aa8a001f801c2050000000aa8a001fc01c3050000000aa9a0018002a0060000000aa9a0018402a1060000000aa9a0018802a2060000000aa9a0018c02a3060000000aa9a0019002a4060000000aa9a0019402a5060000000aa9a0019802a6060000000aa9a0019c02a7060000000aaaa001a00284070000000aaaa001a40285070000000aaaa001a80286070000000aaaa001ac0287070000000aaaa001b00288070000000aaaa001b40289070000000aaaa001b8028a070000000aaaa001bc028b070000000ab4a001c002e807000000', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('window', 2, true, 1001, 1001, 0, 0, 0, 92, '2026-11-26 13:30:26.436+00', '2026-11-26 13:30:26.436+00', '\x0ab4a001c002e907000000', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('window', 3, true, 1002, 1002, 0, 0, 0, 93, '2026-11-26 13:30:26.448+00', '2026-11-26 13:30:26.448+00', '\x0ab4a001c002ea07000000', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('window', 4, true, 1003, 1003, 0, 0, 0, 94, '2026-11-26 13:30:26.452+00', '2026-11-26 13:30:26.452+00', '\x0ab4a001c002eb07000000', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('window', 5, true, 1004, 1004, 0, 0, 0, 95, '2026-11-26 13:30:26.459+00', '2026-11-26 13:30:26.459+00', '\x0ab4a001c002ec07000000', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('window', 6, true, 1005, 1005, 0, 0, 0, 96, '2026-11-26 13:30:26.465+00', '2026-11-26 13:30:26.465+00', '\x0ab4a001c002ed07000000', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('window', 7, true, 1006, 1006, 0, 0, 0, 97, '2026-11-26 13:30:26.47+00', '2026-11-26 13:30:26.47+00', '\x0ab4a001c002ee07000000', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('window', 8, true, 1007, 1007, 0, 0, 0, 98, '2026-11-26 13:30:26.48+00', '2026-11-26 13:30:26.48+00', '\x0ab4a001c002ef07000000', 0, true, '\x0109e280ae726561736f6e0000', '{"flags": [], "reason": "‮reason", "corrections": []}');
INSERT INTO paceboard.participants VALUES ('blank', 1, true, 0, 0, 0, 0, 0, 3, '2026-11-26 13:30:25.271+00', NULL, '\x', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('blank', 2, true, 0, 0, 0, 0, 0, 4, '2026-11-26 13:30:25.289+00', NULL, '\x', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('blank', 3, true, 0, 0, 0, 0, 0, 5, '2026-11-26 13:30:25.31+00', NULL, '\x', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('blank', 4, true, 0, 0, 0, 0, 0, 6, '2026-11-26 13:30:25.333+00', NULL, '\x', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('blank', 5, true, 0, 0, 0, 0, 0, 7, '2026-11-26 13:30:25.424+00', NULL, '\x', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('blank', 6, true, 0, 0, 0, 0, 0, 8, '2026-11-26 13:30:25.431+00', NULL, '\x', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('blank', 7, true, 0, 0, 0, 0, 0, 9, '2026-11-26 13:30:25.48+00', NULL, '\x', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('blank', 8, true, 0, 0, 0, 0, 0, 10, '2026-11-26 13:30:25.49+00', NULL, '\x', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('zone', 1, true, 0, 0, 0, 0, 0, 3, '2026-11-26 13:30:25.519+00', NULL, '\x', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('zone', 2, true, 0, 0, 0, 0, 0, 4, '2026-11-26 13:30:25.55+00', NULL, '\x', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('zone', 3, true, 0, 0, 0, 0, 0, 5, '2026-11-26 13:30:25.568+00', NULL, '\x', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('zone', 4, true, 0, 0, 0, 0, 0, 6, '2026-11-26 13:30:25.578+00', NULL, '\x', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('zone', 5, true, 0, 0, 0, 0, 0, 7, '2026-11-26 13:30:25.6+00', NULL, '\x', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('zone', 6, true, 0, 0, 0, 0, 0, 8, '2026-11-26 13:30:25.62+00', NULL, '\x', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('zone', 7, true, 0, 0, 0, 0, 0, 9, '2026-11-26 13:30:25.641+00', NULL, '\x', 0, false, NULL, NULL);
INSERT INTO paceboard.participants VALUES ('zone', 8, true, 0, 0, 0, 0, 0, 10, '2026-11-26 13:30:25.658+00', NULL, '\x', 0, false, NULL, NULL);

INSERT INTO paceboard.postings VALUES ('paid', 13, 0, 'sponsor/paid', -1000, DEFAULT);
INSERT INTO paceboard.postings VALUES ('paid', 13, 0, 'pool/paid', 1000, DEFAULT);
INSERT INTO paceboard.postings VALUES ('paid', 13, 1, 'pool/paid', -500, DEFAULT);
INSERT INTO paceboard.postings VALUES ('paid', 13, 1, 'wallet/~tilde', 500, DEFAULT);
INSERT INTO paceboard.postings VALUES ('paid', 13, 2, 'pool/paid', -300, DEFAULT);
INSERT INTO paceboard.postings VALUES ('paid', 13, 2, 'wallet/pbk_1', 300, DEFAULT);
INSERT INTO paceboard.postings VALUES ('paid', 13, 3, 'pool/paid', -200, DEFAULT);
INSERT INTO paceboard.postings VALUES ('paid', 13, 3, 'wallet/key:1', 200, DEFAULT);
INSERT INTO paceboard.postings VALUES ('paid', 14, 0, 'wallet/~tilde', -500, DEFAULT);
INSERT INTO paceboard.postings VALUES ('paid', 14, 0, 'pool/paid', 500, DEFAULT);
INSERT INTO paceboard.postings VALUES ('paid', 15, 0, 'wallet/pbk_1', -300, DEFAULT);
INSERT INTO paceboard.postings VALUES ('paid', 15, 0, 'pool/paid', 300, DEFAULT);
INSERT INTO paceboard.postings VALUES ('paid', 16, 0, 'wallet/key:1', -200, DEFAULT);
INSERT INTO paceboard.postings VALUES ('paid', 16, 0, 'outside/key:1', 200, DEFAULT);

INSERT INTO paceboard.prizes VALUES ('paid', 4, '~tilde', 1, 500, 'EUR', 'failed', '2026-11-26 13:30:46.051+00', NULL, '');
INSERT INTO paceboard.prizes VALUES ('paid', 3, 'pbk_1', 2, 300, 'EUR', 'failed', '2026-11-26 13:30:46.051+00', NULL, 'user pbk_1 ‮');
INSERT INTO paceboard.prizes VALUES ('paid', 2, 'key:1', 3, 200, 'EUR', 'distributed', '2026-11-26 13:30:46.051+00', '2026-11-26 13:30:46.17+00', '');

INSERT INTO paceboard.snapshots VALUES ('paid', 16, '\x08264c170210c5916cf8b9626804665b3c0f2e31c57f9bddb18c5025d969753bb0adbef26cb5050dc6aee980c36804010a676f6f676c655f666974047061696404706169640006637573746f6d0345555203555443046f70656e067075626c696380a0d5edee66e0ade980c36800d00fd00f0000000000ccbf02dec402a08d0680dac40980897aa00b03a08d06e0d403c0b802c6aee980c368e807e807030401f40303baafe980c368000302ac0203e6afe980c3680e757365722070626b5f3120e280ae0203c80102b4b0e980c36800', '2026-11-26 13:30:46.279929+00');
INSERT INTO paceboard.snapshots VALUES ('window', 99, '\x1a37273c0163b5f0b058ce3f5832f66d4708331382e27d2adf8aecbd7249988784be5982eeb90263f0fce680c36808510773302d30e280ae0773302d31e280ae0773302d32e280ae0773302d33e280ae0773302d34e280ae0773302d35e280ae0773302d36e280ae0773302d37e280ae0773312d30e280ae0773312d31e280ae0773312d32e280ae0773312d33e280ae0773312d34e280ae0773312d35e280ae0773312d36e280ae0773312d37e280ae0773322d30e280ae0773322d31e280ae0773322d32e280ae0773322d33e280ae0773322d34e280ae0773322d35e280ae0773322d36e280ae0773322d37e280ae0773332d30e280ae0773332d31e280ae0773332d32e280ae0773332d33e280ae0773332d34e280ae0773332d35e280ae0773332d36e280ae0773332d37e280ae0773342d30e280ae0773342d31e280ae0773342d32e280ae0773342d33e280ae0773342d34e280ae0773342d35e280ae0773342d36e280ae0773342d37e280ae0773352d30e280ae0773352d31e280ae0773352d32e280ae0773352d33e280ae0773352d34e280ae0773352d35e280ae0773352d36e280ae0773352d37e280ae0773362d30e280ae0773362d31e280ae0773362d32e280ae0773362d33e280ae0773362d34e280ae0773362d35e280ae0773362d36e280ae0773362d37e280ae0773372d30e280ae0773372d31e280ae0773372d32e280ae0773372d33e280ae0773372d34e280ae0773372d35e280ae0773372d36e280ae0773372d37e280ae0773382d30e280ae0773382d31e280ae0773382d32e280ae0773382d33e280ae0773382d34e280ae0773382d35e280ae0773382d36e280ae0773382d37e280ae0773392d30e280ae0773392d31e280ae0773392d32e280ae0773392d33e280ae0773392d34e280ae0773392d35e280ae0773392d36e280ae0773392d37e280ae03e2808b0677696e646f770ce280ae537072696e67e2808b0ae281a76261636be281a906637573746f6d035553441372696768742f4575726f70652f4265726c696e046f70656e067075626c696380c0d5acd45280b08fe6b2770000d00f0000000030e88002faf202a08d0680dac40980897aa00b03c0a907e0d403a09c01', '2026-11-26 13:30:46.300071+00');
INSERT INTO paceboard.snapshots VALUES ('blank', 10, '\x2da1584e010a39726734e4efaef5f18eed6e4e0d106071e8f8c5215aedd8d13380827bcb052e020aa4ede680c368080005626c616e6b0520e38080200006637573746f6d03555344096c6f63616c74696d65046f70656e067075626c696380a0d5edee6680d0adac9b6e0000d00f0000000030ccbf02b4d602a08d0680dac40980897aa00b03c0a907e0d403a09c01', '2026-11-26 13:30:46.309656+00');
INSERT INTO paceboard.snapshots VALUES ('zone', 10, '\x4aab9d14010a79b086051ac9d8e2b5fee928d72bb1abe453ab6b579541d1fa5c7348b883dd09020af4efe680c3680800047a6f6e6503e2808b0006637573746f6d0355534410706f7369782f417369612f546f6b796f046f70656e067075626c696380a0d5edee6680d0adac9b6e0000d00f0000000030ccbf02b6d602a08d0680dac40980897aa00b03c0a907e0d403a09c01', '2026-11-26 13:30:46.324625+00');
INSERT INTO paceboard.snapshots VALUES ('rules', 2, '\xc06991e801029f36bc26167fa2d450ec74042056c81f08a087833d2d0d154c079967bf6809c00202d2e6e680c36800000572756c65730572756c65730006637573746f6d035553440a706f73697872756c657306696e76697465077072697661746580a0d5edee6680d0adac9b6e0000d00f0000000030cabf02b4d602a08d0680dac40980897aa00b03c0a907e0d403a09c01', '2026-11-26 13:30:46.332468+00');

INSERT INTO paceboard.sources VALUES ('window', 0, 's0-0‮');
INSERT INTO paceboard.sources VALUES ('window', 1, 's0-1‮');
INSERT INTO paceboard.sources VALUES ('window', 2, 's0-2‮');
INSERT INTO paceboard.sources VALUES ('window', 3, 's0-3‮');
INSERT INTO paceboard.sources VALUES ('window', 4, 's0-4‮');
INSERT INTO paceboard.sources VALUES ('window', 5, 's0-5‮');
INSERT INTO paceboard.sources VALUES ('window', 6, 's0-6‮');
INSERT INTO paceboard.sources VALUES ('window', 7, 's0-7‮');
INSERT INTO paceboard.sources VALUES ('window', 8, 's1-0‮');
INSERT INTO paceboard.sources VALUES ('window', 9, 's1-1‮');
INSERT INTO paceboard.sources VALUES ('window', 10, 's1-2‮');
INSERT INTO paceboard.sources VALUES ('window', 11, 's1-3‮');
INSERT INTO paceboard.sources VALUES ('window', 12, 's1-4‮');
INSERT INTO paceboard.sources VALUES ('window', 13, 's1-5‮');
INSERT INTO paceboard.sources VALUES ('window', 14, 's1-6‮');
INSERT INTO paceboard.sources VALUES ('window', 15, 's1-7‮');
INSERT INTO paceboard.sources VALUES ('window', 16, 's2-0‮');
INSERT INTO paceboard.sources VALUES ('window', 17, 's2-1‮');
INSERT INTO paceboard.sources VALUES ('window', 18, 's2-2‮');
INSERT INTO paceboard.sources VALUES ('window', 19, 's2-3‮');
INSERT INTO paceboard.sources VALUES ('window', 20, 's2-4‮');
INSERT INTO paceboard.sources VALUES ('window', 21, 's2-5‮');
INSERT INTO paceboard.sources VALUES ('window', 22, 's2-6‮');
INSERT INTO paceboard.sources VALUES ('window', 23, 's2-7‮');
INSERT INTO paceboard.sources VALUES ('window', 24, 's3-0‮');
INSERT INTO paceboard.sources VALUES ('window', 25, 's3-1‮');
INSERT INTO paceboard.sources VALUES ('window', 26, 's3-2‮');
INSERT INTO paceboard.sources VALUES ('window', 27, 's3-3‮');
INSERT INTO paceboard.sources VALUES ('window', 28, 's3-4‮');
INSERT INTO paceboard.sources VALUES ('window', 29, 's3-5‮');
INSERT INTO paceboard.sources VALUES ('window', 30, 's3-6‮');
INSERT INTO paceboard.sources VALUES ('window', 31, 's3-7‮');
INSERT INTO paceboard.sources VALUES ('window', 32, 's4-0‮');
INSERT INTO paceboard.sources VALUES ('window', 33, 's4-1‮');
INSERT INTO paceboard.sources VALUES ('window', 34, 's4-2‮');
INSERT INTO paceboard.sources VALUES ('window', 35, 's4-3‮');
INSERT INTO paceboard.sources VALUES ('window', 36, 's4-4‮');
INSERT INTO paceboard.sources VALUES ('window', 37, 's4-5‮');
INSERT INTO paceboard.sources VALUES ('window', 38, 's4-6‮');
INSERT INTO paceboard.sources VALUES ('window', 39, 's4-7‮');
INSERT INTO paceboard.sources VALUES ('window', 40, 's5-0‮');
INSERT INTO paceboard.sources VALUES ('window', 41, 's5-1‮');
INSERT INTO paceboard.sources VALUES ('window', 42, 's5-2‮');
INSERT INTO paceboard.sources VALUES ('window', 43, 's5-3‮');
INSERT INTO paceboard.sources VALUES ('window', 44, 's5-4‮');
INSERT INTO paceboard.sources VALUES ('window', 45, 's5-5‮');
INSERT INTO paceboard.sources VALUES ('window', 46, 's5-6‮');
INSERT INTO paceboard.sources VALUES ('window', 47, 's5-7‮');
INSERT INTO paceboard.sources VALUES ('window', 48, 's6-0‮');
INSERT INTO paceboard.sources VALUES ('window', 49, 's6-1‮');
INSERT INTO paceboard.sources VALUES ('window', 50, 's6-2‮');
INSERT INTO paceboard.sources VALUES ('window', 51, 's6-3‮');
INSERT INTO paceboard.sources VALUES ('window', 52, 's6-4‮');
INSERT INTO paceboard.sources VALUES ('window', 53, 's6-5‮');
INSERT INTO paceboard.sources VALUES ('window', 54, 's6-6‮');
INSERT INTO paceboard.sources VALUES ('window', 55, 's6-7‮');
INSERT INTO paceboard.sources VALUES ('window', 56, 's7-0‮');
INSERT INTO paceboard.sources VALUES ('window', 57, 's7-1‮');
INSERT INTO paceboard.sources VALUES ('window', 58, 's7-2‮');
INSERT INTO paceboard.sources VALUES ('window', 59, 's7-3‮');
INSERT INTO paceboard.sources VALUES ('window', 60, 's7-4‮');
INSERT INTO paceboard.sources VALUES ('window', 61, 's7-5‮');
INSERT INTO paceboard.sources VALUES ('window', 62, 's7-6‮');
INSERT INTO paceboard.sources VALUES ('window', 63, 's7-7‮');
INSERT INTO paceboard.sources VALUES ('window', 64, 's8-0‮');
INSERT INTO paceboard.sources VALUES ('window', 65, 's8-1‮');
INSERT INTO paceboard.sources VALUES ('window', 66, 's8-2‮');
INSERT INTO paceboard.sources VALUES ('window', 67, 's8-3‮');
INSERT INTO paceboard.sources VALUES ('window', 68, 's8-4‮');
INSERT INTO paceboard.sources VALUES ('window', 69, 's8-5‮');
INSERT INTO paceboard.sources VALUES ('window', 70, 's8-6‮');
INSERT INTO paceboard.sources VALUES ('window', 71, 's8-7‮');
INSERT INTO paceboard.sources VALUES ('window', 72, 's9-0‮');
INSERT INTO paceboard.sources VALUES ('window', 73, 's9-1‮');
INSERT INTO paceboard.sources VALUES ('window', 74, 's9-2‮');
INSERT INTO paceboard.sources VALUES ('window', 75, 's9-3‮');
INSERT INTO paceboard.sources VALUES ('window', 76, 's9-4‮');
INSERT INTO paceboard.sources VALUES ('window', 77, 's9-5‮');
INSERT INTO paceboard.sources VALUES ('window', 78, 's9-6‮');
INSERT INTO paceboard.sources VALUES ('window', 79, 's9-7‮');
INSERT INTO paceboard.sources VALUES ('window', 80, '​');
INSERT INTO paceboard.sources VALUES ('paid', 0, 'google_fit');

INSERT INTO paceboard.transactions VALUES ('paid', 13, 0, 'sponsor', 'EUR', '2026-11-26 13:30:46.051+00');
INSERT INTO paceboard.transactions VALUES ('paid', 13, 1, 'prize', 'EUR', '2026-11-26 13:30:46.051+00');
INSERT INTO paceboard.transactions VALUES ('paid', 13, 2, 'prize', 'EUR', '2026-11-26 13:30:46.051+00');
INSERT INTO paceboard.transactions VALUES ('paid', 13, 3, 'prize', 'EUR', '2026-11-26 13:30:46.051+00');
INSERT INTO paceboard.transactions VALUES ('paid', 14, 0, 'prize', 'EUR', '2026-11-26 13:30:46.109+00');
INSERT INTO paceboard.transactions VALUES ('paid', 15, 0, 'prize', 'EUR', '2026-11-26 13:30:46.131+00');
INSERT INTO paceboard.transactions VALUES ('paid', 16, 0, 'payout', 'EUR', '2026-11-26 13:30:46.17+00');

SELECT pg_catalog.setval('paceboard.migrations_id_seq', 7, true);

ALTER TABLE ONLY paceboard.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (key_id);

ALTER TABLE ONLY paceboard.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (entry_id);

ALTER TABLE ONLY paceboard.competitions
    ADD CONSTRAINT competitions_pkey PRIMARY KEY (competition_id);

ALTER TABLE ONLY paceboard.handovers
    ADD CONSTRAINT handovers_pkey PRIMARY KEY (competition_id, number);

ALTER TABLE ONLY paceboard.heads
    ADD CONSTRAINT heads_pkey PRIMARY KEY (competition_id);

ALTER TABLE ONLY paceboard.identities
    ADD CONSTRAINT identities_pkey PRIMARY KEY (competition_id, number);

ALTER TABLE ONLY paceboard.journal
    ADD CONSTRAINT journal_pkey PRIMARY KEY (competition_id, seq);

ALTER TABLE ONLY paceboard.lifetime_checkpoints
    ADD CONSTRAINT lifetime_checkpoints_pkey PRIMARY KEY (competition_id);

ALTER TABLE ONLY paceboard.lifetime
    ADD CONSTRAINT lifetime_pkey PRIMARY KEY (user_id, month);

ALTER TABLE ONLY paceboard.memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (user_id, competition_id);

ALTER TABLE ONLY paceboard.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY paceboard.participants
    ADD CONSTRAINT participants_pkey PRIMARY KEY (competition_id, number);

ALTER TABLE ONLY paceboard.postings
    ADD CONSTRAINT postings_pkey PRIMARY KEY (competition_id, seq, n, account);

ALTER TABLE ONLY paceboard.prizes
    ADD CONSTRAINT prizes_pkey PRIMARY KEY (competition_id, number);

ALTER TABLE ONLY paceboard.snapshots
    ADD CONSTRAINT snapshots_pkey PRIMARY KEY (competition_id);

ALTER TABLE ONLY paceboard.sources
    ADD CONSTRAINT sources_pkey PRIMARY KEY (competition_id, source);

ALTER TABLE ONLY paceboard.transactions
    ADD CONSTRAINT transactions_pkey PRIMARY KEY (competition_id, seq, n);

CREATE INDEX competitions_status ON paceboard.competitions USING btree (status, end_at);

CREATE INDEX handovers_dead ON paceboard.handovers USING btree (competition_id, number) WHERE (status = 'dead'::text);

CREATE INDEX journal_at ON paceboard.journal USING brin (at timestamptz_minmax_multi_ops) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX participants_reviewed ON paceboard.participants USING btree (competition_id, number) WHERE (review IS NOT NULL);

CREATE INDEX postings_account ON paceboard.postings USING btree (account);

CREATE INDEX postings_user ON paceboard.postings USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX prizes_pending ON paceboard.prizes USING btree (competition_id, number) WHERE (status = 'pending'::text);

CREATE INDEX prizes_user ON paceboard.prizes USING btree (user_id, created_at);

CREATE TRIGGER postings_append_only BEFORE DELETE OR TRUNCATE ON paceboard.postings FOR EACH STATEMENT EXECUTE FUNCTION paceboard.append_only();

CREATE TRIGGER postings_balance AFTER INSERT ON paceboard.postings REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION paceboard.postings_balance();

CREATE TRIGGER postings_only_pseudonyms BEFORE UPDATE ON paceboard.postings FOR EACH ROW EXECUTE FUNCTION paceboard.only_pseudonyms();

CREATE TRIGGER transactions_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON paceboard.transactions FOR EACH STATEMENT EXECUTE FUNCTION paceboard.append_only();

