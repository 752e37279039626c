package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSubscribersNoticeFaults gives the subscribers of TestClusterStaysLive what a server
// must not send.
func TestSubscribersNoticeFaults(t *testing.T) {
	const (
		first  = `{"type":"leaderboard_update","data":{"version":1,"total_count":2,"entries":[{"user_id":"anna","score":9,"rank":1},{"user_id":"bert","score":5,"rank":2}]}}`
		bert   = `{"type":"score_update","data":{"version":2,"previous_version":1,"total_count":2,"changes":[{"user_id":"bert","score":6,"rank":2}]}}`
		anna   = `{"type":"score_update","data":{"version":3,"previous_version":2,"total_count":2,"changes":[{"user_id":"anna","score":10,"rank":1}]}}`
		both   = `{"type":"score_update","data":{"version":3,"previous_version":1,"total_count":2,"changes":[{"user_id":"anna","score":10,"rank":1},{"user_id":"bert","score":6,"rank":2}]}}`
		third  = `{"type":"leaderboard_update","data":{"version":3,"total_count":2,"entries":[{"user_id":"anna","score":10,"rank":1},{"user_id":"bert","score":6,"rank":2}]}}`
		joined = `{"type":"connected","data":{"epoch":"a"}}`
	)
	for _, test := range []struct {
		name string
		sent [][]string // to each subscriber, one after another
		says string     // "" if all is well
	}{
		{"none", [][]string{{joined, first, bert, anna}, {joined, first, both}, {joined, third}}, ""},
		{"a delta is left out", [][]string{{joined, first, anna}}, "a delta from version 2 came to a client at 1"},
		{"a delta comes twice", [][]string{{joined, first, bert, bert}}, "a delta from version 1 came to a client at 2"},
		{"a delta lacks a change", [][]string{{joined, first, bert, anna}, {joined, first, strings.Replace(anna, `"previous_version":2`, `"previous_version":1`, 1)}}, "to one and"},
		{"a delta has another total", [][]string{{joined, third}, {joined, first, bert, strings.Replace(anna, `"total_count":2`, `"total_count":1`, 1)}}, "to one and"},
		{"a former owner sends what it has", [][]string{{joined, third, first}}, "was at version 3 and is sent back to 1"},
		{"a former owner goes on by itself", [][]string{{joined, first, bert}, {joined, first, strings.Replace(bert, `"score":6`, `"score":7`, 1)}}, "to one and"},
		{"another epoch", [][]string{{joined, first, strings.Replace(joined, `"a"`, `"b"`, 1)}}, "is another one"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := &audience{t: t, boards: map[string]liveBoard{}}
			for n, frames := range test.sent {
				s := &subscriber{audience: a, number: n, competitionID: "board"}
				for _, frame := range frames {
					s.take([]byte(frame), false, false)
				}
			}
			if test.says == "" {
				require.Empty(t, a.wrong)
				return
			}
			require.Len(t, a.wrong, 1)
			require.Contains(t, a.wrong[0], test.says)
		})
	}
}
