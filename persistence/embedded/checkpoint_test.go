package embedded

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/porttest"
)

// restoreFrom makes a data folder of a checkpoint's.
func restoreFrom(t *testing.T, checkpoint string) Options {
	t.Helper()
	o := Options{Dir: filepath.Join(t.TempDir(), "restored"), BallastBytes: -1}
	_, err := Restore(t.Context(), o, copyFiles(t, checkpoint), nil)
	require.NoError(t, err)
	return o
}

func copyFiles(t *testing.T, from string) func(to string) error {
	t.Helper()
	names, err := CheckpointFiles(from)
	require.NoError(t, err)
	return func(to string) error {
		for _, name := range names {
			if err := vfs.Copy(vfs.Default, filepath.Join(from, name), filepath.Join(to, name)); err != nil {
				return err
			}
		}
		return nil
	}
}

// TestCheckpointsHoldWhatWasConfirmed: each checkpoint that is made while several
// competitions are written has what was acknowledged before, opens without damage, and
// recovers to what the journal was at its end.
func TestCheckpointsHoldWhatWasConfirmed(t *testing.T) {
	s := open(t, Options{Dir: t.TempDir(), BallastBytes: -1, tune: func(o *pebble.Options) { o.MemTableSize = 256 << 10 }})
	const games = 4
	var acknowledged [games]sync.Map // a map of one: the last seq
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var writing sync.WaitGroup
	ids := [games]string{"a", "b", "c", "d"}
	for i, id := range ids {
		g, err := porttest.Begin(t.Context(), s, id)
		require.NoError(t, err)
		require.NoError(t, g.Create("creator"))
		require.NoError(t, g.Commit(t.Context()))
		writing.Go(func() {
			for n := int64(1); ctx.Err() == nil; n++ {
				for user := range 20 {
					if err := g.Sync(string(rune('a'+user)), 1, n); err != nil {
						t.Error(err)
						return
					}
				}
				batch := g.Take()
				if err := errors.Join(s.Append(testContextOf(t), []*competition.Batch{batch})...); err != nil {
					t.Error(err)
					return
				}
				acknowledged[i].Store(0, batch.LastSeq)
				if err := g.Confirm(batch); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for round := range 12 {
		var before [games]uint64
		for i := range before {
			if seq, ok := acknowledged[i].Load(0); ok {
				before[i] = seq.(uint64)
			}
		}
		dir, release, err := s.Checkpoint(t.Context())
		require.NoError(t, err)
		if round == 0 {
			_, _, err = s.Checkpoint(t.Context())
			require.ErrorIs(t, err, ErrBackingUp)
		}
		ends, damage, err := JournalEnds(dir)
		require.NoError(t, err)
		require.Empty(t, damage)
		restored := open(t, restoreFrom(t, dir))
		for i, id := range ids {
			require.GreaterOrEqual(t, ends[id], before[i], "an acknowledged event is missing")
			c, err := competition.Recover(t.Context(), id, restored, porttest.Keys("x"), nil)
			require.NoError(t, err)
			require.Equal(t, ends[id], c.Seq())
			to, err := restored.RestoredTo(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, ends[id], to)
		}
		require.NoError(t, restored.Close())
		require.NoError(t, release())
		require.NoDirExists(t, dir)
	}
	stop()
	writing.Wait()
	to, err := s.RestoredTo(t.Context(), "a")
	require.NoError(t, err)
	require.Zero(t, to, "the store itself was never restored")
	require.NoError(t, s.Close())
}

func testContextOf(t *testing.T) context.Context {
	t.Helper()
	return context.WithoutCancel(t.Context())
}

// TestACheckpointThatLostItsEndIsFound: the claims are held against what it has.
func TestACheckpointThatLostItsEndIsFound(t *testing.T) {
	s := open(t, Options{Dir: t.TempDir(), BallastBytes: -1})
	g, err := porttest.Begin(t.Context(), s, "spring")
	require.NoError(t, err)
	require.NoError(t, g.Create("creator"))
	require.NoError(t, g.Commit(t.Context()))
	dir, release, err := s.Checkpoint(t.Context())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, watermarkFile), appendClaim(nil, claimJournal, 9, "spring"), 0o600))
	ends, damage, err := JournalEnds(dir)
	require.NoError(t, err)
	require.Empty(t, ends)
	require.ErrorContains(t, errors.Join(damage...), "ends before seq 9")
	require.NoError(t, release())
	require.NoError(t, s.Close())
}

// TestARestoreIsWholeOrRefused: a folder that holds anything is not touched, and half a
// restore does not open and can be repeated.
func TestARestoreIsWholeOrRefused(t *testing.T) {
	s := open(t, Options{Dir: t.TempDir(), BallastBytes: -1})
	g, err := porttest.Begin(t.Context(), s, "spring")
	require.NoError(t, err)
	require.NoError(t, g.Create("creator"))
	require.NoError(t, g.Commit(t.Context()))
	_, err = Restore(t.Context(), s.options, func(string) error { return nil }, nil)
	require.ErrorIs(t, err, ErrNotEmpty)
	dir, release, err := s.Checkpoint(t.Context())
	require.NoError(t, err)

	o := Options{Dir: t.TempDir(), BallastBytes: -1}
	broken := errors.New("the backup's disk is gone")
	_, err = Restore(t.Context(), o, func(to string) error {
		return errors.Join(os.WriteFile(filepath.Join(to, watermarkFile), nil, 0o600), broken)
	}, nil)
	require.ErrorIs(t, err, broken)
	_, err = Open(t.Context(), o)
	require.ErrorIs(t, err, ErrUnfinished)
	want, _, err := JournalEnds(dir)
	require.NoError(t, err)
	ends, err := Restore(t.Context(), o, copyFiles(t, dir), nil)
	require.NoError(t, err)
	require.Contains(t, ends, "spring")
	require.Equal(t, want, ends)
	restored := open(t, o)
	require.NoError(t, restored.Close())

	require.NoError(t, s.Close())
	require.DirExists(t, dir, "as after a crash")
	s = open(t, Options{Dir: filepath.Dir(dir), BallastBytes: -1})
	require.NoDirExists(t, dir)
	require.NoError(t, errors.Join(release(), s.Close()))
}
