package postgres

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/paceboard/paceboard/competition"
)

// What Open gives, wrapped in what to do about it.
var (
	// ErrSettings is returned when the server's settings, or the URL's, would
	// let it lose or garble what was acknowledged.
	ErrSettings = errors.New("the database cannot keep what it promises")
	// ErrSchema is returned when the database lacks the tables that this
	// version of the program knows.
	ErrSchema = errors.New("the database has another schema")
	// ErrNewer is returned when a newer version of the program has used the
	// database, which may hold what this one cannot read.
	ErrNewer = errors.New("the database was made by a newer version of paceboard")
	// ErrWireVersion is returned for a node that does not understand another one that
	// lives, or is not understood by it.
	ErrWireVersion = errors.New("the nodes that run speak another version")
	// ErrInUse is returned when another process has the database, and does not share it.
	ErrInUse = errors.New("another process uses the database")
)

// What Evict gives, besides competition.ErrUnavailable.
var (
	// ErrUnknownNode is returned for a node that the database does not know.
	ErrUnknownNode = errors.New("there is no such node")
	// ErrBeats is returned for a node that has beaten within its TTL.
	ErrBeats = errors.New("the node says that it lives")
	// ErrAlone is returned for a process that has the database to itself.
	ErrAlone = errors.New("the process has the database to itself")
)

// errReadOnly is given for what a store that was opened for reading cannot do.
var errReadOnly = errors.New("the store was opened for reading")

// SQLSTATE codes, PostgreSQL's appendix A.
const (
	protocolViolation     = "08P01"
	warning               = "01000"
	readOnlyTransaction   = "25006"
	adminShutdown         = "57P01"
	lockNotAvailable      = "55P03"
	diskFull              = "53100"
	uniqueViolation       = "23505"
	foreignKeyViolation   = "23503"
	undefinedTable        = "42P01"
	insufficientPrivilege = "42501"

	classCardinality = "21" // a row twice in a statement
	classData        = "22"
	classIntegrity   = "23"
	classRollback    = "40" // deadlock, serialization
)

// unavailable says that the store could not do something; nil stays nil. Errors of
// the visitor and those that already are the core's must not come here.
func unavailable(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %s: %w", competition.ErrUnavailable, what, onOneLine(err))
}

// onOneLine has errors of several lines, as those of connecting to several addresses, on
// one. What is in it twice, with TLS and without, is there once.
func onOneLine(err error) error {
	head, rest, several := strings.Cut(err.Error(), ":\n\t")
	if !several {
		return err
	}
	var parts []string
	for part := range strings.SplitSeq(rest, "\n\t") {
		if !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return &oneLine{head + ": " + strings.Join(parts, "; "), err}
}

// oneLine is an error with another text.
type oneLine struct { //nolint:errname // it is any error
	text string
	err  error
}

func (e *oneLine) Error() string { return e.text }
func (e *oneLine) Unwrap() error { return e.err }

// corrupt says that a competition's records cannot be trusted from a seq on.
func corrupt(id string, seq uint64, format string, args ...any) error {
	return &competition.CorruptError{CompetitionID: id, Seq: seq, Reason: fmt.Sprintf(format, args...)}
}

// refused is the server's own refusal of a statement, after which it certainly
// did nothing; nil for all else, the end of the session included.
func refused(err error) *pgconn.PgError {
	var refusal *pgconn.PgError
	if errors.As(err, &refusal) && refusal.SeverityUnlocalized == "ERROR" {
		return refusal
	}
	return nil
}

// unlessRefusal returns nil, or the refusal of the core's that an error is; all else is
// that the store cannot be reached.
func unlessRefusal(what string, err error, refusals ...error) error {
	if err == nil {
		return nil
	}
	for _, refusal := range refusals {
		if errors.Is(err, refusal) {
			return refusal
		}
	}
	return unavailable(what, err)
}

// blamesOne reports whether the server refused the statement for what is in it.
func blamesOne(err error) bool {
	refusal := refused(err)
	return refusal != nil && (refusal.Code == lockNotAvailable ||
		slices.Contains([]string{classCardinality, classData, classIntegrity, classRollback}, refusal.Code[:2]))
}
