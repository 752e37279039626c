package embedded

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/paceboard/paceboard/competition/calendar"
)

// The keys. Ids and user ids contain neither NUL nor anything below it, so that
// a key that ends in an id is no prefix of another's, and the rows of a
// competition stand together. Numbers are big endian: bytes order as numbers do.
//
//	j/<id> NUL <first seq, 8>   the records of one batch, as the core encoded them
//	h/<id>                      the head: the last seq and its record's hash
//	i/<id> NUL <number, 4>      an identity
//	s/<id>                      a snapshot's seq and header
//	p/<id> NUL <number, 4>      a participant's row as of that snapshot
//	c/<id>                      a summary, for lists
//	g/<visibility, 1> <status, 1> <start, 8> <id>
//	                            that a summary is so listed
//	d/<time, 8> <id>            that time changes its status then
//	u/<user id> NUL <id>        a membership
//	n/<user id> NUL <id>        the same, if the competition was not found to be over
//	x/<user id> NUL <start, 8> <id>
//	                            the same of a private one that was
//	F/<what>                    which opening keeps rows of a kind up that older versions do not
//	l/<user id> NUL <month, 4>  a user's days of a month in all competitions
//	k/<id>                      the checkpoint: of which seq those have a competition's
//	a/<key id>                  an API key
//	R/<seq, 8>                  a record of the audit log
//	N/<seq, 8> <n, 2>           one of its subjects
//	V/<user id> NUL <seq, 8>    that a user is one of its subjects
//	A/audit                     where the audit log begins and ends
//	o/<entry id>                an entry of the audit log as older versions wrote it
//	t/<id> NUL <seq, 8> <n, 4>  a transaction
//	m/<user id> NUL <time, 8> <id> NUL <seq, 8> <n, 4>
//	                            a user's side of a transaction
//	z/<id> NUL <number, 4>      a prize
//	w/<user id> NUL <time, 8> <id> NUL <0, 8> <number, 4>
//	                            that a user has a prize
//	q/<id> NUL <number, 4>      that a prize is pending
//	y/<id> NUL <number, 4>      how far handing a prize over is
//	I/<invitation id>           an invitation
//	G/<id> NUL <invitation id>  that it is one to a competition
//	U/<user id> NUL <id> NUL <invitation id>
//	                            that it is a user's
//	O/<id> NUL <invitation id>  until when an open one that came by no code is
//	B/<user id> NUL <time, 8> <invitation id>
//	                            that a user made it
//	X/<time, 8> <invitation id> until when it is kept
//	C/<code id>                 a join code
//	H/<hash, 32>                the id of the code with a hash
//	D/<id> NUL <code id>        that a code is a competition's
//	Z/<time, 8> <code id>       until when it is good
//	S/<what>                    a random key of this store
//	L/<hash, 32>                a board link, by the hash of its code
//	M/<id> NUL <link id>        the hash of a competition's link
//	T/<time, 8> <hash, 32>      until when a link is good
//	b/<webhook id>              an endpoint that events are sent to
//	r/<webhook id> NUL <id>     how far it was sent those of a competition
//	E/<id>                      the seq at which its journal ended when the folder was restored
//	f/level                     the levels of events and layout of the newest program that was here
//	v/<id>                      up to where its journal is in the archive
//	K/<what>                    what is known of the archive, and of the last restore; see archive.go
//	e/<what>                    something was erased and is in old files yet
//	W/<id> NUL <seq, 8> <n, 4>  a batch that ends with a seq erased somebody; a snapshot of before is stale
//
// One value for a whole batch, not one for each event, because that is how
// events come and go; a batch is never split.
const (
	journalKeys    byte = 'j'
	headKeys       byte = 'h'
	identityKeys   byte = 'i'
	snapshotKeys   byte = 's'
	rowKeys        byte = 'p'
	summaryKeys    byte = 'c'
	membershipKeys byte = 'u'
	lifetimeKeys   byte = 'l'
	checkpointKeys byte = 'k'

	transactionKeys byte = 't'
	sideKeys        byte = 'm'
	prizeKeys       byte = 'z'
	winningKeys     byte = 'w'
	pendingKeys     byte = 'q'
	handoverKeys    byte = 'y'
	apiKeyKeys      byte = 'a'
	recordKeys      byte = 'R'
	subjectKeys     byte = 'N'
	namedKeys       byte = 'V'
	auditHeadKeys   byte = 'A'
	untypedKeys     byte = 'o'
	formatKeys      byte = 'f'
	scrubKeys       byte = 'e'
	restoredKeys    byte = 'E'
	staleKeys       byte = 'W'
	archivedKeys    byte = 'v'
	archiveKeys     byte = 'K'

	invitationKeys     byte = 'I'
	invitationOfKeys   byte = 'G'
	invitedKeys        byte = 'U'
	openInvitationKeys byte = 'O'
	invitedByKeys      byte = 'B'
	invitationEndKeys  byte = 'X'
	codeKeys           byte = 'C'
	codeHashKeys       byte = 'H'
	codeOfKeys         byte = 'D'
	codeEndKeys        byte = 'Z'
	secretKeys         byte = 'S'

	linkKeys    byte = 'L'
	linkOfKeys  byte = 'M'
	linkEndKeys byte = 'T'

	webhookKeys byte = 'b'
	cursorKeys  byte = 'r'

	listedKeys  byte = 'g'
	dueKeys     byte = 'd'
	openTieKeys byte = 'n'
	overKeys    byte = 'x'
	filledKeys  byte = 'F'
)

const (
	kindSize      = 2 // the letter and the slash
	seqSize       = 8
	numberSize    = 4
	timestampSize = 8
	separator     = 0
	pastSeparator = 1 // what follows everything after the separator
	pastSlash     = '/' + 1
)

// appendKey appends the key of a kind's row that one name is enough for.
func appendKey(dst []byte, kind byte, name string) []byte {
	return append(append(dst, kind, '/'), name...)
}

// appendJournalKey appends the key of the batch that begins with a seq.
func appendJournalKey(dst []byte, id string, first uint64) []byte {
	return binary.BigEndian.AppendUint64(append(appendKey(dst, journalKeys, id), separator), first)
}

// appendNumberKey appends the key of a participant's row of a kind.
func appendNumberKey(dst []byte, kind byte, id string, number uint32) []byte {
	return binary.BigEndian.AppendUint32(append(appendKey(dst, kind, id), separator), number)
}

// appendMembershipKey appends the key of a user's tie to a competition.
func appendMembershipKey(dst []byte, userID, id string) []byte {
	return append(append(appendKey(dst, membershipKeys, userID), separator), id...)
}

// appendLifetimeKey appends the key of a user's days of a month.
func appendLifetimeKey(dst []byte, userID string, month calendar.Month) []byte {
	return binary.BigEndian.AppendUint32(append(appendKey(dst, lifetimeKeys, userID), separator), uint32(month))
}

// lifetimeMonth is the month in the key of a user's days; ok is false for a key
// that is none.
func lifetimeMonth(key []byte, userID string) (month calendar.Month, ok bool) {
	at := kindSize + len(userID) + 1
	if len(key) != at+numberSize {
		return 0, false
	}
	return calendar.Month(binary.BigEndian.Uint32(key[at:])), true
}

func recordKey(seq uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{recordKeys, '/'}, seq)
}

func subjectKey(seq uint64, n int) []byte {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint64([]byte{subjectKeys, '/'}, seq), uint16(n))
}

// appendNamedKey appends the key that says that a record names a user.
func appendNamedKey(dst []byte, userID string, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(append(appendKey(dst, namedKeys, userID), separator), seq)
}

// under is the half-open range of the keys that a name and a separator begin.
func under(kind byte, name string) (lower, upper []byte) {
	lower = append(appendKey(nil, kind, name), separator)
	upper = append(appendKey(nil, kind, name), pastSeparator)
	return lower, upper
}

// allOf is the half-open range of all keys of a kind.
func allOf(kind byte) (lower, upper []byte) {
	return []byte{kind, '/'}, []byte{kind, pastSlash}
}

// firstSeq is the seq in a journal key of a competition; ok is false for a key
// that is none.
func firstSeq(key []byte, id string) (first uint64, ok bool) {
	at := kindSize + len(id) + 1
	if len(key) != at+seqSize {
		return 0, false
	}
	return binary.BigEndian.Uint64(key[at:]), true
}

// rowNumber is the number in the key of a participant's row of a competition;
// ok is false for a key that is none.
func rowNumber(key []byte, id string) (number uint32, ok bool) {
	at := kindSize + len(id) + 1
	if len(key) != at+numberSize {
		return 0, false
	}
	return binary.BigEndian.Uint32(key[at:]), true
}

// splitPair is the two names in a key that a separator is between.
func splitPair(key []byte) (first, second string, ok bool) {
	return strings.Cut(name(key), string(rune(separator)))
}

// name is what stands after the kind in a key without a separator.
func name(key []byte) string { return string(key[min(kindSize, len(key)):]) }

// invitedKey is what the keys of a user's invitations to a competition have in
// common.
func invitedKey(userID, id string) []byte {
	return append(append(appendKey(nil, invitedKeys, userID), separator), id...)
}

// lastName is what stands after the last separator of a key that ends in a name.
func lastName(key []byte) string { return string(key[bytes.LastIndexByte(key, separator)+1:]) }

// auditBlock is how many records a mark of subjects stands for, so that a scrub
// rewrites those near by and not the whole log.
const auditBlock = 256

// appendBlockKey appends what the subjects of a block's records begin with, or
// those of the block after it.
func appendBlockKey(dst []byte, name string, after uint64) []byte {
	block, _ := hex.DecodeString(name)
	var seq [seqSize]byte
	copy(seq[:], block)
	next := binary.BigEndian.Uint64(seq[:]) + after*auditBlock
	return append(dst, append([]byte{subjectKeys, '/'}, binary.BigEndian.AppendUint64(nil, next)[:seqSize-1]...)...)
}
