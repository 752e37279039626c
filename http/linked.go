package http

import (
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/auth"
)

// Board links: whoever sends the token of one is no caller, sees the board of one
// competition as the link shows it, and reaches nothing else. A route takes such a token
// only if its scope says so; see readBoard.

// errLink refuses a link what it does not show.
var errLink = kindForbidden.with("a board link shows the board of its competition, and nothing else")

// shows returns why a caller does not get to a competition's board: by a link to another.
func shows(who *auth.Identity, competitionID string) error {
	if who.Link != nil && who.Link.CompetitionID != competitionID {
		return errLink
	}
	return nil
}

// readerOf returns as whom the engine is asked for a board that the caller may see if the
// engine says so, or that the caller's link shows.
func readerOf(who *auth.Identity) competition.Caller {
	if who.Link != nil {
		return who.Link.Reader()
	}
	return who.Caller
}

// entryUnder returns what writes an entry under a link, already as the link shows it.
func entryUnder(link *competition.BoardLink, private bool) entryWriter {
	if link.ShownNames(private) != competition.ShowNoNames {
		return appendEntry
	}
	return func(dst []byte, competitionID string, e *competition.Entry) []byte {
		return append(appendPlace(dst, competitionID, e), '}')
	}
}
