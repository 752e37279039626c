package archive

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/internal/worker"
	"github.com/paceboard/paceboard/persistence/embedded"
)

const (
	// every is how long a round ends before the next begins.
	every = 3 * time.Second
	// callWithin is how long one call to the bucket may take.
	callWithin = 30 * time.Second
	// healthyLag is the lag above which the archive counts as unhealthy.
	healthyLag = 30 * time.Second
	// closeWithin is how long the last round may take.
	closeWithin = 5 * time.Second
	// othersSilent is how long the server that wrote last must have been silent before one whose data
	// folder comes from a restore goes on.
	othersSilent = 30 * time.Second
	// maxDeclared is how many journals a segment names after a restore.
	maxDeclared = 40_000
	// maxUnknown is how many segments of which the store does not know are read at a start.
	maxUnknown = 256
)

var pauses = worker.Backoff{First: time.Second, Max: 15 * time.Second, Jitter: .2}

// Store is what is archived.
type Store interface {
	ArchivePosition() (embedded.ArchivePosition, error)
	LastRestore() (string, error)
	SaveArchived(p embedded.ArchivePosition, ends []competition.Chain, fresh bool) error
	ArchiveView(ctx context.Context) (*embedded.ArchiveView, error)
}

// Options are what a Shipper needs.
type Options struct {
	Bucket  Bucket
	Grown   *Grown
	Program string // the version
	Logger  *slog.Logger
	Metrics prometheus.Registerer

	Now   func() time.Time // the clock that gives events their times; nil for that of the machine
	Every time.Duration    // 0 for 3 s; for tests
}

// Shipper writes what is new in a store's journals to an archive, as long as it runs.
type Shipper struct {
	options Options
	store   Store
	loop    *worker.Loop

	id       string // of the archive; empty until it is open
	restore  string // that of which the data folder comes
	position embedded.ArchivePosition
	pending  map[string]struct{} // journals that may have grown; at most as many as there are competitions
	sealed   *sealed             // a segment of which nobody knows whether it is there
	damaged  map[string]bool     // journals that cannot be read
	declared int                 // how many journals the archive was told of after a restore

	mu      sync.Mutex
	through time.Time // everything acknowledged before is in the archive
	took    time.Duration
	err     error // of the last round

	segments, sent, failures prometheus.Counter
	waiting                  prometheus.Gauge
}

// sealed is a segment that is complete.
type sealed struct {
	bytes    []byte
	ends     []competition.Chain
	fresh    bool
	position embedded.ArchivePosition // once it is there
}

// Start begins to archive a store, until Stop is called. Nothing waits for the bucket.
func Start(store Store, o Options) *Shipper {
	if o.Every == 0 {
		o.Every = every
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "paceboard_archive_" + name, Help: help})
	}
	s := &Shipper{
		options: o, store: store, through: time.Now(), pending: map[string]struct{}{}, damaged: map[string]bool{},
		segments: counter("segments_total", "Segments of journals that were written to the archive."),
		sent:     counter("bytes_total", "Bytes of segments that were written to the archive."),
		failures: counter("failures_total", "Attempts to write to the archive that failed; they are repeated."),
		waiting:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "paceboard_archive_waiting_competitions", Help: "Competitions whose journal has events that are not in the archive yet."}),
	}
	lag := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "paceboard_archive_lag_seconds", Help: "How long ago what was acknowledged then may not be in the archive yet: what a loss of the data folder would cost."},
		func() float64 { return s.lag().Seconds() })
	o.Metrics.MustRegister(s.segments, s.sent, s.failures, s.waiting, lag)
	s.loop = worker.Start(context.Background(), s.run)
	return s
}

// Stop writes what is left, for some seconds, and ends.
func (s *Shipper) Stop() {
	s.loop.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	if err := s.round(ctx, true); err != nil {
		s.options.Logger.Warn("the archive does not have everything yet; the next start goes on with it", "error", err, "lag", s.lag())
	}
	s.options.Bucket.Close()
}

func (s *Shipper) lag() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.through)
}

// Health returns the archive as a dependency that follows the journals.
func (s *Shipper) Health() competition.Dependency {
	s.mu.Lock()
	defer s.mu.Unlock()
	lag := time.Since(s.through)
	err := s.err
	switch {
	case lag <= healthyLag && !isFinal(err):
		err = nil
	case err == nil:
		err = errors.New("the archive cannot keep up")
	}
	d := competition.NewDependency("archive", s.took, err)
	d.Follows, d.Lag = true, lag
	return d
}

// isFinal reports whether an error is one that does not go away by itself.
func isFinal(err error) bool {
	return errors.Is(err, ErrForeign) || errors.Is(err, ErrBusy) || errors.Is(err, ErrOlder) || errors.Is(err, ErrDamaged) || errors.Is(err, ErrMissing)
}

func (s *Shipper) run(ctx context.Context) {
	for failed := 0; ; {
		began := time.Now()
		err := s.round(ctx, false)
		if ctx.Err() != nil {
			return
		}
		s.mu.Lock()
		s.took, s.err = time.Since(began), err
		s.mu.Unlock()
		wait := s.options.Every
		switch {
		case err != nil:
			if failed++; failed == 1 || failed%100 == 0 {
				s.options.Logger.WarnContext(ctx, "the journals cannot be archived; this is repeated until they can", "error", err, "attempts", failed, "lag", s.lag())
			}
			s.failures.Inc()
			wait = min(pauses.After(failed), max(wait, time.Second)*5)
		case failed > 0:
			s.options.Logger.InfoContext(ctx, "the journals are archived again", "attempts", failed)
			failed = 0
		}
		if !worker.Pause(ctx, wait) {
			return
		}
	}
}

// round writes everything that is new.
func (s *Shipper) round(ctx context.Context, last bool) error {
	if s.id == "" {
		if err := s.open(ctx); err != nil {
			return err
		}
	}
	began, through := time.Now(), s.options.Now().UTC()
	s.options.Grown.take(s.pending)
	for {
		if s.sealed == nil {
			s.waiting.Set(float64(len(s.pending)))
			next, err := s.gather(ctx)
			if err != nil {
				return err
			}
			if next == nil {
				break
			}
			s.sealed = next
		}
		if err := s.send(ctx); err != nil {
			return err
		}
	}
	s.waiting.Set(0)
	h := head{Archive: s.id, Segment: s.position.Segment, SHA256: s.position.SHA256, Through: through, Closed: last, At: time.Now().UTC()}
	b, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := s.call(ctx, func(ctx context.Context) error { return s.options.Bucket.Replace(ctx, headName, b) }); err != nil {
		return err
	}
	s.mu.Lock()
	s.through = began
	s.mu.Unlock()
	return nil
}

func (s *Shipper) call(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	return do(ctx)
}

// send writes the sealed segment, and notes that it is there.
func (s *Shipper) send(ctx context.Context) error {
	name := segmentName(s.sealed.position.Segment)
	err := s.call(ctx, func(ctx context.Context) error { return s.options.Bucket.Put(ctx, name, s.sealed.bytes) })
	if errors.Is(err, errExists) { // perhaps by an attempt whose answer was lost
		var there []byte
		err = s.call(ctx, func(ctx context.Context) (err error) {
			there, err = s.options.Bucket.Get(ctx, name)
			return err
		})
		if err == nil && !bytes.Equal(there, s.sealed.bytes) {
			s.id, s.sealed = "", nil // it is opened again, and looked at
			return fmt.Errorf("%w: %s is not of this one", ErrBusy, name)
		}
	}
	if err != nil {
		return err
	}
	if err := s.store.SaveArchived(s.sealed.position, s.sealed.ends, s.sealed.fresh); err != nil {
		return err
	}
	s.segments.Inc()
	s.sent.Add(float64(len(s.sealed.bytes)))
	s.options.Grown.archived(s.sealed.ends)
	s.position, s.sealed = s.sealed.position, nil
	return nil
}

// seal makes a segment of what was gathered.
func (s *Shipper) seal(h *header, records []byte, ends []competition.Chain) (*sealed, error) {
	h.Archive, h.Number, h.Before = s.id, s.position.Segment+1, s.position.SHA256
	h.MadeAt, h.Program = time.Now().UTC(), s.options.Program
	b, sum, err := h.encode(records)
	position := embedded.ArchivePosition{Archive: s.id, Segment: h.Number, SHA256: sum, Declared: s.position.Declared}
	return &sealed{bytes: b, ends: ends, position: position}, err
}

// gather makes a segment of what is not archived yet; nil if there is nothing.
func (s *Shipper) gather(ctx context.Context) (sealed *sealed, err error) {
	if s.position.Declared != s.restore {
		return s.declare(ctx)
	}
	if len(s.pending) == 0 {
		return nil, nil
	}
	view, err := s.store.ArchiveView(ctx)
	if err != nil {
		return nil, err
	}
	g := gathering{shipper: s, view: view}
	var done []string
	for id := range s.pending {
		whole, err := g.add(ctx, id)
		if _, damaged := errors.AsType[*competition.CorruptError](err); damaged {
			if !s.damaged[id] {
				s.damaged[id] = true
				s.options.Logger.ErrorContext(ctx, "a journal is damaged, and goes no further in the archive", "competition", id, "error", err)
			}
			whole, err = true, nil
		}
		if err != nil {
			return nil, errors.Join(err, view.Close())
		}
		if !whole {
			break
		}
		done = append(done, id)
	}
	if err := view.Close(); err != nil {
		return nil, err
	}
	if len(g.header.Parts) > 0 {
		sealed, err = s.seal(&g.header, g.records, g.ends)
	}
	if err == nil {
		for _, id := range done {
			delete(s.pending, id)
		}
	}
	return sealed, err
}

// gathering is a segment that is being filled.
type gathering struct {
	shipper *Shipper
	view    *embedded.ArchiveView
	header  header
	records []byte
	size    int
	ends    []competition.Chain
}

var errFull = errors.New("the segment is full")

// add adds what is new of a journal, and reports whether that was all of it.
func (g *gathering) add(ctx context.Context, id string) (whole bool, err error) {
	end, err := g.view.End(id)
	if err != nil {
		return false, err
	}
	archived, err := g.view.Archived(id)
	if err != nil || archived.Seq >= end.Seq {
		return true, err
	}
	start := len(g.records)
	err = g.view.Records(ctx, id, archived.Seq, end.Seq, func(record []byte) error {
		if g.size > 0 && g.size+len(record) > segmentBytes {
			return errFull
		}
		g.size += len(record)
		g.records = append(g.records, record...)
		return nil
	})
	full := errors.Is(err, errFull)
	if err != nil && !full {
		g.records = g.records[:start]
		return false, err
	}
	records := g.records[start:]
	if len(records) == 0 {
		return !full, nil
	}
	part, err := g.part(id, records)
	if err != nil {
		g.records = g.records[:start]
		return false, err
	}
	g.header.Parts = append(g.header.Parts, *part)
	g.ends = append(g.ends, part.end())
	g.size += rowBytes * (1 + len(part.Rows))
	return !full, nil
}

// part describes records, and finds the rows that their events commit to.
func (g *gathering) part(id string, records []byte) (*journalPart, error) {
	read, err := competition.ReadPart(id, records)
	if err != nil {
		return nil, err
	}
	p := &journalPart{
		Competition: id, First: read.Before.Seq + 1, Last: read.End.Seq, Before: hash(read.Before.Hash), End: hash(read.End.Hash),
		Newest: read.Newest, Bytes: len(records),
	}
	for _, named := range read.Named {
		i, there, err := g.view.Identity(id, named.Number)
		if err != nil {
			return nil, err
		}
		if !there || i.Commitment() != named.Said {
			i, there = g.shipper.options.Grown.row(id, named)
		}
		r := row{Seq: named.Seq, Number: named.Number, Lost: true}
		if there {
			r = row{Seq: named.Seq, Number: named.Number, Key: hash(i.Key), UserID: i.UserID, UserName: i.UserName}
		}
		p.Rows = append(p.Rows, r)
	}
	return p, nil
}

// declare makes the segments that tell the archive of a restore, one after another.
func (s *Shipper) declare(ctx context.Context) (_ *sealed, err error) {
	view, err := s.store.ArchiveView(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	h := header{History: &history{Restore: s.restore, Begins: s.declared == 0, Ends: true}}
	n := 0
	err = view.RestoredEnds(ctx, func(end competition.Chain) error {
		switch n++; {
		case n <= s.declared:
		case len(h.Parts) >= maxDeclared:
			h.History.Ends = false
		default:
			h.Parts = append(h.Parts, journalPart{Competition: end.CompetitionID, First: end.Seq + 1, Last: end.Seq, Before: hash(end.Hash), End: hash(end.Hash)})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	next, err := s.seal(&h, nil, nil)
	if err == nil && h.History.Ends {
		next.position.Declared = s.restore
	}
	s.declared += len(h.Parts)
	return next, err
}

// open finds out where the archive stands, and whether it is this store's.
func (s *Shipper) open(ctx context.Context) error {
	bucket := s.options.Bucket
	position, err := s.store.ArchivePosition()
	if err != nil {
		return err
	}
	if s.restore, err = s.store.LastRestore(); err != nil {
		return err
	}
	var file identityFile
	err = s.call(ctx, func(ctx context.Context) error { return getJSON(ctx, bucket, archiveName, &file) })
	if errors.Is(err, errNotThere) {
		file = identityFile{Paceboard: "archive", Format: format, ID: rand.Text(), MadeAt: time.Now().UTC()}
		b, err := json.Marshal(file)
		if err != nil {
			return err
		}
		if err := s.call(ctx, func(ctx context.Context) error { return bucket.Put(ctx, archiveName, b) }); err != nil {
			return fmt.Errorf("make the archive: %w", err)
		}
	} else if err != nil {
		return err
	}
	fresh := position.Archive != file.ID
	if fresh {
		position = embedded.ArchivePosition{Archive: file.ID, Declared: s.restore}
	}
	unknown, err := s.unknown(ctx, position.Segment)
	switch {
	case err != nil:
		return err
	case fresh && len(unknown) > 0:
		return fmt.Errorf("%w; name an empty folder or prefix", ErrForeign)
	case fresh:
		if err := s.store.SaveArchived(position, nil, true); err != nil {
			return err
		}
	}
	if err := s.adopt(ctx, &position, unknown); err != nil {
		return err
	}
	s.position, s.declared = position, 0
	if err := s.all(ctx); err != nil {
		return err
	}
	s.id = file.ID
	return nil
}

// all has every journal looked at that is not whole in the archive.
func (s *Shipper) all(ctx context.Context) (err error) {
	view, err := s.store.ArchiveView(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	return view.Ends(ctx, func(end competition.Chain) {
		if archived, err := view.Archived(end.CompetitionID); err != nil || archived.Seq < end.Seq {
			s.pending[end.CompetitionID] = struct{}{}
		}
	})
}

// unknown returns the numbers of the segments after one.
func (s *Shipper) unknown(ctx context.Context, after uint64) (numbers []uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	from := ""
	if after > 0 {
		from = segmentName(after)
	}
	err = s.options.Bucket.List(ctx, segmentPrefix, from, func(name string) error {
		if number, ok := segmentNumber(name); ok {
			numbers = append(numbers, number)
		}
		return nil
	})
	return numbers, err
}

// adopt goes on after segments that this store does not know of: it was killed before it
// noted that they are there, or it was restored.
func (s *Shipper) adopt(ctx context.Context, position *embedded.ArchivePosition, unknown []uint64) error {
	restored := s.restore != position.Declared
	if restored { // what is there is of another history
		if err := s.othersAreSilent(ctx); err != nil {
			return err
		}
		unknown = unknown[max(len(unknown)-1, 0):]
	}
	if len(unknown) > maxUnknown {
		return fmt.Errorf("%w: it has %d segments more", ErrOlder, len(unknown))
	}
	for _, number := range unknown {
		if !restored && number != position.Segment+1 {
			return fmt.Errorf("%w: segment %d", ErrMissing, position.Segment+1)
		}
		var b []byte
		err := s.call(ctx, func(ctx context.Context) (err error) {
			b, err = s.options.Bucket.Get(ctx, segmentName(number))
			return err
		})
		if err != nil {
			return err
		}
		read, err := parseSegment(number, b)
		if err != nil {
			return err
		}
		if !restored {
			if err := s.holds(ctx, read); err != nil {
				return err
			}
		}
		position.Segment, position.SHA256 = number, read.sum
	}
	return nil
}

// othersAreSilent returns an error if another server, whose data this one's come from,
// still writes: this one may be a drill. Error: ErrBusy.
func (s *Shipper) othersAreSilent(ctx context.Context) error {
	var h head
	err := s.call(ctx, func(ctx context.Context) error { return getJSON(ctx, s.options.Bucket, headName, &h) })
	if err != nil {
		if errors.Is(err, errNotThere) {
			return nil
		}
		return err
	}
	if silent := time.Since(h.At); !h.Closed && silent < othersSilent {
		return fmt.Errorf("%w: it wrote %s ago, and this data folder comes from a restore", ErrBusy, silent.Round(time.Second))
	}
	return nil
}

// holds returns an error unless the store has what a segment has. Error: ErrOlder.
func (s *Shipper) holds(ctx context.Context, read *segment) (err error) {
	view, err := s.store.ArchiveView(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	for i := range read.Parts {
		p := &read.Parts[i]
		end, err := view.End(p.Competition)
		if err != nil {
			continue // it is damaged, and says so elsewhere
		}
		at, known, err := view.At(ctx, p.Competition, p.Last)
		if err != nil {
			return err
		}
		if end.Seq < p.Last || known && at != p.end() {
			return fmt.Errorf("%w: %q ends with seq %d, and segment %d has seq %d. If it was restored, say so with `paceboard continue`, which gives each board a new epoch",
				ErrOlder, p.Competition, end.Seq, read.Number, p.Last)
		}
	}
	return nil
}

func getJSON(ctx context.Context, from Bucket, name string, to any) error {
	b, err := from.Get(ctx, name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, to); err != nil {
		return fmt.Errorf("%w: %s cannot be read: %w", ErrDamaged, name, err)
	}
	return nil
}
