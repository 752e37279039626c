// Package erasures keeps the file that says who was erased, so that an erasure can be
// repeated after the store has been restored to a state from before it. The file lies
// outside the store and its backups, and names nobody: an entry has a time, a competition
// and an HMAC of the user id under a key that only the operator has.
//
// It knows nothing of the store, and never erases anybody. Reading starts at [Open] and
// [Read].
package erasures
