package competition

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPseudonymsAreRecognised(t *testing.T) {
	for id, want := range map[string]bool{
		NewPseudonym([16]byte{1, 0xab, 15: 0xff}): true,
		"erased-00000000000000000000000000000000": true,
		"erased-0000000000000000000000000000000g": false,
		"erased-0000000000000000000000000000000A": false,
		"erased-0000000000000000000000000000000":  false,
		"erased-":                                 false,
		"00000000000000000000000000000000":        false,
		"":                                        false,
	} {
		require.Equal(t, want, IsPseudonym(id), id)
	}
}

// TestErasureIsWrittenDownLikeThis for good: kind 20, seq 1, at 5 ms, the number
// 300 and a commitment.
func TestErasureIsWrittenDownLikeThis(t *testing.T) {
	chain := NewChain("spring")
	record := chain.Append(nil, &Event{Seq: 1, At: 5, Detail: &ParticipantErased{erased{CommittedIdentity: CommittedIdentity{Number: 300, Identity: Commitment{0xaa, 31: 0xbb}}}}})
	require.Equal(t, "14"+"01"+"0a"+"ac02"+"aa"+"000000000000000000000000000000000000000000000000000000000000"+"bb",
		hex.EncodeToString(record[afterChainOffset:]))
}

// TestErasureLeavesNothingInItsOwnBatch: who joins, syncs and is erased before
// the batch leaves is in no row of it, and who then comes back is.
func TestErasureLeavesNothingInItsOwnBatch(t *testing.T) {
	c := New("spring", countedKeys())
	now := spring().Start - 1
	_, err := (&CreateCompetition{Caller: service, Definition: spring(func(d *Definition) { d.EntryFeeMinor = 500 })}).Decide(c, now)
	require.NoError(t, err)
	join := &JoinCompetition{Caller: user("ann"), UserID: "ann", UserName: "Ann", Rename: true}
	_, err = join.Decide(c, now)
	require.NoError(t, err)
	_, err = (&EraseParticipant{UserID: "ann"}).Decide(c, now)
	require.NoError(t, err)
	gone := c.outbox.Erasures[0].Pseudonym
	require.True(t, IsPseudonym(gone))
	_, err = join.Decide(c, now)
	require.NoError(t, err)
	b := c.Take(Batch{})
	require.Equal(t, []Erasure{{"ann", gone}}, b.Erasures)
	require.Equal(t, []Membership{{UserID: "ann", CompetitionID: "spring", Number: 2, Present: true}}, b.Memberships)
	var who []string
	for _, i := range b.Identities {
		who = append(who, i.UserID)
	}
	require.Equal(t, []string{gone, "ann"}, who)
	var accounts []string
	for _, transaction := range b.Transactions {
		for _, p := range transaction.Postings {
			if p.Account.OfUser() {
				accounts = append(accounts, p.Account.Owner)
			}
		}
	}
	require.Equal(t, []string{gone, gone, "ann"}, accounts, "the fee, given back before the start, and the new one")
	for i := range b.Events {
		_, err = c.Apply(&b.Events[i])
		require.NoError(t, err)
	}
	c.Applied(&b)
	checkInvariants(t, c)
	require.Equal(t, 1, c.OnBoard())
}

// TestErasedIdentityIsVerified like any other: nobody can put another person in
// the place of an erased one.
func TestErasedIdentityIsVerified(t *testing.T) {
	s, c := newStore(), New("spring", countedKeys())
	_, err := (&CreateCompetition{Caller: user("ann"), Definition: spring()}).Decide(c, spring().Start)
	require.NoError(t, err)
	_, err = (&JoinCompetition{Caller: user("bob"), UserID: "bob"}).Decide(c, spring().Start)
	require.NoError(t, err)
	for _, id := range []string{"ann", "bob"} {
		_, err = (&EraseParticipant{UserID: id}).Decide(c, spring().Start)
		require.NoError(t, err)
	}
	b := c.Take(Batch{})
	s.append(t, &b)
	_, err = Recover(t.Context(), "spring", s, countedKeys(), nil)
	require.NoError(t, err)
	for number := range uint32(2) {
		altered := s.clone()
		i := altered.identities[number]
		i.UserID = "eve"
		altered.identities[number] = i
		_, err = Recover(t.Context(), "spring", altered, countedKeys(), nil)
		require.ErrorIs(t, err, ErrCorrupt)
	}
}
