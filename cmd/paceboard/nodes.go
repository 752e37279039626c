package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/paceboard/paceboard/config"
	"github.com/paceboard/paceboard/persistence/postgres"
)

// nodesWithin is how long the command waits for PostgreSQL, besides a node's lease.
const nodesWithin = 20 * time.Second

// nodeTool shows the processes on a database, and evicts one that hangs.
func nodeTool(ctx context.Context, p *program, args []string) error {
	var o struct{ json, all, force bool }
	cmd := config.Command{
		Name: "nodes",
		Summary: "Show the nodes on PostgreSQL (list), or declare one dead that hangs (evict ID): after its CLUSTER_LEASE " +
			"others take its boards over, and its process ends with exit code 75 as soon as it finds out. " +
			"Stop a node that works with SIGTERM instead.",
		Arguments: "list|evict",
		Example:   "DATABASE_URL=postgres://… paceboard nodes list",
		Required:  []string{"DATABASE_URL"},
		Flags: func(f *flag.FlagSet) {
			f.BoolVar(&o.json, "json", false, "list: write JSON")
			f.BoolVar(&o.all, "all", false, "list: dead nodes, too, of the last 7 days")
			f.BoolVar(&o.force, "force", false, "evict: a node that still sends beats, too")
		},
	}
	settings, words, err := cmd.Load(args, p.environ, p.envFile)
	if err != nil {
		return err
	}
	url := settings.DatabaseURL.Reveal()
	ctx, cancel := context.WithTimeout(ctx, nodesWithin+postgres.LongestTTL)
	defer cancel()
	switch {
	case len(words) == 1 && words[0] == "list":
		found, err := postgres.ListNodes(ctx, url, o.all)
		if err != nil {
			return err
		}
		if o.json {
			return p.nodesAsJSON(found)
		}
		return p.nodesAsTable(found)
	case len(words) == 2 && words[0] == "evict":
		return p.evict(ctx, url, words[1], o.force)
	case len(words) == 1 && words[0] == "evict":
		return misused("say which node: paceboard nodes evict ID; paceboard nodes list shows the ids")
	}
	return misused("write: paceboard nodes list, or: paceboard nodes evict ID")
}

func (p *program) nodesAsTable(found []postgres.NodeStatus) error {
	if len(found) == 0 {
		fmt.Fprintln(p.out, "no process is known; --all shows those that have ended")
		return nil
	}
	table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NODE\tADDRESS\tSTATE\tWIRE\tLEVEL\tLAST BEAT\tBOARDS\tSESSIONS\tSTARTED")
	for i := range found {
		n := &found[i]
		beat := n.Silent.Round(100*time.Millisecond).String() + " ago"
		if n.Alone { // it sends none
			beat = "-"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%s\t%d\t%d\t%s\n", n.ID, cmp.Or(n.Address, "alone"), n.State,
			n.WireVersion, n.Level, beat, n.Boards, n.Sessions, n.Started.UTC().Format(time.RFC3339))
	}
	return table.Flush()
}

// nodeReport is a node as programs see it.
type nodeReport struct {
	ID              string    `json:"id"`
	Address         string    `json:"address"` // empty for a process that is alone
	Alone           bool      `json:"alone"`
	State           string    `json:"state"`
	WireVersion     int       `json:"wire_version"`
	Level           int       `json:"level"`
	Beat            uint64    `json:"beat"`
	LastBeatSeconds *float64  `json:"last_beat_seconds"` // ago; null for a process that is alone
	Boards          int       `json:"boards"`
	Sessions        int       `json:"sessions"`
	StartedAt       time.Time `json:"started_at"`
}

func (p *program) nodesAsJSON(found []postgres.NodeStatus) error {
	report := struct {
		Nodes []nodeReport `json:"nodes"`
	}{Nodes: []nodeReport{}}
	for i := range found {
		n := &found[i]
		r := nodeReport{
			ID: n.ID, Address: n.Address, Alone: n.Alone, State: n.State.String(), WireVersion: n.WireVersion, Level: n.Level,
			Beat: n.Beat, Boards: n.Boards, Sessions: n.Sessions, StartedAt: n.Started.UTC(),
		}
		if !n.Alone {
			seconds := n.Silent.Seconds()
			r.LastBeatSeconds = &seconds
		}
		report.Nodes = append(report.Nodes, r)
	}
	encoder := json.NewEncoder(p.out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

// evict declares a node dead, and says what becomes of it.
func (p *program) evict(ctx context.Context, url, id string, force bool) error {
	evicted, err := postgres.Evict(ctx, url, id, force)
	switch {
	case errors.Is(err, postgres.ErrUnknownNode):
		return fmt.Errorf("%w; paceboard nodes list shows those that there are", err)
	case errors.Is(err, postgres.ErrBeats):
		return fmt.Errorf("%w; stop it with SIGTERM, so that it hands its boards over, or evict it with --force", err)
	case errors.Is(err, postgres.ErrAlone):
		return fmt.Errorf("%w: stop or kill it instead; the next process takes its place as soon as its sessions have ended", err)
	case evicted && err != nil: // its sessions
		return fmt.Errorf("%w; one that hangs may keep a board locked, see pg_stat_activity", err)
	case err != nil:
		return err
	case !evicted:
		fmt.Fprintf(p.out, "node %s is dead already; nothing was changed\n", id)
	default:
		fmt.Fprintf(p.out, "node %s is dead: others take its boards when they are asked for them\n", id)
	}
	return nil
}
