package embedded

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
)

// Deleting or replacing a row leaves its bytes on the disk: in older tables, in
// the log and in logs that wait for new use, and, as the bounds of tables, in the
// MANIFEST. A mark is a row that says where; it is written with what it is about,
// so that no crash loses it, and names nobody: users' keys are marked by the
// first characters of the id.
const (
	userMark        = "u/"
	competitionMark = "c/"
	moneyMark       = "m/"
	invitationMark  = "i/"
	namedMark       = "v/"
	subjectMark     = "n/" // and a block of the audit log, see auditBlock
	removedMark     = "r/" // and the block in which the audit log begins
	staleMark       = "s/"
	webhookMark     = "b/"
	keysMark        = "a"
	untypedMark     = "o" // and so is the mark of API keys that older versions wrote
	bracketSize     = 2
)

// setMark writes a mark. Each is a row of its own, so that who removes one that
// was seen to removes no other that came since.
func setMark(batch *pebble.Batch, what string) error {
	key := append(appendKey(nil, scrubKeys, what), separator)
	key = append(key, rand.Text()...)
	return batch.Set(key, seal(key, []byte{rowVersion}), nil)
}

func markUser(batch *pebble.Batch, userID string) error {
	return setMark(batch, userMark+bracketOf(userID))
}

// bracketOf is the first characters of a user id, which it shares with others'.
func bracketOf(userID string) string { return userID[:min(bracketSize, max(len(userID)-1, 0))] }

func markCompetition(batch *pebble.Batch, id string, money bool) error {
	if money {
		if err := setMark(batch, moneyMark+id); err != nil {
			return err
		}
	}
	return setMark(batch, competitionMark+id)
}

// bracket is a range of keys around rows that were erased. Its ends are no row's
// keys and lie in no range that anybody reads, so that something can be written
// there.
type bracket struct{ lower, upper []byte }

// brackets are the ranges that a mark stands for.
func brackets(mark string) (all []bracket) {
	around := func(kind byte, name string, end byte) {
		all = append(all, bracket{appendKey(nil, kind, name), append(appendKey(nil, kind, name), end)})
	}
	const pastIDs = '~' + 1 // no user id has it
	switch what, rest, _ := strings.Cut(mark, "/"); what + "/" {
	case userMark:
		for _, kind := range []byte{membershipKeys, openTieKeys, overKeys, lifetimeKeys, sideKeys, winningKeys, invitedKeys, invitedByKeys} {
			around(kind, rest, pastIDs)
		}
	case competitionMark:
		around(identityKeys, rest, pastSeparator)
	case moneyMark:
		for _, kind := range []byte{transactionKeys, prizeKeys, handoverKeys} {
			around(kind, rest, pastSeparator)
		}
	case invitationMark:
		all = append(all, bracket{[]byte{invitationKeys}, []byte{invitationKeys, pastSlash}})
	case staleMark:
		all = append(all, bracket{[]byte{staleKeys}, []byte{staleKeys, pastSlash}})
	case webhookMark:
		all = append(all, bracket{[]byte{webhookKeys}, []byte{webhookKeys, pastSlash}})
	case namedMark:
		around(namedKeys, rest, pastIDs)
	case subjectMark, removedMark:
		var lower []byte
		if what+"/" == subjectMark {
			lower = appendBlockKey(nil, rest, 0)
		} else {
			lower = []byte{subjectKeys}
		}
		all = append(all, bracket{lower, appendBlockKey(nil, rest, 1)})
	default:
		for _, kind := range []byte{untypedKeys, apiKeyKeys} {
			if kind == apiKeyKeys || mark != keysMark {
				all = append(all, bracket{[]byte{kind}, []byte{kind, pastSlash}})
			}
		}
	}
	return all
}

// scrubLimit is how long a scrub may take. It waits for whoever reads a state from
// before.
const scrubLimit = 2 * time.Minute

// Scrub rewrites the tables that hold what was erased, and has the old ones, the
// logs and the MANIFEST replaced; see competition.ErasureStore. At most one is
// under way, and one waits, which does the work of everybody who came meanwhile:
// what they erased is marked before it begins. Commits go on. A scrub goes on
// when its caller has left. Cost: the identities of the competitions
// concerned, the rows of users whose ids begin alike and the subjects near those
// of the person in the audit log are rewritten, twice, and an empty table for
// each table that there is.
func (s *Store) Scrub(ctx context.Context) error {
	if ctx.Err() != nil {
		return outOfTime(ctx, "nothing was begun")
	}
	run := s.nextScrub() //nolint:contextcheck // It goes on when its caller has left.
	select {
	case <-run.over:
		return run.err
	case <-ctx.Done():
		return outOfTime(ctx, "the scrub is not over")
	}
}

// nextScrub is the scrub that waits, which begins after this call; if there is
// none it makes one.
func (s *Store) nextScrub() *scrubRun {
	s.scrubs.Lock()
	defer s.scrubs.Unlock()
	if s.waiting == nil {
		s.waiting = &scrubRun{over: make(chan struct{})}
		run := s.waiting
		s.running.Go(func() { s.runScrub(run) })
	}
	return s.waiting
}

// runScrub waits for the scrub under way, and does the one that waited.
func (s *Store) runScrub(run *scrubRun) {
	defer close(run.over)
	ctx, cancel := context.WithTimeout(context.Background(), scrubLimit)
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	s.scrubbing <- struct{}{} // The one before ends by its own deadline.
	defer func() { <-s.scrubbing }()
	s.scrubs.Lock()
	s.waiting = nil
	s.scrubs.Unlock()
	run.err = s.scrubMarks(ctx)
}

// scrubMarks scrubs where there are marks.
func (s *Store) scrubMarks(ctx context.Context) error {
	if refusal := s.refusal.Load(); refusal != nil {
		return *refusal
	}
	marks, err := s.marks(ctx)
	if err != nil || len(marks) == 0 {
		return err
	}
	began := time.Now()
	if err := s.scrub(ctx, marks); err != nil {
		return fmt.Errorf("%w: old files of the data folder still hold what was erased; ask again: %w", competition.ErrUnavailable, err)
	}
	s.options.Logger.InfoContext(ctx, "no file holds any more what was erased", "marks", len(marks), "took", time.Since(began))
	return nil
}

// mark is a mark that there is.
type mark struct {
	key  []byte
	what string
}

func (s *Store) marks(ctx context.Context) (marks []mark, err error) {
	lower, upper := allOf(scrubKeys)
	err = each(ctx, s.db, lower, upper, func(key, _ []byte) error {
		what, _, _ := strings.Cut(name(key), string(rune(separator)))
		marks = append(marks, mark{key: bytes.Clone(key), what: what})
		return nil
	})
	return marks, err
}

// unmark takes marks out that were seen to.
func (s *Store) unmark(marks []mark) error {
	batch := s.db.NewBatch()
	for _, m := range marks {
		if err := batch.Delete(m.key, nil); err != nil {
			return err
		}
	}
	return s.apply(batch)
}

// scrub does the work. A table is rewritten when it is merged with one that
// overlaps it; alone it may just be moved, with the deletions in it. So rows at
// the ends of each range are written, and pushed down through all levels. That is
// done twice, since a compaction of Pebble's own may be under way the first time,
// and leave what it has a level below.
func (s *Store) scrub(ctx context.Context, marks []mark) error {
	s.renewing.Store(true)
	defer s.renewing.Store(false)
	if err := s.flush(ctx); err != nil { // A log from before may just be coming into use.
		return err
	}
	oldLog := s.log.wal.Load()
	ranges := rangesOf(marks)
	for range 2 {
		if err := s.writeEnds(ctx, ranges); err != nil {
			return err
		}
		for _, r := range ranges {
			if err := s.db.Compact(ctx, r.lower, r.upper, false); err != nil {
				return err
			}
		}
	}
	if err := s.removeLogs(oldLog); err != nil {
		return err
	}
	oldManifest := s.manifestNumber()
	for range 2 { // Pebble keeps one that is not in use.
		if err := s.rollManifest(ctx); err != nil {
			return err
		}
	}
	if err := s.awaitRemoval(ctx, oldManifest, s.manifestNumber()); err != nil {
		return err
	}
	return s.unmark(marks)
}

// rangesOf are the ranges of all marks, each once.
func rangesOf(marks []mark) (ranges []bracket) {
	seen := map[string]bool{}
	for _, m := range marks {
		if !seen[m.what] {
			seen[m.what] = true
			ranges = append(ranges, brackets(m.what)...)
		}
	}
	return ranges
}

// writeEnds writes at the ends of ranges, namely that nothing is there, waits
// until nobody reads a state from before, and has all that is in memory in tables.
func (s *Store) writeEnds(ctx context.Context, ranges []bracket) error {
	batch := s.db.NewBatch()
	for _, r := range ranges {
		if err := errors.Join(batch.Delete(r.lower, nil), batch.Delete(r.upper, nil)); err != nil {
			return err
		}
	}
	if err := s.apply(batch); err != nil {
		return err
	}
	seq := batch.SeqNum()
	err := until(ctx, func() (bool, error) {
		snapshots := s.db.Metrics().Snapshots
		return snapshots.Count == 0 || snapshots.EarliestSeqNum > seq, nil
	})
	if err != nil {
		return err
	}
	return s.flush(ctx)
}

// flush has all that is in memory in tables, and a new log begun.
func (s *Store) flush(ctx context.Context) error {
	flushed, err := s.db.AsyncFlush()
	if err != nil {
		return err
	}
	select {
	case <-flushed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
