package control

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// socketName is the socket's file in the data folder.
const socketName = "control"

// longestPath is how long the path of a Unix socket may be on every system.
const longestPath = 100

// address returns what to listen on or connect to for a folder's socket. It is good
// until done is called: a path that is too long for a socket is shortened by way of
// the open folder.
func address(dir string) (path string, done func() error, err error) {
	path = filepath.Join(dir, socketName)
	if len(path) <= longestPath {
		return path, func() error { return nil }, nil
	}
	if runtime.GOOS != "linux" {
		return "", nil, fmt.Errorf("the path %s is too long for a socket; use a shorter DATA_DIR", path)
	}
	folder, err := os.Open(dir) //nolint:gosec // G304: the operator's own path.
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), socketName), folder.Close, nil
}
