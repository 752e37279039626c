// Command paceboard is the fitness-competition engine and its tools:
//
//	paceboard serve     the server
//	paceboard health    is the server on this machine ready?
//	paceboard replay    posts a CSV of activity through the HTTP API
//	paceboard token     mints a token for trying things out
//	paceboard migrate   PostgreSQL's schema: up, status or down
//	paceboard export    competitions as JSON lines
//	paceboard import    and back
//	paceboard backup    a copy of the embedded store, while it is served
//	paceboard restore   and back
//	paceboard continue  a new epoch for each board, after other restores
//	paceboard erasures  who was erased, erased again after a restore
//	paceboard audit     journals, ledger and prizes, worked out again and compared
//	paceboard retention what JOURNAL_RETENTION would remove
//	paceboard mirror    the boards in Redis: verify or rebuild
//	paceboard ctl       the server on this machine, while it runs
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
	"github.com/paceboard/paceboard/cmd/internal/logging"
	"github.com/paceboard/paceboard/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := program{in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ(), envFile: ".env", redirect: logging.Redirect}
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
	{"health", "ask the server on this machine whether it is ready", checkHealth},
	{"replay", "post a CSV of activity through the HTTP API", replay},
	{"token", "make a token for trying things out", mintToken},
	{"migrate", "bring PostgreSQL's schema up to date, or show its state", migrate},
	{"export", "write competitions as JSON lines", export},
	{"import", "read what export wrote into a store", imports},
	{"backup", "back up the embedded store, while its server runs", backUp},
	{"restore", "make a data folder of a backup", restore},
	{"continue", "give each board a new epoch, after PostgreSQL was restored", continueTool},
	{"erasures", "erase again who was erased, after a restore", erasuresTool},
	{"audit", "verify journals, ledger and prizes", audit},
	{"retention", "show what JOURNAL_RETENTION would remove", retentionTool},
	{"mirror", "compare the boards in Redis with the store, or rewrite them", mirror},
	{"ctl", "look at the server on this machine, and change it", ctl},
	{"nodes", "show the nodes on PostgreSQL, or evict one that hangs", nodeTool},
	{"version", "print the version", version},
}

// The exit codes besides cluster.ExitCode.
const (
	exitDone    = 0
	exitFailed  = 1
	exitMisused = 2
)

// exitCodes explain the exit codes.
var exitCodes = fmt.Sprintf(`Exit codes
  %d   done; of serve: it was told to stop, and has; of serve --check: a start would work
  %d   failed, or found what it looks for: the last line of standard error says what
  %d   misused: there is no such command, or flags, arguments or settings are wrong, so that repeating it is in vain
  %d  of serve: others have taken this server's place, and it is to be started again
`, exitDone, exitFailed, exitMisused, cluster.ExitCode)

// run carries out one command line and returns the process's exit code.
func (p *program) run(ctx context.Context, args []string) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		p.usage(p.out)
		return exitDone
	}
	for _, c := range commands {
		if c.name != args[0] {
			continue
		}
		switch err := c.run(ctx, p, args[1:]); {
		case err == nil:
			return exitDone
		case errors.Is(err, flag.ErrHelp):
			fmt.Fprint(p.out, strings.TrimRight(err.Error(), "\n")+"\n\n"+exitCodes)
			return exitDone
		default:
			if p.failed != nil {
				p.failed(err)
			} else {
				fmt.Fprintln(p.err, "paceboard "+c.name+":", err)
			}
			return exitCodeOf(err)
		}
	}
	fmt.Fprintf(p.err, "paceboard: there is no command %q\n\n", args[0])
	p.usage(p.err)
	return exitMisused
}

// exitCodeOf returns the exit code of a command that failed.
func exitCodeOf(err error) int {
	_, invalid := errors.AsType[*config.InvalidError](err)
	_, wrong := errors.AsType[*misusedError](err)
	switch {
	case errors.Is(err, errStartAgain):
		return cluster.ExitCode
	case invalid, wrong:
		return exitMisused
	}
	return exitFailed
}

func (p *program) usage(w io.Writer) {
	var b strings.Builder
	b.WriteString("Paceboard runs live, exact fitness competitions.\n\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "  paceboard %-9s  %s\n", c.name, c.summary)
	}
	b.WriteString("\n" + exitCodes)
	b.WriteString("\nEach command explains itself with --help. To look around: paceboard serve --dev --demo\n")
	fmt.Fprint(w, b.String())
}
