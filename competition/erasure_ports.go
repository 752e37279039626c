package competition

import (
	"context"
	"encoding/hex"
	"strings"
)

// ErasureStore ends what the erasures of batches begin, for one person and all
// competitions together. Both methods may be repeated.
type ErasureStore interface {
	// Pseudonymise has the audit log and the API keys name the pseudonym where
	// they name the user, durably.
	Pseudonymise(ctx context.Context, e Erasure) error

	// Scrub has no file of the store hold any more what was erased, or deleted by
	// ForgetLifetime or Pseudonymise, before: old versions of rows, and the keys of
	// deleted ones. It waits as long as
	// it takes, by ctx's deadline; ErrUnavailable then says that it should be
	// repeated. Files that others keep, such as backups, are not its matter. Where
	// nothing was erased since the last time it costs next to nothing.
	Scrub(ctx context.Context) error
}

// Names reports whether the entry is about a user: what the user did as an
// operator, or what was done at a path with the user's id in it.
func (e *AuditEntry) Names(userID string) bool {
	renamed := *e
	return renamed.Rename(Erasure{UserID: userID})
}

// Rename has the entry name the pseudonym where it names the erased user, and
// reports whether it did.
func (e *AuditEntry) Rename(erased Erasure) (renamed bool) {
	if e.Actor == erased.UserID {
		e.Actor, renamed = erased.Pseudonym, true
	}
	parts := strings.Split(e.Target, "/")
	for i, part := range parts {
		if part != "" && unescaped(part) == erased.UserID {
			parts[i], renamed = erased.Pseudonym, true
		}
	}
	e.Target = strings.Join(parts, "/")
	return renamed
}

// unescaped is a part of a path without percent-encoding (RFC 3986, section 2.1).
func unescaped(part string) string {
	pieces := strings.Split(part, "%")
	for i, piece := range pieces[1:] {
		octet, err := hex.DecodeString(piece[:min(2, len(piece))])
		if err != nil || len(octet) == 0 {
			return part
		}
		pieces[i+1] = string(octet) + piece[2:]
	}
	return strings.Join(pieces, "")
}
