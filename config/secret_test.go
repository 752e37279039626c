package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// printed writes v in every way in which logs and errors do.
func printed(t *testing.T, v any) map[string]string {
	t.Helper()
	encoded, err := json.Marshal(v)
	require.NoError(t, err)
	ways := map[string]string{"json": string(encoded)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		ways[verb] = fmt.Sprintf(verb, v)
	}
	var lines strings.Builder
	slog.New(slog.NewTextHandler(&lines, nil)).Info("settings", "v", v)
	ways["slog text"] = lines.String()
	lines.Reset()
	slog.New(slog.NewJSONHandler(&lines, nil)).Info("settings", "v", v)
	ways["slog json"] = lines.String()
	return ways
}

func TestSecretsAreRedactedEverywhere(t *testing.T) {
	const hidden = "hunter2hunter2hunter2hunter2hunter2"
	s, err := Load(nil, []string{
		"SUPABASE_JWT_SECRET=" + hidden,
		"SUPABASE_ANON_KEY=" + hidden,
		"DATABASE_URL=postgres://" + hidden + ":" + hidden + "@db.example:5432/pace?password=" + hidden + "#" + hidden,
		"REDIS_URL=redis://:" + hidden + "@cache.example:6379/0",
	}, "")
	require.NoError(t, err)

	values := map[string]any{
		"settings": s, "pointer to settings": &s, "secret": s.SupabaseJWTSecret, "URL": s.DatabaseURL,
		"list": []any{s.SupabaseAnonKey, s.RedisURL}, "map": map[string]Secret{"key": s.SupabaseAnonKey},
	}
	for name, value := range values {
		for way, out := range printed(t, value) {
			require.NotContains(t, out, hidden, "%s by %s", name, way)
			require.NotContains(t, out, fmt.Sprintf("%x", hidden), "%s by %s", name, way)
		}
	}
	require.Equal(t, hidden, s.SupabaseJWTSecret.Reveal())
}

func TestRedactedForms(t *testing.T) {
	require.Equal(t, "[redacted]", Secret("x").String())
	require.Empty(t, Secret("").String(), "unset is told from set")
	for url, want := range map[SecretURL]string{
		"":                                    "",
		"postgres://u:p@db.example:5432/pace": "postgres://db.example:5432/pace",
		"postgres://db/pace?password=p":       "postgres://db/pace",
		"redis://token@cache":                 "redis://cache",
		"postgres://u:p%zz@db":                "[redacted]",
		"user:password":                       "[redacted]",
		"just text":                           "[redacted]",
	} {
		require.Equal(t, want, url.String())
	}
}

// TestMistakesNeverQuoteSecrets puts a random secret where it is refused, by each source, and looks for it
// in the error.
func TestMistakesNeverQuoteSecrets(t *testing.T) {
	shapes := []string{
		"SUPABASE_JWT_SECRET=%s", "SUPABASE_JWT_SECRET=%s ", "DATABASE_URL=%s", "DATABASE_URL=mysql://u:%s@h",
		"DATABASE_URL=postgres://u:%s%%zz@h", "REDIS_URL=http://:%s@h", "SUPABASE_URL=https://u:%s@h",
		"ALLOWED_ORIGINS=https://u:%s@h", "HOST=u:%s@h", "PPROF=u:%s@h",
		"SUPABASE_JWT_SECRET_FILE=%s", "SUPABASE_JWT_SECRET_FILE=/%s", "DATABASE_URL_FILE=postgres://u:%s@h/pace",
	}
	rapid.Check(t, func(rt *rapid.T) {
		secret := rapid.StringMatching(`[a-z0-9]{12,24}`).Draw(rt, "secret")
		entry := fmt.Sprintf(rapid.SampledFrom(shapes).Draw(rt, "shape"), secret)
		name, value, _ := strings.Cut(entry, "=")
		flagName := "--" + strings.ReplaceAll(strings.ToLower(name), "_", "-")

		var err error
		switch rapid.SampledFrom([]string{"flag", "two arguments", "misspelt flag", "badly written flag", ".env", "environment"}).Draw(rt, "source") {
		case "flag":
			_, err = Load([]string{"--dev", flagName + "=" + value}, nil, "")
		case "two arguments":
			_, err = Load([]string{"--dev", flagName, "=", value}, nil, "")
		case "misspelt flag":
			_, err = Load([]string{"--dev", flagName + "x", value}, nil, "")
		case "badly written flag":
			_, err = Load([]string{"--dev", "-" + flagName + "=" + value}, nil, "")
		case ".env":
			_, err = Load([]string{"--dev"}, nil, envFile(t, name+`="`+value))
		case "environment":
			_, err = Load([]string{"--dev"}, []string{entry}, "")
		}
		require.Error(rt, err)
		require.NotContains(rt, err.Error(), secret)
	})
}

// TestSecretsAreNotTakenFromFlags: everybody on the machine can read them there.
// What holds no secret is taken as before.
func TestSecretsAreNotTakenFromFlags(t *testing.T) {
	const hidden = "hunter2hunter2hunter2hunter2hunter2"
	for _, refused := range []string{
		"SUPABASE_JWT_SECRET=" + hidden, "PAYOUT_WEBHOOK_SECRET=" + hidden,
		"DATABASE_URL=postgres://ann:" + hidden + "@db.example/pace", "DATABASE_URL=postgres://ann@db.example/pace?password=" + hidden,
		"DATABASE_URL=postgres://ann@db.example/pace?sslPassword=" + hidden, "DATABASE_URL=postgres://ann@db.example/pace?x;password=" + hidden,
		"DATABASE_URL=postgres://ann:" + hidden + "%zz@db.example/pace", "DATABASE_URL=postgres://ann:@db.example/pace",
		"REDIS_URL=redis://:" + hidden + "@cache.example:6379/0", "REDIS_URL=redis://" + hidden + "@cache.example:6379/0",
		"REDIS_URL=redis://cache.example:6379/0?password=" + hidden,
		"PAYOUT_WEBHOOK_URL=https://" + hidden + "@pay.example/prizes", "PAYOUT_WEBHOOK_URL=https://pay.example/prizes?key=" + hidden,
	} {
		name, value, _ := strings.Cut(refused, "=")
		for _, args := range [][]string{{"--dev", "--" + lookup(name).flag() + "=" + value}, {"--dev", "--" + lookup(name).flag(), value}} {
			_, err := Load(args, nil, "")
			var invalid *InvalidError
			require.ErrorAs(t, err, &invalid, refused)
			require.Len(t, invalid.Mistakes, 1, refused)
			require.Equal(t, Mistake{
				Setting: name, Source: "--" + lookup(name).flag(),
				Problem: "is or contains a secret, and everybody on the machine can read flags (ps)",
				Advice:  "set " + name + " in the environment or in .env instead",
			}, invalid.Mistakes[0], refused)
		}
	}
	s, err := Load([]string{
		"--dev", "--database-url=postgres://ann@db.example:5432/pace?sslmode=require", "--redis-url", "redis://cache.example:6379/0?prefix=p",
	}, []string{"DATABASE_URL=postgres://x:" + hidden + "@elsewhere/x"}, "")
	require.NoError(t, err)
	require.Equal(t, "postgres://ann@db.example:5432/pace?sslmode=require", s.DatabaseURL.Reveal())
	require.Equal(t, "redis://cache.example:6379/0?prefix=p", s.RedisURL.Reveal())
	_, err = Load([]string{"--dev", "--supabase-jwt-secret="}, []string{"SUPABASE_JWT_SECRET=" + hidden}, "")
	require.NoError(t, err, "an empty flag stands for the default, and shows nothing")
}

// TestEverySecretSettingSaysWhatItExposes: a new one must not be forgotten.
func TestEverySecretSettingSaysWhatItExposes(t *testing.T) {
	for _, row := range table {
		if row.name == "SUPABASE_ANON_KEY" { // It is for browsers, and no secret to anybody.
			continue
		}
		require.Equal(t, row.secret, row.exposed != nil, row.name)
	}
}
