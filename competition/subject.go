package competition

import (
	"encoding/json"
	"fmt"
	"slices"
)

// SubjectKind is what a subject of the audit log is. Its numbers are part of the
// commitments in the log: they never change their meaning.
type SubjectKind uint8

// The kinds.
const (
	UserSubject        SubjectKind = 1 + iota // a user id
	KeySubject                                // the id of an API key
	RoleSubject                               // who is no person: service_role, self, erasure, command_line
	CompetitionSubject                        // a competition id
	PrizeSubject                              // the id of a prize, or of its payout
	DaySubject                                // YYYY-MM-DD
	InvitationSubject                         // the id of an invitation
	OtherSubject                              // what a refused request had in the place of an id
	NodeSubject                               // the id of a process of a cluster
	WebhookSubject                            // the id of a webhook
	BoardLinkSubject                          // the id of a board link
)

// subjectKindNames stand in the order of the kinds, from 1.
var subjectKindNames = [...]string{"user", "key", "role", "competition", "prize", "day", "invitation", "other", "node", "webhook", "board_link"}

// String returns the word for the kind.
func (k SubjectKind) String() string {
	if k == 0 || int(k) > len(subjectKindNames) {
		return fmt.Sprintf("SubjectKind(%d)", uint8(k))
	}
	return subjectKindNames[k-1]
}

// ParseSubjectKind returns the kind that a word stands for.
func ParseSubjectKind(word string) (SubjectKind, error) {
	i := slices.Index(subjectKindNames[:], word)
	if i < 0 {
		return 0, fmt.Errorf("%q is no kind of subject", word)
	}
	return SubjectKind(i + 1), nil
}

// Subject is whom or what an entry of the audit log is about. Subjects of
// different kinds are different, whatever their ids.
type Subject struct {
	Kind SubjectKind
	ID   string
}

// The roles that act.
const (
	ServiceRole     = "service_role" // Supabase's own key
	SelfRole        = "self"         // the operator whom the entry's erasure erased
	ErasureRole     = "erasure"      // the erasure of a person, at work in the log itself
	CommandLineRole = "command_line" // the operator who ran a command of the program
)

// keyActorPrefix begins what stands for an API key where there is only text.
const keyActorPrefix = "key:"

// String returns the subject where only text can stand, as clients know actors: the
// id, and key: before that of an API key. It does not tell a user whose id is
// service_role from the role.
func (s Subject) String() string {
	if s.Kind == KeySubject {
		return keyActorPrefix + s.ID
	}
	return s.ID
}

func (s Subject) isUser(userID string) bool { return s.Kind == UserSubject && s.ID == userID }

// commitment binds an entry to the subject without telling who or what it is; see
// Commitment.
func (s Subject) commitment(key *Key) Commitment {
	return key.mac(string([]byte{byte(s.Kind)}), s.ID)
}

// UnmarshalJSON reads a subject, and the text that stood in its place in older
// rows of API keys: the role, or a user.
func (s *Subject) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		*s = TypeCreator(text)
		return nil
	}
	type plain Subject
	return json.Unmarshal(b, (*plain)(s))
}

// TypeCreator returns who made an API key, of which only the text is known.
func TypeCreator(text string) Subject {
	if text == ServiceRole {
		return Subject{RoleSubject, ServiceRole}
	}
	return Subject{UserSubject, text}
}
