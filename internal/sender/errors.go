package sender

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Errors of requests that were not made.
var (
	ErrNotHTTPS   = errors.New("the receiver's URL is not one of https")
	ErrNotPublic  = errors.New("the receiver is at an address that is not public")
	errUnresolved = errors.New("the name of the receiver's host leads to no address")
	errInvalidURL = errors.New("the receiver's URL cannot be used")
)

// What CheckURL finds.
var (
	errMalformed = errors.New("must be a URL with a host, such as https://example.com/hooks")
	errScheme    = errors.New("must begin with https://")
	errUser      = errors.New("must not have a user name or password")
	errFragment  = errors.New("must not have a fragment (#)")
)

// StatusError is the answer of a receiver that did not take a message.
type StatusError struct{ Status int }

// Error implements error.
func (e *StatusError) Error() string { return fmt.Sprintf("the webhook answered %d", e.Status) }

// noAnswerError says why there was no answer. Its text is stored and shown, but a receiver
// has its say in it, as by the names in its certificate: it is kept short and printable.
type noAnswerError struct{ cause error }

// maxReason bounds the text of a cause, in bytes.
const maxReason = 200

// Error implements error.
func (e *noAnswerError) Error() string { return "no answer: " + printable(e.cause.Error()) }

func (e *noAnswerError) Unwrap() error { return e.cause }

// printable returns the beginning of a text, at most maxReason bytes, without what cannot
// be stored or shown.
func printable(text string) string {
	kept := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text[:min(len(text), maxReason)])
	return kept[:min(len(kept), maxReason)]
}
