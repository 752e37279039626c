package embedded

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/wire"
	"github.com/paceboard/paceboard/internal/worker"
)

// Open opens the store of a folder, or makes a new one. It returns by ctx's
// deadline, which should leave time to read a log of some 100 MiB; afterwards
// ctx means nothing to the store. Competitions whose journal lost its end are
// logged and refused one by one, later. Errors: ErrInUse, ErrFull, ErrDamaged,
// ErrNewer, ErrHangs, and those of the file system.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	renewing := new(atomic.Bool)
	o.FS = orderedFS{o.FS, renewing, new(sync.Map)}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.BallastBytes == 0 {
		o.BallastBytes = defaultBallast
	}
	opening := &opening{
		options: o, renewing: renewing, path: o.FS.PathJoin(o.Dir, pebbleFolder),
		log: newPebbleLog(o.Logger, o.OnFatal), opened: make(chan *Store), failed: make(chan error), left: make(chan struct{}),
	}
	go opening.run()
	select {
	case s := <-opening.opened:
		s.start()
		return s, nil
	case err := <-opening.failed:
		return nil, fmt.Errorf("open the data folder %s: %w", o.Dir, err)
	case <-opening.log.dead:
		close(opening.left)
		return nil, fmt.Errorf("open the data folder %s: %w", o.Dir, errStopped)
	case <-ctx.Done():
		close(opening.left)
		return nil, fmt.Errorf("open the data folder %s: %w: the disk may be full, slow or broken: %w", o.Dir, ErrHangs, context.Cause(ctx))
	}
}

// opening is an Open under way, in a goroutine of its own because Pebble has
// ways to wait forever.
type opening struct {
	options Options
	path    string // Pebble's folder

	renewing *atomic.Bool
	log      *pebbleLog
	opened   chan *Store
	failed   chan error
	left     chan struct{} // closed when nobody waits any more
}

func (o *opening) run() {
	s, err := o.open()
	if err != nil {
		select {
		case o.failed <- err:
		case <-o.left:
		}
		return
	}
	select {
	case o.opened <- s:
	case <-o.left: // Too late: nobody else will close it.
		s.start()
		if err := s.Close(); err != nil {
			o.options.Logger.Warn("the store opened after the deadline and did not close well", "error", err)
		}
	}
}

// open does the work. Pebble panics on some kinds of damage.
func (o *opening) open() (s *Store, err error) {
	if err := o.makeFolder(); err != nil {
		return nil, err
	}
	lock, err := pebble.LockDirectory(o.path, o.options.FS)
	if err != nil {
		if _, ok := errors.AsType[*fs.PathError](err); ok {
			return nil, err
		}
		return nil, fmt.Errorf("%w: another paceboard uses this DATA_DIR; stop it, or give this one a folder of its own: %w", ErrInUse, err)
	}
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("%w: pebble cannot read its files: %v", ErrDamaged, failure)
		}
		if err != nil {
			err = errors.Join(err, lock.Close())
		}
	}()
	if err := checkWhole(&o.options); err != nil {
		return nil, err
	}
	if err := o.options.FS.RemoveAll(o.options.FS.PathJoin(o.options.Dir, checkpointFolder)); err != nil {
		return nil, fmt.Errorf("remove the checkpoint that a backup has left: %w", err)
	}
	if err := makeRoom(&o.options); err != nil {
		return nil, err
	}
	said, found, err := readWatermark(o.options.FS, o.options.Dir)
	if err != nil {
		return nil, err
	}
	before, err := pebble.Peek(o.path, o.options.FS)
	if err != nil {
		return nil, err
	}
	db, err := o.openPebble(lock, said.manifest)
	if err != nil {
		if pebble.IsCorruptionError(err) {
			err = fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		return nil, err
	}
	s, err = o.newStore(db, lock, said, found, before.OptionsFilename)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// makeFolder makes the folders and has them on disk. The data folder's own entry
// is synced every time, in case that it was made and then the power failed.
func (o *opening) makeFolder() error {
	if err := makeDir(o.options.FS, o.path); err != nil {
		return err
	}
	if err := syncDir(o.options.FS, o.options.Dir); err != nil {
		return err
	}
	err := syncDir(o.options.FS, o.options.FS.PathDir(o.options.Dir))
	if errors.Is(err, fs.ErrPermission) {
		return nil // It was there before, and belongs to somebody else.
	}
	return err
}

// openPebble opens the database. A new one is closed and opened again at once:
// Pebble begins a database in its oldest format, and its first log would stay in
// that, in which a damaged record looks like the end.
func (o *opening) openPebble(lock *pebble.Lock, claimed claim) (*pebble.DB, error) {
	there, err := pebble.Peek(o.path, o.options.FS)
	if err != nil {
		return nil, err
	}
	switch {
	case there.Exists:
		if err := checkManifest(o.options.FS, there.ManifestFilename, claimed); err != nil {
			return nil, err
		}
	case claimed.name != "":
		return nil, fmt.Errorf("%w: %s was in use, and now there is none", ErrDamaged, claimed.name)
	default:
		db, err := pebble.Open(o.path, o.pebbleOptions(lock))
		if err != nil {
			return nil, err
		}
		if err := db.Close(); err != nil {
			return nil, err
		}
	}
	return pebble.Open(o.path, o.pebbleOptions(lock))
}

func (o *opening) pebbleOptions(lock *pebble.Lock) *pebble.Options {
	options := &pebble.Options{
		FS:                  o.options.FS,
		Lock:                lock,
		FormatMajorVersion:  pebble.FormatNewest,
		MemTableSize:        memTableBytes,
		CacheSize:           cacheBytes,
		MaxManifestFileSize: manifestBytes,
		Logger:              o.log,
		EventListener:       o.log.events(),
	}
	if o.options.NoTimers {
		options.Experimental.CompactionScheduler = pebble.NewConcurrencyLimitSchedulerWithNoPeriodicGrantingForTest()
	}
	if o.options.tune != nil {
		o.options.tune(options)
	}
	return options
}

// newStore holds the database against the commit watermark and rewrites that. last names
// the opening before this one.
func (o *opening) newStore(db *pebble.DB, lock *pebble.Lock, said claims, found bool, last string) (*Store, error) {
	if err := verifyFormat(db); err != nil {
		return nil, err
	}
	damaged, err := holdAgainst(db, &said)
	if err != nil {
		return nil, err
	}
	for _, damage := range damaged {
		o.options.Logger.Error("a competition lost acknowledged events and is refused; restore the data folder from a backup",
			"competition", damage.CompetitionID, "seq", damage.Seq, "reason", damage.Reason)
	}
	switch {
	case !found && len(said.journals) > 0:
		o.options.Logger.Warn("the data folder has no commit watermark: events that were lost before now would go unnoticed")
	case said.skipped > 0:
		o.options.Logger.Info("the commit watermark has bytes that are no claim, as after a power loss", "bytes", said.skipped)
	}
	w := &watermark{fs: o.options.FS, dir: o.options.Dir, logger: o.options.Logger}
	if err := w.write(said); err != nil {
		if w.file != nil {
			err = errors.Join(err, w.file.Close())
		}
		return nil, err
	}
	there, err := pebble.Peek(o.path, o.options.FS)
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	o.log.manifest.CompareAndSwap(nil, &there.ManifestFilename) // Nothing may have been written yet.
	s := &Store{
		options: o.options, log: o.log, db: db, lock: lock, mark: w, damaged: damaged,
		saving: newTurns(), projecting: newTurns(), handing: newTurns(), administering: newTurns(), inviting: newTurns(), linking: newTurns(), hooking: newTurns(), auditing: newTurns(),
		bulks: make(chan struct{}, bulkPlaces()),
		slot:  make(chan struct{}, 1), scrubbing: make(chan struct{}, 1), checkpointing: make(chan struct{}, 1), renewing: o.renewing, commits: make(chan *commit, 1), heads: map[string]uint64{},
	}
	s.closing, s.close = context.WithCancel(context.Background())
	s.claimManifest()
	if err := s.fillLists(o.options.FS.PathBase(last), o.options.FS.PathBase(there.OptionsFilename)); err != nil {
		return nil, errors.Join(err, w.close())
	}
	s.measure()
	n, err := s.typeOldEntries(context.Background())
	switch {
	case errors.Is(err, competition.ErrCorrupt): // no reason to keep competitions from running
		o.options.Logger.Error("entries of the audit log that an older version wrote cannot be read; the log shows none of those that are left", "error", err)
	case err != nil:
		return nil, errors.Join(err, w.close())
	}
	if n > 0 {
		o.options.Logger.Info("the audit log has typed subjects now", "entries", n)
	}
	return s, nil
}

// start begins the store's own goroutines.
func (s *Store) start() {
	s.running.Go(s.runCommits)
	if !s.options.NoTimers {
		s.running.Go(s.runGuard)
	}
}

// runGuard looks after the disk, off the path of the commits.
func (s *Store) runGuard() {
	for worker.Pause(s.closing, time.Second) {
		select {
		case <-s.log.dead:
			return
		default:
			s.measure()
			s.claimManifest()
		}
	}
}

// claimManifest claims what the MANIFEST has grown by. How far it can be read
// is found out first, and then it is synced, so that W1 holds although Pebble
// may be writing to it.
func (s *Store) claimManifest() {
	path := *s.log.manifest.Load()
	files := s.options.FS
	info, err := files.Stat(path)
	if err == nil && info.Size() == s.claimed {
		return
	}
	var sound int64
	if err == nil {
		sound, err = soundBytes(files, path)
	}
	if err == nil {
		err = syncDir(files, path) // It does for a file as well.
	}
	if err != nil { // It may just have been replaced.
		s.options.Logger.Debug("the MANIFEST was not claimed", "error", err)
		return
	}
	s.claimed = info.Size()
	s.mark.add(appendClaim(nil, claimManifest, uint64(sound), files.PathBase(path)))
}

// Close waits for the commit under way and ends the store. After a write that
// could not be made durable there is nothing to end but the process.
func (s *Store) Close() error {
	s.close()
	if err := s.acquire(context.Background()); err != nil {
		return err
	}
	close(s.commits)
	s.running.Wait()
	err := s.db.Close()
	if err == nil {
		s.claimManifest()
	}
	return errors.Join(err, s.mark.close(), s.lock.Close())
}

// formatName is the name of the one format row.
const formatName = "level"

// layout grows with every change of keys.go or rows.go that an older program could
// not read, as competition.FormatLevel does with every new kind of event.
//
//	0  everything before levels were noted
//	1  summaries say until when decisions are kept
const layout = 1

// verifyFormat refuses a folder that a newer version has used, whose journals or
// rows may be what this one cannot read, and notes this version's levels: that of
// the events and that of the layout.
func verifyFormat(db *pebble.DB) error {
	current, err := readFormat(db)
	if err != nil || current {
		return err
	}
	value := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(competition.FormatLevel)), layout)
	return db.Set(appendKey(nil, formatKeys, formatName), value, pebble.Sync)
}

// readFormat refuses a folder that a newer version has used, and reports whether its
// levels are this version's.
func readFormat(db *pebble.DB) (current bool, err error) {
	value, closer, err := db.Get(appendKey(nil, formatKeys, formatName))
	var level, rows uint64
	switch {
	case errors.Is(err, pebble.ErrNotFound): // from before there were levels, or new
	case err != nil:
		return false, err
	default:
		r := wire.NewReader(value)
		level, rows = r.Uvarint(), r.Uvarint() // 0 where there is none
		if err := closer.Close(); err != nil {
			return false, err
		}
	}
	switch {
	case level > uint64(competition.FormatLevel):
		return false, fmt.Errorf("%w: it has format level %d and this program knows %d; run the newer program", ErrNewer, level, competition.FormatLevel)
	case rows > layout:
		return false, fmt.Errorf("%w: it has layout %d and this program knows %d; run the newer program", ErrNewer, rows, layout)
	}
	return level == uint64(competition.FormatLevel) && rows == layout, nil
}
