package actors

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/ledger"
)

const (
	eraseTimeout  = time.Minute     // for what a store does to its files
	mirrorLeisure = 2 * time.Second // for the mirror to follow, before the caller is answered
	tiesPage      = 1_000           // ties at a time
	staleRounds   = 3               // in which snapshots are stored again, of competitions that erased the person meanwhile
)

// EraseUser erases a person everywhere: in each competition that they have a tie to,
// in the lifetime statistics, the audit log, webhooks and API keys, and in the store's files.
// Ledgers keep the money under a pseudonym. It takes longer than other calls. After an
// error, or a crash, the same call does the rest, at any node: a competition's tie is
// deleted in the commit that erases the person there, which also notes that the stored
// snapshot is from before. So ties and stale snapshots are the list of what is left. The
// answer is that of one call, unless the process ended in between: then the competitions
// that were done are not in it. A person who
// enrols meanwhile is a new participant, and not erased. If the mirror is slow or
// unreachable it follows later. Error: competition.ErrPrizePending, as a rule before
// anything is erased.
func (e *Engine) EraseUser(userID string) (done competition.Erased, err error) {
	if err := e.admit(); err != nil {
		return done, err
	}
	defer e.dismiss()
	transactions, err := e.countMoney(userID)
	if err != nil {
		return done, err
	}
	left, err := e.leftOf(userID)
	if err != nil {
		return done, err
	}
	if err := e.noteErasure(userID, left); err != nil {
		return done, err
	}
	erased, transactions := e.erasing.begin(userID, left, transactions)
	for _, id := range erased {
		reply, err := e.eraseIn(id, userID)
		if err != nil {
			return done, err
		}
		done.Note(id, reply)
	}
	done.Transactions = transactions
	if err := e.replaceStale(userID); err != nil {
		return done, err
	}
	ctx, cancel := context.WithTimeout(e.life, eraseTimeout)
	defer cancel()
	if err := e.forgetEverywhere(ctx, userID); err != nil {
		return done, err
	}
	if err := e.store.Scrub(ctx); err != nil {
		return done, err
	}
	e.erasing.end(userID)
	if e.actors.mirror != nil {
		e.actors.mirror.Await(erased, mirrorLeisure)
	}
	return done, nil
}

// noteErasure has an erasure noted outside the store, before anything is erased. Error:
// competition.ErrUnavailable.
func (e *Engine) noteErasure(userID string, competitionIDs []string) error {
	if e.options.NoteErasure == nil || len(competitionIDs) == 0 {
		return nil
	}
	if err := e.options.NoteErasure(userID, competitionIDs, e.options.Now()); err != nil {
		return fmt.Errorf("%w: the erasure could not be noted, so nothing was erased: %w", competition.ErrUnavailable, err)
	}
	return nil
}

// countMoney returns how many transactions a user has. Error:
// competition.ErrPrizePending if a prize is still to be paid.
func (e *Engine) countMoney(userID string) (n int, err error) {
	ctx, cancel := context.WithTimeout(e.life, e.options.RequestTimeout)
	defer cancel()
	pending := false
	err = e.store.PrizesOf(ctx, userID, ledger.Place{}, func(p ledger.Prize) bool {
		pending = p.Status == ledger.PendingPrize
		return !pending
	})
	if pending {
		return 0, competition.ErrPrizePending
	}
	if err == nil {
		err = e.store.TransactionsOf(ctx, userID, ledger.Place{}, func(ledger.UserTransaction) bool {
			n++
			return true
		})
	}
	return n, err
}

// eraseIn erases the person in one competition, and returns once a snapshot has
// replaced the old days.
func (e *Engine) eraseIn(id, userID string) (reply competition.EraseReply, err error) {
	command := &competition.EraseParticipant{UserID: userID, Pseudonym: newPseudonym()}
	if reply, err = forward[competition.EraseReply](e, id, command, e.deadline()); err != nil {
		return reply, err
	}
	return reply, e.saveRows(id)
}

// saveRows has the owner of a competition store a snapshot, and returns once it is stored.
func (e *Engine) saveRows(id string) error {
	_, err := forward[struct{}](e, id, &saveRows{}, e.deadline())
	return err
}

// leftOf returns the competitions in which something of a person is left: those that they
// have a tie to, and then those with a stale snapshot. The commit that ends the former
// begins the latter, so that in this order none is missed.
func (e *Engine) leftOf(userID string) (ids []string, err error) {
	ties, err := e.allTies(userID)
	if err != nil {
		return nil, err
	}
	stale, err := e.staleOf(userID)
	return append(ties, stale...), err
}

// replaceStale returns once no stored snapshot has anything of the person: it asks the
// store, whatever this process knows. Usually there is none; another call, perhaps at
// another node, may be erasing the same person.
func (e *Engine) replaceStale(userID string) error {
	for round := 0; ; round++ {
		stale, err := e.staleOf(userID)
		switch {
		case err != nil || len(stale) == 0:
			return err
		case round == staleRounds:
			return fmt.Errorf("%w: a snapshot of competition %q still has rows of who was erased", competition.ErrUnavailable, stale[0])
		}
		for _, id := range stale {
			if err := e.saveRows(id); err != nil {
				return err
			}
		}
	}
}

func (e *Engine) staleOf(userID string) ([]string, error) {
	ctx, cancel := context.WithDeadline(e.life, e.deadline())
	defer cancel()
	return e.store.StaleSnapshots(ctx, userID)
}

// forgetEverywhere deletes what a person has outside competitions.
func (e *Engine) forgetEverywhere(ctx context.Context, userID string) error {
	return competition.ForgetOutside(ctx, e.store, competition.Erasure{UserID: userID, Pseudonym: newPseudonym()}, e.now(), newID)
}

// newPseudonym draws a pseudonym, one for each place that forgets a person, so that
// none leads to another.
func newPseudonym() string {
	var random [16]byte
	rand.Read(random[:]) // never fails, see crypto/rand
	return competition.NewPseudonym(random)
}

// Ties returns the competitions that a user has or had to do with, in the order of
// ids, after one, at most limit.
func (e *Engine) Ties(userID, after string, limit int) ([]string, error) {
	if err := e.admit(); err != nil {
		return nil, err
	}
	defer e.dismiss()
	return e.tiesOf(userID, after, limit)
}

func (e *Engine) allTies(userID string) (ids []string, err error) {
	for after := ""; ; after = ids[len(ids)-1] {
		page, err := e.tiesOf(userID, after, tiesPage)
		if err != nil {
			return nil, err
		}
		if ids = append(ids, page...); len(page) < tiesPage {
			return ids, nil
		}
	}
}

// tiesOf is Ties for a request that was admitted.
func (e *Engine) tiesOf(userID, after string, limit int) (ids []string, err error) {
	ctx, cancel := context.WithDeadline(e.life, e.deadline())
	defer cancel()
	ties, err := e.store.MembershipsOf(ctx, userID, after, limit)
	for _, tie := range ties {
		ids = append(ids, tie.CompetitionID)
	}
	return ids, err
}

// Person returns what a competition knows of a user, with the days of a span. Error:
// competition.ErrNotEnrolled if that is nothing.
func (e *Engine) Person(competitionID, userID string, span competition.Span) (competition.Person, error) {
	return send[competition.Person](e, competitionID, &getPerson{userID, span})
}
