package competition

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"unicode"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// BoardLink shows the board of one competition to everybody who has its code, and
// nothing else. It is a row beside the journal, and names no person.
type BoardLink struct {
	ID            string   // UUIDv7
	Hash          CodeHash // of the code, which is kept nowhere
	Key           Key      // random: of the ids by which people are named under the link
	CompetitionID string
	Names         NamePrivacy
	CreatedAt     calendar.Millis
	ExpiresAt     calendar.Millis
}

// NamePrivacy is what a board link shows of people. Each shows less than the one before.
type NamePrivacy uint8

// The degrees of privacy of names.
const (
	ShowNames    NamePrivacy = iota + 1 // as on the board
	ShowInitials                        // the first letters of the first and the last word
	ShowNoNames                         // neither names nor metrics and times, which would tell who somebody is
)

var namePrivacies = [...]string{ShowNames: "names", ShowInitials: "initials", ShowNoNames: "none"}

// String returns the word that clients see.
func (p NamePrivacy) String() string { return wire.Word(namePrivacies[:], p) }

// ParseNamePrivacy is the inverse of String.
func ParseNamePrivacy(word string) (NamePrivacy, bool) {
	return wire.ParseWord[NamePrivacy](namePrivacies[:], word)
}

// The limits of board links.
const (
	MaxBoardLinks       = 20                                        // of a competition, at a time
	BoardLinkLife       = calendar.Millis(366 * 24 * millisPerHour) // from when it is made, at most
	boardLinkAfterwards = calendar.Millis(30 * 24 * millisPerHour)  // after the competition's end, by default
)

// Refusals of board links.
var (
	// ErrUnknownBoardLink is returned for a link that was never made, has ended, or is
	// another competition's.
	ErrUnknownBoardLink = errors.New("there is no such board link")
	// ErrTooManyBoardLinks is returned when a competition has as many links as it may
	// have.
	ErrTooManyBoardLinks = errors.New("the competition already has 20 board links: revoke one")
	// ErrPrivateNames is returned for a link that would show the names of a private
	// competition.
	ErrPrivateNames = errors.New("a link to the board of a private competition shows initials or no names")
)

// HashLinkCode returns what is kept of a link's code. A code has 130 random bits, so a
// hash without a key does not tell it.
func HashLinkCode(code []byte) CodeHash { return sha256.Sum256(code) }

// MayShare returns why a caller may not deal with the board's links, or nil: they are
// the creator's and the operators'. Errors: ErrUnknownCompetition, ErrForbidden.
func (c *Competition) MayShare(caller Caller) error {
	switch {
	case !c.Exists() || !c.Readable(caller):
		return ErrUnknownCompetition
	case caller.Operator || caller.UserID != "" && caller.UserID == c.creator:
		return nil
	}
	return ErrForbidden
}

// Admit returns why a new link cannot be one to a competition, or nil, and sets until
// when it lasts: 0 stands for 30 days after the competition's end, and nothing lasts
// longer than BoardLinkLife. Error: ErrPrivateNames.
func (l *BoardLink) Admit(d *Definition) error {
	if d.Visibility == Private && l.Names == ShowNames {
		return ErrPrivateNames
	}
	if l.ExpiresAt == 0 {
		l.ExpiresAt = max(d.End, l.CreatedAt) + boardLinkAfterwards
	}
	l.ExpiresAt = min(l.ExpiresAt, l.CreatedAt+BoardLinkLife)
	return nil
}

// Ended reports whether the link has expired.
func (l *BoardLink) Ended(now calendar.Millis) bool { return now >= l.ExpiresAt }

// Reader returns as whom those who have the code read the board: the link's own limits
// stand in the place of the competition's. It must not be used for anything else.
func (l *BoardLink) Reader() Caller { return Caller{Operator: true} }

// ShownNames returns what the link shows of people: of a competition that has become
// private, initials at most.
func (l *BoardLink) ShownNames(private bool) NamePrivacy {
	if private {
		return max(l.Names, ShowInitials)
	}
	return l.Names
}

// UserID returns the id of a user under the link. It differs from link to link, and
// leads back to nobody without the link's key.
func (l *BoardLink) UserID(userID string) string {
	sum := l.Key.mac(userID)
	return hex.EncodeToString(sum[:16])
}

// Entry returns an entry as the link shows it, with privacy as by ShownNames.
func (l *BoardLink) Entry(e Entry, names NamePrivacy) Entry {
	e.UserID, e.UserName = l.UserID(e.UserID), names.of(e.UserName)
	if names == ShowNoNames {
		e.Totals, e.LastSyncedAt, e.UpdatedAt = Metrics{}, 0, 0
	}
	return e
}

// Board returns a board as the link shows it; b stays as it is. Cost: linear in its
// entries and prizes.
func (l *BoardLink) Board(b *Board) Board {
	shown, names := *b, l.ShownNames(b.Private)
	shown.Entries = make([]Entry, len(b.Entries))
	for i := range b.Entries {
		shown.Entries[i] = l.Entry(b.Entries[i], names)
	}
	shown.Prizes = slices.Clone(b.Prizes)
	for i := range shown.Prizes {
		shown.Prizes[i].UserID = l.UserID(shown.Prizes[i].UserID)
	}
	return shown
}

// Delta returns a delta of a board as the link shows it.
func (l *BoardLink) Delta(d Delta, private bool) Delta {
	names := l.ShownNames(private)
	changes, removed := make([]Entry, len(d.Changes)), make([]string, len(d.Removed))
	for i := range d.Changes {
		changes[i] = l.Entry(d.Changes[i], names)
	}
	for i, userID := range d.Removed {
		removed[i] = l.UserID(userID)
	}
	d.Changes, d.Removed = changes, removed
	return d
}

// SettledPrizes returns prizes as the link shows them.
func (l *BoardLink) SettledPrizes(p SettledPrizes, private bool) SettledPrizes {
	names := l.ShownNames(private)
	best := make([]SettledPrize, len(p.Best))
	for i := range p.Best {
		best[i] = p.Best[i]
		best[i].UserID, best[i].UserName = l.UserID(best[i].UserID), names.of(best[i].UserName)
	}
	p.Best = best
	return p
}

// of returns what is shown of a name.
func (p NamePrivacy) of(name string) string {
	switch p {
	case ShowNames:
		return name
	case ShowInitials:
		return initials(name)
	default:
		return ""
	}
}

// initials returns the first letters of the first and the last word of a name, each with
// a full stop: "A. B.". It is empty for a name without words.
func initials(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return ""
	}
	short := initial(words[0])
	if len(words) > 1 {
		short += " " + initial(words[len(words)-1])
	}
	return short
}

// initial returns the first character of a word, with the marks that belong to it.
func initial(word string) string {
	end := len(word)
	for i, r := range word {
		if i > 0 && !unicode.Is(unicode.M, r) {
			end = i
			break
		}
	}
	return word[:end] + "."
}
