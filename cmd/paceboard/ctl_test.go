package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCtlLooksAtAServerAndChangesIt over the control socket, of both kinds of stores, and
// stops it in the end.
func TestCtlLooksAtAServerAndChangesIt(t *testing.T) {
	t.Parallel()
	for name, where := range map[string]string{"embedded": t.TempDir(), "postgres": newDatabase(t)} {
		t.Run(name, func(t *testing.T) {
			dir, setting := where, "DATA_DIR="
			var args []string
			if isDatabase(where) {
				dir, setting = t.TempDir(), "CONTROL_DIR="
				args = []string{"CONTROL_DIR=" + dir}
			}
			s := startServer(t, where, args...)
			s.createSpring("spring")
			ann := tokenOf(t, "ann", false)
			sync := func() (int, []byte) {
				return s.call(http.MethodPost, "/api/v1/fitness/sync", ann, `{"competition_id":"spring","steps":9,"date":"2026-05-01"}`)
			}
			status, answer := sync()
			require.Equal(t, http.StatusOK, status, string(answer))
			run := func(words []string) (code int, out, errs string) {
				var said, failed bytes.Buffer
				p := program{out: &said, err: &failed, environ: []string{setting + dir}}
				code = p.run(t.Context(), append([]string{"ctl"}, words...))
				return code, said.String(), failed.String()
			}
			ctl := func(words ...string) string {
				t.Helper()
				code, out, errs := run(words)
				require.Equal(t, exitDone, code, errs)
				return out
			}
			refused := func(words ...string) string {
				t.Helper()
				code, out, errs := run(words)
				require.Equal(t, exitFailed, code, out)
				return errs
			}
			require.Regexp(t, `(?m)^spring +active +1 +\d`, ctl("list", "--sort", "activity"))
			require.Contains(t, ctl("show", "spring"), `"name": "Spring"`)
			require.Regexp(t, `"name": "store",\s+"healthy": true`, ctl("health"))
			require.Contains(t, ctl("participant", "spring", "ann"), `"steps": 9`)
			require.Contains(t, ctl("flags", "spring"), `"flags": []`)
			require.Contains(t, ctl("connections"), "0 connections")
			require.Contains(t, ctl("disconnect", "ann&co"), `"closed": 0`)
			require.Contains(t, ctl("payouts"), `"payouts": []`)
			require.Contains(t, ctl("retry-payouts"), `"retried": 0`)

			var page struct {
				Records []struct {
					Seq    uint64
					Kind   string
					UserID string `json:"user_id"`
				}
				Next uint64 `json:"next_after"`
				More bool
			}
			var seen []string
			for page.More = true; page.More; {
				after := strconv.FormatUint(page.Next, 10)
				page.Records = nil
				require.NoError(t, json.Unmarshal([]byte(ctl("journal", "spring", "--limit", "2", "--after", after)), &page))
				for _, r := range page.Records {
					require.EqualValues(t, len(seen)+1, r.Seq, "all of them, in order")
					seen = append(seen, r.Kind+" "+r.UserID)
				}
			}
			require.Contains(t, seen, "participant_enrolled ann")
			require.Contains(t, seen, "sync_accepted ann")

			require.Contains(t, ctl("amend", "spring", "--end", "now", "--limits", "steps=50", "--visibility", "private", "--reason", "a storm"), `"visibility": "private"`)
			require.Contains(t, ctl("amendments", "spring"), `"reason": "a storm"`)
			status, answer = s.call(http.MethodGet, "/api/v1/competitions/spring/amendments", ann, "")
			require.Equal(t, http.StatusOK, status)
			require.Contains(t, string(answer), `"steps":50,`, "a participant sees it, too")
			require.Contains(t, refused("amend", "spring", "--end", "2016-05-01T00:00:00Z", "--reason", "x"), "must lie in the future")
			require.Contains(t, refused("amend", "spring", "--reason", "x"), "send one of them")

			require.Contains(t, ctl("set", "RATE_LIMIT_USER=7", "LOG_LEVEL=debug"), `"RATE_LIMIT_USER": "7"`)
			require.Equal(t, "7", s.rateLimit(ann))
			require.Contains(t, refused("set", "RATE_LIMIT_USER=8", "DATA_DIR=x"), "settings.DATA_DIR")
			require.Equal(t, "7", s.rateLimit(ann), "all or none")

			require.Contains(t, ctl("read-only", "on", "--message", "back at noon"), `"read_only": true`)
			status, answer = sync()
			require.Equal(t, http.StatusServiceUnavailable, status)
			require.Contains(t, string(answer), "back at noon")
			status, _ = s.call(http.MethodGet, "/api/v1/leaderboard/spring", ann, "")
			require.Equal(t, http.StatusOK, status)
			require.Contains(t, ctl("read-only", "off"), `"read_only": false`)
			status, answer = sync()
			require.Equal(t, http.StatusOK, status, string(answer))

			_, answer = s.call(http.MethodGet, "/api/v1/audit", operatorToken(t), "")
			require.Contains(t, string(answer), `"command_line"`)
			require.Contains(t, refused("show", "nothing"), "unknown_competition")
			for said, words := range map[string][]string{
				"write: paceboard ctl show ID": {"show"}, "takes no --message": {"list", "--message", "x"},
				"--limits: write NAME=NUMBER": {"amend", "spring", "--limits", "steps"}, "write NAME=VALUE": {"set", "log-level"},
			} {
				code, out, errs := run(words)
				require.Equal(t, exitMisused, code, out)
				require.Contains(t, errs, said)
			}

			require.Contains(t, ctl("drain"), `"draining": true`)
			<-s.exited
			require.Equal(t, 0, s.cmd.ProcessState.ExitCode(), s.logs.String())
			require.Contains(t, refused("list"), "no server runs")
		})
	}
}
