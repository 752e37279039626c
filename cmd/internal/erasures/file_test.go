package erasures

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var key = []byte("a key of the tests, 32 bytes or more")

func TestEntriesAreAddedAndNameNobody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "erasures")
	f, err := Open(path, key)
	require.NoError(t, err)
	at := time.UnixMilli(1_777_593_600_123).UTC()
	require.NoError(t, f.Note("ann", []string{"spring", "autumn"}, at))
	require.NoError(t, f.Note("bob", []string{"spring"}, at.Add(time.Second)))

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(text), "ann")
	require.Equal(t, 3, strings.Count(string(text), "\n"))
	all, err := Read(path)
	require.NoError(t, err)
	require.Equal(t, []Entry{
		{at, "spring", MAC(key, "spring", "ann")}, {at, "autumn", MAC(key, "autumn", "ann")}, {at.Add(time.Second), "spring", MAC(key, "spring", "bob")},
	}, all)
	require.NotEqual(t, MAC(key, "spring", "ann"), MAC(key, "autumn", "ann"))
	require.NotEqual(t, MAC(key, "spring", "ann"), MAC([]byte("another"), "spring", "ann"))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

// TestWhatACrashLeavesIsNoEntry, wherever the line was cut, and what comes after is read.
func TestWhatACrashLeavesIsNoEntry(t *testing.T) {
	path := filepath.Join(t.TempDir(), "erasures")
	at := time.UnixMilli(1_777_593_600_000).UTC()
	e := Entry{at, "spring", MAC(key, "spring", "ann")}
	whole := e.line()
	for cut := range len(whole) - 1 {
		require.NoError(t, os.WriteFile(path, []byte(whole+whole[:cut]), 0o600))
		all, err := Read(path)
		require.NoError(t, err)
		require.Equal(t, []Entry{e}, all)
		f, err := Open(path, key)
		require.NoError(t, err, cut)
		require.NoError(t, f.Note("bob", []string{"spring"}, at))
		all, err = Read(path)
		require.NoError(t, err, cut)
		require.Equal(t, []Entry{e, {at, "spring", MAC(key, "spring", "bob")}}, all)
	}
}

func TestDamageIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "erasures")
	e := Entry{time.UnixMilli(1_777_593_600_000).UTC(), "spring", MAC(key, "spring", "ann")}
	whole := e.line()
	for at := range len(whole) - 1 {
		for _, other := range []byte{'x', '0', ' '} {
			damaged := []byte(whole)
			if damaged[at] == other {
				continue
			}
			damaged[at] = other
			require.NoError(t, os.WriteFile(path, append(damaged, whole...), 0o600))
			all, err := Read(path)
			if err == nil { // it looks like what a crash has left
				require.Equal(t, []Entry{e}, all, "%s", damaged)
				continue
			}
			require.ErrorIs(t, err, ErrDamaged)
			require.ErrorContains(t, err, "line 1")
			_, err = Open(path, key)
			require.ErrorIs(t, err, ErrDamaged)
		}
	}
}

func TestOldEntriesGo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "erasures")
	f, err := Open(path, key)
	require.NoError(t, err)
	now := time.UnixMilli(1_777_593_600_000).UTC()
	require.NoError(t, f.Note("ann", []string{"spring"}, now.Add(-Kept-time.Millisecond)))
	require.NoError(t, f.Note("bob", []string{"spring"}, now.Add(-Kept)))
	removed, err := f.Prune(now.Add(-Kept))
	require.NoError(t, err)
	require.Equal(t, 1, removed)
	all, err := Read(path)
	require.NoError(t, err)
	require.Equal(t, []Entry{{now.Add(-Kept), "spring", MAC(key, "spring", "bob")}}, all)
	removed, err = f.Prune(now.Add(-Kept))
	require.NoError(t, err)
	require.Zero(t, removed)
}

// TestSeveralProcessesAddToOneFile, and prune it meanwhile: no entry is lost.
func TestSeveralProcessesAddToOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "erasures")
	now := time.UnixMilli(1_777_593_600_000).UTC()
	const writers, each = 4, 20
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			f, err := Open(path, key) // which stands for a process: nothing is shared
			if err != nil {
				t.Error(err)
				return
			}
			for n := range each {
				user := fmt.Sprint(w, "-", n)
				if err := f.Note(user, []string{"spring", "old"}, now); err != nil {
					t.Error(err)
				}
				if err := f.Note(user, []string{"gone"}, now.Add(-Kept-time.Hour)); err != nil {
					t.Error(err)
				}
				if _, err := f.Prune(now.Add(-Kept)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	entries, err := Read(path)
	require.NoError(t, err)
	require.Len(t, entries, 2*writers*each)
}
