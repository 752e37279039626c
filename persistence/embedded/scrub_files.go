package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/paceboard/paceboard/internal/worker"
)

// removeLogs removes the logs up to a number, of which everything is in tables.
// They would wait for new use, with all that is in them; see orderedFS.
func (s *Store) removeLogs(upTo uint64) error {
	err := s.eachFile(func(name string, number uint64) error {
		if !strings.HasSuffix(name, logSuffix) || number > upTo {
			return nil
		}
		err := s.options.FS.Remove(s.pebblePath(name))
		if errors.Is(err, fs.ErrNotExist) {
			return nil // Pebble was faster.
		}
		return err
	})
	if err != nil {
		return err
	}
	return syncDir(s.options.FS, s.pebblePath(""))
}

// The keys of the tables that are there only to be counted.
var (
	countedKeys    = []byte("~/")
	pastCounted    = []byte("~0")
	mostTables     = 1 << 16
	countedFile    = "counted.sst"
	errManifestOld = errors.New("pebble does not begin a new MANIFEST")
)

// rollManifest has Pebble begin a new MANIFEST. It does that of itself once more
// tables came and went than there are; so as many empty ones come and go.
func (s *Store) rollManifest(ctx context.Context) error {
	before := s.manifestNumber()
	tables := int64(1)
	levels := &s.db.Metrics().Levels
	for i := range levels {
		tables += levels[i].TablesCount
	}
	for n := int(tables); n <= mostTables; n *= 2 {
		if err := s.ingestCounted(ctx, n); err != nil {
			return err
		}
		if err := s.db.Excise(ctx, pebble.KeyRange{Start: countedKeys, End: pastCounted}); err != nil {
			return err
		}
		if s.manifestNumber() != before {
			return nil
		}
	}
	return errManifestOld
}

// ingestCounted adds tables of one row each.
func (s *Store) ingestCounted(ctx context.Context, n int) error {
	paths := make([]string, n)
	for i := range paths {
		paths[i] = s.options.FS.PathJoin(s.options.Dir, strconv.Itoa(i)+"."+countedFile)
		file, err := s.options.FS.Create(paths[i], vfs.WriteCategoryUnspecified)
		if err != nil {
			return err
		}
		table := sstable.NewWriter(objstorageprovider.NewFileWritable(file), sstable.WriterOptions{
			TableFormat: s.db.FormatMajorVersion().MaxTableFormat(),
		})
		err = table.Set(fmt.Appendf(nil, "%s%08d", countedKeys, i), nil)
		if err := errors.Join(err, table.Close()); err != nil {
			return err
		}
	}
	return s.db.Ingest(ctx, paths)
}

// awaitRemoval waits until Pebble has removed what is not in use: the MANIFESTs
// up to one number and the tables up to another.
func (s *Store) awaitRemoval(ctx context.Context, manifest, table uint64) error {
	return until(ctx, func() (gone bool, err error) {
		levels, err := s.db.SSTables()
		if err != nil {
			return false, err
		}
		inUse := map[uint64]bool{}
		for _, tables := range levels {
			for _, t := range tables {
				inUse[uint64(t.BackingSSTNum)] = true
			}
		}
		gone = true
		err = s.eachFile(func(name string, number uint64) error {
			if strings.HasPrefix(name, manifestPrefix) && number <= manifest || strings.HasSuffix(name, ".sst") && number <= table && !inUse[number] {
				gone = false
			}
			return nil
		})
		return gone, err
	})
}

const manifestPrefix = "MANIFEST-"

// manifestNumber is that of the MANIFEST in use.
func (s *Store) manifestNumber() uint64 {
	return fileNumber(s.options.FS.PathBase(*s.log.manifest.Load()))
}

// fileNumber is the number in the name of a file of Pebble's; 0 if there is none.
// Files of all kinds are numbered in turn.
func fileNumber(name string) uint64 {
	digits, _, _ := strings.Cut(strings.TrimPrefix(name, manifestPrefix), ".")
	number, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0
	}
	return number
}

// eachFile visits the numbered files of Pebble's folder.
func (s *Store) eachFile(visit func(name string, number uint64) error) error {
	names, err := s.options.FS.List(s.pebblePath(""))
	if err != nil {
		return err
	}
	for _, name := range names {
		if number := fileNumber(name); number > 0 {
			if err := visit(name, number); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) pebblePath(name string) string {
	return s.options.FS.PathJoin(s.options.Dir, pebbleFolder, name)
}

// until asks again and again, since Pebble does not tell.
func until(ctx context.Context, done func() (bool, error)) error {
	for {
		if is, err := done(); is || err != nil {
			return err
		}
		if !worker.Pause(ctx, 2*time.Millisecond) {
			return context.Cause(ctx)
		}
	}
}
