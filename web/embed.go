package web

import (
	"embed"
	"io/fs"
)

//go:embed dist
var dist embed.FS

// Files returns the built page: index.html and what it needs, at the root.
//
// Names are the same in every build, so whoever serves them should send an
// ETag and let browsers ask again. The file system is read-only and safe for
// concurrent use; opening a file copies nothing.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // dist is embedded: only a wrong constant above leads here
	}
	return files
}
