package config

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// widest is how many columns the flags have; what is said of longer ones begins further right.
const widest = 28

// usage is the help text: the command's own flags first, then its settings by group.
func (c Command) usage(rows []*setting, flags *flag.FlagSet) string {
	var text strings.Builder
	text.WriteString("Usage: paceboard " + c.Name + " [flags]")
	if c.Arguments != "" {
		text.WriteString(" " + c.Arguments)
	}
	text.WriteString("\n\n" + c.Summary + "\n")

	lines := ownFlags(rows, flags)
	for _, row := range rows {
		def := row.shownDefault()
		if slices.Contains(c.Required, row.name) {
			def = "required"
		}
		lines = append(lines, usageLine{row.group, row.spelling(), row.unit, row.meaning, def})
	}
	width := 0
	for _, l := range lines {
		width = max(width, utf8.RuneCountInString(l.flag()))
	}
	width = min(width, widest)
	group := ""
	for _, l := range lines {
		if l.group != group {
			group = l.group
			text.WriteString("\n" + group + "\n")
		}
		fmt.Fprintf(&text, "  %-*s  %s", width, l.flag(), l.meaning)
		if l.def != "" {
			text.WriteString(" [" + l.def + "]")
		}
		text.WriteString("\n")
	}

	if len(rows) > 0 {
		text.WriteString("\nFlags take precedence over the environment, and the environment over .env. There, a flag\n" +
			"such as --data-dir is written DATA_DIR. Secrets are never flags, since ps shows those; nor are\n" +
			"URLs with passwords.\n")
	}
	if names := inFiles(rows); len(names) > 0 {
		text.WriteString("A file may have the value of these instead; NAME_FILE (as a flag --name-file) names it:\n" + list(names))
	}
	if names := reloadable(rows); len(names) > 0 && c.Name == serve.Name {
		text.WriteString("At SIGHUP a running server reads these again, and their files:\n" + list(names))
	}
	if c.Example != "" {
		text.WriteString("Example: " + c.Example + "\n")
	}
	return text.String()
}

// list writes names with commas between, in lines that fit a terminal.
func list(names []string) string {
	const columns = 92
	var text strings.Builder
	used := 0
	for i, name := range names {
		end := ", "
		if i == len(names)-1 {
			end = "."
		}
		if used > 0 && used+len(name)+len(end) > columns {
			text.WriteString("\n")
			used = 0
		}
		text.WriteString(name + end)
		used += len(name) + len(end)
	}
	return strings.ReplaceAll(text.String(), ", \n", ",\n") + "\n"
}

// spelling is how help writes the setting: as a flag, or as a variable where no flag is taken.
func (row *setting) spelling() string {
	if row.exposed != nil && row.exposed("") {
		return row.name
	}
	return "--" + row.flag()
}

// usageLine is one setting or flag as help shows it.
type usageLine struct{ group, name, unit, meaning, def string }

func (l usageLine) flag() string { return strings.TrimSpace(l.name + " " + l.unit) }

// ownFlags gives the flags that are not settings.
func ownFlags(rows []*setting, flags *flag.FlagSet) []usageLine {
	settings := map[string]bool{}
	for _, row := range rows {
		settings[row.flag()] = true
		if file := row.file(); file != nil {
			settings[file.flag()] = true
		}
	}
	var lines []usageLine
	flags.VisitAll(func(f *flag.Flag) {
		if settings[f.Name] {
			return
		}
		unit, meaning := flag.UnquoteUsage(f)
		def := f.DefValue
		if def == "false" && unit == "" {
			def = ""
		}
		lines = append(lines, usageLine{"Flags", "--" + f.Name, strings.ToUpper(unit), meaning, def})
	})
	return lines
}
