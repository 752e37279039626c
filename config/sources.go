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
type given struct{ value, source string }

// pick gives the value of the first source that has one. An empty one counts: it hides the sources after
// it and stands for the default, so that `REDIS_URL= paceboard serve` switches off what .env switches on.
func pick(row *setting, sources []source) given {
	for _, src := range sources {
		value, ok := src.values[row.name]
		switch {
		case !ok || row.flagOnly && src.name != commandFlags:
			continue
		case strings.TrimSpace(value) == "":
			return given{row.def, ""}
		case src.name == commandFlags:
			src.name = "--" + row.flag()
		}
		if !row.secret {
			value = strings.TrimSpace(value)
		}
		return given{value, src.name}
	}
	return given{row.def, ""}
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
