package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/embedded"
	"github.com/paceboard/paceboard/persistence/porttest"
)

// playRandomly fills a store with competitions of random histories, one of them
// without its journal's beginning, and returns them.
func playRandomly(t *testing.T, s store, random *rand.Rand, competitions, events int) (games []*porttest.Game) {
	t.Helper()
	for n := range competitions {
		g, err := porttest.Begin(t.Context(), s, fmt.Sprintf("game-%d", n))
		require.NoError(t, err)
		for g.C.Seq() < uint64(events) {
			g.Play(random, 1+random.IntN(80))
			require.NoError(t, g.Commit(t.Context()))
			if random.IntN(10) == 0 {
				if err := g.Save(t.Context()); !errors.Is(err, competition.ErrConflict) {
					require.NoError(t, err)
				}
			}
		}
		games = append(games, g)
	}
	// A snapshot of the first one alone, with events after it, and then old ones go.
	cut := games[0]
	require.NoError(t, cut.Sync("anna", 0, 7))
	require.NoError(t, cut.Commit(t.Context()))
	require.NoError(t, cut.Save(t.Context()))
	cut.Play(random, 40)
	require.NoError(t, cut.Commit(t.Context()))
	return games
}

// removeOld has a store remove what is older than the middle of a game.
func removeOld(t *testing.T, s store, middle *porttest.Game) {
	t.Helper()
	removed, err := s.Retain(t.Context(), ((porttest.Start + middle.Now) / 2).Time(), 100)
	require.NoError(t, err)
	require.Positive(t, removed)
}

// exported is what export says of a store.
func exported(t *testing.T, s store) []byte {
	t.Helper()
	x, err := PlanExport(t.Context(), s, "")
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, x.Write(t.Context(), &b))
	require.Equal(t, x.Events, x.Written)
	return b.Bytes()
}

// importInto is what import does to a store; there are the competitions that were
// there already.
func importInto(ctx context.Context, s Store, export []byte) (there []string, err error) {
	m := &Import{Store: s, Same: func(id string) { there = append(there, id) }}
	err = m.Run(ctx, bytes.NewReader(export))
	return there, err
}

// inMemory is an embedded store that leaves nothing behind.
func inMemory(t *testing.T) store {
	t.Helper()
	s, err := embedded.Open(t.Context(), embedded.Options{Dir: "store", FS: vfs.NewMem(), BallastBytes: -1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func newRandom(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 7))
}

func TestCompetitionsMoveToPostgreSQLAndBackWithoutLoss(t *testing.T) {
	t.Parallel()
	const competitions, events = 4, 800
	random := newRandom(t)
	first, second, third := inMemory(t), onPostgres(t), inMemory(t)
	games := playRandomly(t, first, random, competitions, events)
	removeOld(t, first, games[0])
	export := exported(t, first)
	require.Contains(t, string(export), `{"snapshot":`, "one has lost its beginning")

	_, err := importInto(t.Context(), second, export)
	require.NoError(t, err)
	require.Equal(t, string(export), string(exported(t, second)))
	_, err = importInto(t.Context(), third, exported(t, second))
	require.NoError(t, err)
	require.Equal(t, string(export), string(exported(t, third)))

	for _, s := range []store{second, third} {
		for _, g := range games {
			c, err := competition.Recover(t.Context(), g.C.ID(), s, porttest.Keys(g.C.ID()), nil)
			require.NoError(t, err)
			porttest.RequireSame(t, g.C, c, g.Users)
			for _, user := range g.Users {
				want, err := first.MembershipsOf(t.Context(), user, "", 1000)
				require.NoError(t, err)
				got, err := s.MembershipsOf(t.Context(), user, "", 1000)
				require.NoError(t, err)
				require.Equal(t, want, got)
			}
		}
		there, err := importInto(t.Context(), s, export)
		require.NoError(t, err, "again")
		require.Len(t, there, competitions)
	}
	for _, g := range games { // and they go on where they are
		g.Store = second
		require.NoError(t, g.Claim(t.Context()))
		require.NoError(t, g.Sync("anna", 0, 1000+int64(g.C.Seq())))
		require.NoError(t, g.Commit(t.Context()))
	}
	_, err = importInto(t.Context(), second, export)
	require.ErrorIs(t, err, ErrAnother)
	require.ErrorContains(t, err, `"game-0"`)
}

// TestDecisionsAboutTheErasedMoveAlong, and when they are to be dropped, with the
// journal and with a snapshot alone.
func TestDecisionsAboutTheErasedMoveAlong(t *testing.T) {
	t.Parallel()
	const day = 24 * 60 * 60 * 1000
	first, second := inMemory(t), onPostgres(t)
	completed := porttest.Definition("").End + day
	until := completed + 30*day
	var ids []string
	for _, id := range []string{"board", "cut"} {
		g, err := porttest.Begin(t.Context(), first, id)
		require.NoError(t, err)
		require.NoError(t, g.Sync("anna", 0, 1000))
		require.NoError(t, g.Review("anna", 0))
		require.NoError(t, g.Commit(t.Context()))
		require.NoError(t, g.Erase(competition.Erasure{UserID: "anna", Pseudonym: competition.NewPseudonym([16]byte{1})}))
		require.NoError(t, g.Commit(t.Context()))
		g.C.Tick(completed)
		require.NoError(t, g.Commit(t.Context()))
		if ids = append(ids, id); id == "cut" {
			require.NoError(t, g.Save(t.Context()))
			removed, err := first.Retain(t.Context(), (completed - 1).Time(), 100)
			require.NoError(t, err)
			require.Positive(t, removed)
		}
	}
	_, err := importInto(t.Context(), second, exported(t, first))
	require.NoError(t, err)
	for _, s := range []store{first, second} {
		due, err := s.DueBefore(t.Context(), competition.Due{}, until, 10)
		require.NoError(t, err)
		require.Equal(t, []competition.Due{{CompetitionID: ids[0], At: until}, {CompetitionID: ids[1], At: until}}, due)
		for _, id := range ids {
			g, err := porttest.Resume(t.Context(), s, id)
			require.NoError(t, err)
			require.Equal(t, until, g.C.Summary().KeptUntil)
			g.C.Tick(until)
			require.NoError(t, g.Commit(t.Context()))
		}
		due, err = s.DueBefore(t.Context(), competition.Due{}, until, 10)
		require.NoError(t, err)
		require.Empty(t, due)
	}
}

// TestImportRefusesWhatIsDamaged changes an export in every way that comes to
// mind; whatever the import takes of it is whole, and it never says that it is
// well.
func TestImportRefusesWhatIsDamaged(t *testing.T) {
	t.Parallel()
	const times = 60
	random := newRandom(t)
	from := inMemory(t)
	games := playRandomly(t, from, random, 3, 150)
	removeOld(t, from, games[0])
	export := exported(t, from)
	whole := competitionsOf(t, export)
	stored := 0
	for range times {
		damaged, what := damageExport(random, export)
		s := inMemory(t)
		_, err := importInto(t.Context(), s, damaged)
		require.Error(t, err, what)
		for _, g := range games {
			id := g.C.ID()
			if _, err := s.Find(t.Context(), id); errors.Is(err, competition.ErrUnknownCompetition) {
				first, last, err := s.Span(t.Context(), id)
				require.NoError(t, err)
				require.Zero(t, first+last, "%s: a part of %s was stored", what, id)
				continue
			}
			stored++
			require.Equal(t, whole[id], competitionsOf(t, exported(t, s))[id], "%s: %s was stored otherwise", what, id)
		}
	}
	require.Positive(t, stored, "those before the damage are there")
}

// competitionsOf cuts an export into competitions.
func competitionsOf(t *testing.T, export []byte) map[string]string {
	t.Helper()
	all := map[string]string{}
	id := ""
	for line := range bytes.Lines(export) {
		l, err := decodeLine(line)
		require.NoError(t, err)
		if l.Competition != "" {
			id = l.Competition
		}
		all[id] += string(line)
		if l.End != "" {
			id = "" // what is none's
		}
	}
	return all
}

// damageExport flips a bit, cuts the end off, or leaves out, doubles or moves a
// line.
func damageExport(random *rand.Rand, export []byte) (damaged []byte, what string) {
	lines := bytes.SplitAfter(bytes.Clone(export), []byte("\n"))
	lines = lines[:len(lines)-1]
	i := random.IntN(len(lines))
	switch random.IntN(6) {
	case 0:
		lines[i] = nil
		what = fmt.Sprintf("line %d left out", i+1)
	case 1:
		lines[i] = append(lines[i], lines[i]...)
		what = fmt.Sprintf("line %d twice", i+1)
	case 2:
		at := random.IntN(len(export))
		return export[:at], fmt.Sprintf("cut to %d bytes", at)
	case 3:
		j := (i + 1 + random.IntN(len(lines)-1)) % len(lines)
		lines[i], lines[j] = lines[j], lines[i]
		what = fmt.Sprintf("lines %d and %d changed places", i+1, j+1)
	default:
		damaged = bytes.Clone(export)
		at := random.IntN(len(export))
		damaged[at] ^= 1 << random.IntN(7)
		return damaged, fmt.Sprintf("a bit of byte %d flipped", at)
	}
	return bytes.Join(lines, nil), what
}

// flaky is a store that fails after some appends.
type flaky struct {
	store
	left int
}

func (f *flaky) Graft(ctx context.Context, b *competition.Batch) error {
	if f.left--; f.left < 0 {
		return competition.ErrUnavailable
	}
	return f.store.Graft(ctx, b)
}

func (f *flaky) Save(ctx context.Context, s *competition.Snapshot) error {
	if f.left--; f.left < 0 {
		return competition.ErrUnavailable
	}
	return f.store.Save(ctx, s)
}

func TestAnImportThatWasInterruptedGoesOn(t *testing.T) {
	t.Parallel()
	random := newRandom(t)
	from := inMemory(t)
	games := playRandomly(t, from, random, 2, 1200)
	removeOld(t, from, games[0])
	export := exported(t, from)
	for name, to := range map[string]store{"embedded": inMemory(t), "postgres": onPostgres(t)} {
		interrupted := 0
		for ; ; interrupted++ {
			_, err := importInto(t.Context(), &flaky{to, 1 + random.IntN(2)}, export)
			if err == nil {
				break
			}
			require.ErrorIs(t, err, competition.ErrUnavailable, name)
		}
		require.Greater(t, interrupted, 2, name)
		require.Equal(t, string(export), string(exported(t, to)), name)
	}

	// What somebody else began there is not gone on with.
	to := inMemory(t)
	g := porttest.NewGame(to, games[1].C.ID())
	require.NoError(t, g.Create("somebody"))
	b := g.Take()
	b.Summary = nil // as an import leaves it
	require.Nil(t, to.Append(t.Context(), []*competition.Batch{b}))
	_, err := importInto(t.Context(), to, export)
	require.ErrorIs(t, err, ErrAnother)
}
