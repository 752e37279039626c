package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var r release
	flag.StringVar(&r.root, "root", "..", "the repository")
	flag.StringVar(&r.out, "out", "../dist", "where to write; files of the same names are replaced")
	platforms := flag.String("platforms", "linux/amd64,linux/arm64", "what to build for, by commas")
	flag.BoolVar(&r.dirty, "dirty", false, "take files that are not committed, too; to try it out")
	flag.Parse()
	r.platforms = strings.Split(*platforms, ",")
	if err := r.make(ctx); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// release is one version, as it is published.
type release struct {
	root, out string
	platforms []string
	dirty     bool
	environ   []string // of the builds, besides what is set there

	version string
	at      time.Time // of the commit
}

func (r *release) make(ctx context.Context) (err error) {
	if r.root, err = filepath.Abs(r.root); err != nil {
		return err
	}
	if r.out, err = filepath.Abs(r.out); err != nil {
		return err
	}
	if err := r.identify(ctx); err != nil {
		return err
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "paceboard-release-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	var files []string
	for _, platform := range r.platforms {
		made, err := r.build(ctx, platform, work)
		if err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
		files = append(files, made...)
	}
	return writeSums(r.out, files)
}

// identify finds out what is built.
func (r *release) identify(ctx context.Context) error {
	changed, err := r.git(ctx, "status", "--porcelain")
	if err != nil {
		return err
	}
	if changed != "" && !r.dirty {
		return fmt.Errorf("these files are not as committed, so nobody could build this again; commit them, or pass -dirty to try it out:\n%s", changed)
	}
	if r.version, err = r.git(ctx, "describe", "--tags", "--always", "--dirty", "--match", "v[0-9]*"); err != nil {
		return err
	}
	seconds, err := r.git(ctx, "log", "-1", "--format=%ct")
	if err != nil {
		return err
	}
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return fmt.Errorf("the time of the commit: %w", err)
	}
	r.at = time.Unix(unix, 0).UTC()
	return nil
}

func (r *release) git(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", r.root}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", args[0], err)
	}
	return strings.TrimSpace(string(out)), nil
}

// build makes the archive and the bill of materials of a platform, and returns their
// names.
func (r *release) build(ctx context.Context, platform, work string) ([]string, error) {
	system, processor, ok := strings.Cut(platform, "/")
	if !ok {
		return nil, errors.New("say SYSTEM/PROCESSOR, such as linux/amd64")
	}
	name := fmt.Sprintf("paceboard_%s_%s_%s", strings.TrimPrefix(r.version, "v"), system, processor)
	program := filepath.Join(work, name)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=true", "-ldflags", "-s -w -buildid= -X main.Version="+r.version, "-o", program, "./cmd/paceboard")
	cmd.Dir, cmd.Stderr = r.root, os.Stderr
	// Whatever the environment says that would go into the program is set here.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+processor, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=", "GOEXPERIMENT=", "GOWORK=off", "GOFIPS140=off")
	cmd.Env = append(cmd.Env, r.environ...)
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("build: %w", err)
	}
	if err := writeArchive(r.out, r.root, name, program, r.at); err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	if err := writeMaterials(filepath.Join(r.out, name+materialsEnding), program, r.version, r.at); err != nil {
		return nil, fmt.Errorf("bill of materials: %w", err)
	}
	return []string{name + archiveEnding, name + materialsEnding}, nil
}
