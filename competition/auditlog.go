package competition

import (
	"encoding/hex"
	"slices"
	"strings"

	"github.com/paceboard/paceboard/competition/calendar"
)

// AuditEntry says what an operator did.
type AuditEntry struct {
	Seq       uint64 // its place in the log, from 1; the store gives it
	ID        string // UUIDv7
	At        calendar.Millis
	Actor     Subject       // a user, a key or a role
	Action    string        // the operation's name in the API, or that of what a command did
	Route     string        // the path of the operation, or the command's words between slashes, each parameter as a colon and its name
	Targets   []AuditTarget // what it was done to
	Status    int           // what it was answered; 200 if a command did it
	RequestID string        // empty if a command did it

	// Erased is nil in what an operator did. Else the entry is the log's own, and
	// says whom it does not name any more.
	Erased *AuditErasure
}

// AuditTarget is what an action was done to.
type AuditTarget struct {
	Place string // the parameter of the route, or the field of the body, that named it
	Subject
}

// AuditErasure says that a pseudonym took the place of a user in some of the
// subjects of earlier entries.
type AuditErasure struct {
	Pseudonym string
	Places    []AuditPlace // in ascending order
}

// AuditPlace is a subject of an entry.
type AuditPlace struct {
	Seq uint64
	N   int // 0 is the actor, 1 the first target
}

// MaxErasedPlaces is how many places one entry of an erasure names; a longer
// erasure makes several.
const MaxErasedPlaces = 1_000

// placeKinds are what stands in the places of routes and bodies.
var placeKinds = map[string]SubjectKind{
	"competition_id": CompetitionSubject,
	"user_id":        UserSubject,
	"user_ids":       UserSubject,
	"key_id":         KeySubject,
	"id":             PrizeSubject,
	"date":           DaySubject,
	"invitation_id":  InvitationSubject,
	"node_id":        NodeSubject,
	"webhook_id":     WebhookSubject,
	"link_id":        BoardLinkSubject,
}

// TargetAt returns what a request named in a place, where it is written as in a path
// (RFC 3986, section 2.1). What cannot be an id there, as in a request that was
// refused for it, is kept as it was written.
func TargetAt(place, written string) AuditTarget {
	kind := placeKinds[place]
	if id, ok := unescaped(written); ok && kind != 0 && fits(kind, id) {
		return AuditTarget{place, Subject{kind, id}}
	}
	return AuditTarget{place, Subject{OtherSubject, printable(written)}}
}

// TargetIn returns what a body named in a field.
func TargetIn(field, text string) AuditTarget {
	if kind := placeKinds[field]; kind != 0 && fits(kind, text) {
		return AuditTarget{field, Subject{kind, text}}
	}
	return AuditTarget{field, Subject{OtherSubject, printable(text)}}
}

// HasPlace reports whether it is known what stands in the place of that name.
func HasPlace(name string) bool { return placeKinds[name] != 0 }

// fits reports whether text can be an id of the kind.
func fits(kind SubjectKind, id string) bool {
	switch kind {
	case UserSubject:
		return ValidUserID(id)
	case CompetitionSubject:
		return ValidID(id)
	case DaySubject:
		_, err := calendar.ParseDay(id)
		return err == nil
	default:
		return id != "" && len(id) <= maxWritten && id == printable(id)
	}
}

// maxWritten is how much is kept of what is no id, in bytes.
const maxWritten = 256

// printable returns text as it is if it is short and printable ASCII. All else in it is
// percent-encoded, and what is too long is cut off.
func printable(text string) string {
	text = percentEncoded(text[:min(len(text), maxWritten)], func(c byte) bool { return c > ' ' && c <= '~' })
	return text[:min(len(text), maxWritten)]
}

// escaped returns text as it stands between the slashes of a path (RFC 3986, section
// 3.3).
func escaped(text string) string {
	return percentEncoded(text, func(c byte) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~!$&'()*+,;=:@", c) >= 0
	})
}

func percentEncoded(text string, stays func(byte) bool) string {
	const digits = "0123456789ABCDEF"
	out := make([]byte, 0, len(text))
	for i := range len(text) {
		if c := text[i]; stays(c) {
			out = append(out, c)
		} else {
			out = append(out, '%', digits[c>>4], digits[c&15])
		}
	}
	return string(out)
}

// unescaped returns a part of a path without percent-encoding; ok is false where that
// is wrong.
func unescaped(part string) (text string, ok bool) {
	pieces := strings.Split(part, "%")
	for i, piece := range pieces[1:] {
		octet, err := hex.DecodeString(piece[:min(2, len(piece))])
		if err != nil || len(octet) == 0 {
			return "", false
		}
		pieces[i+1] = string(octet) + piece[2:]
	}
	return strings.Join(pieces, ""), true
}

// Path returns the path that the action was asked for at, with the targets in their
// places; a place without a target stays as the route has it.
func (e *AuditEntry) Path() string {
	parts := strings.Split(e.Route, "/")
	for i, part := range parts {
		name, isPlace := strings.CutPrefix(part, ":")
		if !isPlace {
			continue
		}
		for _, t := range e.Targets {
			if t.Place != name {
				continue
			}
			if parts[i] = t.ID; t.Kind != OtherSubject {
				parts[i] = escaped(t.ID)
			}
			break
		}
	}
	return strings.Join(parts, "/")
}

// Subjects returns the actor and then the targets.
func (e *AuditEntry) Subjects() []Subject {
	all := append(make([]Subject, 0, 1+len(e.Targets)), e.Actor)
	for _, t := range e.Targets {
		all = append(all, t.Subject)
	}
	return all
}

// Names reports whether a user is the entry's actor or one of its targets.
func (e *AuditEntry) Names(userID string) bool {
	return slices.ContainsFunc(e.Subjects(), func(s Subject) bool { return s.isUser(userID) })
}

// NewAuditErasure returns the entry by which the log says that places name the
// pseudonym from now on.
func NewAuditErasure(id string, at calendar.Millis, pseudonym string, places []AuditPlace) AuditEntry {
	return AuditEntry{
		ID: id, At: at, Actor: Subject{RoleSubject, ErasureRole}, Action: "replaceErased",
		Erased: &AuditErasure{Pseudonym: pseudonym, Places: places},
	}
}

// NewAuditEviction returns the entry that says that an operator declared a node dead at
// the command line.
func NewAuditEviction(id string, at calendar.Millis, nodeID string) AuditEntry {
	return AuditEntry{
		ID: id, At: at, Actor: Subject{RoleSubject, CommandLineRole}, Action: "evictNode", Route: "nodes/evict/:node_id",
		Targets: []AuditTarget{TargetIn("node_id", nodeID)}, Status: 200,
	}
}
