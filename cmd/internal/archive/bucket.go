package archive

import (
	"context"
	"fmt"
	"net/url"
	"strings"
)

// Bucket is where an archive is. Its methods are safe for concurrent use.
type Bucket interface {
	// Put makes an object, whole or not at all. Error: errExists.
	Put(ctx context.Context, name string, content []byte) error
	// Replace makes an object, or replaces it, whole or not at all.
	Replace(ctx context.Context, name string, content []byte) error
	// Get returns an object. Error: errNotThere.
	Get(ctx context.Context, name string) ([]byte, error)
	// List visits the names with a prefix, in order, beginning after one.
	List(ctx context.Context, prefix, after string, visit func(name string) error) error
	// Close gives up connections.
	Close()
}

// Open opens what an URL names: a folder (/path or file:///path), or
// s3://bucket/prefix?endpoint=https://host&region=name. It does not connect.
func Open(where string, c Credentials) (Bucket, error) {
	u, err := url.Parse(where)
	if err != nil {
		return nil, err
	}
	switch u.Scheme {
	case "":
		return folder(where), nil
	case "file":
		return folder(u.Path), nil
	case "s3":
		return openS3(u, c)
	}
	return nil, fmt.Errorf("an archive is a folder or s3://bucket/prefix, not %s://", u.Scheme)
}

// Folder returns the folder that an URL names; false if it names none.
func Folder(where string) (dir string, ok bool) {
	path, file := strings.CutPrefix(where, "file://")
	return path, file || !strings.Contains(where, "://")
}
