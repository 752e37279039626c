package embedded

import "context"

// Claim grants every claim: no other process can open the folder. See
// competition.Ownership; epochs play no part in this store.
func (s *Store) Claim(context.Context, string) (epoch uint64, err error) { return 0, nil }

// Owns confirms everything; see Claim.
func (s *Store) Owns(context.Context, string, uint64) error { return nil }

// Release does nothing; see Claim.
func (s *Store) Release(context.Context, string, uint64) error { return nil }
