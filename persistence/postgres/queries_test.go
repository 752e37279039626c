package postgres

import (
	_ "embed" // queries.sql
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

//go:embed queries.sql
var queriesSQL string

// operatorQueries is queries.sql by name, without its comments.
func operatorQueries(t *testing.T) map[string]string {
	t.Helper()
	queries := map[string]string{}
	for _, part := range strings.Split(queriesSQL, "-- name: ")[1:] {
		name, rest, _ := strings.Cut(part, "\n")
		var sql []string
		for line := range strings.Lines(rest) {
			if !strings.HasPrefix(line, "--") {
				sql = append(sql, line)
			}
		}
		queries[name] = strings.TrimSuffix(strings.TrimSpace(strings.Join(sql, "")), ";")
	}
	require.NotEmpty(t, queries)
	return queries
}

// documentedQueries are those of docs/operations.md, by their first lines.
func documentedQueries(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)
	queries := map[string]string{}
	for _, part := range strings.Split(string(page), "```sql\n")[1:] {
		sql, _, closed := strings.Cut(part, "```")
		require.True(t, closed)
		name, _, _ := strings.Cut(sql, "\n")
		require.NotContains(t, queries, name)
		queries[name] = strings.TrimSuffix(strings.TrimSpace(sql), ";")
	}
	require.Len(t, queries, 9)
	return queries
}

var variable = regexp.MustCompile(`:'([a-z]+)'`)

// fill does what psql -v does.
func fill(sql string, values map[string]string) string {
	return variable.ReplaceAllStringFunc(sql, func(v string) string {
		return "'" + values[variable.FindStringSubmatch(v)[1]] + "'"
	})
}

// manySQL makes 3,000 competitions of 30 participants and 20 events, which come
// in turns, and a day's registers for each participant.
const manySQL = `
SET paceboard.node = 'test';
INSERT INTO paceboard.heads SELECT 'c' || c, 20, 20, '' FROM generate_series(1, 3000) c;
INSERT INTO paceboard.journal
    SELECT 'c' || c, s, timestamptz '2026-01-01' + s * interval '1 hour' + c * interval '1 second', decode(repeat('01', 90), 'hex')
    FROM generate_series(1, 20) s, generate_series(1, 3000) c;
INSERT INTO paceboard.identities SELECT 'c' || c, n, '', 'u' || (c * 31 + n) % 50000, 'Somebody' FROM generate_series(1, 3000) c, generate_series(1, 30) n;
INSERT INTO paceboard.memberships SELECT DISTINCT ON (user_id, competition_id) user_id, competition_id, number, true, false FROM paceboard.identities;
INSERT INTO paceboard.competitions
    SELECT 'c' || c, (ARRAY['upcoming', 'active', 'completed'])[1 + c % 3], 150, 'Name', '', 'custom', '2026-01-01', timestamptz '2026-01-01' + c * interval '1 hour',
           0, 0, 'USD', 'UTC', 'open', 'public', 0, 24, '2026-01-01', '2026-02-01', decode(repeat('01', 200), 'hex')
    FROM generate_series(1, 3000) c;
INSERT INTO paceboard.sources SELECT 'c' || c, n, 'phone ' || n FROM generate_series(1, 3000) c, generate_series(0, 2) n;
INSERT INTO paceboard.snapshots SELECT 'c' || c, 10, '', now() FROM generate_series(1, 3000) c;
INSERT INTO paceboard.participants
    SELECT 'c' || c, n, true, (c * 7919 + n * 104729) % 10007, 1, 1, 1, 1, n, now(), now(), decode(repeat('00', 150), 'hex')
    FROM generate_series(1, 3000) c, generate_series(1, 30) n;
UPDATE paceboard.participants SET excluded = true, review = '', reviewed = '{"corrections": [], "flags": []}' WHERE number = 7;
INSERT INTO paceboard.lifetime SELECT 'u' || u, date '2026-01-01' + m * interval '1 month', now(), '{phone}', decode(repeat('00', 150), 'hex')
    FROM generate_series(0, 49999) u, generate_series(0, 1) m;
INSERT INTO paceboard.lifetime_checkpoints SELECT 'c' || c, 10, now() FROM generate_series(1, 2000) c;
INSERT INTO paceboard.transactions SELECT 'c' || c, n, 0, 'prize', 'EUR', now() + c * interval '1 minute'
    FROM generate_series(1, 3000) c, generate_series(1, 10) n;
INSERT INTO paceboard.postings (competition_id, seq, n, account, amount_minor)
    SELECT 'c' || c, n, 0, a.account, a.minor FROM generate_series(1, 3000) c, generate_series(1, 10) n,
        LATERAL (VALUES ('pool/c' || c, -5), ('wallet/u' || (c * 10 + n), 5)) a (account, minor);
INSERT INTO paceboard.prizes SELECT 'c' || c, n, 'u' || (c * 10 + n), n, 5, 'EUR', CASE WHEN c % 100 = 0 THEN 'pending' ELSE 'failed' END, now(), NULL, ''
    FROM generate_series(1, 3000) c, generate_series(1, 10) n;
INSERT INTO paceboard.stale_snapshots SELECT 'c' || c, 9 + c % 3, sha256(int4send(c)), sha256(int4send(c)) FROM generate_series(1, 3000) c;
INSERT INTO paceboard.webhooks SELECT 'w' || w, 'u' || w, 'c' || w, 'https://example.com', '\x00', NULL, NULL, now(), NULL, '', 1 FROM generate_series(1, 3000) w;
INSERT INTO paceboard.webhook_cursors SELECT 'w' || w, 'c' || w, w % 12, 1, now(), 0, NULL, NULL, '' FROM generate_series(1, 3000) w;
INSERT INTO paceboard.board_links SELECT 'l' || l, sha256(int4send(l)), sha256(int4send(-l)), 'c' || l, 'none', now(), now() + l * interval '1 hour' FROM generate_series(1, 3000) l;
INSERT INTO paceboard.handovers SELECT 'c' || c, n, 'waiting', 1, now(), '' FROM generate_series(1, 3000) c, generate_series(1, 10) n;`

func TestEveryQueryUsesAnIndex(t *testing.T) {
	t.Parallel()
	conn := connect(t, newDatabase(t))
	_, err := conn.Exec(t.Context(), manySQL)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "VACUUM ANALYZE") // which summarizes the blocks of journal_at, too
	require.NoError(t, err)
	explain := func(t *testing.T, statement string) {
		t.Helper()
		var answer []byte
		require.NoError(t, conn.QueryRow(t.Context(), "EXPLAIN (FORMAT JSON) "+statement, pgx.QueryExecModeSimpleProtocol).Scan(&answer))
		var plans []struct{ Plan plan }
		require.NoError(t, json.Unmarshal(answer, &plans))
		require.Positive(t, plans[0].Plan.check(t, string(answer)), "no index in %s", answer)
	}
	values := map[string]string{
		"competition": "c77", "user": "u99", "status": "active", "from": "2026-01-03", "to": "2026-01-04",
	}
	for name, sql := range operatorQueries(t) {
		t.Run("operators: "+name, func(t *testing.T) { explain(t, fill(sql, values)) })
	}
	for name, sql := range documentedQueries(t) {
		t.Run("documented: "+name, func(t *testing.T) { explain(t, fill(sql, values)) })
	}
	_, err = conn.Exec(t.Context(), sessionSQL, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	arrays := strings.Repeat("'{}', ", 23) + "'[]', 'node', '{}'"
	for name, c := range map[string]struct{ sql, arguments string }{
		"append":      {appendSQL, arrays},
		"events":      {appendEventsSQL, strings.Repeat("'{}', ", 10) + "'node', '{}'"},
		"claim":       {claimSQL, "'c77', 'node'"},
		"claimable":   {claimableSQL, "'c77', 'node'"},
		"owner":       {ownerSQL, "'c77'"},
		"release":     {releaseSQL, "'c77', 'node', 1"},
		"beat":        {beatSQL, "'node'"},
		"bury":        {burySQL, "'node', 1"},
		"buryAll":     {buryAllSQL, "'node'"},
		"prune":       {pruneSQL, ""},
		"read":        {readSQL, "'c77', 10, 20"},
		"identities":  {identitiesSQL, "'c77'"},
		"saveHeader":  {saveHeaderSQL, "'c77', 11, '', 'node', 1"},
		"noteStale":   {noteStaleSQL, "'c77', 11, '', ''"},
		"stale":       {staleSQL, ""},
		"save":        {saveRowsSQL, "'c77'" + strings.Repeat(", '{}'", 15)},
		"load":        {loadSQL, "'c77'"},
		"list":        {listSQL, "'c77', 256"},
		"memberships": {membershipsSQL, "'u99', 'c77', 256"},
		"summaries":   {summariesSQL, "'{c77,c78}'"},
		"retainable":  {retainableSQL, "'c77', '2026-01-03', 256"},
		"retain":      {retainSQL, "'c77', 10, '2026-01-03', 1000"},
		"span":        {spanSQL, "'c77'"},
		"ties":        {membershipsInSQL, "'c77'"},
		"checkpoint":  {checkpointSQL, "'c77'"},
		"who":         {whoSQL, "'c77', '{0,1}', '{1,2}'"},
		"months":      {monthsSQL, "'{u99}', '{2026-01-01}'"},
		"saveMonths":  {saveMonthsSQL, "'{}', '{}', '{}', '{}', '{}'"},
		"saveCheck":   {saveCheckpointSQL, "'c77', 10"},
		"lagging":     {laggingSQL, "'u99'"},
		"lifetime":    {lifetimeSQL, "'u99'"},
		"unprojected": {unprojectedSQL, ""},
		"appendMoney": {appendMoneySQL, arrays + strings.Repeat(", '{}'", 21)},
		"moneyOf":     {transactionsOfSQL, "'u99', false, '2026-01-03', 'c77', 10, 0, 256"},
		"prizesOf":    {prizesOfSQL, "'u99', false, '2026-01-03', 'c77', 1, 256"},
		"pending":     {pendingPrizesSQL, "'c77', 1, 256"},
		"handover":    {saveHandoverSQL, "'c77', 1, 'waiting', 1, 0, '', 0"},
		"ledgerOf":    {ledgerOfSQL, "'c77'"},
		"allPrizes":   {allPrizesSQL, "'c77'"},
		"visible":     {visibleSQL, "'{public,private}', '{upcoming,active,finalizing,completed,settled,cancelled}', '-infinity', '', 101"},
		"newest":      {backwards.Replace(visibleSQL), "'{public,private}', '{completed,settled,cancelled}', 'infinity', '', 101"},
		"overNewest":  {backwards.Replace(overTiesSQL), "'u99', '{settled}', 'infinity', '', 101"},
		"openTies":    {openTiesSQL, "'u99'"},
		"retireTies":  {retireTiesSQL, "'u99', '{c77}'"},
		"overTies":    {overTiesSQL, "'u99', '{}', '-infinity', '', 101"},
		"due":         {dueSQL, "'1970-01-01', '', '2026-01-03', 256"},
		"link":        {findLinkSQL, "sha256(int4send(77))"},
		"linksOf":     {linksOfSQL, "'c77'"},
		"liveLinks":   {liveLinksSQL, "'c77'"},
		"endedLinks":  {endedLinksSQL, "'c77', '2026-01-03'"},
		"deleteLink":  {deleteLinkSQL, "'c77', 'l77'"},
		"sweepLinks":  {sweepLinksSQL, "'2026-01-03', 1000"},
		"webhook":     {findWebhookSQL, "'w77'"},
		"webhooks":    {listWebhooksSQL, "'w77', 256"},
		"webhooksOf":  {webhooksOfSQL, "'u77'"},
		"restart":     {restartCursorsSQL, "'w77'"},
		"cursors":     {cursorsSQL, "'{w7,w77}', '{c1,c2}', false, '2026-01-03', 64"},
		"saveCursor":  {updateCursorSQL, "'w77', 'c77', 1, 1, NULL, 0, NULL, NULL, ''"},
		"failing":     {webhookFailuresSQL, ""},
	} {
		t.Run("store: "+name, func(t *testing.T) {
			_, err := conn.Exec(t.Context(), "PREPARE "+name+" AS "+c.sql)
			require.NoError(t, err)
			explain(t, strings.TrimSuffix(fmt.Sprintf("EXECUTE %s (%s)", name, c.arguments), " ()"))
		})
	}
}

// TestListsReadWhatTheyShow has the server count the rows: of 3,000 competitions a
// list reads a page for each status, and the clock what is due.
func TestListsReadWhatTheyShow(t *testing.T) {
	t.Parallel()
	conn := connect(t, newDatabase(t))
	for _, sql := range []string{manySQL, sessionSQL} {
		_, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
		require.NoError(t, err)
	}
	_, err := conn.Exec(t.Context(), "VACUUM ANALYZE")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		sql, arguments string
		most           float64
	}{
		"listed": {visibleSQL, "'{public}', '{upcoming,active,finalizing,completed,settled,cancelled}', '2026-01-01', 'c77', 11", 6*11 + 11},
		"newest": {backwards.Replace(visibleSQL), "'{public}', '{upcoming,active,finalizing,completed,settled,cancelled}', '2027-01-01', 'c77', 11", 6*11 + 11},
		"status": {visibleSQL, "'{public}', '{active}', '-infinity', '', 11", 2 * 11},
		"ties":   {openTiesSQL, "'u99'", 2 * 3},
		"due":    {dueSQL, "'1970-01-01', '', '2027-01-03', 25", 25},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := conn.Exec(t.Context(), "PREPARE "+name+" AS "+c.sql)
			require.NoError(t, err)
			var answer []byte
			require.NoError(t, conn.QueryRow(t.Context(), fmt.Sprintf("EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE %s (%s)", name, c.arguments),
				pgx.QueryExecModeSimpleProtocol).Scan(&answer))
			var plans []struct{ Plan plan }
			require.NoError(t, json.Unmarshal(answer, &plans))
			rows := plans[0].Plan.rows()
			require.Positive(t, rows)
			require.LessOrEqual(t, rows, c.most, "%s", answer)
		})
	}
}

// TestARecoverySortsNothing: the rows of a board and the identities arrive along the index,
// also before the server has statistics of a board that was just filled.
func TestARecoverySortsNothing(t *testing.T) {
	t.Parallel()
	conn := connect(t, newDatabase(t))
	for _, sql := range []string{
		"ALTER TABLE paceboard.identities SET (autovacuum_enabled = off)",
		"INSERT INTO paceboard.identities (competition_id, number, key, user_id, user_name) SELECT 'big', n, '', 'u' || n, '' FROM generate_series(1, 20000) n",
		sessionSQL,
		unsorted.BeginQuery,
		"PREPARE loading AS " + loadSQL,
		"PREPARE identities AS " + identitiesSQL,
	} {
		_, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
		require.NoError(t, err)
	}
	for _, name := range []string{"loading", "identities"} {
		var answer []byte
		require.NoError(t, conn.QueryRow(t.Context(), "EXPLAIN (FORMAT JSON) EXECUTE "+name+" ('big')", pgx.QueryExecModeSimpleProtocol).Scan(&answer))
		require.Contains(t, string(answer), "Index Scan")
		require.NotContains(t, string(answer), `"Sort"`)
	}
}

// rows is how many rows of tables were read, those that were then left out included.
func (p *plan) rows() (n float64) {
	if p.RelationName != "" {
		n = (p.ActualRows + p.Removed) * p.Loops
	}
	for i := range p.Plans {
		n += p.Plans[i].rows()
	}
	return n
}

// plan is a node of EXPLAIN's answer.
type plan struct {
	NodeType     string  `json:"Node Type"`
	ActualRows   float64 `json:"Actual Rows"`
	Loops        float64 `json:"Actual Loops"`
	Removed      float64 `json:"Rows Removed by Filter"`
	RelationName string  `json:"Relation Name"`
	IndexName    string  `json:"Index Name"`
	Operation    string
	Plans        []plan
}

// check fails if a table is read from end to end, except for kinds, which has a row
// for each kind of event, and counts the uses of indexes; those that ON CONFLICT
// looks things up in are not nodes.
func (p *plan) check(t *testing.T, all string) (indexes int) {
	t.Helper()
	if p.RelationName != "kinds" {
		require.NotEqual(t, "Seq Scan", p.NodeType, "%s is read from end to end: %s", p.RelationName, all)
	}
	if p.IndexName != "" || p.Operation == "Insert" {
		indexes++
	}
	for i := range p.Plans {
		indexes += p.Plans[i].check(t, all)
	}
	return indexes
}
