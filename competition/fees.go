package competition

// paidBy is what a participant has paid in and not got back, as of the head.
func (c *Competition) paidBy(number uint32) int64 {
	if minor, pending := c.head.paid[number]; pending {
		return minor
	}
	if c.participants.has(number) {
		return c.participants.at(number).paid
	}
	return 0
}

// collect decides the entry fee of a participant who has just joined. Who left
// after the start and returns has paid already.
func (c *Competition) collect(now Millis, number uint32) {
	if fee := c.head.definition.EntryFeeMinor; fee > 0 && c.paidBy(number) == 0 {
		c.head.paid[number] = fee
		c.emitMoney(Event{At: now, Detail: &EntryFeePaid{Number: number, Minor: fee}})
	}
}

// overflows reports whether the pool has no room for one more fee, which no
// currency on earth has brought about.
func (c *Competition) overflows(number uint32) bool {
	return c.paidBy(number) == 0 && c.head.definition.EntryFeeMinor > maxBalance-c.head.books.fees
}

// refund decides that a participant gets back what was paid, to the minor unit,
// whatever the fee is by now.
func (c *Competition) refund(now Millis, number uint32) {
	if paid := c.paidBy(number); paid > 0 {
		c.head.paid[number] = 0
		c.emitMoney(Event{At: now, Detail: &EntryFeeRefunded{Number: number, Minor: paid}})
	}
}

// emitMoney decides an event that moves money, and sends what it writes into
// the ledger along. It panics rather than break one of the books' invariants:
// that would be a fault of this program, and nothing of it is written then.
func (c *Competition) emitMoney(e Event) {
	e.Seq = c.head.chain.Seq + 1
	rows, done, ledger := &c.outbox.LedgerRows, len(c.outbox.Transactions), c.headLedger()
	if err := ledger.checkWallet(&e); err != nil {
		panic("competition " + c.ID() + ": " + err.Error())
	}
	ledger.derive(rows, &e)
	before, minor := c.head.books.pool(), int64(0)
	if failed, ok := e.Detail.(*PrizeFailed); ok {
		prize, _ := c.headPrize(failed.Number)
		minor = prize.Minor
	}
	c.head.books.enter(&e, minor)
	if err := c.head.books.check(before, rows.Transactions[done:]); err != nil {
		panic("competition " + c.ID() + ": " + err.Error())
	}
	c.emit(e)
}

// headLedger derives rows as of the head.
func (c *Competition) headLedger() *ledgerOf {
	return &ledgerOf{
		competitionID: c.ID(), currency: c.head.definition.Currency, prizeOf: c.headPrize,
		userOf: func(number uint32) string { return c.identityOf(number).UserID },
	}
}

func (c *Competition) applyFeePaid(e *Event, d *EntryFeePaid) (problem string) {
	if !c.participants.has(d.Number) || d.Minor <= 0 || d.Minor > maxBalance-c.books.fees {
		return "it is a fee that nobody can have paid"
	}
	p := c.participants.at(d.Number)
	if p.paid != 0 {
		return "it is a fee of somebody who has paid already"
	}
	p.paid = d.Minor
	c.books.enter(e, 0)
	c.markChanged(p)
	return ""
}

func (c *Competition) applyFeeRefunded(e *Event, d *EntryFeeRefunded) (problem string) {
	if !c.participants.has(d.Number) || d.Minor <= 0 || c.participants.at(d.Number).paid != d.Minor {
		return "it refunds what was not paid"
	}
	p := c.participants.at(d.Number)
	p.paid = 0
	c.books.enter(e, 0)
	c.markChanged(p)
	return ""
}
