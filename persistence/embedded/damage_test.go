package embedded

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestDamageIsNeverSilent flips bits in the store's files and cuts them short.
// Opening must fail, or the competitions concerned must be refused as damaged,
// or everything acknowledged must be there.
func TestDamageIsNeverSilent(t *testing.T) {
	times := 120
	if os.Getenv("SOAK") != "" {
		times = 2_000
	}
	disk := vfs.NewCrashableMem()
	p := newPlay(11, 3)
	p.on(open(t, small(onMemory(disk))))
	for i := range 60 {
		require.NoError(t, p.round(t.Context()))
		if i%15 == 14 {
			require.NoError(t, p.save(t.Context()))
		}
	}
	// As a killed process leaves it: the newest events are in the log alone.
	left := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))})
	require.NoError(t, p.store.Close())
	require.NoError(t, survives(copyOf(t, left), p.accounts()), "undamaged")

	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 5))
	files := storeFiles(t, left, memDir)
	outcomes := map[string]int{}
	for range times {
		damaged := copyOf(t, left)
		what := damage(t, random, damaged, files[random.IntN(len(files))])
		outcome, err := judge(damaged, p.accounts())
		require.NoError(t, err, what)
		outcomes[outcome]++
	}
	t.Logf("%d times: %v", times, outcomes)
	require.Positive(t, outcomes["refused to open"])
	require.Positive(t, outcomes["refused a competition"])
	require.Positive(t, outcomes["lost nothing"])
}

// judge opens a damaged store and says how it took it; the error is a loss that
// it did not notice.
func judge(disk *vfs.MemFS, accounts map[string]account) (outcome string, err error) {
	ctx, cancel := testContext()
	defer cancel()
	s, err := Open(ctx, small(onMemory(disk)))
	if err != nil {
		return "refused to open", nil // that is loud
	}
	defer func() { err = errors.Join(err, ignoreCorruption(s.Close())) }()
	outcome = "lost nothing"
	for id, a := range accounts {
		switch err := check(ctx, s, map[string]account{id: a}); {
		case errors.Is(err, competition.ErrCorrupt):
			outcome = "refused a competition"
		case err != nil:
			return "", err
		}
	}
	return outcome, nil
}

// ignoreCorruption is for closing what is known to be damaged.
func ignoreCorruption(error) error { return nil }

func storeFiles(t *testing.T, disk vfs.FS, folder string) []string {
	t.Helper()
	names, err := disk.List(folder)
	require.NoError(t, err)
	var files []string
	for _, name := range names {
		full := path.Join(folder, name)
		info, err := disk.Stat(full)
		require.NoError(t, err)
		switch {
		case info.IsDir():
			files = append(files, storeFiles(t, disk, full)...)
		case info.Size() > 0 && !strings.Contains(name, "ballast") && name != "LOCK":
			files = append(files, full)
		}
	}
	require.NotEmpty(t, files)
	return files
}

func copyOf(t *testing.T, disk vfs.FS) *vfs.MemFS {
	t.Helper()
	dst := vfs.NewMem()
	require.NoError(t, dst.MkdirAll(path.Dir(memDir), 0o750))
	ok, err := vfs.Clone(disk, dst, memDir, memDir)
	require.NoError(t, err)
	require.True(t, ok)
	return dst
}

// damage flips a bit of a file, or cuts it.
func damage(t *testing.T, random *rand.Rand, disk vfs.FS, name string) (what string) {
	t.Helper()
	file, err := disk.Open(name)
	require.NoError(t, err)
	content, err := io.ReadAll(file)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	at := random.IntN(len(content))
	if random.IntN(2) == 0 {
		content[at] ^= 1 << random.IntN(8)
		what = fmt.Sprintf("a bit of byte %d of %s flipped", at, name)
	} else {
		content = content[:at]
		what = fmt.Sprintf("%s cut to %d bytes", name, at)
	}
	file, err = disk.Create(name, vfs.WriteCategoryUnspecified)
	require.NoError(t, err)
	_, err = file.Write(content)
	require.NoError(t, err)
	require.NoError(t, errors.Join(file.Sync(), file.Close()))
	return what
}
