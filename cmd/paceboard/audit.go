package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/config"
)

// audit verifies every journal, works ledger and prizes out again, compares them
// with the stored rows, and verifies the log of what operators did.
func audit(ctx context.Context, p *program, args []string) (err error) {
	var only string
	cmd := config.Command{
		Name: "audit",
		Summary: "Verify every journal's checksums and hash chain, derive the ledger and the prizes from the journals again, compare them " +
			"with what is stored, and verify the hash chain of the log of operators' actions. It changes nothing; the exit code is 1 if anything is wrong. With the embedded store, stop the server first.",
		Example:  "DATABASE_URL=postgres://… paceboard audit",
		Optional: storeSettingNames,
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&only, "competition", "", "`ID` of the only competition to audit")
		},
	}
	settings, _, err := cmd.Load(args, p.environ, p.envFile)
	if err != nil {
		return err
	}
	s, err := openExisting(ctx, p, settings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	a := &auditor{program: p, store: s}
	if err := a.plan(ctx, only); err != nil {
		return err
	}
	a.bar = newProgress(p.err, "audit", a.total, "events")
	for _, id := range a.ids {
		if err := a.audit(ctx, id); err != nil {
			return fmt.Errorf("competition %q: %w", id, err)
		}
	}
	a.bar.finish()
	entries := 0
	if only == "" {
		if entries, err = a.auditLog(ctx); err != nil {
			return fmt.Errorf("the audit log: %w", err)
		}
	}
	fmt.Fprintf(p.out, "audited   %d competitions, %d events, %d transactions, %d prizes\n", len(a.ids), a.events, a.transactions, a.prizes)
	if only == "" {
		fmt.Fprintf(p.out, "audited   the audit log, %d entries\n", entries)
	}
	if a.findings > 0 {
		return fmt.Errorf("%d findings", a.findings)
	}
	fmt.Fprintln(p.out, "nothing   is wrong")
	return nil
}

// auditor audits the competitions of a store, one after another.
type auditor struct {
	*program
	store store
	ids   []string
	total int // events, as of the plan
	bar   *progress

	events, transactions, prizes, findings int
}

// plan finds out what there is to audit.
func (a *auditor) plan(ctx context.Context, only string) error {
	err := a.store.List(ctx, "", func(s competition.Summary) bool {
		if id := s.Definition.ID; only == "" || id == only {
			a.ids = append(a.ids, id)
		}
		return true
	})
	switch {
	case errors.Is(err, competition.ErrCorrupt):
		a.find("the list of competitions", err.Error())
	case err != nil:
		return err
	}
	if only != "" && len(a.ids) == 0 {
		return fmt.Errorf("competition %q: %w", only, competition.ErrUnknownCompetition)
	}
	for _, id := range a.ids {
		if first, last, err := a.store.Span(ctx, id); err == nil { // else the audit will tell
			a.total += int(last - first + 1)
		}
	}
	return nil
}

func (a *auditor) find(where, what string) {
	a.findings++
	fmt.Fprintf(a.out, "finding   %q: %s\n", where, what)
}

// tries is how often a competition is looked at that a server goes on with.
const tries = 3

// audit tells what is wrong with a competition. Beside a server that is at work
// what was read first may not fit what was read last: then it is read again.
func (a *auditor) audit(ctx context.Context, id string) error {
	for try := 1; ; try++ {
		audited, err := a.read(ctx, id, try == 1)
		if err != nil {
			return err
		}
		if len(audited.Findings) > 0 && try < tries {
			if _, last, err := a.store.Span(ctx, id); err == nil && last > audited.Seq {
				continue
			}
		}
		for _, finding := range audited.Findings {
			a.find(id, finding)
		}
		if !audited.Whole {
			fmt.Fprintf(a.out, "note      %q: its journal begins with seq %d (JOURNAL_RETENTION); of the ledger before that only the balances were checked\n", id, audited.First)
		}
		a.events += int(audited.Seq - max(audited.First, 1) + 1)
		a.transactions += len(audited.Transactions)
		a.prizes += len(audited.Prizes)
		return nil
	}
}

func (a *auditor) read(ctx context.Context, id string, counting bool) (*competition.Audited, error) {
	first, _, err := a.store.Span(ctx, id)
	if errors.Is(err, competition.ErrCorrupt) {
		return &competition.Audited{CompetitionID: id, Whole: true, First: 1, Findings: []string{err.Error()}}, nil
	}
	if err != nil {
		return nil, err
	}
	done := 0
	audited, err := competition.Audit(ctx, id, first, a.store, func(records int) {
		if counting {
			a.bar.addN(records - done)
		}
		done = records
	})
	if err != nil || audited.Seq == 0 {
		return audited, err
	}
	return audited, audited.Compare(ctx, a.store)
}

// auditLog tells what is wrong with the log of operators' actions, and how many
// entries it has. Beside a server that erases somebody it is read again.
func (a *auditor) auditLog(ctx context.Context) (entries int, err error) {
	bar := newProgress(a.err, "audit", 0, "entries")
	defer bar.finish()
	for try := 1; ; try++ {
		done := 0
		log, err := competition.AuditTheLog(ctx, a.store, func(records int) {
			if try == 1 {
				bar.addN(records - done)
			}
			done = records
		})
		if err != nil {
			return 0, err
		}
		if len(log.Findings) > 0 && try < tries {
			continue
		}
		for _, finding := range log.Findings {
			a.find("the audit log", finding)
		}
		if first := log.Head.First; first > 1 {
			fmt.Fprintf(a.out, "note      the audit log begins with entry %d (AUDIT_RETENTION)\n", first)
		}
		return log.Entries, nil
	}
}
