package embedded

import (
	"log/slog"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	pebbleFolder   = "pebble"
	memTableBytes  = 64 << 20 // 4 MiB and 256 MiB are both slower for small synced commits
	cacheBytes     = 64 << 20
	manifestBytes  = 1 // a new one whenever more tables came than there are: it is read again and again, and Scrub needs to be rid of old ones
	defaultBallast = 64 << 20
)

// Options say where the store is and how it behaves.
type Options struct {
	Dir          string               // the data folder; it is made if it is not there
	FS           vfs.FS               // nil means the real disk
	MinFreeBytes uint64               // less free space than this, and no write is taken; 0 never refuses
	BallastBytes int64                // 0 means 64 MiB, less than 0 no ballast
	Logger       *slog.Logger         // nil discards
	OnFatal      func(message string) // a write cannot be made durable: end the process and do not return; nil logs and exits with status 1
	NoTimers     bool                 // for tests whose time is not real: nothing happens by the clock alone, so the disk's free space is not watched

	tune func(*pebble.Options) // for tests
}
