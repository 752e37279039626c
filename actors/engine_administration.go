package actors

import "github.com/paceboard/paceboard/competition"

// What concerns no single competition goes straight to the store.

// PutAPIKey writes an API key durably. Error: competition.ErrUnavailable.
func (e *Engine) PutAPIKey(k competition.APIKey) error {
	ctx, cancel := e.storeContext()
	defer cancel()
	return e.Store.PutAPIKey(ctx, k)
}

// APIKeys is all API keys, revoked ones included. Error: competition.ErrUnavailable.
func (e *Engine) APIKeys() ([]competition.APIKey, error) {
	ctx, cancel := e.storeContext()
	defer cancel()
	return e.Store.APIKeys(ctx)
}

// Note appends to the audit log, durably. Error: competition.ErrUnavailable.
func (e *Engine) Note(entry competition.AuditEntry) error {
	ctx, cancel := e.storeContext()
	defer cancel()
	return e.Store.Note(ctx, entry)
}

// AuditLog is entries of the audit log, the latest first, of those before a seq
// if that is not 0. Error: competition.ErrUnavailable.
func (e *Engine) AuditLog(before uint64, limit int) ([]competition.AuditEntry, error) {
	ctx, cancel := e.storeContext()
	defer cancel()
	return e.Store.AuditLog(ctx, before, limit)
}

// AuditLogOf is the same of the entries that name a user. Error:
// competition.ErrUnavailable.
func (e *Engine) AuditLogOf(userID string, before uint64, limit int) ([]competition.AuditEntry, error) {
	ctx, cancel := e.storeContext()
	defer cancel()
	return e.Store.AuditLogOf(ctx, userID, before, limit)
}
