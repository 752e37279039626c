package http

import (
	"encoding/base64"
	"strconv"

	"github.com/paceboard/paceboard/competition"
)

// A cursor names where a list goes on: behind a competition's id, or behind a
// participant's number. Clients see base64url and should make nothing of it;
// the letter in front keeps one list's cursor out of another.

const (
	cursorCompetition = "c"
	cursorParticipant = "p"
	cursorAudit       = "o"
)

func cursorBehindCompetition(id string) string {
	return encodeCursor(cursorCompetition, id)
}

func cursorBehindParticipant(number uint32) string {
	return encodeCursor(cursorParticipant, strconv.FormatUint(uint64(number), 10))
}

// encodeCursor is what clients see of a cursor.
func encodeCursor(letter, text string) string {
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
func (q *query) afterParticipant() uint32 {
	text, given := q.cursor(cursorParticipant)
	number, err := strconv.ParseUint(text, 10, 32)
	if given && (err != nil || number == 0 || strconv.FormatUint(number, 10) != text) {
		q.refuse("cursor", badCursor)
	}
	return uint32(number)
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
