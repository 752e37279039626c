package actors

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"unicode"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// Join codes are written in Crockford's base 32, which has no letters that look
// like digits (https://www.crockford.com/base32.html).
const (
	codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	codeLength   = 10
)

// newCode draws a code: 50 random bits.
func newCode() string {
	var code [codeLength]byte
	rand.Read(code[:]) // never fails, see crypto/rand
	for i, b := range code {
		code[i] = codeAlphabet[b%32]
	}
	return string(code[:])
}

// canonicalCode returns a code as it was made, whatever case, spaces, hyphens and letters
// that look like digits it was typed or pasted with; ok is false if it cannot be one.
func canonicalCode(typed string) (code string, ok bool) {
	code = strings.Map(func(r rune) rune {
		switch r = unicode.ToUpper(r); {
		case r == 'O':
			return '0'
		case r == 'I', r == 'L':
			return '1'
		case unicode.IsSpace(r), unicode.In(r, unicode.Pd, unicode.Cf): // keyboards make dashes of hyphens, and chats add marks that nobody sees
			return -1
		}
		return r
	}, typed)
	return code, len(code) == codeLength && strings.Trim(code, codeAlphabet) == ""
}

// MakeJoinCode makes a code with which so many users may join until a time, and
// returns it; it is stored nowhere. Errors: competition.ErrUnknownCompetition,
// ErrForbidden, ErrClosed, ErrTooManyInvitations.
func (e *Engine) MakeJoinCode(competitionID string, caller competition.Caller, uses int, until calendar.Millis) (code string, c competition.JoinCode, err error) {
	ctx, end, err := e.begin()
	if err != nil {
		return "", c, err
	}
	defer end()
	s, err := e.openTo(ctx, competitionID, caller)
	if err != nil {
		return "", c, err
	}
	now := e.now()
	latest := min(now+competition.InvitationLife, s.Definition.End)
	if until == 0 || until > latest {
		until = latest
	}
	code = newCode()
	c = competition.JoinCode{ID: newID(), CompetitionID: competitionID, ByOperator: caller.Operator, Uses: uses, CreatedAt: now, ExpiresAt: until}
	if c.Hash, err = e.hashCode(ctx, code); err != nil {
		return "", c, err
	}
	return code, c, e.store.PutJoinCode(ctx, &c)
}

// JoinByCode has the caller of j, who must be j's user, join the competition of a
// code, which must be competitionID unless that is empty. Each user who joins takes
// one of the code's uses. Errors:
// competition.ErrTooManyTries, ErrUnknownCode, and those of Join.
func (e *Engine) JoinByCode(competitionID, typed string, j *competition.JoinCompetition) (id string, entry competition.Entry, err error) {
	ctx, end, err := e.begin()
	if err != nil {
		return "", entry, err
	}
	defer end()
	r := &competition.Redemption{CompetitionID: competitionID, UserID: j.UserID, InvitationID: newID(), Now: e.now()}
	if r.Hash, err = e.tryCode(ctx, typed, j.UserID, true); err != nil {
		return "", entry, err
	}
	i, made, err := e.store.Redeem(ctx, r)
	if err != nil {
		return "", entry, err
	}
	if made {
		// Users who take part already only want another name.
		if made, err = forward[bool](e, i.CompetitionID, &takesPart{j.UserID}, deadlineOf(ctx)); err == nil && made {
			if err = e.store.Unredeem(ctx, i.ID); err == nil {
				entry, err = e.join(ctx, i.CompetitionID, j)
			}
			return i.CompetitionID, entry, err
		}
		made = true
	}
	if err == nil {
		entry, err = e.redeemed(ctx, &i, j)
	}
	if made && isRefusal(err) {
		err = errors.Join(err, e.store.Unredeem(ctx, i.ID))
	}
	return i.CompetitionID, entry, concealCode(err)
}

// PreviewCode returns the competition that JoinByCode would join, and changes nothing,
// except that it counts as a try; the join that follows does not count as another one.
// Errors: those of JoinByCode.
func (e *Engine) PreviewCode(typed string, j *competition.JoinCompetition) (competition.Summary, error) {
	ctx, end, err := e.begin()
	if err != nil {
		return competition.Summary{}, err
	}
	defer end()
	r := &competition.Redemption{UserID: j.UserID, Now: e.now()}
	if r.Hash, err = e.tryCode(ctx, typed, j.UserID, false); err != nil {
		return competition.Summary{}, err
	}
	i, err := e.redeemable(ctx, r)
	if err != nil {
		return competition.Summary{}, err
	}
	s, err := forward[competition.Summary](e, i.CompetitionID, (*previewJoin)(joinBy(&i, j)), deadlineOf(ctx))
	if err == nil {
		e.tries.previewed(j.UserID, r.Hash)
	}
	return s, concealCode(err)
}

// tryCode counts a try of a code, to join or to preview, and returns the code's hash. Errors:
// competition.ErrTooManyTries, ErrUnknownCode.
func (e *Engine) tryCode(ctx context.Context, typed, userID string, toJoin bool) (hash competition.CodeHash, err error) {
	code, ok := canonicalCode(typed)
	if ok {
		if hash, err = e.hashCode(ctx, code); err != nil {
			return hash, err
		}
	}
	var joins competition.CodeHash
	if toJoin {
		joins = hash
	}
	switch {
	case !e.tries.take(userID, joins, e.now()):
		return hash, competition.ErrTooManyTries
	case !ok:
		return hash, competition.ErrUnknownCode
	}
	return hash, nil
}

// redeemable returns the invitation that a redemption of a code would come to. Error:
// competition.ErrUnknownCode.
func (e *Engine) redeemable(ctx context.Context, r *competition.Redemption) (i competition.Invitation, err error) {
	code, err := e.store.FindJoinCode(ctx, r.Hash)
	if err != nil {
		return i, err
	}
	var latest *competition.Invitation
	switch found, err := e.store.LatestInvitation(ctx, code.CompetitionID, r.UserID); {
	case err == nil:
		latest = &found
	case !errors.Is(err, competition.ErrUnknownInvitation):
		return i, err
	}
	i, _, err = r.Decide(&code, latest)
	return i, err
}

// concealCode returns what those hear who are refused with a code: a removed user cannot
// rejoin with one.
func concealCode(err error) error {
	switch {
	case errors.Is(err, competition.ErrOperatorInvites): // the code was valid once
	case errors.Is(err, competition.ErrInvitationRequired), errors.Is(err, competition.ErrUnknownCompetition), errors.Is(err, competition.ErrUnknownInvitation):
		return competition.ErrUnknownCode
	}
	return err
}

// redeemed accepts the invitation that a code was redeemed for.
func (e *Engine) redeemed(ctx context.Context, i *competition.Invitation, j *competition.JoinCompetition) (competition.Entry, error) {
	release, err := e.answering.lock(ctx, i.ID)
	if err != nil {
		return competition.Entry{}, err
	}
	defer release()
	return e.accept(ctx, i, j)
}

// isRefusal reports whether an error means that a command changed nothing.
func isRefusal(err error) bool {
	return err != nil && !errors.Is(err, competition.ErrUnavailable) && !errors.Is(err, competition.ErrInternal)
}

// hashCode returns what is stored of a code.
func (e *Engine) hashCode(ctx context.Context, code string) (hash competition.CodeHash, err error) {
	key := e.codeKey.Load()
	if key == nil {
		k, err := e.store.CodeKey(ctx)
		if err != nil {
			return hash, err
		}
		key = &k
		e.codeKey.Store(key)
	}
	return key.HashCode(code), nil
}
