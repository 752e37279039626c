package postgres

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestConnectingFailsInOneLine: it is tried with TLS and without, at each address.
func TestConnectingFailsInOneLine(t *testing.T) {
	_, err := pgx.Connect(t.Context(), "postgres://u@127.0.0.1:1,127.0.0.1:2/d?sslmode=prefer")
	require.ErrorContains(t, err, "\n")
	said := unavailable("ask", err)
	require.NotContains(t, said.Error(), "\n")
	require.NotContains(t, said.Error(), "\t")
	require.Regexp(t, "^the store cannot be reached: ask: failed to connect to `user=u database=d`: 127.0.0.1:1 .* refused; 127.0.0.1:2 .* refused$", said.Error())
	require.ErrorIs(t, said, competition.ErrUnavailable)
	_, is := errors.AsType[*pgconn.ConnectError](said)
	require.True(t, is)
}
