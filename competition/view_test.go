package competition

import (
	"cmp"
	"errors"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/ranking"
)

// people are the users of the model tests; the last one never does anything.
var people = []string{"ann", "bob", "cid", "dee", "nobody"}

// view is everything that queries tell.
type view struct {
	Board        Board // without version and epoch, which the model cannot know
	Middle       []Entry
	Around       map[string][]Entry
	Standings    map[string]Entry
	Stats        map[string]Stats
	FirstDays    map[string]Stats
	Participants []Entry
	Readable     map[string]bool
	Summary      Summary
}

// The page and the days that a view looks at besides the whole.
const (
	middleOffset, middleLimit = 1, 2
	aroundRadius              = 1
)

var firstDaysUntil = date("2026-05-01")

// viewOf asks a competition everything.
func viewOf(t require.TestingT, c *Competition) view {
	v := view{
		Board: c.Page(nil, 0, 1000), Middle: c.Page(nil, middleOffset, middleLimit).Entries,
		Around: map[string][]Entry{}, Standings: map[string]Entry{},
		Stats: map[string]Stats{}, FirstDays: map[string]Stats{}, Readable: map[string]bool{},
		Summary: c.Summary(),
	}
	require.Equal(t, c.Version(), v.Board.Version)
	v.Board.Version, v.Board.Epoch, v.Board.Continued = 0, 0, false
	v.Summary.Definition = said(v.Summary.Definition)
	for _, id := range people {
		if board, err := c.Around(nil, id, aroundRadius); err == nil {
			require.Equal(t, c.Version(), board.Version)
			v.Around[id] = board.Entries
		} else {
			require.ErrorIs(t, err, ErrNotEnrolled)
		}
		if entry, ok := c.Standing(id); ok {
			v.Standings[id] = entry
			reply := c.SyncReply(c.participants.find(id).number, true)
			require.Equal(t, SyncReply{Score: entry.Score, Rank: entry.Rank, Total: v.Board.Total, Changed: true}, reply)
		}
		v.Readable[id] = c.Readable(user(id))
		for until, stats := range map[calendar.Day]map[string]Stats{calendar.MaxDay: v.Stats, firstDaysUntil: v.FirstDays} {
			s, err := c.Stats(id, Span{To: until})
			if err != nil {
				require.ErrorIs(t, err, ErrNotEnrolled)
				continue
			}
			for _, d := range s.Days { // openapi.yaml gives them no order
				slices.SortFunc(d.Sources, func(a, b SourceStats) int { return cmp.Compare(a.Source, b.Source) })
			}
			stats[id] = s
		}
	}
	require.True(t, c.Readable(operator))
	for after := uint32(0); ; {
		page, next := c.Participants(after, 2, "")
		v.Participants = append(v.Participants, page...)
		if next == 0 {
			break
		}
		require.Len(t, page, 2)
		after = next
	}
	return v
}

// view is what the model would answer.
func (m *model) view() view {
	board := m.board()
	v := view{
		Board: Board{
			CompetitionID: "spring", Status: board.status, Private: m.def.Visibility == Private,
			UpdatedAt: m.updated, Total: len(board.entries), Entries: append([]Entry{}, board.entries...),
		},
		Middle: append([]Entry{}, cut(board.entries, middleOffset, middleOffset+middleLimit)...),
		Around: map[string][]Entry{}, Standings: map[string]Entry{},
		Stats: map[string]Stats{}, FirstDays: map[string]Stats{}, Readable: map[string]bool{},
		Summary: Summary{Definition: said(m.def), Status: board.status, Participants: len(board.entries)},
	}
	if board.status == Completed && !m.withMoney() && len(m.kept) > 0 {
		v.Summary.KeptUntil = m.def.End + calendar.Millis(m.def.LateSyncHours)*hour + 30*day
	}
	for i, entry := range board.entries {
		if m.people[entry.UserID].erased {
			continue // nobody can ask
		}
		v.Standings[entry.UserID] = entry
		v.Around[entry.UserID] = slices.Clone(cut(board.entries, i-aroundRadius, i+aroundRadius+1))
	}
	for _, id := range people {
		p := m.people[id]
		v.Readable[id] = m.def.Visibility != Private || m.creator == id || p != nil && p.present
		if p != nil {
			v.Stats[id] = m.stats(id, board, calendar.MaxDay)
			v.FirstDays[id] = m.stats(id, board, firstDaysUntil)
		}
	}
	v.Participants = slices.Clone(board.entries)
	slices.SortFunc(v.Participants, func(a, b Entry) int {
		return cmp.Compare(m.people[a.UserID].number, m.people[b.UserID].number)
	})
	return v
}

// cut is list[from:to], cut short at the ends.
func cut(list []Entry, from, to int) []Entry {
	return list[min(max(from, 0), len(list)):min(to, len(list))]
}

func (m *model) stats(id string, board modelBoard, until calendar.Day) Stats {
	p := m.people[id]
	s := Stats{CompetitionID: "spring", UserID: id, Score: p.score, LastSyncedAt: p.lastSynced}
	for _, entry := range board.entries {
		if entry.UserID == id {
			s.Rank = entry.Rank
		}
	}
	days := map[calendar.Day][]SourceStats{}
	for slot, r := range p.reports {
		if slot.day <= until {
			days[slot.day] = append(days[slot.day], SourceStats{Source: slot.source, RecordedAt: r.recordedAt, Metrics: r.metrics})
		}
	}
	for d := range p.review.days {
		if d <= until && days[d] == nil {
			days[d] = nil // corrected, and never reported
		}
	}
	for d, sources := range days {
		slices.SortFunc(sources, func(a, b SourceStats) int { return cmp.Compare(a.Source, b.Source) })
		s.Days = append(s.Days, DayStats{Day: d, Value: p.counts(d), Sources: sources})
		s.Total = eachSum(s.Total, p.counts(d))
	}
	slices.SortFunc(s.Days, func(a, b DayStats) int { return cmp.Compare(a.Day, b.Day) })
	s.Rows, s.Source = len(p.reports), lastSource(s.Days)
	return s
}

// lastSource is which source reported last on the last of some days.
func lastSource(days []DayStats) (source string) {
	if len(days) == 0 || len(days[len(days)-1].Sources) == 0 {
		return ""
	}
	return slices.MaxFunc(days[len(days)-1].Sources, func(a, b SourceStats) int { return cmp.Compare(a.RecordedAt, b.RecordedAt) }).Source
}

// checkInvariants holds a competition against what stands at its type. I1 and
// I4 are about changes and are checked by the harness.
func checkInvariants(t require.TestingT, c *Competition) {
	// I2
	var want []ranking.Entry
	erased := 0
	for number := uint32(1); number <= c.participants.count; number++ {
		p := c.participants.at(number)
		require.Equal(t, number, p.number)
		if IsPseudonym(p.userID) {
			erased++
			require.Zero(t, c.participants.byUser[p.userID])
			require.Empty(t, p.userName)
			require.Empty(t, p.days)
			require.Equal(t, p.present, p.review != nil && p.review.Standing)
			require.Equal(t, p.review.decides(), c.kept[number] != Key{})
		} else {
			require.Equal(t, number, c.participants.byUser[p.userID])
		}
		if p.onBoard() {
			want = append(want, ranking.Entry{Score: p.score, Reached: p.reached, Member: number})
		}
	}
	require.Len(t, c.participants.byUser, int(c.participants.count)-erased)
	require.Equal(t, len(want), c.onBoard, "I2")
	slices.SortFunc(want, func(a, b ranking.Entry) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Reached, b.Reached))
	})
	require.Equal(t, want, c.board.Page(nil, 0, c.board.Len()), "I2")

	// I3
	unsaved := 0
	for number := uint32(1); number <= c.participants.count; number++ {
		p := c.participants.at(number)
		values := map[calendar.Day]Metrics{}
		for r := range p.days.All() {
			require.Less(t, int(r.Source), c.sources.applied, "a register of a source that was not applied")
			values[r.Day] = eachMax(values[r.Day], r.Metrics)
		}
		if p.review != nil {
			require.NoError(t, p.review.check(c.Seq()))
			for _, correction := range p.review.Corrections {
				values[correction.Day] = correction.Metrics
			}
		}
		var total Metrics
		for _, v := range values {
			total = eachSum(total, v)
		}
		require.Equal(t, total, p.totals, "I3")
		if p.review == nil || !p.review.Standing {
			require.Equal(t, exactScore(c.definition.Scoring, total).Int64(), p.score, "I3")
		}
		if p.changed {
			unsaved++
			require.Contains(t, c.changed, number)
		}
	}
	require.Equal(t, c.Changed(), unsaved)

	// I5
	b := &c.outbox
	require.LessOrEqual(t, c.Seq(), c.DecidedSeq(), "I5")
	if b.Empty() {
		require.Empty(t, b.Records, "I5")
		return
	}
	require.Equal(t, b.Events[0].Seq, b.FirstSeq, "I5")
	require.Equal(t, c.DecidedSeq(), b.LastSeq, "I5")
	require.Equal(t, c.decided.chain.Hash, b.Hash, "I5")
	rest := b.Records
	for i := range b.Events {
		require.Equal(t, b.FirstSeq+uint64(i), b.Events[i].Seq, "I5")
		var err error
		_, rest, err = SplitRecord(rest)
		require.NoError(t, err, "I5")
	}
	require.Empty(t, rest, "I5: a record without an event")
	require.Equal(t, b.LastSeq, b.Events[len(b.Events)-1].Seq, "I5")
}

// sameRefusal reports whether an error is the refusal that the model gave.
func sameRefusal(got, want error) bool {
	if want == nil || got == nil {
		return got == want //nolint:errorlint // Both nil, or not.
	}
	if _, ok := errors.AsType[*InvalidError](want); ok {
		_, ok = errors.AsType[*InvalidError](got)
		return ok
	}
	return errors.Is(got, want)
}
