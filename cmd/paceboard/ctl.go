package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/paceboard/paceboard/cmd/internal/control"
	"github.com/paceboard/paceboard/config"
)

// ctlFlags are the flags of paceboard ctl, each with the parameter of the query that it is
// where a call has no body, and with help.
var ctlFlags = []struct{ name, parameter, help string }{
	{"sort", "sort", "participants, activity or memory: the `ORDER` of list"},
	{"after", "after", "the `SEQ` after which journal begins"},
	{"limit", "limit", "`N` items at most"},
	{"status", "status", "waiting, delivered or dead: the `STATUS` of payouts"},
	{"user", "user_id", "only connections of this `USER`"},
	{"competition", "competition_id", "only of the competition with this `ID`"},
	{"end", "", "the new end of a competition, such as 2026-06-08T00:00:00Z, or now: the `TIME` for amend"},
	{"limits", "", "new daily limits, such as steps=50000,active_minutes=600: the `LIST` for amend"},
	{"visibility", "", "public or private: the `WORD` for amend"},
	{"reason", "", "the `TEXT` that everybody is shown, for amend"},
	{"message", "", "the `TEXT` that those hear whose changes are refused"},
}

// ctlGiven are the values of the flags of a command line, by name; empty if not given.
type ctlGiven map[string]*string

func (g ctlGiven) value(name string) string { return *g[name] }

// ctlCall is one thing that paceboard ctl can do: a route of the HTTP API, asked over the
// control socket.
type ctlCall struct {
	name, arguments, summary string
	method, path             string   // {1} and {2} are the arguments, escaped
	flags                    []string // that it takes
	body                     func(given ctlGiven, words []string) (any, error)
	show                     func(p *program, data json.RawMessage) error // nil: as JSON
}

// ctlCalls are all of them.
var ctlCalls = []ctlCall{
	{name: "health", summary: "what works, what does not, and what to do about it", method: http.MethodGet, path: "/health/detailed"},
	{name: "list", summary: "the competitions in memory, by participants, activity or memory", method: http.MethodGet, path: "/api/v1/server/competitions", flags: []string{"sort", "limit"}, show: showLoaded},
	{name: "show", arguments: "ID", summary: "a competition's definition", method: http.MethodGet, path: "/api/v1/competitions/{1}"},
	{name: "journal", arguments: "ID", summary: "a competition's journal, decoded, after a seq", method: http.MethodGet, path: "/api/v1/competitions/{1}/journal", flags: []string{"after", "limit"}},
	{name: "participant", arguments: "ID USER", summary: "how a participant's score is made up", method: http.MethodGet, path: "/api/v1/competitions/{1}/participants/{2}/explanation"},
	{name: "flags", arguments: "ID", summary: "a competition's flagged syncs, newest first", method: http.MethodGet, path: "/api/v1/competitions/{1}/flags", flags: []string{"limit"}},
	{name: "amend", arguments: "ID", summary: "change the end, the daily limits or the visibility after the start", method: http.MethodPost, path: "/api/v1/competitions/{1}/amendments", flags: []string{"end", "limits", "visibility", "reason"}, body: amendBody},
	{name: "amendments", arguments: "ID", summary: "what was amended, and why", method: http.MethodGet, path: "/api/v1/competitions/{1}/amendments"},
	{name: "connections", summary: "the live connections, of one user or one board", method: http.MethodGet, path: "/api/v1/server/connections", flags: []string{"user", "competition", "limit"}, show: showConnections},
	{name: "disconnect", arguments: "USER", summary: "close the live connections of a user", method: http.MethodDelete, path: "/api/v1/server/connections?user_id={1}"},
	{name: "status", summary: "whether the server is read-only, and the settings that can be changed", method: http.MethodGet, path: "/api/v1/server"},
	{name: "set", arguments: "NAME=VALUE…", summary: "change settings until the next start or SIGHUP: log-level=debug", method: http.MethodPatch, path: "/api/v1/server", body: settingsBody},
	{name: "read-only", arguments: "on|off", summary: "refuse changes with a message, or take them again; reading goes on", method: http.MethodPatch, path: "/api/v1/server", flags: []string{"message"}, body: readOnlyBody},
	{name: "drain", summary: "stop the server as SIGTERM does", method: http.MethodPost, path: "/api/v1/server/drain"},
	{name: "payouts", summary: "the pending prizes, by how far handing them over is", method: http.MethodGet, path: "/api/v1/payouts", flags: []string{"status", "limit"}},
	{name: "retry-payouts", summary: "hand dead payouts over again, of one competition or of all", method: http.MethodPost, path: "/api/v1/payouts/retry", flags: []string{"competition"}, body: retryBody},
}

// ctl talks to the server on this machine.
func ctl(ctx context.Context, p *program, args []string) error {
	asJSON, given := false, ctlGiven{}
	var lines strings.Builder
	for i := range ctlCalls {
		c := &ctlCalls[i]
		fmt.Fprintf(&lines, "\n  %-22s %s", strings.TrimSpace(c.name+" "+c.arguments), c.summary)
		if len(c.flags) > 0 {
			lines.WriteString(" (--" + strings.Join(c.flags, ", --") + ")")
		}
	}
	cmd := config.Command{
		Name: "ctl",
		Summary: "Look at the server that runs on this machine, and change it, through the control socket in DATA_DIR, or with PostgreSQL in CONTROL_DIR, which only the server's own user " +
			"and root can open. In a cluster it speaks to this node. What it does is in the audit log, as command_line.\n" + lines.String(),
		Arguments: "COMMAND [ARGUMENTS]",
		Example:   "DATA_DIR=./data paceboard ctl list --sort memory",
		Optional:  []string{"DATA_DIR", "CONTROL_DIR"},
		Flags: func(f *flag.FlagSet) {
			f.BoolVar(&asJSON, "json", false, "write JSON instead of a table")
			for _, known := range ctlFlags {
				given[known.name] = f.String(known.name, "", known.help)
			}
		},
	}
	settings, words, err := cmd.Load(args, p.environ, p.envFile)
	if err != nil {
		return err
	}
	call, request, err := ctlRequest(given, words)
	if err != nil {
		return err
	}
	server, err := control.Dial(ctx, cmp.Or(settings.ControlDir, settings.DataDir))
	if err != nil {
		return fmt.Errorf("%w; set CONTROL_DIR or DATA_DIR as for the server", err)
	}
	status, answer, err := server.Do(ctx, call.method, request.target, request.body)
	if err != nil {
		return err
	}
	return p.showAnswer(call, status, answer, asJSON)
}

// ctlAsk is what is sent for a call.
type ctlAsk struct {
	target string
	body   []byte
}

// ctlRequest makes the request of a command line.
func ctlRequest(given ctlGiven, words []string) (*ctlCall, ctlAsk, error) {
	var ask ctlAsk
	if len(words) == 0 {
		return nil, ask, misused("say what to do; paceboard ctl --help lists it")
	}
	i := slices.IndexFunc(ctlCalls, func(c ctlCall) bool { return c.name == words[0] })
	if i < 0 {
		return nil, ask, misused("there is no %q; paceboard ctl --help lists what there is", words[0])
	}
	c, words := &ctlCalls[i], words[1:]
	wanted := len(strings.Fields(c.arguments))
	if many := strings.HasSuffix(c.arguments, "…"); len(words) != wanted && (!many || len(words) < wanted) {
		return nil, ask, misused("write: paceboard ctl %s", strings.TrimSpace(c.name+" "+c.arguments))
	}
	ask.target = c.path
	for n, word := range words {
		escape := url.PathEscape
		if strings.Contains(c.path, "?") {
			escape = url.QueryEscape
		}
		ask.target = strings.ReplaceAll(ask.target, fmt.Sprintf("{%d}", n+1), escape(word))
	}
	query := url.Values{}
	for _, known := range ctlFlags {
		switch value := given.value(known.name); {
		case value == "":
		case !slices.Contains(c.flags, known.name):
			return nil, ask, misused("paceboard ctl %s takes no --%s", c.name, known.name)
		case c.body == nil:
			query.Set(known.parameter, value)
		}
	}
	if len(query) > 0 {
		ask.target += "?" + query.Encode()
	}
	if c.body == nil {
		return c, ask, nil
	}
	body, err := c.body(given, words)
	if err == nil {
		ask.body, err = json.Marshal(body)
	}
	return c, ask, err
}

func settingsBody(_ ctlGiven, words []string) (any, error) {
	values := map[string]string{}
	if len(words) == 2 && !strings.Contains(words[0], "=") {
		words = []string{words[0] + "=" + words[1]}
	}
	for _, word := range words {
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			return nil, misused("write NAME=VALUE, not %q", word)
		}
		values[strings.ReplaceAll(strings.ToUpper(name), "-", "_")] = value
	}
	return map[string]any{"settings": values}, nil
}

func readOnlyBody(given ctlGiven, words []string) (any, error) {
	body := map[string]any{"read_only": words[0] == "on"}
	if words[0] != "on" && words[0] != "off" {
		return nil, misused("say on or off, not %q", words[0])
	}
	if message := given.value("message"); message != "" {
		body["message"] = message
	}
	return body, nil
}

// amendBody is the body of amend.
func amendBody(given ctlGiven, _ []string) (any, error) {
	body := map[string]any{"reason": given.value("reason")}
	switch end := given.value("end"); end {
	case "":
	case "now": // the next full minute: the server's clock may be ahead
		body["end_date"] = time.Now().Add(2 * time.Minute).Truncate(time.Minute).UTC().Format(time.RFC3339)
	default:
		body["end_date"] = end
	}
	if visibility := given.value("visibility"); visibility != "" {
		body["visibility"] = visibility
	}
	if all := given.value("limits"); all != "" {
		limits := map[string]json.Number{}
		for part := range strings.SplitSeq(all, ",") {
			name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
			if _, err := strconv.ParseFloat(value, 64); !ok || err != nil {
				return nil, misused("--limits: write NAME=NUMBER, not %q", part)
			}
			limits[name] = json.Number(value)
		}
		body["daily_limits"] = limits
	}
	return body, nil
}

func retryBody(given ctlGiven, _ []string) (any, error) {
	body := map[string]any{}
	if competition := given.value("competition"); competition != "" {
		body["competition_id"] = competition
	}
	return body, nil
}

// showAnswer shows what the server answered. A refusal is an error.
func (p *program) showAnswer(call *ctlCall, status int, answer []byte, asJSON bool) error {
	var is struct {
		Data   json.RawMessage `json:"data"`
		Detail string          `json:"detail"`
		Code   string          `json:"code"`
	}
	if err := json.Unmarshal(answer, &is); err != nil {
		return fmt.Errorf("the server answered %d: %s", status, strings.TrimSpace(string(answer)))
	}
	if is.Data == nil { // of health
		is.Data = answer
	}
	if status >= http.StatusBadRequest {
		return fmt.Errorf("the server refused: %s (%s)", is.Detail, is.Code)
	}
	if call.show != nil && !asJSON {
		return call.show(p, is.Data)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, is.Data, "", "  "); err != nil {
		return err
	}
	fmt.Fprintln(p.out, out.String())
	return nil
}

func showLoaded(p *program, data json.RawMessage) error {
	var all struct {
		Competitions []struct {
			ID           string `json:"id"`
			Status       string `json:"status"`
			Participants int    `json:"participant_count"`
			Events       uint64 `json:"events"`
			ChangedAt    string `json:"changed_at"`
			Bytes        int64  `json:"memory_bytes"`
			Damaged      bool   `json:"damaged"`
			Name         string `json:"name"`
		} `json:"competitions"`
		Total int `json:"total_count"`
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "COMPETITION\tSTATUS\tPARTICIPANTS\tEVENTS\tCHANGED\tMEMORY\tNAME")
	for i := range all.Competitions {
		c := &all.Competitions[i]
		if c.Damaged {
			c.Status = "damaged"
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\t%.1f MiB\t%s\n", c.ID, c.Status, c.Participants, c.Events, cmp.Or(c.ChangedAt, "-"), float64(c.Bytes)/(1<<20), c.Name)
	}
	err := table.Flush()
	fmt.Fprintf(p.out, "%d in memory; events and changes are those since each was loaded\n", all.Total)
	return err
}

func showConnections(p *program, data json.RawMessage) error {
	var all struct {
		Connections []struct {
			UserID       string   `json:"user_id"`
			Transport    string   `json:"transport"`
			Since        string   `json:"since"`
			Competitions []string `json:"competitions"`
		} `json:"connections"`
		Total int `json:"total_count"`
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "USER\tTRANSPORT\tSINCE\tCOMPETITIONS")
	for i := range all.Connections {
		c := &all.Connections[i]
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", cmp.Or(c.UserID, "-"), c.Transport, c.Since, strings.Join(c.Competitions, " "))
	}
	err := table.Flush()
	fmt.Fprintf(p.out, "%d connections to this server\n", all.Total)
	return err
}
