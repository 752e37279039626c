package competition

import (
	"errors"
	"fmt"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// What was written down is held against the rules of validity.go when it is
// read, so that a journal or a snapshot that holds what no version accepted is
// damage, and nothing that reads it later has to be prepared for it.

// unsound says why no version can have decided the event, whatever the state, or
// is nil.
func (c *Competition) unsound(e *Event) error {
	if e.Detail == nil {
		return c.unsoundSync(&e.Sync)
	}
	if d, ok := e.Detail.(defining); ok {
		if err := unsoundDefinition(d.defined(), c.ID()); err != nil {
			return fmt.Errorf("it has %w", err)
		}
	}
	if d, ok := e.Detail.(reasoned); ok && !ValidText(d.reason(), MaxReasonRunes) {
		return errors.New("it has a reason that is too long, or not of printable characters")
	}
	return nil
}

func (c *Competition) unsoundSync(s *SyncAccepted) error {
	switch {
	case s.NewSource != "" && !ValidSource(s.NewSource):
		return errors.New("it has the name of a source that is too long, or not of printable characters")
	case !c.takes(s.Register.Day, s.Register.Metrics):
		return errors.New("it reports what the competition does not take")
	default:
		return nil
	}
}

// takes reports whether a day can come to this in the competition, by limits that are or
// were in force.
func (c *Competition) takes(day calendar.Day, m Metrics) bool {
	return c.definition.covers(day) && m.Within(c.ceiling.Max(c.definition.DailyLimits)) && m.Max(Metrics{}) == m
}

func unsoundDefinition(d *Definition, id string) error {
	var invalid *InvalidError
	switch err := d.Sound(); {
	case errors.As(err, &invalid):
		return fmt.Errorf("a definition whose %s is not sound: %s", invalid.Fields[0].Field, invalid.Fields[0].Detail)
	case d.ID != id:
		return errors.New("the definition of another competition")
	default:
		return nil
	}
}

// unsound says why no version can have written the identity row, or is nil.
func (i *Identity) unsound() error {
	switch {
	case !ValidUserID(i.UserID):
		return errors.New("a user id that is not 1 to 128 printable ASCII characters")
	case !ValidText(i.UserName, MaxNameRunes):
		return errors.New("a name that is too long, or not of printable characters")
	default:
		return nil
	}
}

// checkHeader holds a snapshot's header, once it is read, against the rules.
func (c *Competition) checkHeader() error {
	if !c.Exists() {
		return nil
	}
	if err := unsoundDefinition(&c.definition, c.ID()); err != nil {
		return fmt.Errorf("the snapshot has %w", err)
	}
	if !c.status.known() {
		return errors.New("the snapshot has an unknown status")
	}
	if err := c.checkAmendments(); err != nil {
		return err
	}
	if !c.epoch.sound() {
		return errors.New("the snapshot has an impossible epoch")
	}
	for _, name := range c.sources.names {
		if !ValidSource(name) {
			return errors.New("the snapshot has the name of a source that is too long, or not of printable characters")
		}
	}
	if c.distribution != nil && !c.distribution.sound() {
		return errors.New("the snapshot has prizes that do not add up")
	}
	return nil
}

// checkRow holds a snapshot's row, whose days are in order, against the rules.
func (c *Competition) checkRow(row *Row) error {
	for days := row.Days; len(days) > 0; days = days[1+int(days[0]):] {
		if r := decodeRegister(days[1 : 1+int(days[0])]); !c.takes(r.Day, r.Metrics) {
			return errors.New("it has a day that the competition does not take")
		}
	}
	if row.Review == nil {
		return nil
	}
	if !ValidText(row.Review.Reason, MaxReasonRunes) || !ValidText(row.Review.Removal, MaxReasonRunes) {
		return errors.New("it has a reason that is too long, or not of printable characters")
	}
	for i := range row.Review.Corrections {
		r := &row.Review.Corrections[i]
		if !ValidText(r.Reason, MaxReasonRunes) || !c.takes(r.Day, r.Metrics) {
			return errors.New("it has a correction that the competition does not take")
		}
	}
	return nil
}

// sound reports whether the prizes are such as PrizesDistributed gives.
func (a *distribution) sound() bool {
	rank, left := uint32(0), a.pool
	for i := range a.prizes {
		w := &a.prizes[i]
		if w.rank <= rank || w.minor <= 0 || w.minor > left || !w.status.Known() || !ValidText(w.reason, MaxReasonRunes) {
			return false
		}
		rank, left = w.rank, left-w.minor
	}
	return a.pool > 0 && a.pool <= ledger.MaxAmountMinor && (left == 0 || len(a.prizes) == 0) &&
		a.sponsor <= a.pool && len(a.prizes) <= MaxWinners && len(a.places) == len(a.prizes)
}
