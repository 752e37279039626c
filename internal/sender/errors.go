package sender

import (
	"errors"
	"fmt"
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
