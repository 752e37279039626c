package main

import "fmt"

// misusedError is returned by a command whose words are wrong.
type misusedError struct{ text string }

func (e *misusedError) Error() string { return e.text }

// misused returns an error that says what to write instead.
func misused(format string, args ...any) error {
	return &misusedError{fmt.Sprintf(format, args...)}
}
