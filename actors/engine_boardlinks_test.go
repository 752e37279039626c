package actors

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

func TestBoardLinksAreTheCreators(t *testing.T) {
	synctest.Test(t, testBoardLinksAreTheCreators)
}

func testBoardLinksAreTheCreators(t *testing.T) {
	store := newMemoryStore()
	e := secretEngine(t, store, nil)
	ann := competition.Caller{UserID: "ann"}
	_, _, err := e.MakeBoardLink("secret", ann, competition.ShowInitials, 0)
	require.ErrorIs(t, err, competition.ErrUnknownCompetition)
	_, err = e.BoardLinks("secret", ann)
	require.ErrorIs(t, err, competition.ErrUnknownCompetition)
	_, _, err = e.MakeBoardLink("secret", theCreator, competition.ShowNames, 0)
	require.ErrorIs(t, err, competition.ErrPrivateNames)

	code, made, err := e.MakeBoardLink("secret", theCreator, competition.ShowInitials, 0)
	require.NoError(t, err)
	require.Len(t, code, 26)
	require.NotZero(t, made.Key)
	found, err := e.BoardLink(competition.HashLinkCode([]byte(code)))
	require.NoError(t, err)
	require.Equal(t, made, found)
	for _, list := range []func() ([]competition.BoardLink, error){
		func() ([]competition.BoardLink, error) { return e.BoardLinks("secret", operator) },
		func() ([]competition.BoardLink, error) { return e.LinksTo("secret") },
	} {
		links, err := list()
		require.NoError(t, err)
		require.Equal(t, []competition.BoardLink{made}, links)
	}
	other, second, err := e.MakeBoardLink("secret", operator, competition.ShowNoNames, 0)
	require.NoError(t, err)
	require.NotEqual(t, code, other)
	require.NotEqual(t, made.Key, second.Key)

	_, err = e.RevokeBoardLink("secret", ann, made.ID)
	require.ErrorIs(t, err, competition.ErrUnknownCompetition)
	gone, err := e.RevokeBoardLink("secret", theCreator, made.ID)
	require.NoError(t, err)
	require.Equal(t, made, gone)
	_, err = e.RevokeBoardLink("secret", theCreator, made.ID)
	require.ErrorIs(t, err, competition.ErrUnknownBoardLink)
	_, err = e.BoardLink(made.Hash)
	require.ErrorIs(t, err, competition.ErrUnknownBoardLink)
}

// TestBoardLinksThatEndedAreSwept, and are not listed before.
func TestBoardLinksThatEndedAreSwept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		e := secretEngine(t, store, nil)
		_, made, err := e.MakeBoardLink("secret", theCreator, competition.ShowInitials, e.now()+1000)
		require.NoError(t, err)
		<-time.After(time.Second)
		links, err := e.BoardLinks("secret", theCreator)
		require.NoError(t, err)
		require.Empty(t, links)
		_, err = e.BoardLink(made.Hash)
		require.NoError(t, err, "it is there until it is swept")
		<-time.After(sweepEvery + time.Minute)
		synctest.Wait()
		_, err = e.BoardLink(made.Hash)
		require.ErrorIs(t, err, competition.ErrUnknownBoardLink)
	})
}
