package config

import (
	"errors"
	"flag"
	"io"
	"strings"
)

// commandLine is what args came to.
type commandLine struct {
	flags     *flag.FlagSet
	values    map[string]string // of settings, by the setting's name
	arguments []string
	mistakes  []Mistake
	help      bool
}

// rawFlag keeps a setting's value as written; it is checked with those of the other sources.
type rawFlag struct {
	row    *setting
	values map[string]string
}

func (f rawFlag) String() string { return "" }

func (f rawFlag) Set(value string) error {
	f.values[f.row.name] = value
	return nil
}

// IsBoolFlag tells package flag that --dev needs no value.
func (f rawFlag) IsBoolFlag() bool { return f.row.unit == "" }

// parse reads args to their end. Package flag stops at an argument and at a mistake; this goes on.
func (c Command) parse(rows []*setting, args []string) commandLine {
	line := commandLine{flags: flag.NewFlagSet(c.Name, flag.ContinueOnError), values: map[string]string{}}
	line.flags.SetOutput(io.Discard)
	line.flags.Usage = func() {}
	for _, row := range rows {
		line.flags.Var(rawFlag{row, line.values}, row.flag(), row.meaning)
		if file := row.file(); file != nil {
			line.flags.Var(rawFlag{file, line.values}, file.flag(), "")
		}
	}
	if c.Flags != nil {
		c.Flags(line.flags)
	}

	for len(args) > 0 {
		err := line.flags.Parse(args)
		rest := line.flags.Args()
		switch {
		case errors.Is(err, flag.ErrHelp):
			line.help = true
			return line
		case err != nil:
			if len(rest) == len(args) { // A syntax error, such as ---x, is not consumed.
				rest = rest[1:]
			}
			mistake, unknown := c.flagMistake(err, line.flags)
			line.mistakes = append(line.mistakes, mistake)
			if unknown && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
				rest = rest[1:] // Probably the unknown flag's value.
			}
			args = rest
		case len(rest) == 0:
			args = nil
		case len(rest) < len(args) && args[len(args)-len(rest)-1] == "--":
			line.arguments = append(line.arguments, rest...)
			args = nil
		default:
			line.arguments = append(line.arguments, rest[0])
			args = rest[1:]
		}
	}
	if c.Arguments == "" && len(line.arguments) > 0 {
		line.mistakes = append(line.mistakes, Mistake{
			Setting: "argument", Problem: "is not expected: " + c.Name + " takes flags only",
			Advice: "take it away, or see paceboard " + c.Name + " --help",
		})
	}
	return line
}

// flagMistake words an error of package flag, which has no types for them. No value is repeated that is
// meant for a setting.
func (c Command) flagMistake(err error, flags *flag.FlagSet) (m Mistake, unknown bool) {
	m = Mistake{Advice: "see paceboard " + c.Name + " --help"}
	kind, detail, _ := strings.Cut(err.Error(), ": ")
	switch kind {
	case "flag provided but not defined":
		m.Setting, m.Problem = "-"+detail, "is not a flag of "+c.Name
		if near := nearest(detail[1:], flags); near != "" {
			m.Advice = "did you mean --" + near + "?"
		}
		return m, true
	case "flag needs an argument":
		m.Setting, m.Problem, m.Advice = "-"+detail, "has no value", "write it as -"+detail+"=VALUE"
	case "bad flag syntax":
		m.Setting, _, _ = strings.Cut(detail, "=")
		m.Problem = "is not how a flag is written"
	default:
		m.Setting, m.Problem = "command line", "cannot be read: "+err.Error()
	}
	return m, false
}

// nearest gives the flag that was probably meant by name: one that begins with it, or else the one with
// the fewest typing mistakes, two at most. It gives "" if there is none.
func nearest(name string, flags *flag.FlagSet) string {
	name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
	best, fewest := "", 3
	flags.VisitAll(func(f *flag.Flag) {
		n := distance(name, f.Name)
		if strings.HasPrefix(f.Name, name) {
			n = min(n, 1)
		}
		if n < fewest {
			best, fewest = f.Name, n
		}
	})
	return best
}

// distance is the number of bytes to put in, take out or change to get from a to b (Levenshtein), in
// O(len(a)·len(b)).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
