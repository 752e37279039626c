package config

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// token is a command with settings, flags and arguments, as cmd would declare one.
func token(ttl *time.Duration, quiet *bool) Command {
	return Command{
		Name: "token", Summary: "Print a token for trying the API.", Arguments: "USER…", Example: "paceboard token anna",
		Required: []string{"SUPABASE_JWT_SECRET"},
		Optional: []string{"LOG_LEVEL"},
		Flags: func(flags *flag.FlagSet) {
			flags.DurationVar(ttl, "ttl", time.Hour, "how `long` it is good for")
			flags.BoolVar(quiet, "quiet", false, "print nothing else")
		},
	}
}

func TestCommand(t *testing.T) {
	environ := []string{"SUPABASE_JWT_SECRET=" + goodSecret, "PORT=not looked at"}
	tests := []struct {
		name      string
		args      []string
		arguments []string
		ttl       time.Duration
		quiet     bool
		want      string // the error's lines after the heading
	}{
		{name: "neither flags nor arguments", ttl: time.Hour},
		{name: "flags before arguments", args: []string{"--ttl", "5m", "anna"}, arguments: []string{"anna"}, ttl: 5 * time.Minute},
		{
			name: "flags after and between arguments", args: []string{"anna", "--ttl=5m", "bert", "--quiet"},
			arguments: []string{"anna", "bert"}, ttl: 5 * time.Minute, quiet: true,
		},
		{
			name: "all is an argument after --", args: []string{"anna", "--quiet", "--", "--ttl", "--"},
			arguments: []string{"anna", "--ttl", "--"}, ttl: time.Hour, quiet: true,
		},
		{name: "a single dash is an argument", args: []string{"-"}, arguments: []string{"-"}, ttl: time.Hour},
		{
			name: "a bad value of an own flag", args: []string{"--ttl=x", "anna"},
			want: `command line cannot be read: invalid value "x" for flag -ttl: parse error; see paceboard token --help`,
		},
		{
			name: "a setting that the command does not use", args: []string{"--data-dir=x"},
			want: "--data-dir is not a flag of token; see paceboard token --help",
		},
		{name: "a flag without its value", args: []string{"anna", "--ttl"}, want: "--ttl has no value; write it as --ttl=VALUE"},
		{name: "too many dashes", args: []string{"---ttl=5m"}, want: "---ttl is not how a flag is written; see paceboard token --help"},
		{
			name: "several unknown flags, their values left out", args: []string{"--tll", "5m", "--Quiet", "--log_level=info"},
			want: "--tll is not a flag of token; did you mean --ttl?\n" +
				"--Quiet is not a flag of token; did you mean --quiet?\n" +
				"--log_level is not a flag of token; did you mean --log-level?",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var ttl time.Duration
			var quiet bool
			s, arguments, err := token(&ttl, &quiet).Load(test.args, environ, "")
			if test.want != "" {
				_, lines, _ := strings.Cut(err.Error(), "\n  ")
				require.Equal(t, test.want, strings.ReplaceAll(lines, "\n  ", "\n"))
				return
			}
			require.NoError(t, err)
			require.Equal(t, Settings{SupabaseJWTSecret: goodSecret}, s, "what it does not use stays zero")
			require.Equal(t, test.arguments, arguments)
			require.Equal(t, test.ttl, ttl)
			require.Equal(t, test.quiet, quiet)
		})
	}

	t.Run("a required setting that is missing", func(t *testing.T) {
		_, _, err := token(new(time.Duration), new(bool)).Load(nil, nil, "")
		require.EqualError(t, err,
			"1 mistake in the settings:\n  SUPABASE_JWT_SECRET is not set; set it in the environment or in .env")
	})
	t.Run("a command of settings that do not exist is a bug", func(t *testing.T) {
		require.PanicsWithValue(t, "config: there is no setting NO_SUCH", func() {
			_, _, _ = Command{Name: "x", Optional: []string{"NO_SUCH"}}.Load(nil, nil, "")
		})
	})
}

func TestHelp(t *testing.T) {
	const want = `Usage: paceboard token [flags] USER…

Print a token for trying the API.

Flags
  --quiet                     print nothing else
  --ttl LONG                  how long it is good for [1h0m0s]

Sign-in
  SUPABASE_JWT_SECRET SECRET  HS256 key, at least 32 bytes [required]

Logs and profiling
  --log-level LEVEL           debug, info, warn or error [info]

Flags take precedence over the environment, and the environment over .env. There, a flag
such as --data-dir is written DATA_DIR. Secrets are never flags, since ps shows those; nor are
URLs with passwords.
A file may have the value of these instead; NAME_FILE (as a flag --name-file) names it:
SUPABASE_JWT_SECRET.
Example: paceboard token anna
`
	for _, args := range [][]string{{"--help"}, {"-h"}, {"-help"}, {"--no-such-flag", "anna", "--help"}} {
		_, _, err := token(new(time.Duration), new(bool)).Load(args, nil, "")
		require.ErrorIs(t, err, flag.ErrHelp)
		var help *HelpError
		require.ErrorAs(t, err, &help)
		require.Equal(t, want, help.Usage)
	}
}

func TestHelpOfServeFitsATerminal(t *testing.T) {
	_, err := Load([]string{"--help"}, nil, "")
	require.ErrorIs(t, err, flag.ErrHelp)
	for _, row := range table {
		require.Contains(t, err.Error(), "\n  "+row.spelling()+" ", "every setting is explained")
	}
	for line := range strings.Lines(err.Error()) {
		require.LessOrEqual(t, utf8.RuneCountInString(line), 100, line)
	}
}

func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range table {
		require.False(t, seen[row.name], "%s stands there once", row.name)
		seen[row.name] = true
		require.NotEmpty(t, row.group, row.name)
		require.NotEmpty(t, row.meaning, row.name)
		require.Nil(t, row.bind(&Settings{})(row.def), "%s accepts its default", row.name)
		require.Equal(t, row.unit == "", row.flagOnly, "%s: a switch is a mode, and a mode a switch", row.name)
	}
}

// TestDistance compares with the recursive definition.
func TestDistance(t *testing.T) {
	var naive func(a, b string) int
	naive = func(a, b string) int {
		switch {
		case a == "" || b == "":
			return len(a) + len(b)
		case a[0] == b[0]:
			return naive(a[1:], b[1:])
		}
		return 1 + min(naive(a[1:], b), naive(a, b[1:]), naive(a[1:], b[1:]))
	}
	word := rapid.StringMatching(`[abc]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		require.Equal(t, naive(a, b), distance(a, b))
	})
}

func ExampleCommand() {
	var steps int
	replay := Command{
		Name: "replay", Summary: "Post a file of days to a server.", Arguments: "FILE",
		Optional: []string{"DATA_DIR"},
		Flags:    func(flags *flag.FlagSet) { flags.IntVar(&steps, "steps", 1000, "most steps in a sync") },
	}
	settings, files, err := replay.Load([]string{"daily.csv", "--steps=500"}, nil, ".env")
	fmt.Println(settings.DataDir, files, steps, err)
	// Output: ./data [daily.csv] 500 <nil>
}
