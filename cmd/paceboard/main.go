// Command paceboard is the fitness-competition engine and its tools:
//
//	paceboard serve     the server
//	paceboard replay    posts a CSV of activity through the HTTP API
//	paceboard token     mints a token for trying things out
//	paceboard migrate   PostgreSQL's schema: up, status or down
//	paceboard export    competitions as JSON lines
//	paceboard import    and back
//	paceboard backup    a copy of the embedded store, while it is served
//	paceboard restore   and back
//	paceboard audit     journals, ledger and prizes, worked out again and compared
//	paceboard mirror    the boards in Redis: verify or rebuild
//	paceboard nodes     the nodes on PostgreSQL: list, or evict one that hangs
//	paceboard version   what this is
//
// It wires the packages together, and nothing else does: settings from config,
// a store from persistence, the engine from actors, the front end from http.
// Reading starts at run and goes on in serve.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // competitions name time zones, whatever the machine has installed

	"github.com/paceboard/paceboard/cluster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := program{in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ(), envFile: ".env"}
	code := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// command is a subcommand.
type command struct {
	name, summary string
	run           func(ctx context.Context, p *program, args []string) error
}

var commands = []command{
	{"serve", "run the server", serve},
	{"replay", "post a CSV of activity through the HTTP API", replay},
	{"token", "make a token for trying things out", mintToken},
	{"migrate", "bring PostgreSQL's schema up to date, or show its state", migrate},
	{"export", "write competitions as JSON lines", export},
	{"import", "read what export wrote into a store", imports},
	{"backup", "back up the embedded store, while its server runs", backUp},
	{"restore", "make a data folder of a backup", restore},
	{"audit", "verify journals, ledger and prizes", audit},
	{"mirror", "compare the boards in Redis with the store, or rewrite them", mirror},
	{"nodes", "show the nodes on PostgreSQL, or evict one that hangs", nodeTool},
	{"version", "print the version", version},
}

// run carries out one command line and returns the process's exit code: 0 done,
// 1 failed, 2 misused, cluster.ExitCode to be started again.
func (p *program) run(ctx context.Context, args []string) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		p.usage(p.out)
		return 0
	}
	for _, c := range commands {
		if c.name != args[0] {
			continue
		}
		switch err := c.run(ctx, p, args[1:]); {
		case err == nil:
			return 0
		case errors.Is(err, flag.ErrHelp):
			fmt.Fprintln(p.out, err)
			return 0
		default:
			fmt.Fprintln(p.err, "paceboard "+c.name+":", err)
			if errors.Is(err, errStartAgain) {
				return cluster.ExitCode
			}
			return 1
		}
	}
	fmt.Fprintf(p.err, "paceboard: there is no command %q\n\n", args[0])
	p.usage(p.err)
	return 2
}

func (p *program) usage(w io.Writer) {
	var b strings.Builder
	b.WriteString("Paceboard runs live, exact fitness competitions.\n\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "  paceboard %-8s %s\n", c.name, c.summary)
	}
	fmt.Fprintf(&b, "\nExit codes: 0 done, 1 failed, 2 misused, %d the server is to be started again (others have taken its place).\n", cluster.ExitCode)
	b.WriteString("Each command explains itself with --help. To look around: paceboard serve --dev --demo\n")
	fmt.Fprint(w, b.String())
}
