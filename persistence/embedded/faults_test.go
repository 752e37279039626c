package embedded

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// A failed operation on the file system may end the process: Pebble dies of a
// log that it cannot write, and panics on some others. So each is failed in a
// process of its own, on a real folder; the parent looks at what is left.

// faultOf names, in a child's environment, the folder and the operation to fail.
const (
	faultFolder = "EMBEDDED_TEST_FOLDER"
	faultNumber = "EMBEDDED_TEST_FAULT"
)

// fault fails the nth operation on the file system, and counts them.
type fault struct {
	nth  int64 // 0 for none
	seen atomic.Int64
}

func (f *fault) String() string { return "fault" }

func (f *fault) MaybeError(errorfs.Op) error {
	if f.seen.Add(1) == f.nth {
		return errorfs.ErrInjected
	}
	return nil
}

// injected is a file system whose every operation goes by an injector. errorfs
// alone lets what is written to a log in its second use go past it.
type injected struct {
	*errorfs.FS
	injector errorfs.Injector
}

// ReuseForWrite implements vfs.FS.
func (fs injected) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := fs.FS.ReuseForWrite(oldname, newname, category)
	if err != nil {
		return nil, err
	}
	return errorfs.WrapFile(file, fs.injector), nil
}

// said is a line that the child prints: a batch that is about to be appended, or
// that is acknowledged; at the end, how many operations there were.
type said struct {
	ID           string `json:"id,omitempty"`
	Records      []byte `json:"records,omitempty"`
	Acknowledged bool   `json:"acknowledged,omitempty"`
	Operations   int64  `json:"operations,omitempty"`
}

// TestFaultChild is the child's part: 200 operations, appends, and now and then
// a snapshot, a look at everything, and a restart. An error ends it.
func TestFaultChild(t *testing.T) {
	folder := os.Getenv(faultFolder)
	if folder == "" {
		t.Skip("the child's part of TestEveryIOFails")
	}
	nth, err := strconv.ParseInt(os.Getenv(faultNumber), 10, 64)
	require.NoError(t, err)
	ledger, err := os.Create(filepath.Join(folder, "ledger"))
	require.NoError(t, err)
	lines := json.NewEncoder(ledger)
	f := &fault{nth: nth}
	p := newPlay(1, 3)
	p.say = func(batch *competition.Batch, acknowledged bool) {
		require.NoError(t, lines.Encode(said{ID: batch.CompetitionID, Records: batch.Records, Acknowledged: acknowledged}))
	}
	err = playScript(t.Context(), p, f, filepath.Join(folder, "data"))
	t.Logf("the script ended with: %v", err)
	require.NoError(t, lines.Encode(said{Operations: f.seen.Load()}))
}

func playScript(ctx context.Context, p *play, f *fault, dir string) (err error) {
	o := small(Options{Dir: dir, FS: injected{errorfs.Wrap(vfs.Default, f), f}})
	var s *Store
	for i := range 200 {
		switch {
		case i%50 == 0:
			if s != nil {
				if err := s.Close(); err != nil {
					return err
				}
			}
			if s, err = Open(ctx, o); err != nil {
				return err
			}
			p.on(s)
		case i%20 == 13:
			err = p.save(ctx)
		case i%40 == 39:
			err = check(ctx, s, p.accounts())
		default:
			err = p.round(ctx)
		}
		if err != nil {
			return err
		}
	}
	return s.Close()
}

// runFault runs the script in a child, with the nth operation failing, and
// returns what the store must hold afterwards.
func runFault(t *testing.T, folder string, nth int64) (accounts map[string]account, operations int64, died bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // some failures leave Pebble waiting forever
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestFaultChild$")
	cmd.Env = append(os.Environ(), childOf+"=faults", faultFolder+"="+folder, fmt.Sprintf("%s=%d", faultNumber, nth))
	died = cmd.Run() != nil

	text, err := os.ReadFile(filepath.Join(folder, "ledger"))
	require.NoError(t, err)
	book := newPlay(1, 3)
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line said
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			break // the child died in the middle of it
		}
		if line.Operations > 0 {
			operations = line.Operations
			continue
		}
		book.note(&competition.Batch{CompetitionID: line.ID, Records: line.Records}, line.Acknowledged)
	}
	return book.accounts(), operations, died
}

// TestEveryIOFails fails the operations of the script, each in a run of its own.
// What was acknowledged must be there afterwards, and nothing else but what was
// being written at the end. There are thousands; each run of the tests takes
// another sample, and FAULTS=all takes every one.
func TestEveryIOFails(t *testing.T) {
	_, operations, died := runFault(t, t.TempDir(), 0)
	require.False(t, died)
	require.Greater(t, operations, int64(500))
	var sample []int64
	if os.Getenv("FAULTS") == "all" {
		for nth := range operations {
			sample = append(sample, nth+1)
		}
	} else {
		random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 3))
		for range 6 {
			sample = append(sample, 1+random.Int64N(operations))
		}
	}
	deaths := 0
	for _, nth := range sample {
		folder := t.TempDir()
		accounts, _, died := runFault(t, folder, nth)
		if died {
			deaths++
		}
		s, err := Open(t.Context(), small(Options{Dir: filepath.Join(folder, "data")}))
		require.NoError(t, err, "operation %d", nth)
		for _, damage := range s.damaged {
			err = errors.Join(err, damage)
		}
		require.NoError(t, errors.Join(err, check(t.Context(), s, accounts), s.Close()), "operation %d", nth)
		require.NoError(t, os.RemoveAll(folder))
	}
	t.Logf("%d operations, %d of them failed, the process died of %d", operations, len(sample), deaths)
}
