package competition

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/paceboard/paceboard/competition/wire"
)

// BoardEpoch distinguishes the histories that a board's versions count: it is drawn at
// random when a competition is created, and again whenever its journal is continued
// from a state that lost events. A version that a client has is one of this board's
// only if it is of the same epoch. It is another thing than the epoch of a claim; see
// [Ownership]. 0 stands for none.
type BoardEpoch uint32

// NewBoardEpoch makes an epoch of a random key.
func NewBoardEpoch(random Key) BoardEpoch {
	return max(1, BoardEpoch(binary.BigEndian.Uint32(random[:])))
}

// epochDigits is how long an epoch is as clients see it.
const epochDigits = 8

// Append appends the epoch as clients see it: 8 hexadecimal digits, in lower case.
func (e BoardEpoch) Append(dst []byte) []byte {
	const digits = "0123456789abcdef"
	for shift := 4 * (epochDigits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, digits[e>>shift&0xf])
	}
	return dst
}

// BoardVersion is a version of a board that a client has.
type BoardVersion struct {
	Version uint64     // 0 for none
	Epoch   BoardEpoch // 0 if the client does not say
}

// MaxVersion is the highest version that a board can come to: clients read it as a
// float64.
const MaxVersion = 1<<53 - 1

// Append appends the version as clients see it: <version>.<epoch>, or <version> without
// an epoch.
func (v BoardVersion) Append(dst []byte) []byte {
	dst = strconv.AppendUint(dst, v.Version, 10)
	if v.Epoch != 0 {
		dst = v.Epoch.Append(append(dst, '.'))
	}
	return dst
}

// ParseBoardVersion reads what Append writes.
func ParseBoardVersion(text string) (v BoardVersion, ok bool) {
	version, epoch, given := strings.Cut(text, ".")
	if given {
		n, err := strconv.ParseUint(epoch, 16, 32)
		if err != nil || len(epoch) != epochDigits || n == 0 {
			return v, false
		}
		v.Epoch = BoardEpoch(n)
	}
	n, err := strconv.ParseUint(version, 10, 64)
	if err != nil || n > MaxVersion {
		return BoardVersion{}, false
	}
	v.Version = n
	return v, true
}

// epochs is what a competition knows of its board's epochs.
type epochs struct {
	present   BoardEpoch
	continued bool   // there was another one before
	skipped   uint64 // how much higher than seqs versions are
}

// firstEpochs is what competitions have that an older version created, and where a
// header says nothing of epochs.
func firstEpochs(competitionID string) epochs {
	return epochs{present: NewBoardEpoch(sha256.Sum256([]byte("paceboard board epoch " + competitionID)))}
}

func (e *epochs) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(e.present))
	return binary.AppendUvarint(wire.AppendFlag(dst, e.continued), e.skipped)
}

func readEpochs(r *wire.Reader) epochs {
	return epochs{present: BoardEpoch(r.Uint32()), continued: r.Flag(), skipped: r.Uvarint()}
}

// sound reports whether the epochs are such as events give.
func (e *epochs) sound() bool {
	return e.present != 0 && e.skipped <= MaxVersion && (e.continued || e.skipped == 0)
}
