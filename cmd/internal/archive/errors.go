package archive

import "errors"

var (
	// ErrDamaged is returned for an archive in which something was altered or cut short.
	ErrDamaged = errors.New("the archive is damaged")
	// ErrMissing is returned for an archive that lacks a segment, or what comes before one.
	ErrMissing = errors.New("the archive lacks something")
	// ErrShort is returned if an archive is not known to be complete until the time asked for, or has no such seq.
	ErrShort = errors.New("the archive does not go that far")
	// ErrOtherHistory is returned for a backup that has events of a future that was given up by a restore.
	ErrOtherHistory = errors.New("the backup is of another history than the archive")
	// ErrForeign is returned for an archive of another store.
	ErrForeign = errors.New("the archive holds the journals of another store")
	// ErrBusy is returned if another server writes to the archive.
	ErrBusy = errors.New("another server writes to the archive")
	// ErrOlder is returned if the data folder lacks what its archive has, and does not come from a restore.
	ErrOlder = errors.New("the data folder is older than its archive")

	errExists   = errors.New("there is an object with that name")
	errNotThere = errors.New("there is no such object")
)
