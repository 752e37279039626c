package main

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/stretchr/testify/require"
)

// clone makes a copy of the repository, as it is here, with a tag at its only commit.
func clone(t *testing.T, folder string) (root string) {
	t.Helper()
	source, err := filepath.Abs("../..")
	require.NoError(t, err)
	root = filepath.Join(t.TempDir(), folder)
	files, err := exec.Command("git", "-C", source, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	require.NoError(t, err)
	for name := range strings.SplitSeq(strings.TrimRight(string(files), "\x00"), "\x00") {
		content, err := os.ReadFile(filepath.Join(source, name))
		if os.IsNotExist(err) { // it is being deleted
			continue
		}
		require.NoError(t, err)
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, content, 0o644))
	}
	git(t, root, "init", "-q")
	git(t, root, "add", "-A")
	git(t, root, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "all")
	git(t, root, "tag", "v1.2.3")
	return root
}

func git(t *testing.T, root string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", root}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_DATE=2026-05-01T12:00:00Z", "GIT_COMMITTER_DATE=2026-05-01T12:00:00Z")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// TestReleaseIsReproducible builds the same commit in two folders. With SOAK that is the
// whole release, each time from nothing; in CI one platform, with what the cache has,
// which is what other targets build, with cgo.
func TestReleaseIsReproducible(t *testing.T) {
	platforms, environ := []string{"linux/amd64"}, []string{"CGO_ENABLED=1"}
	soak := os.Getenv("SOAK") != ""
	if soak {
		platforms, environ = append(platforms, "linux/arm64"), nil
	}
	var sums [2]string
	var r release
	for i, folder := range []string{"here", "some/where/else"} {
		if soak {
			t.Setenv("GOCACHE", filepath.Join(t.TempDir(), "cache"))
		}
		t.Setenv("TZ", []string{"UTC", "Asia/Tokyo"}[i])
		r = release{root: clone(t, folder), out: filepath.Join(t.TempDir(), "dist"), platforms: platforms, environ: environ}
		require.NoError(t, r.make(t.Context()))
		text, err := os.ReadFile(filepath.Join(r.out, sumsName))
		require.NoError(t, err)
		sums[i] = string(text)
		status, err := exec.Command("git", "-C", r.root, "status", "--porcelain").Output()
		require.NoError(t, err)
		require.Empty(t, string(status))
	}
	require.Equal(t, sums[0], sums[1])
	require.Equal(t, "v1.2.3", r.version)

	// The checksums are those of the files, and there is nothing else.
	left, err := os.ReadDir(r.out)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(sums[0]), "\n")
	require.Len(t, left, len(lines)+1)
	require.Len(t, lines, 2*len(platforms))
	for _, line := range lines {
		sum, name, _ := strings.Cut(line, "  ")
		content, err := os.ReadFile(filepath.Join(r.out, name))
		require.NoError(t, err)
		hash := sha256.Sum256(content)
		require.Equal(t, hex.EncodeToString(hash[:]), sum)
	}

	// The program runs and says what it is, and its materials are those that it names.
	const name = "paceboard_1.2.3_linux_amd64"
	program := filepath.Join(t.TempDir(), "paceboard")
	held := unpack(t, filepath.Join(r.out, name+archiveEnding), program)
	for _, path := range beside {
		require.Contains(t, held, name+"/"+path)
	}
	said, err := exec.Command(program, "version").CombinedOutput()
	require.NoError(t, err, "%s", said)
	require.Contains(t, string(said), "paceboard v1.2.3, commit ")
	require.NotContains(t, string(said), "unknown")
	info, err := buildinfo.ReadFile(program)
	require.NoError(t, err)
	file, err := os.Open(filepath.Join(r.out, name+materialsEnding))
	require.NoError(t, err)
	defer file.Close()
	var bill cdx.BOM
	require.NoError(t, cdx.NewBOMDecoder(bufio.NewReader(file), cdx.BOMFileFormatJSON).Decode(&bill))
	require.Equal(t, "v1.2.3", bill.Metadata.Component.Version)
	require.Len(t, *bill.Components, len(info.Deps)+1)
	require.Equal(t, "2026-05-01T12:00:00Z", bill.Metadata.Timestamp)

	// What is not committed is refused, and nothing is written.
	require.NoError(t, os.WriteFile(filepath.Join(r.root, "README.md"), []byte("changed"), 0o600))
	changed := release{root: r.root, out: filepath.Join(t.TempDir(), "none")}
	require.ErrorContains(t, changed.make(t.Context()), "README.md")
	require.NoDirExists(t, changed.out)
}

// unpack writes an archive's program to a path, and returns the names of all files.
func unpack(t *testing.T, archive, program string) (names []string) {
	t.Helper()
	file, err := os.Open(archive)
	require.NoError(t, err)
	defer file.Close()
	zipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	for packed := tar.NewReader(zipped); ; {
		head, err := packed.Next()
		if err == io.EOF {
			return names
		}
		require.NoError(t, err)
		require.Equal(t, time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), head.ModTime.UTC())
		names = append(names, head.Name)
		if strings.HasSuffix(head.Name, "/paceboard") {
			content, err := io.ReadAll(packed)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(program, content, 0o755))
		}
	}
}
