package http

import (
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/paceboard/paceboard/competition"
)

// linksTo remembers the links to the boards of competitions that are looked at, so that
// the answer about a competition costs no call of the store each time. Safe for concurrent
// use.
type linksTo struct {
	now   func() time.Time
	known *otter.Cache[string, *linksAt] // by competition
}

// linksAt are the links to one board as of a time.
type linksAt struct {
	mu    sync.Mutex // held while they are read: one request reads for all that come meanwhile
	at    time.Time
	links []competition.BoardLink
	err   error
}

const (
	linksToAge = 2 * time.Second
	maxLinksTo = 10_000
)

func newLinksTo(now func() time.Time) *linksTo {
	return &linksTo{now: now, known: otter.Must(&otter.Options[string, *linksAt]{MaximumSize: maxLinksTo})}
}

// of returns the links to a competition's board that have not ended, as they were
// linksToAge ago or later; ok is false if they are not known, because the store did not
// answer then.
func (l *linksTo) of(engine Engine, competitionID string) (links []competition.BoardLink, ok bool) {
	known, found := l.known.GetIfPresent(competitionID)
	if !found {
		known, _ = l.known.SetIfAbsent(competitionID, &linksAt{})
	}
	known.mu.Lock()
	defer known.mu.Unlock()
	if l.now().Sub(known.at) > linksToAge {
		known.links, known.err = engine.LinksTo(competitionID)
		known.at = l.now()
	}
	return known.links, known.err == nil
}

// forget has the links to a competition's board read again, after a change.
func (l *linksTo) forget(competitionID string) { l.known.Invalidate(competitionID) }

// close ends the cache's work.
func (l *linksTo) close() { l.known.StopAllGoroutines() }
