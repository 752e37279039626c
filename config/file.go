package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxSecretFile is how large a file with a secret may be.
const maxSecretFile = 64 << 10

// readSecretFile reads the value of a setting from a file, without the line end after it, and reports whether every
// user of the machine may do so. What a refusal says of
// the file leaves its content out, and its path unless there is such a file: somebody may have put the secret itself in
// the place of the path.
func readSecretFile(path string) (value string, loose bool, r *refusal) {
	const use = "name a file that has the value and nothing else"
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if dir := filepath.Dir(path); isDir(dir) {
			return "", false, &refusal{"names a file that is not in " + dir, use}
		}
		return "", false, &refusal{"names a file in a folder that does not exist", use}
	case err != nil:
		return "", false, &refusal{"names a file that cannot be looked at: " + cause(err), "mend that, or " + use}
	case !info.Mode().IsRegular(): // a pipe would have a start wait, and be empty at SIGHUP
		return "", false, &refusal{"names " + path + ", which is no regular file", use}
	}
	content, err := readUpTo(path, maxSecretFile)
	value = strings.TrimRight(string(content), "\r\n")
	switch {
	case err != nil:
		return "", false, &refusal{"names " + path + ", which cannot be read: " + cause(err), "let the user of the server read it"}
	case len(content) > maxSecretFile:
		return "", false, &refusal{fmt.Sprintf("names %s, which has more than %d KiB", path, maxSecretFile>>10), use}
	case strings.TrimSpace(value) == "":
		return "", false, &refusal{"names " + path + ", which is empty", "write the value into it, or take the setting away"}
	case !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) || r == '\ufeff' }):
		return "", false, &refusal{"names " + path + ", which is not one line of plain text", use + ", in UTF-8 without a byte order mark"}
	}
	return value, info.Mode().Perm()&0o004 != 0, nil
}

// readUpTo reads a file, and no more than a byte beyond a size.
func readUpTo(path string, size int) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // G304: the path is the operator's choice, not a client's.
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, int64(size)+1))
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// cause is an error of the file system without the path.
func cause(err error) string {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return failed.Err.Error()
	}
	return err.Error()
}
