package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/joho/godotenv"
)

// commandFlags is the name of the source whose values messages attribute to the single flag.
const commandFlags = "flags"

// source is one place where values may stand, by name of the setting.
type source struct {
	name   string
	values map[string]string
}

// given is the value in force for a setting, and where it stood: "" for the default.
type given struct {
	value, source string
	rank          int    // of the source that decided, from 0 for the one that wins over all
	loose         string // the file that the value is from, if every user of the machine may read it
}

// pick gives the value of the first source that has one. An empty one counts: it hides the sources after
// it and stands for the default, so that `REDIS_URL= paceboard serve` switches off what .env switches on.
func pick(row *setting, sources []source) given {
	for rank, src := range sources {
		value, ok := src.values[row.name]
		switch {
		case !ok || row.flagOnly && src.name != commandFlags:
			continue
		case strings.TrimSpace(value) == "":
			return given{value: row.def, rank: rank}
		case src.name == commandFlags:
			src.name = "--" + row.flag()
		}
		if !row.secret {
			value = strings.TrimSpace(value)
		}
		return given{value: value, source: src.name, rank: rank}
	}
	return given{value: row.def, rank: len(sources)}
}

// orFromFile gives the value of the file that the sources name for a setting, instead of g, its own; g if they name
// none. An empty g that wins over the file's name switches the setting off.
func (row *setting) orFromFile(g given, sources []source) (given, *Mistake) {
	file := row.file()
	if file == nil {
		return g, nil
	}
	named := pick(file, sources)
	switch {
	case strings.TrimSpace(named.value) == "", g.value == "" && g.rank < named.rank:
		return g, nil
	case g.value != "":
		m := g.mistake(row, &refusal{"is set, and so is " + file.name + ", from " + named.source, "take one of them away"})
		return g, &m
	}
	path := strings.TrimSpace(named.value)
	value, loose, r := readSecretFile(path)
	if r != nil {
		m := named.mistake(file, r)
		return g, &m
	}
	fromFile := given{value: value, source: "the file " + path, rank: named.rank}
	if loose {
		fromFile.loose = path
	}
	return fromFile, nil
}

// exposes says that the value gives away a secret by where it stood.
func (g given) exposes(row *setting) bool {
	return row.exposed != nil && g.source == "--"+row.flag() && row.exposed(g.value)
}

// mistake says what is wrong with the value. Whatever holds an @ is not repeated: what is meant for one
// setting may land in another, and an @ often follows a password.
func (g given) mistake(row *setting, r *refusal) Mistake {
	m := Mistake{Setting: row.label(), Source: g.source, Problem: r.problem, Advice: r.advice}
	if g.source != "" && !row.secret && !strings.Contains(g.value, "@") {
		m.Value = strconv.Quote(g.value)
	}
	if row.flagOnly { // Its label says it already.
		m.Source = ""
	}
	return m
}

// variables splits environ, NAME=value each.
func variables(environ []string) map[string]string {
	values := make(map[string]string, len(environ))
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		values[name] = value
	}
	return values
}

// readEnvFile reads a .env file, which may be missing. Errors of godotenv quote the file, secrets
// included, so they are replaced by the number of the line.
func readEnvFile(path string) (map[string]string, []Mistake) {
	if path == "" {
		return nil, nil
	}
	content, err := os.ReadFile(path) //nolint:gosec // G304: the path is the caller's choice, not a client's.
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, []Mistake{{
			Setting: path, Problem: "cannot be read: " + err.Error(), Advice: "mend that, or take the file away",
		}}
	}
	values, err := parseEnv(string(content))
	if err != nil {
		return nil, []Mistake{{
			Setting: path,
			Problem: fmt.Sprintf("cannot be read: line %d is not NAME=value", badLine(string(content))),
			Advice:  "mend the line: names are letters, digits and _, and a quote that opens must close",
		}}
	}
	return values, nil
}

// parseEnv is godotenv's parser, but refuses a line without "=", which that would skip.
func parseEnv(content string) (map[string]string, error) {
	values, err := godotenv.Unmarshal(content)
	if _, nameless := values[""]; nameless {
		return nil, errNameless
	}
	return values, err
}

// badLine gives the number, from 1, of the first line that is wrong by itself.
func badLine(content string) int {
	number := 0
	for line := range strings.Lines(content) {
		number++
		if _, err := parseEnv(line); err != nil {
			break
		}
	}
	return number
}
