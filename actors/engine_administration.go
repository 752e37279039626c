package actors

import "github.com/paceboard/paceboard/competition"

// What concerns no single competition is the store's alone.

// PutAPIKey writes an API key durably. Error: competition.ErrUnavailable.
func (e *Engine) PutAPIKey(k competition.APIKey) error {
	ctx, cancel := e.storeContext()
	defer cancel()
	return e.store.PutAPIKey(ctx, k)
}

// APIKeys returns all API keys, including revoked ones. Error: competition.ErrUnavailable.
func (e *Engine) APIKeys() ([]competition.APIKey, error) {
	ctx, cancel := e.storeContext()
	defer cancel()
	return e.store.APIKeys(ctx)
}

// Note appends to the audit log, durably. Error: competition.ErrUnavailable.
func (e *Engine) Note(entry competition.AuditEntry) error {
	ctx, cancel := e.storeContext()
	defer cancel()
	return e.store.Note(ctx, entry)
}

// AuditLog returns entries of the audit log, the latest first, those before a seq
// (0: all). Error: competition.ErrUnavailable.
func (e *Engine) AuditLog(before uint64, limit int) ([]competition.AuditEntry, error) {
	ctx, cancel := e.storeContext()
	defer cancel()
	return e.store.AuditLog(ctx, before, limit)
}

// AuditLogOf returns those that name a user. Error: competition.ErrUnavailable.
func (e *Engine) AuditLogOf(userID string, before uint64, limit int) ([]competition.AuditEntry, error) {
	ctx, cancel := e.storeContext()
	defer cancel()
	return e.store.AuditLogOf(ctx, userID, before, limit)
}
