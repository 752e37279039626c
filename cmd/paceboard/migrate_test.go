package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/persistence/postgres"
)

func TestMigrateDownAsksFirst(t *testing.T) {
	inParallel(t)
	databaseURL := emptyDatabase(t)
	_, err := postgres.Migrate(t.Context(), databaseURL)
	require.NoError(t, err)
	applied := func() (n int) {
		all, err := postgres.Status(t.Context(), databaseURL)
		require.NoError(t, err)
		for _, m := range all {
			if !m.AppliedAt.IsZero() {
				n++
			}
		}
		return n
	}
	all := applied()
	down := func(answer string, args ...string) (code int, out, errs string) {
		var outBuffer, errBuffer bytes.Buffer
		p := program{in: strings.NewReader(answer), out: &outBuffer, err: &errBuffer, environ: []string{"DATABASE_URL=" + databaseURL}}
		code = p.run(t.Context(), append([]string{"migrate", "down"}, args...))
		return code, outBuffer.String(), errBuffer.String()
	}

	for _, answer := range []string{"", "\n", "no\n", "y\n", "YES\n", "no\nyes\n"} {
		code, out, errs := down(answer)
		require.Equal(t, 1, code, "%q", answer)
		require.Regexp(t, `Taking back \d+_\w+\.(sql|go) loses [a-z]`, out)
		require.Contains(t, errs, "nothing was changed")
		require.Contains(t, errs, "--yes")
		require.Equal(t, all, applied(), "%q is not consent", answer)
	}
	code, out, errs := down("yes\n")
	require.Zero(t, code, errs)
	require.Contains(t, out, "taken back: ")
	require.Equal(t, all-1, applied())

	for left := all - 1; left > 0; left-- {
		code, out, errs = down("", "--yes")
		require.Zero(t, code, errs)
		require.NotContains(t, out, "Type yes")
		require.Equal(t, left-1, applied())
	}
	require.Contains(t, out, "loses everything: all competitions")
	code, out, errs = down("", "--yes")
	require.Zero(t, code, errs)
	require.Contains(t, out, "there is no step to take back")
}
