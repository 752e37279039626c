package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/embedded"
)

// settled is how long before the time until which an archive is complete the times of
// events are certainly complete: an event is given its time before it is committed.
const settled = 10 * time.Second

// fetchers is how many segments are fetched at a time.
const fetchers = 8

// Plan is what an archive has after a backup, as one history.
type Plan struct {
	Position embedded.ArchivePosition // of the last segment
	Through  time.Time                // the archive is complete until then
	Closed   bool                     // and nothing came after it

	dir      string // where the segments are
	bucket   Bucket
	journals map[string]*journal
	named    map[string]struct{} // by the history that is being begun
}

// journal is what is known of a journal.
type journal struct {
	base    competition.Chain // where it ends in the backup
	all     []piece           // that reach further, in the order of segments, of whatever history
	tip     competition.Chain // where the latest history is
	dropped bool              // it does not exist in that

	pieces []piece // from base to tip
}

// piece is a part of a segment, or the beginning of one.
type piece struct {
	journalPart

	segment uint64
	offset  int64 // in the file
}

// PlanOptions say which part of an archive is read.
type PlanOptions struct {
	Dir          string                       // an empty folder for the segments; they take as much room as in the archive
	Position     embedded.ArchivePosition     // as the backup has it; zero without one
	Ends         map[string]competition.Chain // where its journals end
	UntilSegment uint64                       // 0 reads all
	Fetched      func(segments int)
}

// ReadPlan fetches what an archive has after a backup, verifies it, and finds out what
// follows what. Errors: ErrDamaged, ErrMissing, ErrOtherHistory, ErrForeign.
func ReadPlan(ctx context.Context, from Bucket, o PlanOptions) (*Plan, error) {
	var file identityFile
	if err := getJSON(ctx, from, archiveName, &file); errors.Is(err, errNotThere) {
		return nil, fmt.Errorf("%w: there is no %s, so it is no archive", ErrMissing, archiveName)
	} else if err != nil {
		return nil, err
	}
	if o.Position.Archive != "" && o.Position.Archive != file.ID {
		return nil, fmt.Errorf("%w: the backup was made beside the archive %s, and this is %s", ErrForeign, o.Position.Archive, file.ID)
	}
	p := &Plan{Position: o.Position, dir: o.Dir, bucket: from, journals: map[string]*journal{}}
	p.Position.Archive = file.ID
	for id, end := range o.Ends {
		p.journals[id] = &journal{base: end, tip: end}
	}
	numbers, err := p.list(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := p.fetch(ctx, numbers, o.Fetched); err != nil {
		return nil, err
	}
	for _, number := range numbers {
		if err := p.read(number); err != nil {
			return nil, err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.journals)) {
		j := p.journals[id]
		switch {
		case j.dropped && j.base.Seq > 0:
			return nil, fmt.Errorf("%w: it has competition %q, which a later restore gave up; take an older backup", ErrOtherHistory, id)
		case j.dropped:
			delete(p.journals, id)
			continue
		}
		if j.pieces, err = p.path(j, j.tip); err != nil {
			return nil, fmt.Errorf("competition %q: %w", id, err)
		}
	}
	return p, nil
}

// list returns the numbers of the segments to read. They must be whole.
func (p *Plan) list(ctx context.Context, o PlanOptions) (numbers []uint64, err error) {
	after := ""
	if p.Position.Segment > 0 {
		after = segmentName(p.Position.Segment)
	}
	next := p.Position.Segment + 1
	err = p.bucket.List(ctx, segmentPrefix, after, func(name string) error {
		number, ok := segmentNumber(name)
		switch {
		case !ok:
			return nil
		case number != next:
			return fmt.Errorf("%w: segment %d", ErrMissing, next)
		}
		if next++; o.UntilSegment == 0 || number <= o.UntilSegment {
			numbers = append(numbers, number)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var h head
	err = getJSON(ctx, p.bucket, headName, &h)
	switch {
	case errors.Is(err, errNotThere) && next == 1: // a server has not finished its first round
	case errors.Is(err, errNotThere):
		return nil, fmt.Errorf("%w: there is no %s", ErrMissing, headName)
	case err != nil:
		return nil, err
	case h.Archive != p.Position.Archive:
		return nil, fmt.Errorf("%w: %s is of another archive", ErrDamaged, headName)
	case h.Segment >= next:
		return nil, fmt.Errorf("%w: segment %d", ErrMissing, next)
	}
	if o.UntilSegment >= next {
		return nil, fmt.Errorf("%w: it has %d segments", ErrShort, next-1)
	}
	p.Closed = true // an explicit end needs no proof
	if o.UntilSegment == 0 {
		p.Through, p.Closed = h.Through, h.Closed && h.Segment == next-1
	}
	return numbers, nil
}

func (p *Plan) file(number uint64) string {
	return filepath.Join(p.dir, strconv.FormatUint(number, 10))
}

// fetch copies segments into the folder, verified one by one.
func (p *Plan) fetch(ctx context.Context, numbers []uint64, fetched func(int)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan uint64)
	var fetching sync.WaitGroup
	for range min(fetchers, len(numbers)) {
		fetching.Go(func() {
			for number := range work {
				if err := p.fetchOne(ctx, number); err != nil {
					cancel(err)
					return
				}
				if fetched != nil {
					fetched(1)
				}
			}
		})
	}
	for _, number := range numbers {
		select {
		case work <- number:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(work)
	fetching.Wait()
	return context.Cause(ctx)
}

func (p *Plan) fetchOne(ctx context.Context, number uint64) error {
	ctx, cancel := context.WithTimeout(ctx, 4*callWithin)
	defer cancel()
	b, err := p.bucket.Get(ctx, segmentName(number))
	if errors.Is(err, errNotThere) {
		return fmt.Errorf("%w: segment %d", ErrMissing, number)
	}
	if err != nil {
		return err
	}
	if _, err := parseSegment(number, b); err != nil {
		return err
	}
	return os.WriteFile(p.file(number), b, 0o600)
}

// read joins the parts of the next segment on.
func (p *Plan) read(number uint64) error {
	b, err := os.ReadFile(p.file(number))
	if err != nil {
		return err
	}
	s, err := parseSegment(number, b)
	if err != nil {
		return err
	}
	known := p.Position.SHA256
	switch {
	case s.Archive != p.Position.Archive:
		return fmt.Errorf("%w: segment %d is of another archive", ErrDamaged, number)
	case (len(known) > 0 || number == 1) && !bytes.Equal(s.Before, known):
		return fmt.Errorf("%w: segment %d does not follow the one before it", ErrDamaged, number)
	}
	p.Position.Segment, p.Position.SHA256 = number, s.sum
	if s.History != nil {
		p.give(s)
		return nil
	}
	offset := int64(len(b) - len(s.records) - len(s.sum))
	for i := range s.Parts {
		part := piece{s.Parts[i], number, offset}
		if err := p.join(part); err != nil {
			return err
		}
		offset += int64(part.Bytes)
	}
	return nil
}

func (p *Plan) journal(id string) *journal {
	j := p.journals[id]
	if j == nil {
		chain := competition.NewChain(id)
		j = &journal{base: chain, tip: chain}
		p.journals[id] = j
	}
	return j
}

// give gives up what came after the places to which a store was restored.
func (p *Plan) give(s *segment) {
	if s.History.Begins || p.named == nil {
		p.named = map[string]struct{}{}
	}
	for i := range s.Parts {
		to := s.Parts[i].end()
		p.named[to.CompetitionID] = struct{}{}
		j := p.journal(to.CompetitionID)
		j.tip, j.dropped = to, false
	}
	if !s.History.Ends {
		return
	}
	for id, j := range p.journals {
		if _, named := p.named[id]; !named {
			j.tip, j.dropped = competition.NewChain(id), true
		}
	}
}

// join takes in a part that comes after those before it, or in the place of some.
func (p *Plan) join(next piece) error {
	j := p.journal(next.Competition)
	if next.Last <= j.base.Seq { // the backup has it, or is of another history, which its end tells
		return nil
	}
	known := false // it came before: the server was killed before it noted that it is archived
	if next.before() != j.tip && next.Last <= j.tip.Seq {
		pieces, err := p.path(j, j.tip)
		if err == nil {
			_, err = p.find(pieces, len(pieces), next.end())
		}
		known = err == nil
	}
	j.all = append(j.all, next)
	if !known {
		j.tip, j.dropped = next.end(), false
	}
	return nil
}

// path returns what leads from the backup to a place. Errors: ErrMissing, ErrOtherHistory.
func (p *Plan) path(j *journal, to competition.Chain) (pieces []piece, err error) {
	for from := len(j.all); to != j.base; {
		if to.Seq <= j.base.Seq {
			return nil, fmt.Errorf("%w: a later restore went on from before its end, seq %d; take an older backup", ErrOtherHistory, j.base.Seq)
		}
		at, err := p.find(j.all, from, to)
		if errors.Is(err, errElsewhere) {
			at, err = p.find(j.all, len(j.all), to)
		}
		if errors.Is(err, errElsewhere) {
			err = fmt.Errorf("%w: what leads to its seq %d; is there a later backup?", ErrMissing, to.Seq)
		}
		if err != nil {
			return nil, err
		}
		next, err := p.shorten(j.all[at], to)
		if err == nil && next.First <= j.base.Seq { // the backup has the beginning of it
			_, next, err = p.split(next, j.base.Seq)
		}
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, next)
		from, to = at, next.before()
	}
	slices.Reverse(pieces)
	return pieces, nil
}

var errElsewhere = errors.New("no journal comes there")

// find returns the last piece, before one, that comes to a place. Error: errElsewhere, or
// why a segment cannot be read.
func (p *Plan) find(in []piece, before int, to competition.Chain) (at int, err error) {
	for at = before - 1; at >= 0; at-- {
		if to.Seq < in[at].First || to.Seq > in[at].Last {
			continue
		}
		if _, err := p.shorten(in[at], to); !errors.Is(err, errElsewhere) {
			return at, err
		}
	}
	return 0, errElsewhere
}

// shorten has a piece end at a place in it.
func (p *Plan) shorten(of piece, to competition.Chain) (piece, error) {
	if to.Seq == of.Last {
		if to != of.end() {
			return of, errElsewhere
		}
		return of, nil
	}
	head, tail, err := p.split(of, to.Seq)
	if err == nil && tail.before() != to {
		err = errElsewhere
	}
	return head, err
}

// split divides a piece after a seq.
func (p *Plan) split(of piece, after uint64) (head, tail piece, err error) {
	records, err := p.records(&of)
	if err != nil {
		return head, tail, err
	}
	kept, err := competition.CutAtSeq(records, after)
	if err != nil {
		return head, tail, err
	}
	at, err := competition.ChainBefore(of.Competition, records[len(kept):])
	if err != nil {
		return head, tail, err
	}
	row := slices.IndexFunc(of.Rows, func(r row) bool { return r.Seq > after })
	if row < 0 {
		row = len(of.Rows)
	}
	head, tail = of, of
	head.Last, head.End, head.Bytes, head.Rows = after, hash(at.Hash), len(kept), of.Rows[:row]
	tail.First, tail.Before, tail.Bytes, tail.Rows, tail.offset = after+1, hash(at.Hash), of.Bytes-len(kept), of.Rows[row:], of.offset+int64(len(kept))
	return head, tail, nil
}

// records reads the records of a piece.
func (p *Plan) records(of *piece) (_ []byte, err error) {
	file, err := os.Open(p.file(of.segment))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	b := make([]byte, of.Bytes)
	_, err = file.ReadAt(b, of.offset)
	return b, err
}
