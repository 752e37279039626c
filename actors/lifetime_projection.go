package actors

import (
	"context"
	"slices"
	"time"

	"github.com/paceboard/paceboard/competition"
)

const (
	// defaultProjectRows is how many rows go to the store at a time: half a megabyte.
	defaultProjectRows = 1024
	// projectRest is how many times as long as it worked the projector rests.
	projectRest = 4
)

// project brings one competition up to date.
func (p *projector) project(id string, j *projecting) error {
	if j.all {
		return p.projectAll(id)
	}
	for _, s := range j.snapshots {
		if err := p.projectSnapshot(s); err != nil {
			return err
		}
	}
	return nil
}

// projectSnapshot projects what one snapshot changed.
func (p *projector) projectSnapshot(s *competition.Snapshot) error {
	_, sources, err := competition.SnapshotSources(s.CompetitionID, s.Header)
	if err != nil {
		return err
	}
	part := competition.Projection{CompetitionID: s.CompetitionID, Sources: sources, From: s.Since}
	rows := s.Rows
	for ; len(rows) > p.engine.projectRows; rows = rows[p.engine.projectRows:] {
		part.Rows = rows[:p.engine.projectRows]
		if err := p.send(&part); err != nil {
			return err
		}
	}
	part.Rows, part.To = rows, s.Seq
	return p.send(&part)
}

// projectAll projects the stored snapshot.
func (p *projector) projectAll(id string) error {
	if p.stopping() {
		return errStopped
	}
	ctx, cancel := context.WithCancel(p.engine.life)
	defer cancel()
	// It may take long, but not long without a row.
	watchdog := time.AfterFunc(p.engine.RecoveryTimeout, cancel)
	defer watchdog.Stop()
	var seq uint64
	count := 0
	part := competition.Projection{CompetitionID: id}
	flush := func() error {
		if p.stopping() {
			return errStopped
		}
		watchdog.Reset(p.engine.RecoveryTimeout)
		count += len(part.Rows)
		p.tell(id, count)
		err := p.send(&part)
		part.Rows = part.Rows[:0]
		return err
	}
	err := p.engine.Store.Load(ctx, id, func(header []byte) (err error) {
		seq, part.Sources, err = competition.SnapshotSources(id, header)
		return err
	}, func(row competition.Row) error {
		row.Days = slices.Clone(row.Days)
		if part.Rows = append(part.Rows, row); len(part.Rows) < p.engine.projectRows {
			return nil
		}
		return flush()
	})
	if err != nil || seq == 0 {
		return err
	}
	part.To = seq
	return flush()
}

// tell says now and then how far it is.
func (p *projector) tell(id string, participants int) {
	const every = 5 * time.Second
	if time.Since(p.told) < every {
		return
	}
	p.told = time.Now()
	p.engine.Logger.Info("competitions are being brought into the lifetime statistics",
		"competition", id, "participants", participants, "competitions_to_do", p.state().Behind)
}

// send gives a part to the store, and rests.
func (p *projector) send(part *competition.Projection) error {
	ctx, cancel := p.engine.storeContext()
	defer cancel()
	began := time.Now()
	err := p.engine.Store.Project(ctx, part)
	if err == nil {
		p.pause(projectRest * time.Since(began))
	}
	return err
}
