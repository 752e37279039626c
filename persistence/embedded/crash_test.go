package embedded

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"
)

// crashes takes the power away, again and again: at some of the operations on
// the file system, just before they happen, it opens what a crash would leave
// there and then, and looks for every acknowledged event.
type crashes struct {
	disk *vfs.MemFS
	play *play

	mu     sync.Mutex
	rng    *rand.Rand
	chance int // in a thousand
	clones int
	errs   []error
}

func (c *crashes) String() string { return "crashes" }

// MaybeError is called before every operation.
func (c *crashes) MaybeError(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() == errorfs.OpIsRead {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.errs) > 0 || c.rng.IntN(1000) >= c.chance {
		return nil
	}
	// What is unsynced is lost, is all there (the process died, not the
	// machine), or is there in part.
	percent := []int{0, 100, c.rng.IntN(100)}[c.clones%3]
	accounts := c.play.accounts() // before the clone: it may hold more, not less
	clone := c.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(c.rng.Uint64(), 7))})
	c.clones++
	if err := survives(clone, accounts); err != nil {
		c.errs = append(c.errs, fmt.Errorf("clone %d, before operation %d on %s, with %d %% of unsynced data: %w", c.clones, op.Kind, op.Path, percent, err))
	}
	return nil
}

// survives opens what a crash left.
func survives(disk *vfs.MemFS, accounts map[string]account) error {
	ctx, cancel := testContext()
	defer cancel()
	s, err := Open(ctx, small(onMemory(disk)))
	if err != nil {
		return err
	}
	for _, damage := range s.damaged {
		err = errors.Join(err, damage)
	}
	return errors.Join(err, check(ctx, s, accounts), s.Close())
}

func TestPowerLoss(t *testing.T) {
	const starts = 4
	seeds, perStart := 1, 12
	if os.Getenv("SOAK") != "" {
		seeds, perStart = 30, 22
	}
	for seed := range uint64(seeds) {
		disk := vfs.NewCrashableMem()
		p := newPlay(seed, 3)
		c := &crashes{disk: disk, play: p, rng: rand.New(rand.NewPCG(seed, 1)), chance: 100}
		o := small(onMemory(injected{errorfs.Wrap(disk, c), c}))
		for start := 1; start <= starts; start++ {
			p.on(open(t, o))
			for round := 0; c.count() < start*perStart; round++ {
				require.NoError(t, p.round(t.Context()))
				if round%5 == 4 {
					require.NoError(t, p.save(t.Context()))
				}
			}
			require.NoError(t, p.store.Close())
		}
		require.NoError(t, errors.Join(c.errs...))
	}
	t.Logf("%d crashes survived", seeds*starts*perStart)
}

// count is how many crashes there were; an error counts for all.
func (c *crashes) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.errs) > 0 {
		return 1 << 30
	}
	return c.clones
}
