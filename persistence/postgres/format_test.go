package postgres

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestEventsHaveTheNamesOfTheProgram: the view says what each kind is called.
func TestEventsHaveTheNamesOfTheProgram(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	open(t, databaseURL) // which writes them
	conn := connect(t, databaseURL)
	names := append(competition.EventNames(), "") // and one that nobody knows yet
	for kind, name := range names[1:] {
		kind++
		if name == "" {
			name = "kind " + strconv.Itoa(kind)
		}
		record := make([]byte, 50)
		record[41] = byte(kind)
		_, err := conn.Exec(t.Context(), `INSERT INTO paceboard.journal (competition_id, seq, at, record) VALUES ('spring', $1, now(), $2)`, kind, record)
		require.NoError(t, err)
		var got string
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT kind FROM paceboard.events WHERE seq = $1`, kind).Scan(&got))
		require.Equal(t, name, got)
	}
}

// TestOpenRefusesADatabaseOfANewerVersion, and changes nothing; one of an older
// version becomes one of this.
func TestOpenRefusesADatabaseOfANewerVersion(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	require.NoError(t, reopen(t, databaseURL).Close())
	shared.Get(t).Exec(t, databaseURL, `UPDATE paceboard.format SET level = level + 1; UPDATE paceboard.kinds SET name = 'other' WHERE kind = 1`)
	_, err := Open(t.Context(), Options{URL: databaseURL, Migrate: true})
	require.ErrorIs(t, err, ErrNewer)
	require.ErrorContains(t, err, "made by a newer version")
	require.NotErrorIs(t, err, competition.ErrCorrupt)

	shared.Get(t).Exec(t, databaseURL, `UPDATE paceboard.format SET level = level - 2`)
	require.NoError(t, reopen(t, databaseURL).Close())
	var level int
	var name string
	require.NoError(t, connect(t, databaseURL).QueryRow(t.Context(), `SELECT level, name FROM paceboard.format, paceboard.kinds WHERE kind = 1`).Scan(&level, &name))
	require.Equal(t, competition.FormatLevel, level)
	require.Equal(t, competition.EventNames()[1], name)
}
