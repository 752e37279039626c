package transfer

import (
	"context"
	"errors"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/ledger"
)

// ErrAnother is given where a competition's place is taken.
var ErrAnother = errors.New("another competition already has this id in the store; nothing of this one was stored")

// graft is a competition on its way into the store: the journal in several
// appends, and with the last one all other rows, so that nobody sees it before.
type graft struct {
	store   Store
	spool   *spool
	summary *competition.Summary
	report  func(events int) // is told of each batch that was stored
	epoch   uint64           // of the claim under which the rows are stored

	chain   competition.Chain
	deriver *competition.LedgerDeriver
	users   map[uint32]string

	snapshot competition.Chain // where the snapshot stands, if there is one

	stored competition.Chain  // where an interrupted import ended
	held   *competition.Batch // not stored yet: whether it is the last one is not known yet
}

func (w *graft) run(ctx context.Context) error {
	s, id := w.spool, w.spool.begin.Competition
	var err error
	if w.epoch, err = w.store.Claim(ctx, id); err != nil {
		return err
	}
	if w.stored, err = w.standing(ctx); err != nil {
		return err
	}
	w.deriver, w.users = competition.NewLedgerDeriver(id), map[uint32]string{}
	err = s.ReadIdentities(ctx, id, func(i competition.Identity) error {
		w.users[i.Number] = i.UserID
		return nil
	})
	if err != nil {
		return err
	}
	if header, err := s.header(ctx); err != nil {
		return err
	} else if header != nil {
		if w.snapshot, err = competition.SnapshotChain(id, header); err != nil {
			return err
		}
	}
	w.chain = competition.NewChain(id)
	err = s.each(ctx, partRecords, func(l *line) error { return w.add(ctx, l.Records) })
	if err != nil {
		return err
	}
	if w.held == nil {
		return ErrAnother // a journal that has all of it belongs to somebody
	}
	return w.finish(ctx)
}

// standing returns where the journal ends that an interrupted import left.
func (w *graft) standing(ctx context.Context) (chain competition.Chain, err error) {
	id := w.spool.begin.Competition
	first, _, err := w.store.Span(ctx, id)
	if err != nil || first == 0 {
		return chain, err
	}
	err = w.store.Read(ctx, id, first-1, func(records []byte) (err error) {
		if chain.Seq == 0 {
			if chain, err = competition.ChainBefore(id, records); err != nil {
				return err
			}
		}
		for len(records) > 0 && err == nil {
			_, records, err = chain.Next(records)
		}
		return err
	})
	return chain, err
}

// add takes the records of a line, and stores those of the line before. A batch
// ends at the snapshot, too, because recovery reads from there on.
func (w *graft) add(ctx context.Context, records []byte) (err error) {
	if w.chain.Seq == 0 && w.spool.begin.FirstSeq > 1 {
		if w.chain, err = competition.ChainBefore(w.chain.CompetitionID, records); err != nil {
			return err
		}
		if there := w.stored; there.Seq > 0 && (there.Seq < w.chain.Seq || there.Seq == w.chain.Seq && there.Hash != w.chain.Hash) {
			return ErrAnother
		}
	}
	b := w.newBatch()
	for len(records) > 0 {
		event, rest, err := w.chain.Next(records)
		if err != nil {
			return err
		}
		rows := &b.Rows
		if w.chain.Seq <= w.stored.Seq {
			if w.chain.Seq == w.stored.Seq && w.chain.Hash != w.stored.Hash {
				return ErrAnother
			}
			rows = &ledger.Rows{} // it is there
		} else {
			b.Records = append(b.Records, records[:len(records)-len(rest)]...)
			b.Events = append(b.Events, event)
			b.LastSeq, b.Hash = w.chain.Seq, w.chain.Hash
		}
		if w.spool.begin.FirstSeq == 1 {
			if err := w.deriver.Derive(rows, &event, func(number uint32) string { return w.users[number] }); err != nil {
				return err
			}
		}
		if w.chain.Seq == w.snapshot.Seq {
			if err := w.hold(ctx, b); err != nil {
				return err
			}
			b = w.newBatch()
		}
		records = rest
	}
	return w.hold(ctx, b)
}

// newBatch goes on from where the chain is.
func (w *graft) newBatch() *competition.Batch {
	return &competition.Batch{CompetitionID: w.chain.CompetitionID, Epoch: w.epoch, FirstSeq: max(w.chain.Seq, w.stored.Seq) + 1}
}

// hold keeps a batch, and stores the one kept before.
func (w *graft) hold(ctx context.Context, b *competition.Batch) error {
	if b.Empty() {
		return nil
	}
	err := w.append(ctx)
	w.held = b
	return err
}

func (w *graft) append(ctx context.Context) error {
	b := w.held
	if b == nil {
		return nil
	}
	w.held = nil
	if err := w.store.Graft(ctx, b); err != nil {
		return err
	}
	w.report(len(b.Events))
	return nil
}

// finish stores the last of the journal with everything else.
func (w *graft) finish(ctx context.Context) error {
	err := w.spool.ReadIdentities(ctx, w.chain.CompetitionID, func(i competition.Identity) error {
		w.held.Identities = append(w.held.Identities, i)
		return nil
	})
	if err == nil {
		err = w.spool.memberships(ctx, func(m competition.Membership) error {
			w.held.Memberships = append(w.held.Memberships, m)
			return nil
		})
	}
	if err != nil {
		return err
	}
	w.held.Summary = w.summary
	if err := w.append(ctx); err != nil {
		return err
	}
	return w.save(ctx)
}

// save stores the snapshot that a journal without its beginning stands on.
func (w *graft) save(ctx context.Context) error {
	if !w.spool.hasSnapshot() {
		return nil
	}
	snapshot := competition.Snapshot{CompetitionID: w.spool.begin.Competition, Epoch: w.epoch}
	err := w.spool.Load(ctx, snapshot.CompetitionID,
		func(header []byte) error {
			chain, err := competition.SnapshotChain(snapshot.CompetitionID, header)
			snapshot.Header, snapshot.Seq = header, chain.Seq
			return err
		},
		func(r competition.Row) error {
			snapshot.Rows = append(snapshot.Rows, r)
			return nil
		})
	if err != nil {
		return err
	}
	return w.store.Save(ctx, &snapshot)
}
