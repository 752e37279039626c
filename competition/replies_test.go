package competition

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheFirstRefusalIsThatOfTheContractsOrder(t *testing.T) {
	for i, first := range syncRefusals {
		for _, second := range syncRefusals[i:] {
			a, b := JoinedReply{Err: fmt.Errorf("wrapped: %w", first)}, JoinedReply{Err: second}
			require.Equal(t, 0, FirstRefusal([]JoinedReply{a, b}))
			if first != second { //nolint:errorlint // the sentinels themselves
				require.Equal(t, 1, FirstRefusal([]JoinedReply{b, a}))
			}
		}
	}
}
