package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/paceboard/paceboard/cluster"
	"github.com/paceboard/paceboard/cmd/internal/control"
	"github.com/paceboard/paceboard/cmd/internal/erasures"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/config"
	pbhttp "github.com/paceboard/paceboard/http"
	"github.com/paceboard/paceboard/persistence/embedded"
	"github.com/paceboard/paceboard/persistence/postgres"
)

// checkWithin is how long each thing that a check looks at may take.
const checkWithin = 30 * time.Second

// startCheck is what a start needs, one thing after the other.
type startCheck struct {
	p        *program
	settings config.Settings
	failed   int
}

// check tells whether a start with these settings would work, and changes nothing. What
// a server starts without, and says later, is a warning. The settings are sound already.
func (p *program) check(ctx context.Context, settings config.Settings) error {
	c := startCheck{p, settings, 0}
	c.say("settings", "sound", looseFiles(&settings), nil)
	for _, look := range []struct {
		what string
		at   func(ctx context.Context) (detail string, warnings []error, err error)
	}{
		{"store", c.store},
		{"cluster", c.cluster},
		{"control", c.control},
		{"erasures", c.erasures},
		{"ports", c.ports},
		{"descriptors", c.descriptors},
		{"sign-in", c.signIn},
		{"redis", c.redis},
	} {
		looking, cancel := context.WithTimeout(ctx, checkWithin)
		detail, warnings, err := look.at(looking)
		cancel()
		if detail != "" || err != nil {
			c.say(look.what, detail, warnings, err)
		}
	}
	if c.failed > 0 {
		return fmt.Errorf("a start would not work: %d of the above failed", c.failed)
	}
	fmt.Fprintln(p.out, "a start would work")
	return nil
}

func (c *startCheck) say(what, detail string, warnings []error, err error) {
	if err != nil {
		c.failed++
		fmt.Fprintf(c.p.out, "fails    %-12s %s\n", what, strings.ReplaceAll(err.Error(), "\n", "; "))
		return
	}
	fmt.Fprintf(c.p.out, "ok       %-12s %s\n", what, detail)
	for _, w := range warnings {
		fmt.Fprintf(c.p.out, "warning  %-12s %v\n", what, w)
	}
}

func (c *startCheck) store(ctx context.Context) (detail string, warnings []error, err error) {
	if c.settings.DatabaseURL == "" {
		found, err := embedded.CheckOpen(ctx, embedded.Options{Dir: c.settings.DataDir, MinFreeBytes: uint64(c.settings.MinFreeDisk)})
		if err != nil || found.New {
			return "the folder " + c.settings.DataDir + " has no store; a start would make one", found.Warnings, err
		}
		return "the folder " + c.settings.DataDir + " can be used", found.Warnings, nil
	}
	o := postgres.Options{URL: c.settings.DatabaseURL.Reveal(), Migrate: true, Logger: slog.New(slog.DiscardHandler)}
	if c.settings.ClusterListen != "" {
		o.Cluster = &postgres.ClusterOptions{Node: competition.Node{
			ID: postgres.NewNodeID(), WireVersion: wireVersion, Level: competition.FormatLevel, State: competition.NodeLive,
		}}
	}
	migrates, err := postgres.CheckOpen(ctx, o)
	if migrates {
		return "PostgreSQL can be used; a start would bring its schema up to date", nil, err
	}
	return "PostgreSQL can be used", nil, err
}

// cluster looks at what makes a node of the process, besides the database.
func (c *startCheck) cluster(context.Context) (detail string, warnings []error, err error) {
	s := &c.settings
	if s.ClusterListen == "" {
		return "", nil, nil
	}
	links, err := cluster.NewLinks(cluster.LinkOptions{
		Self: postgres.NewNodeID(), Logger: slog.New(slog.DiscardHandler), CA: s.ClusterCA, Cert: s.ClusterCert, Key: s.ClusterKey,
	})
	if err != nil {
		return "", nil, fmt.Errorf("%w; see CLUSTER_CA, CLUSTER_CERT and CLUSTER_KEY", err)
	}
	refused := links.Refused()
	links.Close()
	if refused != nil {
		warnings = append(warnings, fmt.Errorf("other nodes would refuse this one: %w", refused))
	}
	if s.ClusterCA == "" {
		return "a node, without TLS", nil, nil
	}
	return "a node, with TLS", warnings, nil
}

// control looks whether paceboard ctl could reach a server on PostgreSQL.
func (c *startCheck) control(ctx context.Context) (detail string, warnings []error, err error) {
	dir := c.settings.ControlDir
	if dir == "" {
		return "", nil, nil
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return "the folder " + dir + " is not there; a start would make it", nil, nil
	}
	detail = "the folder " + dir + " is there"
	if _, err := control.Dial(ctx, dir); err == nil {
		warnings = append(warnings, fmt.Errorf("another server has its socket in %s, so `paceboard ctl` would not reach this one: give each its own CONTROL_DIR", dir))
	}
	return detail, warnings, nil
}

// erasures looks whether ERASURES_FILE can be read, and is where it survives a restore.
func (c *startCheck) erasures(context.Context) (detail string, warnings []error, err error) {
	path := c.settings.ErasuresFile
	if path == "" {
		return "", nil, nil
	}
	switch _, err := erasures.Read(path); {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return "", nil, fmt.Errorf("%w: make the folder of ERASURES_FILE", err)
		}
		return "the file is not there; a start would make it", nil, nil
	case err != nil:
		return "", nil, err
	}
	return "the file can be read", nil, nil
}

// ports binds each address for a moment.
func (c *startCheck) ports(ctx context.Context) (detail string, warnings []error, err error) {
	s := &c.settings
	var free []string
	for _, p := range []struct{ setting, address string }{
		{"PORT or HOST", s.Address()}, {"METRICS_ADDRESS", s.MetricsAddress}, {"CLUSTER_LISTEN", s.ClusterListen}, {"PPROF", s.Pprof},
	} {
		if p.address == "" {
			continue
		}
		listener, cannot := (&net.ListenConfig{}).Listen(ctx, "tcp", p.address)
		if cannot == nil {
			cannot = listener.Close()
		}
		if cannot != nil {
			err = errors.Join(err, fmt.Errorf("%w: set %s to what is free", cannot, p.setting))
			continue
		}
		free = append(free, p.address)
	}
	return strings.Join(free, ", ") + " free", nil, err
}

func (c *startCheck) descriptors(context.Context) (detail string, warnings []error, err error) {
	wanted := c.settings.MaxConnections
	n, err := fitConnections(wanted, descriptorLimit(), slog.New(slog.DiscardHandler))
	if n < wanted {
		warnings = append(warnings, fmt.Errorf("MAX_CONNECTIONS is %d: raise the limit (ulimit -n)", wanted))
	}
	return fmt.Sprintf("enough for %d connections", n), warnings, err
}

// signIn fetches the project's keys, without which a server starts, but lets nobody in.
func (c *startCheck) signIn(ctx context.Context) (detail string, warnings []error, err error) {
	s := &c.settings
	if !s.HasProjectKeys() {
		return "", nil, nil
	}
	keys := pbhttp.NewProjectKeys(ctx, pbhttp.ProjectKeysOptions{SupabaseURL: s.SupabaseURL, JWKSURL: s.SupabaseJWKSURL, Issuers: s.SupabaseJWTIssuer})
	defer keys.Close()
	if problem := keys.Fetched(ctx); problem != nil {
		return "a start does not wait for the project's keys", []error{fmt.Errorf("nobody could sign in with them: %w", problem)}, nil
	}
	return "the project's keys can be read", nil, nil
}

// redis asks the mirror, without which a server starts.
func (c *startCheck) redis(ctx context.Context) (detail string, warnings []error, err error) {
	mirror, err := openMirror(c.settings)
	if err != nil || mirror == nil {
		return "", nil, err
	}
	defer func() { _ = mirror.Close() }() // It was only asked.
	warning, problem := mirror.Reach(ctx)
	if problem != nil {
		return "a start does not wait for Redis", []error{fmt.Errorf("it cannot be reached: %w", problem)}, nil
	}
	if warning != nil {
		warnings = append(warnings, warning)
	}
	return "reached", warnings, nil
}
