package decode

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// codeOf is what clients see of an error, all of which are told with 400.
func codeOf(tb testing.TB, err error) string {
	tb.Helper()
	if errors.As(err, new(SyntaxError)) {
		return "invalid_json"
	}
	require.NotEmpty(tb, fieldsOf(err), err)
	return "invalid_request"
}

func fieldsOf(err error) []competition.FieldError {
	if invalid, ok := errors.AsType[*competition.InvalidError](err); ok {
		return invalid.Fields
	}
	return nil
}
