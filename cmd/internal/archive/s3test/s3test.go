// Package s3test is an S3-compatible store in the test's own process: as much of the
// protocol as an archive needs, by the book where it matters to one: pages of a listing,
// conditional writes, checksums of what is sent.
package s3test

import (
	"bufio"
	"bytes"
	"crypto/md5" //nolint:gosec // Content-MD5 is what the protocol has
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Keys of the one user.
const (
	AccessKey = "access-key"
	SecretKey = "secret-key-of-some-length"
	bucket    = "journals"
	pageSize  = 3 // so that listings have several pages
)

// Server is a bucket. Its fields may be changed while the mutex is held.
type Server struct {
	URL string // what ARCHIVE is set to

	mu      sync.Mutex
	Objects map[string][]byte
	fail    func(method, name string) (status int) // 0: it works
}

// Start starts a server for a test.
func Start(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{Objects: map[string][]byte{}}
	server := httptest.NewServer(s)
	tb.Cleanup(server.Close)
	s.URL = "s3://" + bucket + "/spring?region=eu-1&endpoint=" + server.URL
	return s
}

// Fail has calls fail with a status for which fail returns one.
func (s *Server) Fail(fail func(method, name string) (status int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

// Change changes the objects while nobody else does.
func (s *Server) Change(change func(objects map[string][]byte)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.Objects)
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, ours := strings.CutPrefix(r.URL.Path, "/"+bucket+"/")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		if status := s.fail(r.Method, name); status != 0 {
			refuse(w, status, "SlowDown")
			return
		}
	}
	switch {
	case !strings.Contains(r.Header.Get("Authorization"), "Credential="+AccessKey+"/"):
		refuse(w, http.StatusForbidden, "AccessDenied")
	case !ours:
		refuse(w, http.StatusNotFound, "NoSuchBucket")
	case r.Method == http.MethodGet && name == "":
		s.list(w, r)
	case r.Method == http.MethodPut:
		s.put(w, r, name)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		content, there := s.Objects[name]
		if !there {
			refuse(w, http.StatusNotFound, "NoSuchKey")
			return
		}
		w.Header().Set("ETag", etag(content))
		w.Header().Set("Last-Modified", "Fri, 27 Nov 2026 14:00:00 GMT")
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		if r.Method == http.MethodGet {
			_, _ = w.Write(content)
		}
	default:
		refuse(w, http.StatusMethodNotAllowed, "MethodNotAllowed")
	}
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, code)
}

func etag(content []byte) string {
	sum := md5.Sum(content) //nolint:gosec // as above
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func (s *Server) put(w http.ResponseWriter, r *http.Request, name string) {
	content, err := io.ReadAll(r.Body)
	if err == nil && strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		content, err = unchunk(content)
	}
	sum := md5.Sum(content) //nolint:gosec // as above
	said := r.Header.Get("Content-Md5")
	switch _, there := s.Objects[name]; {
	case err != nil:
		refuse(w, http.StatusBadRequest, "IncompleteBody")
	case said != "" && said != base64.StdEncoding.EncodeToString(sum[:]):
		refuse(w, http.StatusBadRequest, "BadDigest")
	case there && r.Header.Get("If-None-Match") == "*":
		refuse(w, http.StatusPreconditionFailed, "PreconditionFailed")
	default:
		s.Objects[name] = content
		w.Header().Set("ETag", etag(content))
	}
}

// unchunk takes the encoding aws-chunked away.
func unchunk(b []byte) (content []byte, err error) {
	r := bufio.NewReader(bytes.NewReader(b))
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		digits, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		n, err := strconv.ParseInt(digits, 16, 64)
		if err != nil || n == 0 {
			return content, err
		}
		chunk := make([]byte, n+2)
		if _, err := io.ReadFull(r, chunk); err != nil {
			return nil, err
		}
		content = append(content, chunk[:n]...)
	}
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	type object struct {
		Key, ETag, LastModified string
		Size                    int
	}
	page := struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		Name, Prefix          string
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []object
	}{Name: bucket, Prefix: query.Get("prefix")}
	after := max(query.Get("start-after"), query.Get("continuation-token"))
	var names []string
	for name := range s.Objects {
		if strings.HasPrefix(name, page.Prefix) && name > after {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if page.IsTruncated = len(names) > pageSize; page.IsTruncated {
		names = names[:pageSize]
		page.NextContinuationToken = names[pageSize-1]
	}
	for _, name := range names {
		page.Contents = append(page.Contents, object{name, etag(s.Objects[name]), "2026-11-27T14:00:00.000Z", len(s.Objects[name])})
	}
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(page)
}
