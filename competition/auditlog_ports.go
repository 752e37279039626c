package competition

import (
	"context"

	"github.com/paceboard/paceboard/competition/calendar"
)

// AuditLogStore keeps the log of what operators did. Entries are only ever added,
// and removed from the beginning; see AuditRecord. Appends of all processes come
// one after another.
type AuditLogStore interface {
	// Note appends an entry, durably, with the next seq, whatever the entry says.
	// ErrUnavailable may mean that it is there all the same.
	Note(ctx context.Context, e AuditEntry) error

	// AuditLog is the entries before a seq, or the last ones when it is 0, limit at
	// most, the latest first.
	AuditLog(ctx context.Context, before uint64, limit int) ([]AuditEntry, error)

	// AuditLogOf is the same of the entries that name a user as their actor or a
	// target. Its cost does not depend on how many entries name others.
	AuditLogOf(ctx context.Context, userID string, before uint64, limit int) ([]AuditEntry, error)

	// ReadAuditLog visits the whole log as of one moment: head first, then the
	// records in the order of their seqs. An error of a visitor ends the reading
	// and is returned. Error: ErrCorrupt for what cannot be read.
	ReadAuditLog(ctx context.Context, head func(AuditHead) error, record func(*AuditRecord) error) error

	// RetainAuditLog removes entries that are older than a time from the beginning
	// on, step of them in a write (0 means 1,000), and leaves where the rest goes on
	// from in the head. It returns how many are gone, also when it fails.
	RetainAuditLog(ctx context.Context, olderThan calendar.Millis, step int) (removed int64, err error)
}
