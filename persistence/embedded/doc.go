// Package embedded is competition.Store in a folder of the server's own disk,
// on Pebble, an embedded log-structured store. One process owns the folder.
//
// It keeps what Pebble was given and finds out what Pebble lost; it knows no
// rule of a competition, and never repairs anything. The folder holds
//
//	pebble/   Pebble's own files; keys.go and rows.go say what is in them
//	witness   the commit watermark: what was acknowledged, told a second time; see below
//	ballast   space to give up when the disk is full; see ballast
//	checkpoint/
//	          what a backup under way is made of; see [Store.Checkpoint]
//
// Reading starts at [Open] and [Store.Append]. An append is one Pebble batch,
// committed with an fsync: the caller is one goroutine that gathers the batches
// of all competitions, so that nothing here gathers again. A commit holds the
// slot; what reads journals or snapshots takes its view while it holds the slot
// itself, so that it sees nothing that is not durable yet.
//
// When Pebble cannot make a write durable the process ends ([Options.OnFatal]):
// after a failed fsync nobody knows what the disk holds, and asking again
// answers yes without having written anything. The next start reads what there
// is.
//
// # Damage
//
// Pebble checks every block that it reads, but it opens a write-ahead log or a
// MANIFEST that was cut off, or has a damaged last record, without a word: to
// it that is what a power loss leaves behind. To us it can be an acknowledged
// event that is gone. The commit watermark tells the two apart. It is an append-only
// file of claims, each with its own checksum:
//
//	"the journal of competition C was durable up to seq N"
//	"the first N bytes of MANIFEST M were durable"
//
// W1: a claim is written only after the fsync that makes it true has returned.
// The claims themselves are written without fsync, so they cost a microsecond,
// not a disk's turn. W2: an append is acknowledged only after its claim was
// written. By W1 a claim is true whenever it can be read, and by W2 it can be
// read unless the machine, not just the process, died shortly after it:
//
//	the process dies before or in the WAL's fsync   no claim, no acknowledgement; the event may be there or not
//	… after the fsync, before the claim             the event is there, unclaimed and unacknowledged; that is allowed
//	… while the claim is being written              a torn claim fails its checksum and is ignored: as above
//	… after the claim                               the kernel has both; both are read at the next start
//	the machine loses power at any time             synced events are there; the last seconds' claims may be lost,
//	                                                singly and in any order, and those that are left are still true
//	while the watermark is rewritten                the new file is complete and synced before it is renamed over the
//	                                                old one, and holds no claim that the old one or the journal does
//	                                                not: whichever the folder names afterwards, W1 holds
//	the disk refuses a claim                        it waits in memory and goes with the next one; until then the
//	                                                events in question are durable but not watched over
//
// So a claim beyond what the journal holds proves that something durable was
// lost. At Open, and only there, each competition's head is held against the
// claims. One that falls short is refused from then on, by Read, Load, Save and
// Append alike, with a *competition.CorruptError that names the first missing
// seq, and its claim is kept, so that it is refused after the next start too;
// the other competitions run. A MANIFEST that falls short concerns everybody:
// Open gives [ErrDamaged]. What stays unwatched is a cut after the last claim
// of a machine that lost power, and a MANIFEST edit younger than about a second.
//
// # Backups
//
// A checkpoint is a data folder of its own, made while commits go on: hard links to
// Pebble's tables, copies of its logs and MANIFEST, and the claims as they stood
// before. By W1 everything claimed is in the copies, so Open holds a restored folder
// against its claims as it does any other. [Restore] notes where each journal ends;
// see [Store.RestoredTo].
//
// Gaps between batches, a head that does not match the last batch, a snapshot
// beyond the head and rows that do not match their checksum are found when they
// are read.
package embedded
