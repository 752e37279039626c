package postgres

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParametersThatOnlyTuneAreIgnoredWithAWarning(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t)
	var said bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&said, nil))
	databaseURL = with(t, databaseURL, "keepalives_idle", "30")
	databaseURL = with(t, databaseURL, "gssencmode", "prefer")
	databaseURL = with(t, databaseURL, "sslcrl", "")
	s, err := Open(t.Context(), Options{URL: databaseURL, Migrate: true, Logger: logger})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.Contains(t, said.String(), `parameters="gssencmode, keepalives_idle"`)

	for _, name := range tuning {
		c, err := configure(with(t, "postgres://ann:secret@db/pace", name, "1"), logger)
		require.NoError(t, err, name)
		require.NotContains(t, c.ConnConfig.RuntimeParams, name, "the server would refuse it")
	}
	said.Reset()
	c, err := configure("postgres://ann@db/pace?gssencmode=disable&options=-c%20jit%3Doff", logger)
	require.NoError(t, err)
	require.Empty(t, said.String(), "nothing was ignored")
	require.Equal(t, "-c jit=off", c.ConnConfig.RuntimeParams["options"])
}

func TestParametersThatAskForProtectionAreNotIgnored(t *testing.T) {
	t.Parallel()
	databaseURL := newDatabase(t) // of a server that asks for no password and speaks no TLS
	for name, value := range map[string]string{
		"sslcrl": "/etc/crl.pem", "sslcrldir": "/etc/crl", "requirepeer": "postgres", "gssencmode": "require", "ssl_min_protocol_version": "SSLv3",
	} {
		_, err := configure(with(t, "postgres://ann:secret@db/pace", name, value), slog.New(slog.DiscardHandler))
		require.ErrorIs(t, err, ErrSettings, name)
		require.ErrorContains(t, err, name)
		require.NotContains(t, err.Error(), "secret")
		_, err = Open(t.Context(), Options{URL: with(t, databaseURL, name, value), Migrate: true})
		require.ErrorIs(t, err, ErrSettings, name)
	}
	// What the driver knows, it does: the server asks for no password, so it proves nothing.
	for name, value := range map[string]string{"channel_binding": "require", "require_auth": "scram-sha-256"} {
		_, err := Open(t.Context(), Options{URL: with(t, databaseURL, name, value)})
		require.Error(t, err, name)
	}
	c, err := configure("postgres://ann@db/pace?sslmode=prefer&ssl_min_protocol_version=TLSv1.3", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.Equal(t, uint16(tls.VersionTLS13), c.ConnConfig.TLSConfig.MinVersion)
}
