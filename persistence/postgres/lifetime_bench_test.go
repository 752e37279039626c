package postgres

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// BenchmarkProject joins n participants' weeks for the first time, and again with
// nothing new in them.
func BenchmarkProject(b *testing.B) {
	const n = 20_000
	store := open(b, benchDatabase(b))
	_, err := store.write.Exec(b.Context(), `INSERT INTO paceboard.identities SELECT 'board', n, '', 'user-' || n, '' FROM generate_series(1, $1::integer) n`, n)
	require.NoError(b, err)
	rows := snapshotOf("board", 1, n).Rows
	project := func(b *testing.B) {
		b.Helper()
		for at := 0; at < n; at += 1000 {
			require.NoError(b, store.Project(b.Context(), &competition.Projection{CompetitionID: "board", Sources: []string{"phone"}, Rows: rows[at : at+1000]}))
		}
	}
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			_, err := store.write.Exec(b.Context(), `TRUNCATE paceboard.lifetime`)
			require.NoError(b, err)
			project(b)
		}
		b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(b.N*n), "µs/row")
	})
	b.Run("again", func(b *testing.B) {
		for b.Loop() {
			project(b)
		}
		b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(b.N*n), "µs/row")
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if _, _, _, err := store.LifetimeOf(b.Context(), fmt.Sprintf("user-%d", 777)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
