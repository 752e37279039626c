package http

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/paceboard/paceboard/competition"
)

// A cursor names where a list goes on: behind a competition's id, behind a
// participant's number, or with a day. Clients see base64url and should make nothing of it;
// the letter in front keeps one list's cursor out of another.

const (
	cursorCompetition = "c"
	cursorListed      = "l"
	cursorParticipant = "p"
	cursorAudit       = "o"
	cursorPrize       = "z"
	cursorTransaction = "t"
	cursorPayout      = "y"
	cursorFlag        = "f"
	cursorInvitation  = "i"
	cursorDay         = "d"
)

func cursorBehindCompetition(id string) string {
	return encodeCursor(cursorCompetition, id)
}

func cursorBehindParticipant(number uint32) string {
	return cursorBehindNumber(cursorParticipant, uint64(number))
}

// cursorBehindNumber names a place that is a number from 1 on; empty for 0, which
// is the end.
func cursorBehindNumber(letter string, n uint64) string {
	if n == 0 {
		return ""
	}
	return encodeCursor(letter, strconv.FormatUint(n, 10))
}

// afterNumber reads the parameter cursor of a list whose places are numbers of so
// many bits; 0 if there is none.
func (q *query) afterNumber(letter string, bits int) uint64 {
	text, given := q.cursor(letter)
	n, err := strconv.ParseUint(text, 10, bits)
	if given && (err != nil || n == 0 || strconv.FormatUint(n, 10) != text) {
		q.refuse("cursor", badCursor)
		return 0
	}
	return n
}

// cursorBehindListed names a place in the list of all competitions; empty for the
// zero value, which is the end.
func cursorBehindListed(p competition.ListPlace) string {
	if p == (competition.ListPlace{}) {
		return ""
	}
	return encodeCursor(cursorListed, listedText(p))
}

func listedText(p competition.ListPlace) string { return fmt.Sprintf("%d.%s", p.Start, p.ID) }

// afterListed reads the parameter cursor of that list.
func (q *query) afterListed() (p competition.ListPlace) {
	text, given := q.cursor(cursorListed)
	if !given {
		return p
	}
	start, id, _ := strings.Cut(text, ".")
	at, _ := strconv.ParseUint(start, 10, 48) // beyond the year 9999
	p = competition.ListPlace{Start: competition.Millis(at), ID: id}
	if !competition.ValidID(id) || listedText(p) != text {
		q.refuse("cursor", badCursor)
		return competition.ListPlace{}
	}
	return p
}

// encodeCursor returns what clients see of a cursor; empty for an empty text, which
// is the end.
func encodeCursor(letter, text string) string {
	if text == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(letter + text))
}

// afterCompetition reads the parameter cursor of a list of competitions.
func (q *query) afterCompetition() string {
	text, given := q.cursor(cursorCompetition)
	if given && !competition.ValidID(text) {
		q.refuse("cursor", badCursor)
	}
	return text
}

// afterParticipant reads the parameter cursor of a list of participants.
func (q *query) afterParticipant() uint32 { return uint32(q.afterNumber(cursorParticipant, 32)) }

// cursorBehindPlace names a place in a user's prizes or transactions; empty for
// the zero value, which is the end.
func cursorBehindPlace(letter string, p competition.LedgerPlace) string {
	if p == (competition.LedgerPlace{}) {
		return ""
	}
	return encodeCursor(letter, placeText(p))
}

func placeText(p competition.LedgerPlace) string {
	return fmt.Sprintf("%d.%s.%d.%d", p.At, p.CompetitionID, p.Seq, p.N)
}

// afterPlace reads the parameter cursor of such a list, whose letter it is.
func afterPlace(letter string) func(*query) competition.LedgerPlace {
	return func(q *query) competition.LedgerPlace { return q.afterPlace(letter) }
}

func (q *query) afterPlace(letter string) (p competition.LedgerPlace) {
	text, given := q.cursor(letter)
	if !given {
		return p
	}
	if parts := strings.Split(text, "."); len(parts) == 4 && competition.ValidID(parts[1]) {
		at, _ := strconv.ParseUint(parts[0], 10, 47) // until the year 6429
		seq, _ := strconv.ParseUint(parts[2], 10, 63)
		n, _ := strconv.ParseUint(parts[3], 10, 32)
		p = competition.LedgerPlace{At: competition.Millis(at), CompetitionID: parts[1], Seq: seq, N: uint32(n)}
		if placeText(p) == text && at > 0 {
			return p
		}
	}
	q.refuse("cursor", badCursor)
	return competition.LedgerPlace{}
}

// afterInvitation reads the parameter cursor of a user's invitations.
func (q *query) afterInvitation() competition.InvitationPlace {
	text, given := q.cursor(cursorInvitation)
	id, invitation, _ := strings.Cut(text, ".")
	if given && (!competition.ValidID(id) || uuid.Validate(invitation) != nil) {
		q.refuse("cursor", badCursor)
	}
	return competition.InvitationPlace{CompetitionID: id, ID: invitation}
}

// afterPrize reads the parameter cursor of a list of payouts.
func (q *query) afterPrize() competition.PrizeID {
	text, given := q.cursor(cursorPayout)
	id, ok := competition.ParsePrizeID(text)
	if given && !ok {
		q.refuse("cursor", badCursor)
	}
	return id
}

// beforeEntry reads the parameter cursor of the audit log; 0 is the end.
func (q *query) beforeEntry() uint64 { return q.afterNumber(cursorAudit, 63) }

// beforeFlag reads the parameter cursor of a list of flags.
func (q *query) beforeFlag() uint64 { return q.afterNumber(cursorFlag, 63) }

// appendNextDay writes the cursor of a page of days, which goes on with a day, or
// nothing at the end.
func appendNextDay(dst []byte, next competition.Day) []byte {
	if next == 0 {
		return dst
	}
	return appendString(append(dst, `,"next_cursor":`...), cursorBehindNumber(cursorDay, uint64(next)))
}

// beginDay reads the parameter cursor of such pages.
func (q *query) beginDay() competition.Day {
	day := q.afterNumber(cursorDay, 31)
	if day > uint64(competition.MaxDay) {
		q.refuse("cursor", badCursor)
		return 0
	}
	return competition.Day(day)
}

const badCursor = "must be a next_cursor of this list"

// cursor is what stands behind the letter.
func (q *query) cursor(letter string) (text string, given bool) {
	encoded, given := q.text("cursor")
	if !given {
		return "", false
	}
	decoded, err := base64.RawURLEncoding.DecodeString(encoded)
	canonical := err == nil && base64.RawURLEncoding.EncodeToString(decoded) == encoded // it skips line ends
	if !canonical || len(decoded) < 2 || string(decoded[:1]) != letter {
		q.refuse("cursor", badCursor)
		return "", false
	}
	return string(decoded[1:]), true
}
