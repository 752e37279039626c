// Package postgres is competition.Store in a PostgreSQL database, version 15 or
// later, for servers that several people run, back up and ask questions of.
//
// It owns the schema paceboard and nothing else in the database; migrations/
// says what is in it. It knows no rule of a competition. Reading starts at
// [Open] and [Store.Append].
//
// An append is one statement and so one transaction, whatever the number of
// competitions in it: append_events.sql, one after the other over a session of
// their own (pipeline.go), or, when there are rows of other kinds, append.sql. The
// commit, with synchronous_commit on, is what makes the answer a yes; everything that
// goes wrong between sending the statement and reading the last word of the answer is
// competition.ErrUnavailable, because then nobody here knows.
//
//	F1  a competition's row in heads moves from the seq and hash before a batch
//	    to the batch's last, in the transaction that stores the batch: of two
//	    processes that append the same seq, one waits, finds the row moved on,
//	    and gets competition.ErrConflict, and so does what it sent after
//	F2  the journal's primary key refuses a second event with the same seq even
//	    if F1 were broken
//	F3  what is read after an append of unknown outcome holds it or never will:
//	    the session that it was sent to is ended first; see resolve.go
//	F4  with a synchronous standby, an append is acknowledged only if its commit
//	    waited for it, and what is read after an append of unknown outcome is on
//	    the standby, too; see commit.go
//	F5  a competition's row in heads moves for its owner alone, and only under the
//	    owner's last claim; nobody waits in a shared statement for a row that
//	    somebody else has locked; see ownership.go
//
// Connect to the server itself or through a pooler in session mode: a pooler in
// transaction mode forgets what a session was told, and breaks F3; pooler.go finds
// it out.
//
// # Several processes
//
// The store is the one place that decides for all processes which of them live and
// which owns a competition. Each process has a row in nodes (nodes.go) and holds a lock
// for as long as it lives (presence.go): shared by the nodes of a cluster, exclusively by
// a process that is alone. A competition's owner, and the epoch of its last claim, are
// columns of its row in heads (ownership.go, F5), and a node whose row says dead owns
// nothing. levels.go keeps nodes apart that would not understand each other or the
// journals; eviction.go is for an operator who declares a node dead. Package cluster
// decides when all this is called, and proves answers from memory right by it.
//
// # What is for people
//
// The table participants is each board as of the seq in snapshots; competitions,
// identities, memberships and sources are as of the journal's end. The views
// board, days, events and lag put them in words, and queries.sql has the
// questions that operators ask, each answered through an index.
//
// A snapshot writes a row for each participant who changed, and the tables keep
// that cheap. A participant's days are one packed value in that row, not rows of
// their own, of which each snapshot would write all again; the view days unpacks
// them when somebody asks. And nothing is indexed that changes with a score, so
// that an update stays within its page: an index for boards makes snapshots 1.7
// times as expensive, and boards are asked of the server, which has them in memory.
package postgres
