package competition

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

func TestALinkLastsAsLongAsItMay(t *testing.T) {
	const day = calendar.Millis(24 * millisPerHour)
	d := Definition{End: 100 * day}
	for rule, c := range map[string]struct{ created, asked, want calendar.Millis }{
		"by default until 30 days after the end":  {10 * day, 0, 130 * day},
		"of one that is over, 30 days from now":   {200 * day, 0, 230 * day},
		"as asked for":                            {10 * day, 11 * day, 11 * day},
		"366 days at most":                        {10 * day, 1_000 * day, 376 * day},
		"366 days at most where it ends too late": {-400 * day, 0, -34 * day},
	} {
		l := BoardLink{Names: ShowNames, CreatedAt: c.created, ExpiresAt: c.asked}
		require.NoError(t, l.Admit(&d), rule)
		require.Equal(t, c.want, l.ExpiresAt, rule)
		require.True(t, l.Ended(c.want), rule)
		require.False(t, l.Ended(c.want-1), rule)
	}
}

func TestThePrivateAreNotShownByName(t *testing.T) {
	d := Definition{Visibility: Private, End: 1}
	require.ErrorIs(t, (&BoardLink{Names: ShowNames}).Admit(&d), ErrPrivateNames)
	for names, private := range map[NamePrivacy]NamePrivacy{ShowNames: ShowInitials, ShowInitials: ShowInitials, ShowNoNames: ShowNoNames} {
		l := BoardLink{Names: names}
		if names != ShowNames {
			require.NoError(t, l.Admit(&d))
		}
		require.Equal(t, private, l.ShownNames(true), "it may have become private since")
		require.Equal(t, names, l.ShownNames(false))
		word, ok := ParseNamePrivacy(names.String())
		require.True(t, ok)
		require.Equal(t, names, word)
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "  ": "", "Ada": "A.", "Ada Löve": "A. L.", "ada  maria löve": "a. l.", "Émile Zola": "É. Z.",
		"E\u0301mile": "E\u0301.", "田中 太郎": "田. 太.", "李": "李.", "x@example.org": "x.",
	} {
		require.Equal(t, want, initials(name), name)
	}
}

// linkedBoard is a settled board with a prize.
func linkedBoard() Board {
	return Board{
		CompetitionID: "spring", Status: Settled, Version: 7, UpdatedAt: 5, Total: 2,
		Entries: []Entry{
			{UserID: "ann", UserName: "Ann Lee", Score: 9, Rank: 1, Totals: Metrics{Steps: 9}, LastSyncedAt: 3, UpdatedAt: 4},
			{UserID: "bob", Score: 8, Rank: 2},
		},
		Prizes: []ledger.Prize{{UserID: "ann", Rank: 1, Minor: 5, Currency: "EUR"}},
	}
}

// TestALinkShowsNobodysID: whatever it shows of names, ids are its own, the same in every
// part of the board, and what it is made from stays as it was.
func TestALinkShowsNobodysID(t *testing.T) {
	for _, names := range []NamePrivacy{ShowNames, ShowInitials, ShowNoNames} {
		l, other := BoardLink{Key: Key{1}, Names: names}, BoardLink{Key: Key{2}, Names: names}
		b := linkedBoard()
		shown := l.Board(&b)
		require.Equal(t, linkedBoard(), b, "the board stays as it is")
		ann := shown.Entries[0]
		require.Regexp(t, "^[0-9a-f]{32}$", ann.UserID)
		require.NotEqual(t, ann.UserID, shown.Entries[1].UserID)
		require.NotEqual(t, ann.UserID, other.UserID("ann"))
		require.Equal(t, ann.UserID, shown.Prizes[0].UserID)
		require.Equal(t, []int64{9, 8}, []int64{shown.Entries[0].Score, shown.Entries[1].Score})
		want := map[NamePrivacy]string{ShowNames: "Ann Lee", ShowInitials: "A. L.", ShowNoNames: ""}[names]
		require.Equal(t, want, ann.UserName)
		if names == ShowNoNames {
			require.Equal(t, Entry{UserID: ann.UserID, Score: 9, Rank: 1}, ann)
		} else {
			require.Equal(t, Metrics{Steps: 9}, ann.Totals)
			require.Equal(t, calendar.Millis(3), ann.LastSyncedAt)
		}
		require.Equal(t, []SettledPrize{{Rank: 1, UserID: ann.UserID, UserName: want, Minor: 5, Currency: "EUR"}}, shown.SettledPrizes())
		require.Equal(t, SettledPrizes{Best: shown.SettledPrizes(), Count: 3}, l.SettledPrizes(SettledPrizes{Best: b.SettledPrizes(), Count: 3}, false))

		d := l.Delta(Delta{Version: 7, PreviousVersion: 6, Changes: b.Entries[:1], Removed: []string{"bob"}}, false)
		require.Equal(t, []Entry{ann}, d.Changes)
		require.Equal(t, []string{shown.Entries[1].UserID}, d.Removed)
		require.Equal(t, uint64(6), d.PreviousVersion)
		require.Equal(t, linkedBoard(), b)
	}
}

func TestWhoMayShareABoard(t *testing.T) {
	c := New("spring", func() (k Key) { return k })
	require.ErrorIs(t, c.MayShare(Caller{Operator: true}), ErrUnknownCompetition)
	d := Definition{ID: "spring", Name: "Spring", Start: 1000, End: 2000, Visibility: Private, Scoring: Weights{Step: 1000}, PrizeSplit: []int64{WholeSplit}, DailyLimits: DefaultDailyLimits}
	d.Complete()
	_, err := (&CreateCompetition{Caller: Caller{UserID: "creator"}, Definition: d}).Decide(c, 1)
	require.NoError(t, err)
	b := c.Take(Batch{})
	for i := range b.Events {
		_, err := c.Apply(&b.Events[i])
		require.NoError(t, err)
	}
	require.NoError(t, c.MayShare(Caller{UserID: "creator"}))
	require.NoError(t, c.MayShare(Caller{Operator: true}))
	require.ErrorIs(t, c.MayShare(Caller{UserID: "ann"}), ErrUnknownCompetition, "it is not there for others")
	require.ErrorIs(t, c.MayShare(Caller{}), ErrUnknownCompetition)
	c.definition.Visibility = Public
	require.ErrorIs(t, c.MayShare(Caller{UserID: "ann"}), ErrForbidden)
	require.ErrorIs(t, c.MayShare(Caller{}), ErrForbidden)
}

func TestLinkCodesAreHashed(t *testing.T) {
	code := strings.Repeat("A", 26)
	require.NotContains(t, string(func() []byte { h := HashLinkCode([]byte(code)); return h[:] }()), "A")
	require.NotEqual(t, HashLinkCode([]byte(code)), HashLinkCode([]byte(code[1:]+"B")))
}
