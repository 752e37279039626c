package competition

import (
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/require"
)

// forgotten is an event that no part of the program has a behaviour for.
type forgotten struct{}

func (forgotten) kind() kind { return 99 }

// TestAForgottenKindFailsLoudly: an event that is skipped somewhere would leave a
// state that the journal does not tell, with seq and hash going on.
func TestAForgottenKindFailsLoudly(t *testing.T) {
	c := crowd(3)
	e := Event{Seq: c.Seq() + 1, At: 1, Detail: forgotten{}}
	_, err := c.Apply(&e)
	requireNewer(t, err, e.Seq)

	r := &recovery{c: c, committed: map[uint32]commitment{}}
	requireNewer(t, r.name(&e), e.Seq)

	require.Panics(t, func() { MirroredEvent(&e, Outcome{}) })
	chain := NewChain("spring")
	require.Panics(t, func() { chain.Append(nil, &Event{Seq: 1, Detail: forgotten{}}) })
}

// requireNewer fails unless the error is damage at a seq, made by a newer version.
func requireNewer(t *testing.T, err error, seq uint64) {
	t.Helper()
	var corrupt *CorruptError
	require.ErrorAs(t, err, &corrupt)
	require.Equal(t, seq, corrupt.Seq)
	require.Contains(t, corrupt.Reason, "made by a newer version")
}

// TestRecordsOfANewerVersionSaySo, those of a kind and those of a format that
// this program does not know.
func TestRecordsOfANewerVersionSaySo(t *testing.T) {
	for name, at := range map[string]int{"kind": afterChainOffset, "format version": recordHeader} {
		t.Run(name, func(t *testing.T) {
			chain := NewChain("spring")
			records := chain.Append(nil, &Event{Seq: 1, Detail: &ParticipantLeft{Number: 1}})
			first := len(records)
			records = chain.Append(records, &Event{Seq: 2, Detail: &ParticipantReturned{Number: 1}})
			second := records[first:]
			second[at] = 250
			binary.LittleEndian.PutUint32(second[checksumAt:], crc32.Checksum(second[recordHeader:], castagnoli))

			reading := NewChain("spring")
			_, rest, err := reading.Next(records)
			require.NoError(t, err)
			_, _, err = reading.Next(rest)
			requireNewer(t, err, 2)
			require.ErrorContains(t, err, "250")
		})
	}
}
