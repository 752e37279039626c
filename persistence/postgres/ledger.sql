, transactions AS (
    INSERT INTO paceboard.transactions (competition_id, seq, n, type, currency, at)
    SELECT s.competition_id, t.seq, t.n, t.type, t.currency, timestamptz 'epoch' + t.at * interval '1 millisecond'
    FROM unnest($27::integer[], $28::bigint[], $29::bigint[], $30::text[], $31::text[], $32::bigint[]) AS t (place, seq, n, type, currency, at)
    JOIN stored s USING (place)
), postings AS (
    INSERT INTO paceboard.postings (competition_id, seq, n, account, amount_minor)
    SELECT s.competition_id, p.seq, p.n, p.account, p.amount_minor
    FROM unnest($33::integer[], $34::bigint[], $35::bigint[], $36::text[], $37::bigint[]) AS p (place, seq, n, account, amount_minor)
    JOIN stored s USING (place)
), prizes AS (
    INSERT INTO paceboard.prizes (competition_id, number, user_id, rank, amount_minor, currency, status, created_at, distributed_at, reason)
    SELECT s.competition_id, p.number, p.user_id, p.rank, p.amount_minor, p.currency, p.status,
           timestamptz 'epoch' + p.created_at * interval '1 millisecond',
           timestamptz 'epoch' + nullif(p.distributed_at, 0) * interval '1 millisecond', p.reason
    FROM unnest($38::integer[], $39::bigint[], $40::text[], $41::bigint[], $42::bigint[], $43::text[], $44::text[], $45::bigint[], $46::bigint[], $47::text[])
        AS p (place, number, user_id, rank, amount_minor, currency, status, created_at, distributed_at, reason)
    JOIN stored s USING (place)
    ON CONFLICT (competition_id, number) DO UPDATE
        SET status = excluded.status, distributed_at = excluded.distributed_at, reason = excluded.reason
)
