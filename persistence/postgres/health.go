package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/paceboard/paceboard/competition"
)

// Whether the store takes writes, only writes tell: a disk may be full, a table
// locked or gone, a standby away, while every setting is as it should be. Appends
// tell as they go (outcomes.go); when there are none, or they fail, Check writes what an
// append writes, see probeSQL.

// lockWait is how long a probe waits for a lock, so that it can say so.
const lockWait = 600 * time.Millisecond

// probeSQL writes and deletes rows as an append does, and commits. Nobody sees them.
// Its parts are one transaction and one round trip. The rows are few and small while
// all is well; after a failure they are 60 KB, which do not fit into what space
// is left in the tables' last pages when a disk is full.
const probeSQL = `
SET LOCAL lock_timeout = %d;
SELECT coalesce(max(version_id), 0)::text FROM paceboard.migrations;
INSERT INTO paceboard.heads (competition_id, first_seq, last_seq, last_hash) VALUES ('~probe ' || pg_backend_pid(), 1, 1, '');
INSERT INTO paceboard.journal (competition_id, seq, at, record)
SELECT '~probe ' || pg_backend_pid(), n, now(), decode(repeat('00', %d), 'hex') FROM generate_series(1, %d) n;
DELETE FROM paceboard.journal WHERE competition_id = '~probe ' || pg_backend_pid();
DELETE FROM paceboard.heads WHERE competition_id = '~probe ' || pg_backend_pid()`

// probe writes something, if need be.
func (s *Store) probe(ctx context.Context) error {
	probe, large := s.outcomes.need()
	if !probe {
		return nil
	}
	return s.outcomes.probe(s.writeProbe(ctx, large))
}

func (s *Store) writeProbe(ctx context.Context, large bool) error {
	bytes, rows := 100, 1
	if large {
		bytes, rows = 1900, 32
	}
	conn, err := s.write.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	sql := fmt.Sprintf(probeSQL, lockWait.Milliseconds(), bytes, rows)
	results, err := conn.Conn().PgConn().Exec(ctx, sql).ReadAll()
	if err = confirm(unconfirmed(conn.Conn()), err); err != nil {
		return probeAdvice(err)
	}
	return schemaOf(results)
}

// probeAdvice adds to the error of a probe what to do about it.
func probeAdvice(err error) error {
	refusal := refused(err)
	switch {
	case errors.Is(err, errNotReplicated), refusal == nil:
		return err
	case refusal.Code == undefinedTable:
		return fmt.Errorf("%w: a table is missing; run paceboard migrate, or restore the backup: %w", ErrSchema, err)
	case refusal.Code == lockNotAvailable:
		return fmt.Errorf("somebody has locked a table; see pg_locks and pg_stat_activity: %w", err)
	case refusal.Code == diskFull:
		return fmt.Errorf("the database's disk is full: %w", err)
	case refusal.Code == readOnlyTransaction:
		return fmt.Errorf("%w: %w", ErrSettings, err)
	}
	return err
}

// schemaOf refuses a schema that was taken back meanwhile. A newer one does not
// matter to appends, and comes with a rolling deploy.
func schemaOf(results []*pgconn.Result) error {
	for _, r := range results {
		if len(r.Rows) != 1 || len(r.Rows[0]) != 1 {
			continue
		}
		if version, err := strconv.ParseInt(string(r.Rows[0][0]), 10, 64); err != nil || version < newest() {
			return fmt.Errorf("%w: it has version %s and %d is needed; run paceboard migrate", ErrSchema, r.Rows[0][0], newest())
		}
		return nil
	}
	return errors.New("the probe got no answer")
}

// Check asks the server whether it takes writes and whether they are durable; see
// competition.Store. It trusts what was stored within the last seconds; otherwise
// it writes something itself. Errors: competition.ErrUnavailable, with ErrSettings
// or ErrSchema if the server is there but not to be relied on.
func (s *Store) Check(ctx context.Context) error {
	if err := s.refusal(); err != nil {
		return err
	}
	began := time.Now()
	if err := s.look(ctx); err != nil {
		return err
	}
	if s.readOnly {
		return nil
	}
	if s.presence.away.Load() {
		return fmt.Errorf("%w: the session that holds the database's lock has ended, and is not back yet", competition.ErrUnavailable)
	}
	if err := s.probe(ctx); err != nil {
		return unavailable("the database stores nothing", err)
	}
	s.latency.Store(int64(time.Since(began)))
	return nil
}

// look looks at the settings. If the connections that there are lead to no primary,
// or do not answer for half of the time, others are used from then on.
func (s *Store) look(ctx context.Context) error {
	patience, cancel := ctx, context.CancelFunc(func() {})
	if deadline, ok := ctx.Deadline(); ok {
		patience, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
	}
	defer cancel()
	err := s.settings(patience)
	switch {
	case err == nil:
		for _, p := range s.pools() {
			p.abandon()
		}
		return nil
	case errors.Is(err, ErrSettings):
		s.reconnect(err.Error()) //nolint:contextcheck // It outlives the check.
		return err
	case refused(err) != nil || ctx.Err() != nil:
		return err
	}
	s.reconnect(err.Error()) //nolint:contextcheck // It outlives the check.
	return s.settings(ctx)
}

// settings looks whether the server is set to be relied on.
func (s *Store) settings(ctx context.Context) error {
	var d durability
	var clock int64
	began := time.Now()
	err := s.write.QueryRow(ctx, `
SELECT pg_is_in_recovery(), current_setting('transaction_read_only'), current_setting('synchronous_commit'), current_setting('fsync'), (extract(epoch FROM clock_timestamp()) * 1e6)::bigint`).
		Scan(&d.standby, &d.readOnly, &d.synchronousCommit, &d.fsync, &clock)
	switch {
	case errors.Is(err, ErrSettings): // of beginSession
		return fmt.Errorf("%w: %w", competition.ErrUnavailable, err)
	case err != nil:
		return unavailable("the database does not answer; see whether it runs and DATABASE_URL leads to it", err)
	}
	s.noteClock(began, time.Now(), time.UnixMicro(clock))
	if s.readOnly {
		d.readOnly = "off" // it is our own setting
	}
	if err := d.refusal(); err != nil {
		return fmt.Errorf("%w: %w", competition.ErrUnavailable, err)
	}
	return nil
}

// toldWithin is how long an answer may take of which Options.Heard is told: what it says is
// uncertain by half of that.
const toldWithin = 2 * time.Second

// noteClock notes what the database's clock showed at some time between two instants of
// this machine's.
func (s *Store) noteClock(began, ended, theirs time.Time) {
	middle := began.Add(ended.Sub(began) / 2)
	s.clockOffset.Store(int64(theirs.Sub(middle.Round(0)))) // by the wall clock
	if s.heard != nil && ended.Sub(began) <= toldWithin {
		s.heard(theirs, middle)
	}
}

// ClockOffset returns how far the database's clock was ahead of this machine's at the last
// Check; the error is at most half of the time that the answer took.
func (s *Store) ClockOffset() time.Duration { return time.Duration(s.clockOffset.Load()) }
