package postgres

import (
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// TestLedgerIsHeldByTheDatabase: rows that the ledger may not have are refused
// even from somebody with psql.
func TestLedgerIsHeldByTheDatabase(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	conn := connect(t, databaseURL)
	const transaction = `INSERT INTO paceboard.transactions VALUES ('c', 1, 0, 'prize', 'EUR', now());`
	for name, c := range map[string]struct{ sql, code string }{
		"postings that do not add up":         {transaction + `INSERT INTO paceboard.postings (competition_id, seq, n, account, amount_minor) VALUES ('c', 1, 0, 'pool/c', -5), ('c', 1, 0, 'wallet/u', 6)`, "23514"},
		"one posting alone":                   {transaction + `INSERT INTO paceboard.postings (competition_id, seq, n, account, amount_minor) VALUES ('c', 1, 0, 'pool/c', -5)`, "23514"},
		"postings of no transaction":          {`INSERT INTO paceboard.postings (competition_id, seq, n, account, amount_minor) VALUES ('c', 2, 0, 'pool/c', -5), ('c', 2, 0, 'wallet/u', 5)`, "23503"},
		"an account of no kind":               {transaction + `INSERT INTO paceboard.postings (competition_id, seq, n, account, amount_minor) VALUES ('c', 1, 0, 'pocket/c', -5), ('c', 1, 0, 'wallet/u', 5)`, "23514"},
		"a posting of nothing":                {transaction + `INSERT INTO paceboard.postings (competition_id, seq, n, account, amount_minor) VALUES ('c', 1, 0, 'pool/c', 0), ('c', 1, 0, 'wallet/u', 0)`, "23514"},
		"a transaction of no type":            {`INSERT INTO paceboard.transactions VALUES ('c', 1, 0, 'gift', 'EUR', now())`, "23514"},
		"a prize of nothing":                  {`INSERT INTO paceboard.prizes VALUES ('c', 1, 'u', 1, 0, 'EUR', 'pending', now(), NULL, '')`, "23514"},
		"a pending prize that is distributed": {`INSERT INTO paceboard.prizes VALUES ('c', 1, 'u', 1, 5, 'EUR', 'pending', now(), now(), '')`, "23514"},
	} {
		_, err := conn.Exec(t.Context(), c.sql)
		var refusal *pgconn.PgError
		require.ErrorAs(t, err, &refusal, name)
		require.Equal(t, c.code, refusal.Code, "%s: %v", name, err)
	}

	_, err := conn.Exec(t.Context(), transaction+
		`INSERT INTO paceboard.postings (competition_id, seq, n, account, amount_minor) VALUES ('c', 1, 0, 'pool/c', -5), ('c', 1, 0, 'wallet/u/1', 5)`)
	require.NoError(t, err)
	var user string
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT user_id FROM paceboard.ledger WHERE amount_minor > 0`).Scan(&user))
	require.Equal(t, "u/1", user)
	for _, sql := range []string{
		`UPDATE paceboard.postings SET amount_minor = 2 * amount_minor`, `DELETE FROM paceboard.postings`, `TRUNCATE paceboard.postings`,
		`UPDATE paceboard.transactions SET at = now()`, `DELETE FROM paceboard.transactions`, `TRUNCATE paceboard.transactions`,
	} {
		_, err := conn.Exec(t.Context(), sql)
		require.ErrorContains(t, err, "only ever added", sql)
	}
}
