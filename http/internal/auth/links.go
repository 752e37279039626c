package auth

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/paceboard/paceboard/competition"
)

// LinkPrefix begins the token of a board link: then comes the link's code.
const LinkPrefix = "pbl_"

const (
	linkCodeLength   = 26              // as crypto/rand.Text has it
	linkAge          = time.Second     // after which it is looked whether a link still is
	linkLate         = 4 * time.Second // after which nobody relies on the last look, if the links can be read
	linkRecheck      = 3 * time.Second // as often a live client's link is looked at
	linkTrust        = time.Minute     // that a known link is good for while the links cannot be read
	maxKnownLinks    = 10_000
	maxLinkLookups   = 4 // of codes that are not known, at a time: half of what a store reads at once
	linkCodeAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
)

// LinkStore has the board links.
type LinkStore interface {
	// BoardLink returns the link with the hash of a code, expired or not. Error:
	// competition.ErrUnknownBoardLink.
	BoardLink(hash competition.CodeHash) (competition.BoardLink, error)
}

// links knows the board links that are in use. Safe for concurrent use.
type links struct {
	store   LinkStore
	log     *slog.Logger
	now     func() time.Time
	ended   func(linkID string)
	known   *otter.Cache[competition.CodeHash, *knownLink]
	lookups chan struct{} // capacity maxLinkLookups
}

// knownLink is a link as of a time.
type knownLink struct {
	identity Identity
	link     competition.BoardLink
	reading  sync.Mutex
	read     atomic.Pointer[linkReading]
}

// linkReading is how reading a link went.
type linkReading struct {
	at    time.Time // of the last try
	as    time.Time // of the last one that succeeded
	stale error     // why the last try failed; nil if it did not
}

func newLinks(store LinkStore, ended func(linkID string), log *slog.Logger, now func() time.Time) *links {
	return &links{
		store: store, ended: ended, log: log, now: now, lookups: make(chan struct{}, maxLinkLookups),
		known: otter.Must(&otter.Options[competition.CodeHash, *knownLink]{MaximumSize: maxKnownLinks}),
	}
}

func (l *links) close() { l.known.StopAllGoroutines() }

// IsLink reports whether a token says that it is a board link's.
func IsLink(token []byte) bool { return bytes.HasPrefix(token, []byte(LinkPrefix)) }

// LinkCode returns the code of a link's token, and whether it can be one.
func LinkCode(token []byte) (code []byte, ok bool) {
	code, ok = bytes.CutPrefix(token, []byte(LinkPrefix))
	return code, ok && len(code) == linkCodeLength && strings.Trim(string(code), linkCodeAlphabet) == ""
}

// verify returns the identity of whoever has a link's token.
func (l *links) verify(token []byte) (*Identity, error) {
	code, ok := LinkCode(token)
	if !ok {
		return nil, errUnknownLink
	}
	hash := competition.HashLinkCode(code)
	known, ok := l.known.GetIfPresent(hash)
	if !ok {
		var err error
		if known, err = l.lookUp(hash); err != nil {
			return nil, err
		}
	}
	return &known.identity, l.holds(known)
}

// errUnknownLink is returned for a code that opens nothing.
var errUnknownLink = refuseToken("board_link", "the board link is not known here: it is mistyped, or was revoked")

// errExpiredLink is returned for a link that has expired.
var errExpiredLink = &RefusalError{Kind: ErrExpired, rule: "board_link_expired", Detail: "the board link has expired"}

// lookUp reads a link that is not known. Few at a time are read, whoever guesses codes.
func (l *links) lookUp(hash competition.CodeHash) (*knownLink, error) {
	select {
	case l.lookups <- struct{}{}:
		defer func() { <-l.lookups }()
	default:
		return nil, competition.ErrOverloaded
	}
	link, err := l.store.BoardLink(hash)
	if errors.Is(err, competition.ErrUnknownBoardLink) {
		return nil, errUnknownLink
	}
	if err != nil {
		return nil, err
	}
	known := l.newKnown(link)
	now := l.now()
	known.read.Store(&linkReading{at: now, as: now})
	known, _ = l.known.SetIfAbsent(hash, known) // the one that is there may be revoked by now
	return known, nil
}

func (l *links) newKnown(link competition.BoardLink) *knownLink {
	known := &knownLink{link: link}
	known.identity = Identity{Anonymous: true, Expires: link.ExpiresAt.Time().Unix(), Link: &known.link, signer: &signer{}}
	known.identity.holds = func() error { return l.holds(known) }
	return known
}

// holds is nil if a link is still good. It looks every linkAge; while the links cannot be
// read, a known one stays good for linkTrust: boards are in memory.
func (l *links) holds(known *knownLink) error {
	reading := l.reading(known)
	switch {
	case known.identity.withdrawn():
		return errUnknownLink
	case l.now().Unix() >= known.identity.Expires:
		return errExpiredLink
	case reading.stale != nil && l.now().Sub(reading.as) > linkTrust:
		return reading.stale
	}
	return nil
}

// reading returns how reading a link went last, which it does again if that is long ago.
// Whoever comes meanwhile goes by the last reading, unless that is too old.
func (l *links) reading(known *knownLink) *linkReading {
	last := known.read.Load()
	age := l.now().Sub(last.at)
	switch {
	case age <= linkAge:
		return last
	case age > linkLate && last.stale == nil:
		known.reading.Lock()
	case !known.reading.TryLock():
		return last
	}
	defer known.reading.Unlock()
	if now := known.read.Load(); now != last { // somebody else has read it
		return now
	}
	return l.readAgain(known)
}

func (l *links) readAgain(known *knownLink) *linkReading {
	before := known.read.Load()
	_, err := l.store.BoardLink(known.link.Hash)
	now := l.now()
	reading := &linkReading{at: now, as: now}
	switch {
	case errors.Is(err, competition.ErrUnknownBoardLink):
		l.withdraw(known)
	case err != nil:
		reading.as, reading.stale = before.as, err
		if before.stale == nil {
			l.log.Warn("the board links cannot be read: those that are known are good for a minute", "error", err)
		}
	}
	known.read.Store(reading)
	return reading
}

// end makes a link void at once.
func (l *links) end(link competition.BoardLink) {
	known := l.newKnown(link)
	known.read.Store(&linkReading{at: l.now(), as: l.now()})
	known, _ = l.known.SetIfAbsent(link.Hash, known) // so that a reading under way does not bring it back
	l.withdraw(known)
}

// withdraw makes a known link void, and says so.
func (l *links) withdraw(known *knownLink) {
	if !known.identity.signer.withdrawn.Swap(true) {
		l.ended(known.link.ID)
	}
}
