package postgres

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"
)

// pipeline is one session over which appends of events follow one another without
// waiting for each other's answers, so that between two commits the server waits
// for nobody. The pool's connections cannot do that: with them, the caller that sends
// also waits. It speaks the extended query protocol's pipelining itself
// (PostgreSQL's protocol-flow): each append has a Sync, and so a transaction, of
// its own, and one that is refused does not take those after it along.
//
// Invariants:
//
//	P1  appends are answered in the order in which they were sent
//	P2  a session that failed is noted as in doubt before the first append that it
//	    had under way is answered, see F3
//	P3  an append after one that was not stored is not stored either, if it
//	    continues the same journal: append_events.sql compares hashes
type pipeline struct {
	pool     *pool
	refusal  func() error // why nothing may be appended any more, or nil
	doubts   *doubts
	turn     chan struct{}                   // capacity 1, full while a caller sends
	underway chan struct{}                   // a place for each append that was sent and not answered
	session  *pipelineSession                // guarded by turn; nil when there is none
	current  atomic.Pointer[pipelineSession] // the same, for those that have not the turn
	demoted  func()                          // called when the server refuses writes
}

// maxUnderway is how many appends may be under way on the session.
const maxUnderway = 4

func newPipeline(pool *pool, d *doubts, refusal func() error, demoted func()) *pipeline {
	return &pipeline{
		pool: pool, doubts: d, refusal: refusal, demoted: demoted, turn: make(chan struct{}, 1), underway: make(chan struct{}, maxUnderway),
	}
}

// send sends the rows. End is called with what became of the batches, or with why it
// is not known that any of them are stored. When ctx ends before the answer
// is there, so does the session.
func (p *pipeline) send(ctx context.Context, rows *appendRows, end func(verdicts []verdict, err error)) {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		end(nil, ctx.Err())
		return
	}
	defer func() { <-p.turn }()
	p.underway <- struct{}{} // for no longer than those under way have
	if err := p.begin(ctx, rows); err != nil {
		<-p.underway
		p.wait(func() { end(nil, err) })
		return
	}
	p.session.send(ctx, rows, end)
}

// afterAll calls f when all that was sent before is answered, and before anything
// else is sent.
func (p *pipeline) afterAll(f func()) {
	p.turn <- struct{}{}
	defer func() { <-p.turn }()
	p.wait(f)
}

// wait is afterAll for the caller that has the turn.
func (p *pipeline) wait(f func()) {
	for range maxUnderway {
		p.underway <- struct{}{}
	}
	f()
	for range maxUnderway {
		<-p.underway
	}
}

// begin sees to it that there is a session.
func (p *pipeline) begin(ctx context.Context, rows *appendRows) error {
	if err := p.refusal(); err != nil {
		return err
	}
	if p.session != nil {
		if !p.session.failed.Load() && !p.session.retired.Load() {
			return ctx.Err()
		}
		p.session.end() // when all that it was sent is answered
		p.session = nil
		p.current.Store(nil)
	}
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	if _, err = conn.Conn().Exec(ctx, pipelineSQL); err == nil {
		_, err = conn.Conn().Prepare(ctx, appendEventsName, rows.by.events)
	}
	if err == nil {
		err = conn.Conn().PgConn().SyncConn(ctx)
	}
	if err != nil {
		conn.Release()
		return fmt.Errorf("begin a pipeline: %w", err)
	}
	wire, err := conn.Hijack().PgConn().Hijack()
	if err != nil {
		return fmt.Errorf("begin a pipeline: %w", err)
	}
	p.session = &pipelineSession{
		pipeline: p, conn: wire.Conn, from: wire.Frontend, data: wire.CustomData,
		sent: make(chan pipelineAppend, maxUnderway), ended: make(chan struct{}),
	}
	p.current.Store(p.session)
	go p.session.receive()
	return nil
}

// close waits for what is under way and ends the session.
func (p *pipeline) close() {
	p.afterAll(func() {
		if p.session != nil {
			p.session.end()
		}
	})
}

// pipelineSession is a session of the pipeline: the caller that has the turn sends, and
// receive is a goroutine that end ends.
type pipelineSession struct {
	pipeline *pipeline
	conn     net.Conn
	from     *pgproto3.Frontend  // reads alone
	data     map[string]any      // of the connection
	buffer   []byte              // the sender's
	sent     chan pipelineAppend // to receive
	failed   atomic.Bool
	retired  atomic.Bool // the next append is another session's
	ended    chan struct{}
}

// pipelineAppend is an append whose answer is to come.
type pipelineAppend struct {
	ctx     context.Context
	unwatch func() bool // lets ctx end without consequences
	end     func(verdicts []verdict, err error)
}

const (
	appendEventsName = "append_events"
	// pipelineSQL bounds what could hold all competitions up: nothing should, since rows
	// that somebody has locked are left out.
	pipelineSQL = `SET lock_timeout = '1s'`
)

func (s *pipelineSession) send(ctx context.Context, rows *appendRows, end func([]verdict, error)) {
	message, err := s.buffer[:0], error(nil)
	for _, part := range []pgproto3.FrontendMessage{bindEvents(rows), &pgproto3.Execute{}, &pgproto3.Sync{}} {
		if message, err = part.Encode(message); err != nil { // only what is over 1 GB
			break
		}
	}
	s.sent <- pipelineAppend{ctx: ctx, unwatch: context.AfterFunc(ctx, s.hangUp), end: end}
	if err == nil {
		s.buffer = message
		_, err = s.conn.Write(message)
	}
	if err != nil {
		s.hangUp() // receive finds out
	}
}

func bindEvents(rows *appendRows) *pgproto3.Bind {
	binaryForm := []int16{pgproto3.BinaryFormat}
	return &pgproto3.Bind{
		PreparedStatement: appendEventsName, Parameters: rows.eventParameters(), ParameterFormatCodes: binaryForm, ResultFormatCodes: binaryForm,
	}
}

// hangUp has the receiver, and with it all that is under way, fail.
func (s *pipelineSession) hangUp() { _ = s.conn.Close() }

// end ends a session of which nothing is under way, or which failed.
func (s *pipelineSession) end() {
	if !s.failed.Load() {
		if goodbye, err := (&pgproto3.Terminate{}).Encode(nil); err == nil {
			_, _ = s.conn.Write(goodbye)
		}
	}
	close(s.sent)
	<-s.ended
	s.hangUp()
}

// receive answers what was sent.
func (s *pipelineSession) receive() {
	defer close(s.ended)
	var failure error // of the session
	for a := range s.sent {
		var verdicts []verdict
		var refusal *pgconn.PgError
		if failure == nil {
			if verdicts, refusal, failure = s.answer(); failure != nil {
				s.hangUp()
				s.pipeline.doubts.add(s.data) // P2
				s.failed.Store(true)
				failure = cmp.Or(context.Cause(a.ctx), failure)
			}
		}
		if refusal != nil && refusal.Code == readOnlyTransaction {
			s.pipeline.demoted()
		}
		a.unwatch()
		err := failure
		if err == nil && refusal != nil {
			err = refusal
		}
		a.end(verdicts, err)
		<-s.pipeline.underway
	}
}

// answer reads the answer to one append up to the server's last word, which
// follows the commit. A refusal is the server's, of the statement; a failure ends
// the session.
func (s *pipelineSession) answer() (verdicts []verdict, refusal *pgconn.PgError, failure error) {
	replicated := true // see endedWait
	for {
		message, err := s.from.Receive()
		if err != nil {
			if refusal != nil { // the server's last words say more
				err = fmt.Errorf("%w: %v", err, refusal) //nolint:errorlint // it is no refusal of those after it
			}
			return nil, nil, err
		}
		switch m := message.(type) {
		case *pgproto3.DataRow:
			verdicts = append(verdicts, parseVerdict(m.Values))
		case *pgproto3.ErrorResponse:
			refusal = pgconn.ErrorResponseToPgError(m)
		case *pgproto3.NoticeResponse:
			replicated = replicated && !endedWait(m.SeverityUnlocalized, m.Code, m.Routine)
		case *pgproto3.ReadyForQuery:
			if !replicated {
				return nil, nil, errNotReplicated
			}
			if refusal != nil {
				verdicts = nil
			}
			return verdicts, refusal, nil
		}
	}
}

// onlyEvents reports whether the rows are events, and none of them begins a
// journal, so that append_events.sql is enough.
func (r *appendRows) onlyEvents() bool {
	return len(r.number)+len(r.memberID)+len(r.source)+len(r.summaries)+len(r.erasures) == 0 && r.ledger.empty() && !slices.Contains(r.firstSeq, 1)
}

// eventParameters are the parameters of append_events.sql, which every busy server
// runs all the time: written by hand in PostgreSQL's binary form, which takes a
// third of the time that reflection would.
func (r *appendRows) eventParameters() [][]byte {
	return [][]byte{
		int4Array(r.place), textArray(r.id), int8Array(r.firstSeq), int8Array(r.lastSeq), byteaArray(r.previousHash), byteaArray(r.lastHash),
		int4Array(r.eventPlace), int8Array(r.seq), int8Array(r.at), byteaArray(r.record),
		[]byte(r.node), int8Array(r.epoch),
	}
}

// binaryArray is an array of one dimension as array_recv of the server's
// arrayfuncs.c reads it: dimensions, whether there are nulls, the elements' type,
// their number, the first index, then each with its length.
func binaryArray[T any](elements uint32, values []T, size int, appendValue func([]byte, T) []byte) []byte {
	dst := make([]byte, 0, 20+len(values)*(4+size))
	for _, word := range []uint32{1, 0, elements, uint32(len(values)), 1} {
		dst = binary.BigEndian.AppendUint32(dst, word)
	}
	for _, value := range values {
		at := len(dst)
		dst = appendValue(append(dst, 0, 0, 0, 0), value)
		binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	}
	return dst
}

func int4Array(values []int32) []byte {
	return binaryArray(pgtype.Int4OID, values, 4, func(dst []byte, v int32) []byte { return binary.BigEndian.AppendUint32(dst, uint32(v)) })
}

func int8Array(values []int64) []byte {
	return binaryArray(pgtype.Int8OID, values, 8, func(dst []byte, v int64) []byte { return binary.BigEndian.AppendUint64(dst, uint64(v)) })
}

func textArray(values []string) []byte {
	return binaryArray(pgtype.TextOID, values, 36, func(dst []byte, v string) []byte { return append(dst, v...) })
}

func byteaArray(values [][]byte) []byte {
	return binaryArray(pgtype.ByteaOID, values, 128, func(dst, v []byte) []byte { return append(dst, v...) })
}
