package porttest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// listingRules hold what lists, quotas and the clock ask of a competition.Catalog:
// the answers are those of looking through everything.
var listingRules = []rule{
	{"lists, open ties and what is due, as competitions come, change, end and lose people", func(t *testing.T, h *harness) {
		rng := rand.New(rand.NewPCG(14, 1))
		c := crowd{h: h, rng: rng}
		for round := range sample(4, 6) {
			c.add(t, 8)
			for range 30 {
				c.change(t)
			}
			if round%2 == 1 {
				h.reopen(t)
				c.adopt(t)
			}
			RequireLists(t, h.store, append(crowdUsers, "nobody")...)
		}
	}},

	{"what was decided about erased people is due to be dropped", func(t *testing.T, h *harness) {
		g, other := h.begin(t, "board"), h.begin(t, "other")
		for _, each := range []*Game{g, other} {
			require.NoError(t, each.Sync("anna", 0, 1000))
			require.NoError(t, each.Review("anna", 0))
			commit(t, each)
		}
		require.NoError(t, g.Erase(gone(1, "anna")))
		commit(t, g)
		completed := Definition("").End + msPerDay
		for _, each := range []*Game{g, other} {
			each.C.Tick(completed)
			commit(t, each)
		}
		until := completed + 30*msPerDay
		for range 2 {
			RequireLists(t, h.store, "anna", "creator")
			for after, want := range map[calendar.Millis][]competition.Due{
				until - 1: {}, until: {{CompetitionID: "board", At: until}}, until + msPerDay: {{CompetitionID: "board", At: until}},
			} {
				require.Equal(t, want, append([]competition.Due{}, must(h.store.DueBefore(t.Context(), competition.Due{}, after, 10))(t)...))
			}
			h.reopen(t)
		}
		g = h.resume(t, "board")
		g.C.Tick(until)
		commit(t, g)
		require.Empty(t, must(h.store.DueBefore(t.Context(), competition.Due{}, until+msPerDay, 10))(t))
		RequireLists(t, h.store, "anna", "creator")
	}},

	{"a list looks through so many private ones that are over, and goes on from there", func(t *testing.T, h *harness) {
		var games []*Game
		for i := range competition.MaxOverPrivate + 5 {
			d := Definition(fmt.Sprintf("c%04d", i))
			d.Visibility = competition.Private
			d.Start += calendar.Millis(i)
			d.Complete()
			g := NewGame(h.store, d.ID)
			_, err := (&competition.CreateCompetition{Caller: competition.Caller{UserID: "creator"}, Definition: d}).Decide(g.C, Start)
			require.NoError(t, err)
			games = append(games, g)
		}
		together(t, h, games)
		last := len(games) - 1
		for i, g := range games {
			if i == last {
				must((&competition.CancelCompetition{Caller: competition.Caller{Operator: true}}).Decide(g.C, Start))(t)
			} else {
				g.C.Tick(Start + 100*msPerDay)
			}
		}
		together(t, h, games)
		listing := competition.Listing{Reader: "creator", Statuses: []competition.Status{competition.Cancelled}, Limit: 10}
		page, _, err := h.store.Visible(t.Context(), listing) // by ties that are not moved yet
		require.NoError(t, err)
		require.Equal(t, []string{games[last].C.ID()}, listedIDs(page))

		page, next, err := h.store.Visible(t.Context(), listing)
		require.NoError(t, err)
		require.Empty(t, page)
		require.Equal(t, competition.ListPlace{Start: Definition("").Start + competition.MaxOverPrivate - 1, ID: "c0999"}, next)
		listing.After = next
		page, next, err = h.store.Visible(t.Context(), listing)
		require.NoError(t, err)
		require.Equal(t, []string{games[last].C.ID()}, listedIDs(page))
		require.Zero(t, next)
	}},
}

// together stores what games decided, in one append.
func together(t *testing.T, h *harness, games []*Game) {
	t.Helper()
	batches := make([]*competition.Batch, len(games))
	for i, g := range games {
		batches[i] = g.Take()
	}
	require.Nil(t, h.store.Append(t.Context(), batches))
	for i, g := range games {
		require.NoError(t, g.Confirm(batches[i]))
	}
}

// play creates a competition, of which time may already have made something.
func play(t *testing.T, h *harness, d competition.Definition, creator string) *Game {
	t.Helper()
	g := NewGame(h.store, d.ID)
	_, err := (&competition.CreateCompetition{Caller: competition.Caller{UserID: creator, Operator: creator == ""}, Definition: d}).Decide(g.C, g.Now)
	require.NoError(t, err)
	commit(t, g)
	return g
}

func listedIDs(page []competition.Summary) []string {
	ids := []string{}
	for i := range page {
		ids = append(ids, page[i].Definition.ID)
	}
	return ids
}

// crowd is competitions of all kinds.
type crowd struct {
	h      *harness
	rng    *rand.Rand
	games  []*Game
	erased int
}

var crowdUsers = []string{"anna", "bert", "carl", "dora"}

func (c *crowd) user() string { return crowdUsers[c.rng.IntN(len(crowdUsers))] }

// add creates competitions: some start at the same time, some are private.
func (c *crowd) add(t *testing.T, n int) {
	t.Helper()
	for range n {
		d := Definition(fmt.Sprintf("c%02d", (len(c.games)*37+11)%100))
		d.Start = Start + calendar.Millis(c.rng.IntN(5)-1)*msPerDay
		d.End = d.Start + 2*msPerDay + calendar.Millis(c.rng.IntN(3))*msPerDay
		if c.rng.IntN(2) == 0 {
			d.Visibility = competition.Private
		}
		d.Complete()
		c.games = append(c.games, play(t, c.h, d, append(crowdUsers, "")[c.rng.IntN(len(crowdUsers)+1)]))
	}
}

// adopt has the games go on after their store was reopened.
func (c *crowd) adopt(t *testing.T) {
	t.Helper()
	for i, g := range c.games {
		resumed := must(Resume(t.Context(), c.h.store, g.C.ID()))(t)
		resumed.Now = g.Now
		c.games[i] = resumed
	}
}

// change does something to one of them, if it can be done.
func (c *crowd) change(t *testing.T) {
	t.Helper()
	g := c.games[c.rng.IntN(len(c.games))]
	operator, user := competition.Caller{Operator: true}, c.user()
	g.Now += 1000
	switch c.rng.IntN(8) {
	case 0:
		_, _ = (&competition.CancelCompetition{Caller: operator}).Decide(g.C, g.Now)
	case 1, 2:
		g.Now += calendar.Millis(c.rng.IntN(3)) * msPerDay
		g.C.Tick(g.Now)
	case 3:
		start := Start + calendar.Millis(c.rng.IntN(5))*msPerDay
		visibility := []competition.Visibility{competition.Public, competition.Private}[c.rng.IntN(2)]
		_, _ = (&competition.EditCompetition{Caller: operator, Patch: competition.Patch{Start: &start, Visibility: &visibility}}).Decide(g.C, g.Now)
	case 4:
		_, _ = (&competition.LeaveCompetition{Caller: competition.Caller{UserID: user}, UserID: user}).Decide(g.C, g.Now)
	case 5:
		c.erased++
		e := competition.Erasure{UserID: user, Pseudonym: competition.NewPseudonym([16]byte{byte(c.erased), byte(c.erased >> 8)})}
		_, _ = (&competition.EraseParticipant{UserID: e.UserID, Pseudonym: e.Pseudonym}).Decide(g.C, g.Now)
	default:
		_, _ = (&competition.JoinCompetition{Caller: operator, UserID: user}).Decide(g.C, g.Now)
	}
	require.NoError(t, g.Commit(t.Context()))
}

// RequireLists holds a store's lists, open ties and what is due against a look
// through all that it has; users are those who may have ties.
func RequireLists(t *testing.T, store competition.Store, users ...string) {
	t.Helper()
	c := comparison{store: store, byID: map[string]competition.Summary{}}
	require.NoError(t, store.List(t.Context(), "", func(s competition.Summary) bool {
		c.all = append(c.all, s)
		c.byID[s.Definition.ID] = s
		return true
	}))
	slices.SortFunc(c.all, func(a, b competition.Summary) int {
		return cmp.Or(cmp.Compare(a.Definition.Start, b.Definition.Start), cmp.Compare(a.Definition.ID, b.Definition.ID))
	})
	c.requireDue(t)
	for range 2 { // the second time ties have been moved
		for _, user := range users {
			c.requireVisible(t, competition.Listing{Reader: user}, c.requireTies(t, user))
		}
		c.requireVisible(t, competition.Listing{}, nil)
		c.requireVisible(t, competition.Listing{Reader: "operator", Operator: true}, nil)
	}
}

// comparison is all that there is, in the order of lists.
type comparison struct {
	store competition.Store
	all   []competition.Summary
	byID  map[string]competition.Summary
}

func (c *comparison) requireDue(t *testing.T) {
	t.Helper()
	due := []competition.Due{}
	for _, s := range c.all {
		_, at, ok := s.Definition.Next(s.Status)
		if s.KeptUntil != 0 {
			at, ok = s.KeptUntil, true
		}
		if ok {
			due = append(due, competition.Due{CompetitionID: s.Definition.ID, At: at})
		}
	}
	slices.SortFunc(due, func(a, b competition.Due) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.CompetitionID, b.CompetitionID))
	})
	read := func(after competition.Due, before calendar.Millis, limit int) []competition.Due {
		got := must(c.store.DueBefore(t.Context(), after, before, limit))(t)
		return append([]competition.Due{}, got...)
	}
	for i := range due {
		upTo := i + 1 // and those of the same time
		for upTo < len(due) && due[upTo].At == due[i].At {
			upTo++
		}
		require.Equal(t, due[:upTo], read(competition.Due{}, due[i].At, 1000))
		require.Equal(t, due[:i+1], read(competition.Due{}, due[i].At, i+1))
		require.Equal(t, append([]competition.Due{}, due[i+1:min(i+3, len(due))]...), read(due[i], Start+1000*msPerDay, 2))
	}
	require.Equal(t, due, read(competition.Due{}, Start+1000*msPerDay, 1000))
}

// requireTies returns the ids of all competitions that the user has to do with.
func (c *comparison) requireTies(t *testing.T, user string) (mine []string) {
	t.Helper()
	ties := must(c.store.MembershipsOf(t.Context(), user, "", 1000))(t)
	want := []competition.Tie{}
	for _, m := range ties {
		if !m.Present && !m.Creator {
			continue
		}
		mine = append(mine, m.CompetitionID)
		if s := c.byID[m.CompetitionID]; slices.Contains([]string{"upcoming", "active", "finalizing"}, s.Status.String()) {
			want = append(want, competition.Tie{Membership: m, Summary: s})
		}
	}
	require.Equal(t, want, append([]competition.Tie{}, must(c.store.OpenTies(t.Context(), user))(t)...), user)
	return mine
}

// requireVisible reads lists of all statuses page by page.
func (c *comparison) requireVisible(t *testing.T, l competition.Listing, mine []string) {
	t.Helper()
	of := [][]competition.Status{nil, {competition.Upcoming, competition.Active, competition.Finalizing}, {competition.Completed, competition.Settled, competition.Cancelled}}
	for _, status := range competition.AllStatuses() {
		of = append(of, []competition.Status{status})
	}
	for i, statuses := range of {
		l.Statuses, l.Newest = statuses, i%2 == 1
		for _, l.Search = range []string{"", "GAME C1", "no such"} {
			want := []string{}
			for _, s := range c.all {
				if (statuses == nil || slices.Contains(statuses, s.Status)) &&
					(l.Operator || s.Definition.Visibility == competition.Public || slices.Contains(mine, s.Definition.ID)) &&
					(l.Search == "" || strings.HasPrefix(strings.ToLower(s.Definition.Name), strings.ToLower(l.Search))) {
					want = append(want, s.Definition.ID)
				}
			}
			if l.Newest {
				slices.Reverse(want)
			}
			for _, l.Limit = range []int{1, 3, 1000} {
				c.requirePages(t, l, want)
			}
		}
	}
}

func (c *comparison) requirePages(t *testing.T, l competition.Listing, want []string) {
	t.Helper()
	read := []string{}
	for {
		page, next, err := c.store.Visible(t.Context(), l)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), l.Limit)
		for _, s := range page {
			require.Equal(t, c.byID[s.Definition.ID], s)
		}
		read = append(read, listedIDs(page)...)
		if next == (competition.ListPlace{}) {
			break
		}
		require.Len(t, page, l.Limit, "%+v", l)
		require.Equal(t, page[l.Limit-1].Place(), next)
		l.After = next
	}
	require.Equal(t, want, read, "%+v", l)
}
