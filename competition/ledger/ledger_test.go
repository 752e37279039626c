package ledger

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTransactionsThatNoneMayHave(t *testing.T) {
	pool, user := Account{PoolAccount, "c"}, Account{WalletAccount, "u"}
	for rule, postings := range map[string][]Posting{
		"one posting":         {{pool, 5}},
		"nothing moves":       {{pool, 0}, {user, 0}},
		"it does not add up":  {{pool, -5}, {user, 6}},
		"an account twice":    {{pool, -5}, {user, 10}, {pool, -5}},
		"more than there can": {{pool, -MaxBalance - 1}, {user, MaxBalance + 1}},
	} {
		require.Error(t, (&Transaction{Postings: postings}).Check(), rule)
	}
}

func TestIDsComeBack(t *testing.T) {
	for id, text := range map[TransactionID]string{
		{"spring", 17, 0}: "spring.17", {"a-b_C", 1, 3}: "a-b_C.1.3", {"x", 1<<63 - 1, 1<<32 - 1}: "x.9223372036854775807.4294967295",
	} {
		require.Equal(t, text, id.String())
	}
	for _, account := range []Account{{PoolAccount, "spring"}, {WalletAccount, "a/b"}, {OutsideAccount, "u"}, {SponsorAccount, "x"}} {
		got, ok := ParseAccount(account.String())
		require.True(t, ok)
		require.Equal(t, account, got)
	}
	_, ok := ParseAccount("pocket/u")
	require.False(t, ok)
}
