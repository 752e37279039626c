package actors

import (
	"context"
	"crypto/rand"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// sharable returns a competition whose board links are the caller's to manage. Errors:
// competition.ErrUnknownCompetition, ErrForbidden.
func (e *Engine) sharable(ctx context.Context, competitionID string, caller competition.Caller) (competition.Summary, error) {
	return forward[competition.Summary](e, competitionID, &getSharable{caller}, deadlineOf(ctx))
}

// MakeBoardLink makes a link to a competition's board that lasts until a time (0: as long
// as is usual), and returns its code; that is stored nowhere. Errors:
// competition.ErrUnknownCompetition, ErrForbidden, ErrPrivateNames,
// ErrTooManyBoardLinks.
func (e *Engine) MakeBoardLink(competitionID string, caller competition.Caller, names competition.NamePrivacy, until calendar.Millis) (code string, l competition.BoardLink, err error) {
	ctx, end, err := e.begin()
	if err != nil {
		return "", l, err
	}
	defer end()
	s, err := e.sharable(ctx, competitionID, caller)
	if err != nil {
		return "", l, err
	}
	l = competition.BoardLink{ID: newID(), CompetitionID: competitionID, Names: names, CreatedAt: e.now(), ExpiresAt: until}
	if err := l.Admit(&s.Definition); err != nil {
		return "", l, err
	}
	code = rand.Text() // 26 characters of base 32: 130 random bits
	l.Hash = competition.HashLinkCode([]byte(code))
	rand.Read(l.Key[:]) // never fails, see crypto/rand
	return code, l, e.store.PutBoardLink(ctx, &l)
}

// BoardLinks returns a competition's links that have not ended, by time. Errors:
// competition.ErrUnknownCompetition, ErrForbidden.
func (e *Engine) BoardLinks(competitionID string, caller competition.Caller) ([]competition.BoardLink, error) {
	ctx, end, err := e.begin()
	if err != nil {
		return nil, err
	}
	defer end()
	if _, err := e.sharable(ctx, competitionID, caller); err != nil {
		return nil, err
	}
	return e.openLinks(ctx, competitionID)
}

// LinksTo returns the links that show a competition's board now. Who may ask is up to
// the caller.
func (e *Engine) LinksTo(competitionID string) ([]competition.BoardLink, error) {
	ctx, end, err := e.begin()
	if err != nil {
		return nil, err
	}
	defer end()
	return e.openLinks(ctx, competitionID)
}

func (e *Engine) openLinks(ctx context.Context, competitionID string) (open []competition.BoardLink, err error) {
	all, err := e.store.BoardLinksOf(ctx, competitionID)
	for i := range all {
		if !all[i].Ended(e.now()) {
			open = append(open, all[i])
		}
	}
	return open, err
}

// RevokeBoardLink ends a link. Errors: competition.ErrUnknownCompetition, ErrForbidden,
// ErrUnknownBoardLink.
func (e *Engine) RevokeBoardLink(competitionID string, caller competition.Caller, id string) (competition.BoardLink, error) {
	ctx, end, err := e.begin()
	if err != nil {
		return competition.BoardLink{}, err
	}
	defer end()
	if _, err := e.sharable(ctx, competitionID, caller); err != nil {
		return competition.BoardLink{}, err
	}
	return e.store.DeleteBoardLink(ctx, competitionID, id)
}

// BoardLink returns the link with the hash of a code, expired or not. Error:
// competition.ErrUnknownBoardLink.
func (e *Engine) BoardLink(hash competition.CodeHash) (competition.BoardLink, error) {
	ctx, end, err := e.begin()
	if err != nil {
		return competition.BoardLink{}, err
	}
	defer end()
	return e.store.FindBoardLink(ctx, hash)
}
