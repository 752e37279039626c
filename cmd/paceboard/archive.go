package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/paceboard/paceboard/cmd/internal/archive"
	"github.com/paceboard/paceboard/config"
	"github.com/paceboard/paceboard/persistence/embedded"
)

// openBucket opens the archive that the settings name. It does not connect.
func openBucket(settings *config.Settings) (archive.Bucket, error) {
	if dir, ok := archive.Folder(settings.Archive); ok && settings.DataDir != "" {
		if err := outside(settings.DataDir, dir); err != nil {
			return nil, fmt.Errorf("ARCHIVE: %w", err)
		}
	}
	bucket, err := archive.Open(settings.Archive, archive.Credentials{AccessKey: settings.ArchiveAccessKey.Reveal(), SecretKey: settings.ArchiveSecretKey.Reveal()})
	if err != nil {
		return nil, fmt.Errorf("ARCHIVE: %w", err)
	}
	return bucket, nil
}

// archiving is what a server needs that archives its journals.
type archiving struct {
	bucket archive.Bucket
	grown  *archive.Grown
}

// newArchiving returns nil if the settings name no archive.
func newArchiving(settings *config.Settings) (*archiving, error) {
	if settings.Archive == "" {
		return nil, nil //nolint:nilnil // nil archives nothing
	}
	if settings.DatabaseURL != "" {
		return nil, misused("ARCHIVE is for the embedded store; archive PostgreSQL's write-ahead log with PostgreSQL's own tools")
	}
	bucket, err := openBucket(settings)
	return &archiving{bucket, archive.NewGrown()}, err
}

// openStore opens the embedded store so that it tells what is new.
func (a *archiving) openStore(ctx context.Context, settings *config.Settings, logger *slog.Logger) (store, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return opened(embedded.Open(ctx, embedded.Options{
		Dir: settings.DataDir, MinFreeBytes: uint64(settings.MinFreeDisk), Logger: logger, OnAppend: a.grown.Note, Archived: true,
	}))
}

// start begins to archive the store. Whether the archive can be reached is found out
// later: nothing waits for it.
func (a *archiving) start(s store, now func() time.Time, logger *slog.Logger, metrics prometheus.Registerer) *archive.Shipper {
	if a == nil {
		return nil
	}
	return archive.Start(s.(*embedded.Store), archive.Options{Bucket: a.bucket, Grown: a.grown, Program: Version, Now: now, Logger: logger, Metrics: metrics})
}
