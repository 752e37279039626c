package competition

import (
	"context"

	"github.com/paceboard/paceboard/competition/calendar"
)

// ErasureStore ends what the erasures of batches begin, for one person and all
// competitions together. Both methods may be repeated.
type ErasureStore interface {
	// Pseudonymise has the subjects of the audit log and the API keys name the
	// pseudonym where they name the user, durably; nothing that is no user is
	// touched, whatever its id. What it does to the audit log it appends there, as
	// one entry or more of NewAuditErasure in the same commits; newID gives their
	// ids, and at is when. Its cost does not depend on how many entries name others.
	Pseudonymise(ctx context.Context, e Erasure, at calendar.Millis, newID func() string) error

	// Scrub has no file of the store hold any more what was erased, or deleted by
	// ForgetLifetime or Pseudonymise, before: old versions of rows, and the keys of
	// deleted ones. It waits as long as
	// it takes, by ctx's deadline; ErrUnavailable then says that it should be
	// repeated. Files that others keep, such as backups, are not its matter. Where
	// nothing was erased since the last time it costs next to nothing.
	Scrub(ctx context.Context) error
}
