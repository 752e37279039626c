package postgres

import (
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// Store keeps all competitions in one database. All methods but Close are safe
// for concurrent use, by several processes as well.
type Store struct {
	logger      *slog.Logger // and none of the other options: the URL holds the password
	write, read *pool
	pipeline    *pipeline
	doubts      *doubts
	reconnected atomic.Int64 // when it was logged last, Unix nanoseconds
	outcomes    outcomes
	latency     atomic.Int64               // nanoseconds of the last successful Check
	clockOffset atomic.Int64               // nanoseconds; see ClockOffset
	heard       func(theirs, at time.Time) // see Options; may be nil

	node     string        // as which the process writes; empty if it only reads
	presence *presence     // nil if it only reads
	claims   *pool         // of what is about ownership and nodes; nil if it only reads
	holds    *holder       // nil unless it is a node of a cluster
	claiming chan struct{} // full while as many claims are under way as may be
	appends  *appendStatements
	level    atomic.Int64 // of the events that the journals may hold, as known here
	alone    bool         // it has the database to itself
	readOnly bool
}

var (
	_ competition.Store    = (*Store)(nil)
	_ competition.Pipeline = (*Store)(nil)
)

// Node is the id as which the process writes, and under which it owns competitions;
// empty for a store that only reads.
func (s *Store) Node() string { return s.node }

// pools returns the store's pools of connections that there are: not all are opened by a
// store that only reads, or whose opening failed.
func (s *Store) pools() []*pool {
	return slices.DeleteFunc([]*pool{s.claims, s.write, s.read}, func(p *pool) bool { return p == nil })
}

// Latency is how long the last successful Check took: a round trip or two,
// or more if all connections were busy. 0 before the first.
func (s *Store) Latency() time.Duration { return time.Duration(s.latency.Load()) }

// refusal is why the process may not write any more; nil if it may.
func (s *Store) refusal() error {
	if s.presence == nil {
		return nil
	}
	return s.presence.refusal()
}

// durability is what a server must be set to, so that a commit is there for good.
// It may change while the server runs.
type durability struct {
	standby                            bool
	readOnly, synchronousCommit, fsync string
}

func (d durability) refusal() error {
	switch {
	case d.standby:
		return fmt.Errorf("%w: it is a standby; let DATABASE_URL name the primary, or several hosts and target_session_attrs=read-write", ErrSettings)
	case d.readOnly != "off":
		return fmt.Errorf("%w: it takes no writes; set default_transaction_read_only = off for this user and database", ErrSettings)
	case d.fsync != "on":
		return fmt.Errorf("%w: fsync is off, and a power cut would take acknowledged events; set fsync = on in postgresql.conf", ErrSettings)
	case d.synchronousCommit != "on" && d.synchronousCommit != "remote_apply":
		return fmt.Errorf("%w: synchronous_commit is %s, and a crash could take acknowledged events; "+
			"run ALTER ROLE <user> SET synchronous_commit = on, and leave it out of DATABASE_URL", ErrSettings, d.synchronousCommit)
	}
	return nil
}
