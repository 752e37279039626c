package http

import (
	"cmp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/http/internal/auth"
)

// The board links of the fake engine: none, unless a test says so.

const (
	linkID      = "019d2f5e-0000-7000-8000-000000000003"
	spareLinkID = "019d2f5e-0000-7000-8000-000000000004" // whose code nobody has
)

// linkCode opens the fake engine's board link, to spring.
const linkCode = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

const linkToken = auth.LinkPrefix + linkCode

func fakeLink() competition.BoardLink {
	return competition.BoardLink{
		ID: linkID, Hash: competition.HashLinkCode([]byte(linkCode)), Key: competition.Key{1}, CompetitionID: "spring",
		Names: competition.ShowInitials, CreatedAt: atStart, ExpiresAt: atStart + 24*60*60*1000,
	}
}

func (e *fakeEngine) MakeBoardLink(id string, caller competition.Caller, names competition.NamePrivacy, until calendar.Millis) (string, competition.BoardLink, error) {
	return linkCode, fakeLink(), e.note("MakeBoardLink", id, caller, names, until)
}

func (e *fakeEngine) BoardLinks(id string, caller competition.Caller) ([]competition.BoardLink, error) {
	return e.links, e.note("BoardLinks", id, caller)
}

func (e *fakeEngine) RevokeBoardLink(id string, caller competition.Caller, link string) (competition.BoardLink, error) {
	l := fakeLink()
	if link == spareLinkID {
		l.ID, l.Hash = spareLinkID, competition.CodeHash{}
	}
	return l, e.note("RevokeBoardLink", id, caller, link)
}

func (e *fakeEngine) LinksTo(string) ([]competition.BoardLink, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.links, e.linksErr
}

func (e *fakeEngine) BoardLink(hash competition.CodeHash) (competition.BoardLink, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, l := range e.links {
		if l.Hash == hash {
			return l, e.linksErr
		}
	}
	return competition.BoardLink{}, cmp.Or(e.linksErr, competition.ErrUnknownBoardLink)
}
