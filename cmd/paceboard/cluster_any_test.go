package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAnyNodeTakesAnyRequest sends each request of a story to the next node. What one
// node has acknowledged holds on all of them at once.
func TestAnyNodeTakesAnyRequest(t *testing.T) {
	for _, size := range []int{2, 3} {
		t.Run(fmt.Sprintf("%d nodes", size), func(t *testing.T) {
			t.Parallel()
			where := emptyDatabase(t)
			var ways []string
			for range size {
				ways = append(ways, where)
			}
			c := startNodes(t, ways, "--rate-limit-user", "0", "MAX_CREATED=0", "MAX_JOINED=0")
			for first := range size { // so that each request comes to each node
				for story, tell := range nodeStories {
					t.Run(fmt.Sprintf("%s, from node %d", story, first), func(t *testing.T) {
						c.turn.Store(int64(first))
						id := fmt.Sprintf("c%d-%s", first, strings.NewReplacer(" ", "-", "'", "").Replace(story))
						tell(&nodeStory{nodes: c, t: t, id: id, user: "ann-of-" + id})
					})
				}
			}
			for _, p := range c.at {
				p.node.Load().stop()
			}
		})
	}
}

// nodeStory is what one user, an operator and others do in one competition.
type nodeStory struct {
	*nodes
	t        *testing.T
	id, user string
}

// does sends a request to the next node, whose answer must have a status.
func (s *nodeStory) does(user string, want int, method, path, body string) (data json.RawMessage) {
	s.t.Helper()
	token := tokenOf(s.t, user, user == "op")
	path = strings.NewReplacer("{id}", s.id, "{user}", s.user).Replace(path)
	status, answer := s.next().call(method, "/api/v1"+path, token, strings.NewReplacer("{id}", s.id, "{user}", s.user).Replace(body))
	require.Equal(s.t, want, status, "%s %s by %s: %s", method, path, user, answer)
	var envelope struct{ Data json.RawMessage }
	require.NoError(s.t, json.Unmarshal(answer, &envelope), "%s", answer)
	return envelope.Data
}

func (s *nodeStory) create(fields ...string) {
	s.t.Helper()
	s.next().createSpring(s.id, fields...)
}

// syncs reports a day's steps, which must be kept.
func (s *nodeStory) syncs(user string, steps int) {
	s.t.Helper()
	s.does(user, 200, http.MethodPost, "/fitness/sync", fmt.Sprintf(`{"competition_id":"{id}","date":"2016-04-13","steps":%d}`, steps))
}

// shows checks the board on every node.
func (s *nodeStory) shows(want map[string]int64) {
	s.t.Helper()
	for i, p := range s.at {
		got := map[string]int64{}
		for _, e := range p.node.Load().readBoard(s.id, 100).Data.Entries {
			got[e.UserID] = e.Score
		}
		require.Equal(s.t, want, got, "node %d", i)
	}
}

// seen checks that every node answers a read alike.
func (s *nodeStory) seen(user string, want int, path string) {
	s.t.Helper()
	for range s.at {
		s.does(user, want, http.MethodGet, path, "")
	}
}

var nodeStories = map[string]func(s *nodeStory){
	"erasure": func(s *nodeStory) {
		s.create()
		s.syncs(s.user, 5)
		var erased struct{ Erased bool }
		require.NoError(s.t, json.Unmarshal(s.does("op", 200, http.MethodDelete, "/users/{user}", ""), &erased))
		require.True(s.t, erased.Erased)
		s.shows(map[string]int64{})
		s.seen("op", 404, "/fitness/stats/{user}?competition_id={id}")
		s.syncs(s.user, 3)
		s.shows(map[string]int64{s.user: 3})
	},
	"events": func(s *nodeStory) {
		s.create()
		s.syncs(s.user, 5)
		s.does(s.user, 200, http.MethodDelete, "/competitions/{id}/join", "")
		want := []string{"competition.created", "competition.status_changed", "participant.joined", "participant.left"}
		var first []string
		for range s.at { // each page comes from the next node
			var types, ids []string
			for after, more := "0", true; more; {
				var page struct {
					Events []struct{ ID, Type string }
					Next   string `json:"next_after"`
					More   bool
				}
				require.NoError(s.t, json.Unmarshal(s.does("op", 200, http.MethodGet, "/competitions/{id}/events?limit=1&after="+after, ""), &page))
				for _, e := range page.Events {
					types, ids = append(types, e.Type), append(ids, e.ID)
				}
				after, more = page.Next, page.More
			}
			require.Equal(s.t, want, types)
			if first == nil {
				first = ids
			}
			require.Equal(s.t, first, ids, "an event has one id, whichever node tells it")
		}
		s.seen(s.user, 403, "/competitions/{id}/events")
	},
	"join after leaving": func(s *nodeStory) {
		s.create()
		for range 3 {
			s.does(s.user, 200, http.MethodPost, "/competitions/{id}/join", `{}`)
			s.shows(map[string]int64{s.user: 0})
			s.does(s.user, 200, http.MethodDelete, "/competitions/{id}/join", "")
			s.shows(map[string]int64{})
			s.does(s.user, 409, http.MethodPost, "/fitness/sync", `{"competition_id":"{id}","date":"2016-04-13","steps":1}`)
		}
	},
	"repeats": func(s *nodeStory) {
		s.create()
		for range 3 {
			s.syncs(s.user, 7)
			s.shows(map[string]int64{s.user: 7})
		}
		s.does(s.user, 422, http.MethodPost, "/fitness/sync", `{"competition_id":"{id}","date":"2016-04-13","steps":100001}`)
		s.does(s.user, 422, http.MethodPost, "/fitness/sync", `{"competition_id":"{id}","date":"2015-04-13","steps":1}`)
		s.shows(map[string]int64{s.user: 7})
	},
	"restore after exclude": func(s *nodeStory) {
		s.create()
		s.syncs(s.user, 7)
		for range 3 {
			s.does("op", 200, http.MethodPost, "/competitions/{id}/participants/{user}/exclude", `{"reason":"a bus"}`)
			s.shows(map[string]int64{})
			s.does("op", 200, http.MethodPost, "/competitions/{id}/participants/{user}/restore", `{"reason":"no bus"}`)
			s.shows(map[string]int64{s.user: 7})
		}
	},
	"withdraw after correct": func(s *nodeStory) {
		s.create()
		s.syncs(s.user, 7)
		for range 3 {
			s.does("op", 200, http.MethodPut, "/competitions/{id}/participants/{user}/days/2016-04-13", `{"steps":2,"reason":"a bus"}`)
			s.shows(map[string]int64{s.user: 2})
			s.does("op", 200, http.MethodDelete, "/competitions/{id}/participants/{user}/days/2016-04-13", `{"reason":"no bus"}`)
			s.shows(map[string]int64{s.user: 7})
		}
	},
	"edit and cancel": func(s *nodeStory) {
		s.create()
		for _, name := range []string{"One", "Two", "Three"} {
			s.does("op", 200, http.MethodPatch, "/competitions/{id}", fmt.Sprintf(`{"name":%q}`, name))
			for range s.at {
				var c struct{ Name string }
				require.NoError(s.t, json.Unmarshal(s.does("op", 200, http.MethodGet, "/competitions/{id}", ""), &c))
				require.Equal(s.t, name, c.Name)
			}
		}
		s.does("op", 200, http.MethodDelete, "/competitions/{id}", `{}`)
		for range s.at {
			var c struct{ Status string }
			require.NoError(s.t, json.Unmarshal(s.does("op", 200, http.MethodGet, "/competitions/{id}", ""), &c))
			require.Equal(s.t, "cancelled", c.Status)
			s.does(s.user, 409, http.MethodPost, "/fitness/sync", `{"competition_id":"{id}","date":"2016-04-13","steps":1}`)
		}
	},
	"an invited member's sync": func(s *nodeStory) {
		s.create(`"enrollment":"invite"`)
		s.does(s.user, 409, http.MethodPost, "/fitness/sync", `{"competition_id":"{id}","date":"2016-04-13","steps":1}`)
		var made struct{ Invitations []struct{ ID string } }
		require.NoError(s.t, json.Unmarshal(s.does("op", 200, http.MethodPost, "/competitions/{id}/invitations", `{"user_ids":["{user}"]}`), &made))
		s.does(s.user, 200, http.MethodPost, "/invitations/"+made.Invitations[0].ID+"/accept", `{}`)
		s.syncs(s.user, 4)
		s.shows(map[string]int64{s.user: 4})
	},
	"an unnamed sync": func(s *nodeStory) {
		whole := s.id
		want := map[string]bool{}
		for i := range 4 {
			s.id = fmt.Sprintf("%s-%d", whole, i)
			s.create()
			s.does(s.user, 200, http.MethodPost, "/competitions/{id}/join", `{}`)
			want[s.id] = true
		}
		for steps := 1; steps <= len(s.at); steps++ {
			var all []struct {
				CompetitionID string `json:"competition_id"`
				Score         int
			}
			require.NoError(s.t, json.Unmarshal(s.does(s.user, 200, http.MethodPost, "/fitness/sync", fmt.Sprintf(`{"date":"2016-04-13","steps":%d}`, steps)), &all))
			got := map[string]bool{}
			for _, one := range all {
				got[one.CompetitionID] = one.Score == steps
			}
			require.Equal(s.t, want, got)
		}
	},
	"a private board after leaving": func(s *nodeStory) {
		s.create(`"visibility":"private"`)
		s.seen(s.user, 404, "/leaderboard/{id}")
		var made struct{ Invitations []struct{ ID string } }
		require.NoError(s.t, json.Unmarshal(s.does("op", 200, http.MethodPost, "/competitions/{id}/invitations", `{"user_ids":["{user}"]}`), &made))
		s.does(s.user, 200, http.MethodPost, "/invitations/"+made.Invitations[0].ID+"/accept", `{}`)
		s.seen(s.user, 200, "/leaderboard/{id}")
		s.seen(s.user, 200, "/leaderboard/{id}?around={user}")
		s.does(s.user, 200, http.MethodDelete, "/competitions/{id}/join", "")
		s.seen(s.user, 404, "/leaderboard/{id}")
		s.seen(s.user, 404, "/leaderboard/{id}?around={user}")
	},
	"calculate": func(s *nodeStory) {
		s.create()
		for steps := range 6 { // they overtake each other, each at another node
			first := fmt.Sprintf("%s-%d", s.user, steps%2)
			s.syncs(first, 10+steps)
			for range s.at {
				var c struct {
					Prizes []struct {
						UserID string `json:"user_id"`
					}
				}
				require.NoError(s.t, json.Unmarshal(s.does("op", 200, http.MethodPost, "/prizes/calculate/{id}", `{"prize_pool":100}`), &c))
				require.Equal(s.t, first, c.Prizes[0].UserID)
			}
		}
	},
	"the same competition again": func(s *nodeStory) {
		const body = `{"id":"{id}","name":"N","start_date":"2016-04-12T00:00:00Z","end_date":"2036-04-12T00:00:00Z"}`
		s.does("op", 201, http.MethodPost, "/competitions", body)
		for range s.at {
			s.does("op", 200, http.MethodPost, "/competitions", body)
			s.does("op", 409, http.MethodPost, "/competitions", strings.Replace(body, `"N"`, `"M"`, 1))
		}
	},
	"a participant who was removed": func(s *nodeStory) {
		s.create()
		s.syncs(s.user, 3)
		s.does("op", 200, http.MethodDelete, "/competitions/{id}/join?user_id={user}&reason=bus", "")
		s.shows(map[string]int64{})
		for range s.at {
			s.does(s.user, 403, http.MethodPost, "/competitions/{id}/join", `{}`)
		}
	},
}
