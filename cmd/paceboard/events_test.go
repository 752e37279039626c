package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// toldEvent is an event of a feed.
type toldEvent struct {
	ID, Type      string
	CompetitionID string `json:"competition_id"`
	Seq           uint64
	Data          struct {
		UserID string `json:"user_id"`
	}
}

// feedReader is another system that reads a feed and stores how far it has come.
type feedReader struct {
	t     *testing.T
	id    string // the competition
	token string
	after string
	told  []toldEvent
}

// readerOf reads a competition's feed as an operator.
func readerOf(t *testing.T, id string) *feedReader {
	t.Helper()
	return &feedReader{t: t, id: id, token: operatorToken(t), after: "0"}
}

// read reads all that there is, some events at a time.
func (r *feedReader) read(s *instance, limit int) {
	r.t.Helper()
	for more := true; more; {
		status, answer := s.call(http.MethodGet, fmt.Sprintf("/api/v1/competitions/%s/events?limit=%d&after=%s", r.id, limit, r.after), r.token, "")
		require.Equal(r.t, http.StatusOK, status, string(answer))
		var page struct {
			Data struct {
				Events []toldEvent
				Next   string `json:"next_after"`
				More   bool
			}
		}
		require.NoError(r.t, json.Unmarshal(answer, &page))
		r.told = append(r.told, page.Data.Events...)
		r.after, more = page.Data.Next, page.Data.More
	}
}

// TestEventsSurviveKills: a reader that goes on from where it was is told of
// everything that was acknowledged, once and in order, however often the server is
// killed; and whoever reads all again is told the same.
func TestEventsSurviveKills(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, where string) {
		t.Helper()
		t.Parallel()
		s := startServer(t, where)
		s.createSpring("spring")
		reader := readerOf(t, "spring")
		var joined []string
		lives := 3
		if os.Getenv("SOAK") != "" {
			lives = 50
		}
		for life := range lives {
			for n := range 7 {
				user := fmt.Sprintf("user-%d-%d", life, n)
				status, answer := s.call(http.MethodPost, "/api/v1/competitions/spring/join", tokenOf(t, user, false), "{}")
				require.Equal(t, http.StatusOK, status, string(answer))
				joined = append(joined, user)
				status, answer = s.call(http.MethodPost, "/api/v1/fitness/sync", tokenOf(t, user, false), `{"competition_id":"spring","date":"2016-04-13","steps":5}`)
				require.Equal(t, http.StatusOK, status, string(answer))
				if n%3 == 0 {
					reader.read(s, 2)
				}
			}
			s.kill()
			s = startServer(t, where)
		}
		reader.read(s, 1000)
		var told []string
		for i, e := range reader.told {
			if i > 0 {
				require.Greater(t, e.Seq, reader.told[i-1].Seq)
			}
			if e.Type == "participant.joined" {
				told = append(told, e.Data.UserID)
			}
		}
		require.Equal(t, joined, told)
		again := readerOf(t, "spring")
		again.read(s, 1000)
		require.Equal(t, reader.told, again.told)

		// A stream goes on from there, too, and tells of what comes while it is open.
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/v1/competitions/spring/events?after="+reader.after, http.NoBody)
		require.NoError(t, err)
		request.Header.Set("Accept", "text/event-stream")
		request.Header.Set("Authorization", "Bearer "+operatorToken(t))
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer func() { _ = response.Body.Close() }()
		require.Equal(t, http.StatusOK, response.StatusCode)
		status, answer := s.call(http.MethodDelete, "/api/v1/competitions/spring/join", tokenOf(t, joined[0], false), "")
		require.Equal(t, http.StatusOK, status, string(answer))
		lines := bufio.NewScanner(response.Body)
		for lines.Scan() && !strings.HasPrefix(lines.Text(), "event: ") {
			continue
		}
		require.NoError(t, lines.Err())
		require.Equal(t, "event: participant.left", lines.Text())

		// Whoever is erased has a pseudonym from then on, in everything.
		status, answer = s.call(http.MethodDelete, "/api/v1/users/"+joined[1], operatorToken(t), "")
		require.Equal(t, http.StatusOK, status, string(answer))
		after := readerOf(t, "spring")
		after.read(s, 1000)
		require.Greater(t, len(after.told), len(again.told))
		for _, e := range after.told {
			require.NotEqual(t, joined[1], e.Data.UserID)
		}
		s.stop()
	})
}
