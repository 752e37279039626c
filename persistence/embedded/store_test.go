package embedded

import (
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/porttest"
)

const memDir = "/srv/data"

// onMemory are options for a store in memory, without room for a log in the
// output of tests.
func onMemory(files vfs.FS) Options { return Options{Dir: memDir, FS: files} }

// small makes Pebble flush and compact all the time.
func small(o Options) Options {
	o.tune = func(p *pebble.Options) {
		p.MemTableSize = 16 << 10
		p.L0CompactionThreshold = 2
		p.MaxManifestFileSize = 4 << 10
	}
	return o
}

func open(tb testing.TB, o Options) *Store {
	tb.Helper()
	s, err := Open(tb.Context(), o)
	require.NoError(tb, err)
	return s
}

func TestConformance(t *testing.T) {
	t.Run("in memory", func(t *testing.T) {
		porttest.Run(t, backend(func(*testing.T) Options { return small(onMemory(vfs.NewMem())) }))
	})
	t.Run("on disk", func(t *testing.T) {
		porttest.Run(t, backend(func(t *testing.T) Options {
			t.Helper()
			return Options{Dir: t.TempDir()}
		}))
	})
}

func backend(options func(t *testing.T) Options) porttest.Backend {
	return porttest.Backend{
		Open: func(t *testing.T) competition.Store {
			t.Helper()
			return open(t, options(t))
		},
		Reopen: func(t *testing.T, old competition.Store) competition.Store {
			t.Helper()
			require.NoError(t, old.Close())
			return open(t, old.(*Store).options)
		},
		Drop: func(t *testing.T, store competition.Store, id string, seq uint64) {
			t.Helper()
			db := store.(*Store).db
			require.NoError(t, db.Delete(batchWith(t, db, id, seq), pebble.Sync))
		},
		Alter: func(t *testing.T, store competition.Store, id string, seq uint64) {
			t.Helper()
			db := store.(*Store).db
			key := batchWith(t, db, id, seq)
			records, err := get(db, key)
			require.NoError(t, err)
			records[len(records)/2] ^= 1
			require.NoError(t, db.Set(key, records, pebble.Sync))
		},
	}
}

// batchWith is the key of the batch that has a seq.
func batchWith(t *testing.T, db *pebble.DB, id string, seq uint64) []byte {
	t.Helper()
	_, upper := under(journalKeys, id)
	rows, err := db.NewIter(&pebble.IterOptions{UpperBound: upper})
	require.NoError(t, err)
	defer rows.Close()
	require.True(t, rows.SeekLT(appendJournalKey(nil, id, seq+1)))
	return append([]byte(nil), rows.Key()...)
}
