package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/cmd/internal/transfer"
	"github.com/paceboard/paceboard/persistence/postgres"
)

const acceptedBefore = "../../testdata/accepted-before"

// acceptedFolder unpacks the data folder that an older version wrote.
func acceptedFolder(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	file, err := os.Open(filepath.Join(acceptedBefore, "folder.tar.gz"))
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	for files := tar.NewReader(unzipped); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		require.NoError(t, err)
		path := filepath.Join(dir, filepath.Clean("/"+h.Name))
		if h.Typeflag == tar.TypeDir {
			require.NoError(t, os.MkdirAll(path, 0o700))
			continue
		}
		content, err := io.ReadAll(files)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, content, 0o600))
	}
}

// acceptedDatabase fills a database with what an older version wrote.
func acceptedDatabase(t *testing.T) (url string) {
	t.Helper()
	url = emptyDatabase(t)
	dump, err := os.ReadFile(filepath.Join(acceptedBefore, "database.sql"))
	require.NoError(t, err)
	sharedPostgres.Get(t).Exec(t, url, string(dump))
	_, err = postgres.Migrate(t.Context(), url)
	require.NoError(t, err)
	return url
}

// TestWhatOlderVersionsAcceptedStays opens, verifies, exports, imports and uses
// what older versions accepted and this one would not.
func TestWhatOlderVersionsAcceptedStays(t *testing.T) {
	t.Parallel()
	export, err := os.ReadFile(filepath.Join(acceptedBefore, "export.jsonl"))
	require.NoError(t, err)

	for name, place := range map[string]func(*testing.T) string{"a folder": acceptedFolder, "a database": acceptedDatabase} {
		t.Run(name, func(t *testing.T) {
			where := place(t)
			args := []string{"audit", "--data-dir", where}
			if isDatabase(where) {
				args = []string{"audit", "--database-url", where}
			}
			code, out, errs := runProgram(t, args...)
			require.Zero(t, code, out+errs)
			require.Contains(t, out, "nothing   is wrong")
			useAccepted(t, startServer(t, where))
		})
	}
	t.Run("an export", func(t *testing.T) {
		onEveryStore(t, func(t *testing.T, where string) {
			t.Helper()
			s := openStoreAt(t, where).(store)
			importInto(t, s, export)
			require.Equal(t, string(export), string(exported(t, s)))
		})
		s := openStoreAt(t, acceptedFolder(t)).(store)
		require.Equal(t, string(export), string(exported(t, s)), "a folder is exported as its own version did")
		database := openStoreAt(t, acceptedDatabase(t)).(store)
		fresh := openStoreAt(t, t.TempDir()).(store)
		importInto(t, fresh, exported(t, database))
		require.Equal(t, string(exported(t, database)), string(exported(t, fresh)))
	})
}

// exported is what export says of a store.
func exported(t *testing.T, s store) []byte {
	t.Helper()
	x, err := transfer.PlanExport(t.Context(), s, "")
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, x.Write(t.Context(), &b))
	return b.Bytes()
}

func importInto(t *testing.T, s store, export []byte) {
	t.Helper()
	require.NoError(t, (&transfer.Import{Store: s}).Run(t.Context(), bytes.NewReader(export)))
}

// useAccepted goes on with the old competitions.
func useAccepted(t *testing.T, s *instance) {
	t.Helper()
	operator := operatorToken(t)
	ok := func(method, path, body string) string {
		t.Helper()
		status, answer := s.call(method, path, operator, body)
		require.Equal(t, http.StatusOK, status, "%s %s: %s", method, path, answer)
		return string(answer)
	}
	board := s.readBoard("window", 100)
	require.Equal(t, 7, board.Data.Total, "one of eight is excluded")
	require.Equal(t, "anon", board.Data.Entries[0].UserID)
	require.Contains(t, ok(http.MethodGet, "/api/v1/competitions/window", ""), "right/Europe/Berlin")
	require.Contains(t, ok(http.MethodGet, "/api/v1/users/anon/export", ""), "s9-7\u202e")
	require.Contains(t, ok(http.MethodGet, "/api/v1/competitions/paid", ""), "settled")

	// What was accepted may stay when something else changes.
	ok(http.MethodPost, "/api/v1/fitness/sync", `{"user_id":"anon","competition_id":"window","source":"s9-7\u202e","date":"2026-03-21","steps":9}`)
	ok(http.MethodPost, "/api/v1/fitness/sync", `{"user_id":"pbk_1","competition_id":"blank","date":"2026-03-21","steps":9}`)
	require.Contains(t, ok(http.MethodPatch, "/api/v1/competitions/window", `{"description":"new"}`), "right/Europe/Berlin")
	require.Contains(t, ok(http.MethodPatch, "/api/v1/competitions/blank", `{"description":"new"}`), "localtime")

	// But nothing of the kind comes in anew.
	for body, field := range map[string]string{
		`{"name":" \u3000 "}`:              "name",
		`{"name":"a\u202eb"}`:              "name",
		`{"time_zone":"posix/Asia/Tokyo"}`: "time_zone",
	} {
		status, answer := s.call(http.MethodPatch, "/api/v1/competitions/window", operator, body)
		require.Equal(t, http.StatusBadRequest, status, body)
		require.Contains(t, string(answer), `"field":"`+field+`"`)
	}
	status, answer := s.call(http.MethodPost, "/api/v1/fitness/sync", operator, `{"user_id":"pbk_2","competition_id":"window","date":"2026-03-21","steps":9}`)
	require.Equal(t, http.StatusBadRequest, status, string(answer))
	require.Contains(t, string(answer), "reserved")
	s.stop()
}
