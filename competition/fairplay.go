package competition

import (
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/wire"
)

// Fair play is what operators decide about participants and days. They may until
// the competition is settled or cancelled, so also between its completion and
// its prizes: that is what reviewing is for.

// ReviewReply is how a participant stands after such a command.
type ReviewReply struct {
	UserID   string
	Excluded bool
	Score    int64
	Rank     int // 0 when not on the board
	Total    int // participants on the board
	Changed  bool
}

// CheckReason fails with an *InvalidError unless the text can be the reason of a
// decision about the user: 1 to MaxReasonRunes characters, some of them visible
// and none of them a control character, and not naming the user id. Reasons stay
// in the journal when a person is erased.
func CheckReason(reason, userID string) error {
	var detail string
	switch {
	case !ValidText(reason, MaxReasonRunes) || PresentableName(reason) == "":
		detail = "must be 1 to 500 characters, some of them visible, without control characters"
	case names(reason, userID):
		detail = "must not contain the participant's user id, since it stays when the person is erased"
	default:
		return nil
	}
	return &InvalidError{Fields: []FieldError{{Field: "reason", Detail: detail}}}
}

// names reports whether the id stands in the text by itself: "ann" is not meant
// in "planned".
func names(text, id string) bool {
	inWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	for rest := text; id != ""; {
		before, after, found := strings.Cut(rest, id)
		if !found {
			return false
		}
		last, _ := utf8.DecodeLastRuneInString(text[:len(text)-len(rest)+len(before)])
		first, _ := utf8.DecodeRuneInString(after)
		if !inWord(last) && !inWord(first) {
			return true
		}
		rest = rest[len(before)+1:]
	}
	return false
}

// reviewable returns the participant whom an operator may decide about.
func (c *Competition) reviewable(now calendar.Millis, caller Caller, userID, reason string) (number uint32, err error) {
	c.advance(now)
	if err := CheckReason(reason, userID); err != nil {
		return 0, err
	}
	number, _ = c.enrolment(userID)
	switch {
	case !caller.Operator:
		return 0, ErrForbidden
	case c.decided.status == 0:
		return 0, ErrUnknownCompetition
	case number == 0:
		return 0, ErrNotEnrolled
	case c.decided.status == Settled, c.decided.status == Cancelled:
		return 0, ErrClosed
	}
	return number, nil
}

// ReviewReply returns how a participant stands now.
func (c *Competition) ReviewReply(number uint32, changed bool) ReviewReply {
	p := c.participants.at(number)
	rank, _ := c.board.Rank(p.key())
	return ReviewReply{UserID: p.userID, Excluded: p.review.isExcluded(), Score: p.score, Rank: rank, Total: c.onBoard, Changed: changed}
}

// verdict is the part of an event that decides about a participant, for a reason.
type verdict struct {
	Number uint32
	Reason string
}

func (v *verdict) append(dst []byte) []byte {
	return wire.AppendString(binary.AppendUvarint(dst, uint64(v.Number)), v.Reason)
}

func (v *verdict) read(r *wire.Reader) { v.Number, v.Reason = r.Number(), r.String() }

func (v *verdict) effect() Effect { return Effect{Entry: v.Number} }

func (v *verdict) reason() string { return v.Reason }
