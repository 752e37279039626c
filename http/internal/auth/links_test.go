package auth

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

const linkToken = LinkPrefix + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// slowLinks is a store of one link, whose answers a test can hold back.
type slowLinks struct {
	asked  chan struct{}
	answer chan error
}

func (s *slowLinks) BoardLink(hash competition.CodeHash) (competition.BoardLink, error) {
	s.asked <- struct{}{}
	return competition.BoardLink{ID: "link", Hash: hash, ExpiresAt: calendar.MillisOf(start.AddDate(1, 0, 0))}, <-s.answer
}

// newLinkBench has a link that was found; ended notes that it was said to be revoked.
func newLinkBench(t *testing.T) (b *bench, store *slowLinks, ended *[]string) {
	t.Helper()
	store, ended = &slowLinks{make(chan struct{}, 10), make(chan error, 10)}, new([]string)
	b = newBench(t, func(o *Options) {
		o.Links, o.LinkEnded = store, func(linkID string) { *ended = append(*ended, linkID) }
	})
	store.answer <- nil
	_, err := b.Token([]byte(linkToken))
	require.NoError(t, err)
	<-store.asked
	return b, store, ended
}

// TestNobodyReliesOnAnOldLook: whoever comes by a link while it is looked at again waits for
// that, if the last look is so long ago that the link may have been revoked.
func TestNobodyReliesOnAnOldLook(t *testing.T) {
	b, store, ended := newLinkBench(t)
	verify := func() error {
		_, err := b.Token([]byte(linkToken))
		return err
	}
	first := make(chan error, 1)
	b.now = b.now.Add(2 * time.Second)
	go func() { first <- verify() }()
	<-store.asked
	require.NoError(t, verify(), "the last look is of this moment: nobody waits")
	store.answer <- nil
	require.NoError(t, <-first)

	b.now = b.now.Add(time.Hour)
	go func() { first <- verify() }()
	<-store.asked
	time.AfterFunc(100*time.Millisecond, func() { store.answer <- competition.ErrUnknownBoardLink })
	require.ErrorIs(t, verify(), ErrInvalid, "it waits")
	require.ErrorIs(t, <-first, ErrInvalid)
	require.Empty(t, store.asked, "one look is enough for both")
	require.Equal(t, []string{"link"}, *ended, "it is said once")
}

// TestNobodyWaitsForAStoreThatDoesNotAnswer while a known link is good anyway.
func TestNobodyWaitsForAStoreThatDoesNotAnswer(t *testing.T) {
	b, store, ended := newLinkBench(t)
	b.now = b.now.Add(5 * time.Second)
	store.answer <- competition.ErrUnavailable
	_, err := b.Token([]byte(linkToken))
	require.NoError(t, err)
	<-store.asked

	b.now = b.now.Add(5 * time.Second)
	first := make(chan error, 1)
	go func() {
		_, err := b.Token([]byte(linkToken))
		first <- err
	}()
	<-store.asked
	_, err = b.Token([]byte(linkToken)) // would wait for ever
	require.NoError(t, err)
	store.answer <- competition.ErrUnavailable
	require.NoError(t, <-first)
	require.Empty(t, *ended)
}

// TestALinkThatIsRevokedWhileItIsFoundStaysRevoked: what the store said before does not bring
// it back. Few codes are looked for at a time.
func TestALinkThatIsRevokedWhileItIsFoundStaysRevoked(t *testing.T) {
	store := &slowLinks{make(chan struct{}, 10), make(chan error, 10)}
	b := newBench(t, func(o *Options) { o.Links, o.LinkEnded = store, func(string) {} })
	found := make(chan error, maxLinkLookups+1)
	look := func() {
		go func() {
			_, err := b.Token([]byte(linkToken))
			found <- err
		}()
	}
	for range maxLinkLookups {
		look()
		<-store.asked
	}
	look()
	select {
	case err := <-found:
		require.ErrorIs(t, err, competition.ErrOverloaded)
	case <-store.asked:
		require.Fail(t, "one more is looked for")
	}
	code, _ := LinkCode([]byte(linkToken))
	b.EndLink(competition.BoardLink{ID: "link", Hash: competition.HashLinkCode(code), ExpiresAt: calendar.MillisOf(start.AddDate(1, 0, 0))})
	for range maxLinkLookups {
		store.answer <- nil
		require.ErrorIs(t, <-found, ErrInvalid)
	}
}
