package decode

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// A cursor names the place from which a list continues. Clients see base64url and should
// not interpret it; the letter in front tells the cursors of different lists apart.
const (
	CursorCompetition = "c"
	CursorListed      = "l" // by start
	CursorNewest      = "n"
	CursorCurrent     = "u"
	CursorParticipant = "p"
	CursorAudit       = "o"
	CursorPrize       = "z"
	CursorTransaction = "t"
	CursorPayout      = "y"
	CursorFlag        = "f"
	CursorInvitation  = "i"
	CursorDay         = "d"
	CursorWebhook     = "w"
)

// CompetitionCursor names a competition in a list in the order of ids.
func CompetitionCursor(id string) string { return Cursor(CursorCompetition, id) }

// ParticipantCursor names a participant's number; it is empty for 0.
func ParticipantCursor(number uint32) string {
	return NumberCursor(CursorParticipant, uint64(number))
}

// NumberCursor names a place that is a number from 1 on; empty for 0, which
// is the end.
func NumberCursor(letter string, n uint64) string {
	if n == 0 {
		return ""
	}
	return Cursor(letter, strconv.FormatUint(n, 10))
}

// AfterNumber reads the parameter cursor of a list whose places are numbers of so
// many bits; 0 if there is none.
func (q *Query) AfterNumber(letter string, bits int) uint64 {
	text, given := q.cursor(letter)
	n, err := strconv.ParseUint(text, 10, bits)
	if given && (err != nil || n == 0 || strconv.FormatUint(n, 10) != text) {
		q.Refuse("cursor", badCursor)
		return 0
	}
	return n
}

// ListedCursor names a place in the list of all competitions, in the order that a letter
// stands for; empty for the zero value, which is the end.
func ListedCursor(letter string, p competition.ListPlace) string {
	if p == (competition.ListPlace{}) {
		return ""
	}
	return Cursor(letter, listedText(p))
}

func listedText(p competition.ListPlace) string {
	text := fmt.Sprintf("%d.%s", p.Start, p.ID)
	if p.Own {
		text += ownSuffix
	}
	return text
}

// ownSuffix marks a place among the reader's own competitions.
const ownSuffix = ".own"

// AfterListed reads the parameter cursor of that list.
func (q *Query) AfterListed(letter string) (p competition.ListPlace) {
	text, given := q.cursor(letter)
	if !given {
		return p
	}
	rest, own := strings.CutSuffix(text, ownSuffix)
	start, id, _ := strings.Cut(rest, ".")
	at, _ := strconv.ParseUint(start, 10, 48) // beyond the year 9999
	p = competition.ListPlace{Start: calendar.Millis(at), ID: id, Own: own}
	if !competition.ValidID(id) || own && letter != CursorCurrent || listedText(p) != text {
		q.Refuse("cursor", badCursor)
		return competition.ListPlace{}
	}
	return p
}

// Cursor encodes a cursor for clients; it is empty for an empty text, which is the end.
func Cursor(letter, text string) string {
	if text == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(letter + text))
}

// AfterCompetition reads the parameter cursor of a list of competitions.
func (q *Query) AfterCompetition() string {
	text, given := q.cursor(CursorCompetition)
	if given && !competition.ValidID(text) {
		q.Refuse("cursor", badCursor)
	}
	return text
}

// AfterParticipant reads the parameter cursor of a list of participants.
func (q *Query) AfterParticipant() uint32 { return uint32(q.AfterNumber(CursorParticipant, 32)) }

// PlaceCursor names a place in a user's prizes or transactions; empty for
// the zero value, which is the end.
func PlaceCursor(letter string, p ledger.Place) string {
	if p == (ledger.Place{}) {
		return ""
	}
	return Cursor(letter, placeText(p))
}

func placeText(p ledger.Place) string {
	return fmt.Sprintf("%d.%s.%d.%d", p.At, p.CompetitionID, p.Seq, p.N)
}

// AfterPlace reads the parameter cursor of a list of prizes or transactions, whose cursors
// begin with the letter.
func (q *Query) AfterPlace(letter string) (p ledger.Place) {
	text, given := q.cursor(letter)
	if !given {
		return p
	}
	if parts := strings.Split(text, "."); len(parts) == 4 && competition.ValidID(parts[1]) {
		at, _ := strconv.ParseUint(parts[0], 10, 47) // until the year 6429
		seq, _ := strconv.ParseUint(parts[2], 10, 63)
		n, _ := strconv.ParseUint(parts[3], 10, 32)
		p = ledger.Place{At: calendar.Millis(at), CompetitionID: parts[1], Seq: seq, N: uint32(n)}
		if placeText(p) == text && at > 0 {
			return p
		}
	}
	q.Refuse("cursor", badCursor)
	return ledger.Place{}
}

// AfterInvitation reads the parameter cursor of a user's invitations.
func (q *Query) AfterInvitation() competition.InvitationPlace {
	text, given := q.cursor(CursorInvitation)
	id, invitation, _ := strings.Cut(text, ".")
	if given && (!competition.ValidID(id) || uuid.Validate(invitation) != nil) {
		q.Refuse("cursor", badCursor)
	}
	return competition.InvitationPlace{CompetitionID: id, ID: invitation}
}

// AfterInvitationID reads the parameter cursor of a competition's invitations.
func (q *Query) AfterInvitationID() string { return q.afterUUID(CursorInvitation) }

func (q *Query) afterUUID(letter string) string {
	id, given := q.cursor(letter)
	if given && uuid.Validate(id) != nil {
		q.Refuse("cursor", badCursor)
	}
	return id
}

// AfterWebhook reads the parameter cursor of a list of webhooks.
func (q *Query) AfterWebhook() string { return q.afterUUID(CursorWebhook) }

// AfterPrize reads the parameter cursor of a list of payouts.
func (q *Query) AfterPrize() ledger.PrizeID {
	text, given := q.cursor(CursorPayout)
	id, ok := competition.ParsePrizeID(text)
	if given && !ok {
		q.Refuse("cursor", badCursor)
	}
	return id
}

// BeginDay reads the parameter cursor of a list of days; 0 if there is none.
func (q *Query) BeginDay() calendar.Day {
	day := q.AfterNumber(CursorDay, 31)
	if day > uint64(calendar.MaxDay) {
		q.Refuse("cursor", badCursor)
		return 0
	}
	return calendar.Day(day)
}

const badCursor = "must be a next_cursor of this list"

// cursor reads the parameter cursor; the text is what follows the letter.
func (q *Query) cursor(letter string) (text string, given bool) {
	encoded, given := q.Text("cursor")
	if !given {
		return "", false
	}
	decoded, err := base64.RawURLEncoding.DecodeString(encoded)
	canonical := err == nil && base64.RawURLEncoding.EncodeToString(decoded) == encoded // it skips line ends
	if !canonical || len(decoded) < 2 || string(decoded[:1]) != letter {
		q.Refuse("cursor", badCursor)
		return "", false
	}
	return string(decoded[1:]), true
}
