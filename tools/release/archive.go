package main

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	archiveEnding = ".tar.gz"
	sumsName      = "SHA256SUMS"
)

// beside are the files that an archive holds besides the program.
var beside = []string{
	"LICENSE", "README.md", "CHANGELOG.md", ".env.example",
	"deploy/caddy/Caddyfile", "deploy/cluster/nginx.conf",
	"deploy/grafana/paceboard.json", "deploy/prometheus/paceboard.rules.yaml",
	"deploy/systemd/paceboard.service", "deploy/systemd/paceboard.sysusers.conf", "deploy/systemd/paceboard.tmpfiles.conf",
	"docs/deploy.md", "docs/operations.md",
}

// writeArchive writes a folder of a name, with the program and files of the repository
// root in it, into the folder out. All have one time.
func writeArchive(out, root, name, program string, at time.Time) (err error) {
	file, err := os.Create(filepath.Join(out, name+archiveEnding))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	zipped, err := gzip.NewWriterLevel(file, gzip.BestCompression)
	if err != nil {
		return err
	}
	packed := tar.NewWriter(zipped)
	add := func(path, as string, mode int64) error {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		// No owner, and one time: what differs from machine to machine is left out.
		head := &tar.Header{Typeflag: tar.TypeReg, Name: name + "/" + as, Mode: mode, Size: int64(len(content)), ModTime: at, Format: tar.FormatUSTAR}
		if err := packed.WriteHeader(head); err != nil {
			return err
		}
		_, err = packed.Write(content)
		return err
	}
	if err := add(program, "paceboard", 0o755); err != nil {
		return err
	}
	for _, path := range beside {
		if err := add(filepath.Join(root, path), path, 0o644); err != nil {
			return err
		}
	}
	return errors.Join(packed.Close(), zipped.Close())
}

// writeSums writes the checksums of files in a folder, as sha256sum -c reads them.
func writeSums(out string, names []string) error {
	slices.Sort(names)
	var lines strings.Builder
	for _, name := range names {
		file, err := os.Open(filepath.Join(out, name))
		if err != nil {
			return err
		}
		hash := sha256.New()
		_, err = io.Copy(hash, file)
		if err = errors.Join(err, file.Close()); err != nil {
			return err
		}
		lines.WriteString(hex.EncodeToString(hash.Sum(nil)) + "  " + name + "\n")
	}
	return os.WriteFile(filepath.Join(out, sumsName), []byte(lines.String()), 0o644)
}
