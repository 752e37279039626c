package main

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/paceboard/paceboard/cmd/internal/backup"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/persistence/embedded"
)

// restoreTo restores a backup, and returns its manifest.
func (p *program) restoreTo(ctx context.Context, from string, o embedded.Options) (m *backup.Manifest, err error) {
	source, err := backup.Open(from, p.in, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	err = p.restoreSource(ctx, source, o, func(context.Context, *embedded.Store) error { return nil })
	return source.Manifest, err
}

// restoreSource restores a backup, which it compares with its manifest, and then has the
// journals go on.
func (p *program) restoreSource(ctx context.Context, source *backup.Source, o embedded.Options, extend func(context.Context, *embedded.Store) error) error {
	total := -1
	if source.Manifest != nil {
		total = int(source.Manifest.Bytes())
	}
	bar := newProgress(p.err, "restore", total, "bytes")
	_, err := embedded.Restore(ctx, o, func(to string) error { return source.Fetch(ctx, to, bar.addN) }, func(ctx context.Context, s *embedded.Store) error {
		bar.finish()
		ends, err := journalEnds(ctx, s)
		if err != nil {
			return err
		}
		seqs := map[string]uint64{}
		for id := range ends { // a competition that was damaged when the backup was made has an end, and none in the manifest
			if _, named := source.Manifest.Journals[id]; named {
				seqs[id] = ends[id].Seq
			}
		}
		if !maps.Equal(seqs, source.Manifest.Journals) {
			return fmt.Errorf("%w: its journals do not end where the manifest says", backup.ErrDamaged)
		}
		return extend(ctx, s)
	})
	return err
}

// journalEnds returns where each journal ends.
func journalEnds(ctx context.Context, s *embedded.Store) (ends map[string]competition.Chain, err error) {
	view, err := s.ArchiveView(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	ends = map[string]competition.Chain{}
	return ends, view.Ends(ctx, func(end competition.Chain) { ends[end.CompetitionID] = end })
}
