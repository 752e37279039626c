package http

// limit is a limit that requests are refused for, as metrics name it.
type limit uint8

const (
	noLimit            limit = iota
	userRate                 // RATE_LIMIT_USER
	addressRate              // RATE_LIMIT_ADDRESS
	seldomLimit              // erasures and exports of one user
	connectionsLimit         // MAX_CONNECTIONS
	addressConnections       // MAX_CONNECTIONS_ADDRESS
	userSockets              // MAX_SOCKETS_USER
	linkSockets              // MAX_SOCKETS_LINK
	bodiesMemory             // MAX_BODIES_MEMORY
	userBodies               // a user's share of it
	engineLimit              // MAX_IN_FLIGHT, and the queues of a competition and of other nodes
	journalLimit             // MAX_JOURNAL_USER
	triesLimit               // invitations, and codes that were wrong
	limits
)

// String returns the limit as metrics have it.
func (l limit) String() string {
	return [...]string{
		"none", "user_rate", "address_rate", "user_erasures_and_exports", "connections", "address_connections", "user_sockets", "link_sockets",
		"bodies_memory", "user_bodies", "requests_in_flight", "user_journal", "user_tries",
	}[l]
}

// of returns the problem as that of a limit.
func (p *problem) of(l limit) *problem {
	limited := *p
	limited.limit = l
	return &limited
}

// reached returns the limit that a refusal is for.
func (p *problem) reached() limit {
	switch {
	case p.limit != noLimit:
		return p.limit
	case p.kind == kindOverloaded:
		return engineLimit
	case p.kind == kindJournalBudget:
		return journalLimit
	case p.kind == kindTooOften:
		return triesLimit
	}
	return noLimit
}
