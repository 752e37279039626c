package http

import (
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/paceboard/paceboard/competition"
)

// linksTo remembers the links to the boards of competitions that are looked at, so that
// the answer about a competition costs no call of the store each time. Safe for concurrent
// use.
type linksTo struct {
	now   func() time.Time
	known *otter.Cache[string, linksAt] // by competition
}

type linksAt struct {
	at    time.Time
	links []competition.BoardLink
}

const (
	linksToAge = 2 * time.Second
	maxLinksTo = 10_000
)

func newLinksTo(now func() time.Time) *linksTo {
	return &linksTo{now: now, known: otter.Must(&otter.Options[string, linksAt]{MaximumSize: maxLinksTo})}
}

// of returns the links to a competition's board that have not ended, as they were
// linksToAge ago or later; ok is false if they are not known, because the store does not
// answer.
func (l *linksTo) of(engine Engine, competitionID string) (links []competition.BoardLink, ok bool) {
	now := l.now()
	if known, ok := l.known.GetIfPresent(competitionID); ok && now.Sub(known.at) <= linksToAge {
		return known.links, true
	}
	links, err := engine.LinksTo(competitionID)
	if err != nil {
		return nil, false
	}
	l.known.Set(competitionID, linksAt{now, links})
	return links, true
}

// forget has the links to a competition's board read again, after a change.
func (l *linksTo) forget(competitionID string) { l.known.Invalidate(competitionID) }

// close ends the cache's work.
func (l *linksTo) close() { l.known.StopAllGoroutines() }
