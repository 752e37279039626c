package config

import (
	"errors"
	"flag"
	"fmt"
	"strings"
)

// errNameless is a line of .env without a name. Callers see a [Mistake].
var errNameless = errors.New("line without a name")

// refusal is what is wrong with a value and what to do, in the words of [Mistake].
type refusal struct{ problem, advice string }

// Mistake is one thing wrong with how the program was set up.
type Mistake struct {
	Setting string // its name, such as PORT, or what else is meant: a flag, an argument, the .env file
	Source  string // where the value stood: --port, the environment, or the .env file; empty if nowhere
	Value   string // as given, quoted; empty where it is, or might hold, a secret
	Problem string // what is wrong, to be read after Setting: "is not a whole number …"
	Advice  string // what to do
}

// String gives the mistake as one line.
func (m Mistake) String() string {
	var line strings.Builder
	line.WriteString(m.Setting)
	if m.Value != "" {
		line.WriteString("=" + m.Value)
	}
	if m.Source != "" {
		line.WriteString(" (from " + m.Source + ")")
	}
	line.WriteString(" " + m.Problem + "; " + m.Advice)
	return line.String()
}

// InvalidError says that the settings cannot be used. It lists every mistake, in the order of sources
// that cannot be read (flags, then .env), then of the table, then of rules over several settings.
type InvalidError struct {
	Mistakes []Mistake
}

// Error gives a heading and a line for each mistake, ready for a terminal. It holds no secret.
func (e *InvalidError) Error() string {
	var text strings.Builder
	if len(e.Mistakes) == 1 {
		text.WriteString("1 mistake in the settings:")
	} else {
		fmt.Fprintf(&text, "%d mistakes in the settings:", len(e.Mistakes))
	}
	for _, m := range e.Mistakes {
		text.WriteString("\n  " + m.String())
	}
	return text.String()
}

// HelpError says that -h or --help was asked for: print it to standard output and exit with 0.
type HelpError struct {
	Usage string // the whole help text, ending in a newline
}

// Error is the help text.
func (e *HelpError) Error() string { return e.Usage }

// Unwrap makes errors.Is(err, flag.ErrHelp) hold.
func (e *HelpError) Unwrap() error { return flag.ErrHelp }
