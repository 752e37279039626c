// Package redis is competition.Mirror in Redis, version 6 or later, for sibling
// services that read boards and listen to changes there. It owns the keys and
// the channel below; it never decides what a board is, nor when it is written.
//
//	leaderboard:<id>                   sorted set: user ids, scores
//	leaderboard:<id>                   channel: a JSON message for each changed entry
//	                                   (score_update, or removed), and each new status
//	paceboard:mark:<id>                the mark of the state that the set shows
//	paceboard:draft:<id>:<draft>       a board being rewritten, and its mark
//	paceboard:draft-mark:<id>:<draft>  (both go away by themselves)
//	paceboard:pulse:<client>           what this client wrote last
//
// A prefix, by ?prefix= in the URL, stands before all of them, so that several
// services can share a database.
//
// Sets and marks change together, in scripts that first look whether the mark is
// the one that the write rests on, and whether the set still has as many members
// as when it was written. So nothing is ever added to a set that lost something
// (FLUSHALL, a restart with older data, eviction, DEL), and a call whose answer
// got lost can be made again. The pulse finds out about a loss when nothing is
// to be written: each call of Write moves it on, and looks where it stood.
//
//	R1  a mark names the state that its set shows, or the set is not touched
//	R2  a draft replaces a board in one step: nobody sees half of one
//	R3  a call ends within Options.Timeout, whatever Redis does
//
// Scripts touch several keys of a competition. In a Redis Cluster its id is their
// hash tag, leaderboard:{<id>} and so on, so that they are on one server; the channel
// is leaderboard:<id> there, too. The pulse is on one of the servers: if another one
// loses something, that is found by the next write of a board, or by comparing.
// Reading starts at [Open] and [Mirror.Write].
package redis
