package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// secretFileWith writes a file that only its owner may read and returns its path.
func secretFileWith(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// TestEverySecretMayBeInAFile that a flag, a variable or .env names, and comes to the same as the value itself.
func TestEverySecretMayBeInAFile(t *testing.T) {
	values := map[string]string{
		"DATABASE_URL": "postgres://ann:hunter2@db/pace", "REDIS_URL": "redis://:hunter2@cache/1", "PAYOUT_WEBHOOK_URL": "https://pay.example/?key=1",
		"ARCHIVE_ACCESS_KEY": "access", "ARCHIVE_SECRET_KEY": "secret", "SUPABASE_ANON_KEY": "anon", "OTEL_EXPORTER_OTLP_HEADERS": "X-Key=a%2Cb",
	}
	var secrets, files, flags []string
	for i := range table {
		row := &table[i]
		if row.file() == nil {
			continue
		}
		value, ok := values[row.name]
		if !ok {
			value = goodSecret
		}
		path := secretFileWith(t, value+"\n")
		secrets = append(secrets, row.name+"="+value)
		files = append(files, row.name+"_FILE="+path)
		flags = append(flags, "--"+row.flag()+"-file="+path)
	}
	require.Greater(t, len(secrets), len(values), "the others are keys")
	others := []string{"ERASURES_FILE=/mnt/erasures", "ARCHIVE=/mnt/archive"}
	load := func(args, environ []string, path string) Settings {
		s, err := Load(args, append(others, environ...), path)
		require.NoError(t, err)
		return s
	}
	want := load(nil, secrets, "")
	require.Equal(t, want, load(nil, files, ""), "environment")
	require.Equal(t, want, load(nil, nil, envFile(t, files...)), ".env")
	require.Equal(t, want, load(flags, nil, ""), "flags")
}

func TestWhichOfAValueAndAFileCounts(t *testing.T) {
	const valued = "postgres://value"
	file := "DATABASE_URL_FILE=" + secretFileWith(t, "postgres://file")
	both := func(from, fileFrom string) string {
		return "DATABASE_URL (from " + from + ") is set, and so is DATABASE_URL_FILE, from " + fileFrom + "; take one of them away"
	}
	for _, c := range []struct {
		rule                   string
		flags, environ, dotenv []string
		want, mistake          string
	}{
		{rule: "the file", environ: []string{file}, want: "postgres://file"},
		{rule: "both in the environment", environ: []string{file, "DATABASE_URL=" + valued}, mistake: both("the environment", "the environment")},
		{rule: "a file and a value that it would hide", environ: []string{file}, dotenv: []string{"DATABASE_URL=" + valued}, mistake: both(".env", "the environment")},
		{rule: "a value and a file that it would hide", environ: []string{"DATABASE_URL=" + valued}, dotenv: []string{file}, mistake: both("the environment", ".env")},
		{rule: "a flag and a file", flags: []string{"--database-url", valued}, environ: []string{file}, mistake: both("--database-url", "the environment")},
		{rule: "no file any more, and a value", environ: []string{"DATABASE_URL_FILE=", "DATABASE_URL=" + valued}, dotenv: []string{file}, want: valued},
		{rule: "an empty name of a file does not hide the value", environ: []string{"DATABASE_URL_FILE= "}, dotenv: []string{"DATABASE_URL=" + valued}, want: valued},
		{rule: "an empty value before the file switches it off", environ: []string{"DATABASE_URL="}, dotenv: []string{file}, want: ""},
		{rule: "an empty value beside the file does not, as Compose passes it", environ: []string{"DATABASE_URL=", file}, want: "postgres://file"},
		{rule: "nor does one after it", environ: []string{file}, dotenv: []string{"DATABASE_URL="}, want: "postgres://file"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			path := envFile(t, c.dotenv...)
			s, err := Load(append([]string{"--dev"}, c.flags...), c.environ, path)
			if c.mistake != "" {
				require.Equal(t, strings.ReplaceAll(c.mistake, ".env", path), mistakes(t, err)[0].String())
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, s.DatabaseURL.Reveal())
		})
	}
}

func TestFilesOfSecretsThatAreRefused(t *testing.T) {
	folder := t.TempDir()
	closed := filepath.Join(folder, "closed")
	require.NoError(t, os.WriteFile(closed, []byte(goodSecret), 0o000))
	const use = "; name a file that has the value and nothing else"
	for _, c := range []struct{ rule, path, want string }{
		{"none of that name", filepath.Join(folder, "none"), "names a file that is not in " + folder + use},
		{"no folder of that name", filepath.Join(folder, "none", "none"), "names a file in a folder that does not exist" + use},
		{"a folder", folder, "names " + folder + ", which is no regular file" + use},
		{"a device, which never ends", "/dev/zero", "names /dev/zero, which is no regular file" + use},
		{"one that may not be read", closed, "names " + closed + ", which cannot be read: permission denied; let the user of the server read it"},
		{"an empty one", "", "names PATH, which is empty; write the value into it, or take the setting away"},
		{"one with line ends alone", "\r\n \n", "names PATH, which is empty; write the value into it, or take the setting away"},
		{"one that is too large", strings.Repeat("x", 64<<10+1), "names PATH, which has more than 64 KiB" + use},
		{"several lines", goodSecret + "\nNAME=value\n", "names PATH, which is not one line of plain text" + use + ", in UTF-8 without a byte order mark"},
		{"a byte order mark", "\ufeff" + goodSecret, "names PATH, which is not one line of plain text" + use + ", in UTF-8 without a byte order mark"},
		{"UTF-16, as PowerShell writes", "0\x001\x002\x00", "names PATH, which is not one line of plain text" + use + ", in UTF-8 without a byte order mark"},
		{"bytes that are no text", "\xff\xfe" + goodSecret, "names PATH, which is not one line of plain text" + use + ", in UTF-8 without a byte order mark"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if c.path == closed && os.Geteuid() == 0 {
				t.Skip("root may read everything")
			}
			path := c.path
			if !filepath.IsAbs(path) {
				path = secretFileWith(t, c.path)
			}
			_, err := Load(nil, []string{"SUPABASE_JWT_SECRET_FILE=" + path}, "")
			require.EqualError(t, err, "1 mistake in the settings:\n  SUPABASE_JWT_SECRET_FILE (from the environment) "+strings.ReplaceAll(c.want, "PATH", path))
			require.NotContains(t, err.Error(), goodSecret)
		})
	}
	t.Run("what is in it is refused as it would be elsewhere, with the file's name", func(t *testing.T) {
		path := secretFileWith(t, "hunter2\n")
		_, err := Load(nil, []string{"SUPABASE_JWT_SECRET_FILE=" + path}, "")
		require.EqualError(t, err, "1 mistake in the settings:\n  SUPABASE_JWT_SECRET (from the file "+path+") is 7 bytes long, but HS256 needs at least 32 (RFC 7518, section 3.2); use the project's JWT secret, or make one with: openssl rand -hex 32")
	})
	t.Run("the largest one, through a link as Kubernetes mounts it", func(t *testing.T) {
		path, link := secretFileWith(t, strings.Repeat("x", 64<<10)), filepath.Join(folder, "link")
		require.NoError(t, os.Symlink(path, link))
		s, err := Load(nil, []string{"SUPABASE_JWT_SECRET_FILE=" + link}, "")
		require.NoError(t, err)
		require.Len(t, s.SupabaseJWTSecret.Reveal(), 64<<10)
	})
}

func TestFilesThatEverybodyMayReadAreNamed(t *testing.T) {
	tight, loose := secretFileWith(t, goodSecret), secretFileWith(t, goodSecret)
	require.NoError(t, os.Chmod(loose, 0o644))
	environ := []string{"SUPABASE_JWT_SECRET_FILE=" + tight, "METRICS_TOKEN_FILE=" + loose}
	s, err := Load(nil, environ, "")
	require.NoError(t, err)
	require.Equal(t, []string{loose}, s.LooseFiles())
	require.NoError(t, os.Chmod(loose, 0o640))
	s, _, _, err = s.Reload(nil, environ, "")
	require.NoError(t, err)
	require.Empty(t, s.LooseFiles())
}

// TestFilesAreReadAgain at a reload.
func TestFilesAreReadAgain(t *testing.T) {
	level, key := envFile(t, "LOG_LEVEL=info"), secretFileWith(t, goodSecret)
	before, err := Load([]string{"--dev"}, []string{"ERASURES_FILE=x", "ERASURES_KEY_FILE=" + key}, level)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(key, []byte(goodSecret+"2\n"), 0o600))
	_, changed, waiting, err := before.Reload([]string{"--dev"}, []string{"ERASURES_FILE=x", "ERASURES_KEY_FILE=" + key}, level)
	require.NoError(t, err)
	require.Empty(t, changed)
	require.Equal(t, []string{"ERASURES_KEY"}, waiting)
}
