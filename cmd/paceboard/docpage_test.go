package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// docPage is what a page of the documentation tells its readers to do.
//
// A fenced block says in which language it is. A block of sh is run, and so is a
// command between backticks in the text. What cannot run in a test is marked, a
// block by the line before it and commands in the text by a line anywhere:
//
//	<!-- not run: REASON -->
//	<!-- not run, REASON: COMMAND; COMMAND -->
//
// and then its subcommands, flags, settings, targets and files must exist.
type docPage struct {
	blocks   []docBlock
	inline   []string // commands in the text that are run
	unrun    []string // commands in blocks and in the text that are not
	mistakes []error
}

type docBlock struct{ language, text string }

// docPrograms are those whose name makes code in the text a command, if there is
// anything after it.
var docPrograms = []string{
	"paceboard", "bin/paceboard", "make", "go", "curl", "psql", "pg_dump", "initdb", "redis-cli",
	"docker", "podman", "kubectl", "helm", "systemctl", "journalctl", "ssh",
}

// docLanguages are those of fenced blocks; true: it is known what to do with them.
var docLanguages = []string{"sh", "sql", "js", "go", "json", "yaml", "text"}

var (
	docMarkBlock  = regexp.MustCompile(`^\s*<!-- not run: \S.* -->$`)
	docMarkInline = regexp.MustCompile(`^\s*<!-- not run, [^:]+: (.+) -->$`)
	docFence      = regexp.MustCompile("^\\s*```(\\w*)$")
	docCode       = regexp.MustCompile("`([^`]+)`")
	docAssignment = regexp.MustCompile(`^[A-Z_]+=`)
)

// parseDocPage reads a page of Markdown.
func parseDocPage(text string) docPage {
	var p docPage
	wrong := func(n int, format string, args ...any) {
		p.mistakes = append(p.mistakes, fmt.Errorf("line %d: "+format, append([]any{n}, args...)...))
	}
	marked := map[string]bool{} // commands of the text; true once it was met
	var code []string
	var block *docBlock
	unrun := false // the next block
	for i, line := range strings.Split(text, "\n") {
		n := i + 1
		fence := docFence.FindStringSubmatch(line)
		switch {
		case block != nil && fence != nil:
			if unrun {
				p.unrun = append(p.unrun, splitScript(block.text)...)
			} else {
				p.blocks = append(p.blocks, *block)
			}
			block, unrun = nil, false
			continue
		case block != nil:
			block.text += line + "\n"
			continue
		case fence != nil:
			block = &docBlock{language: fence[1]}
			if !slices.Contains(docLanguages, block.language) {
				wrong(n, "a block of %q: say which of %q it is", block.language, docLanguages)
			}
			continue
		case unrun:
			wrong(n, "a mark without a block after it")
			unrun = false
		}
		if docMarkBlock.MatchString(line) {
			unrun = true
		} else if m := docMarkInline.FindStringSubmatch(line); m != nil {
			for c := range strings.SplitSeq(m[1], "; ") {
				marked[c] = false
			}
		} else if strings.Contains(line, "<!-- not run") {
			wrong(n, "a mark that cannot be read")
		} else {
			for _, m := range docCode.FindAllStringSubmatch(line, -1) {
				code = append(code, m[1])
			}
		}
	}
	if block != nil {
		wrong(strings.Count(text, "\n"), "a block does not end")
	}
	for _, c := range code {
		_, words := commandWords(c)
		if len(words) < 2 || !slices.Contains(docPrograms, words[0]) {
			continue
		}
		if _, ok := marked[c]; ok {
			marked[c] = true
			p.unrun = append(p.unrun, c)
		} else if !slices.Contains(p.inline, c) {
			p.inline = append(p.inline, c)
		}
	}
	for c, met := range marked {
		if !met {
			p.mistakes = append(p.mistakes, fmt.Errorf("the marked command %q is not in the text", c))
		}
	}
	return p
}

// splitScript gives the simple commands of a block of shell.
func splitScript(text string) (commands []string) {
	text = strings.ReplaceAll(text, "\\\n", " ")
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, " #")
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, c := range regexp.MustCompile(`\|\|?|&&?|;`).Split(line, -1) {
			if c = strings.TrimSpace(c); c != "" {
				commands = append(commands, c)
			}
		}
	}
	return commands
}

// commandWords splits a simple command into the settings before it and its words.
func commandWords(command string) (settings, words []string) {
	words = strings.Fields(command)
	for len(words) > 0 && docAssignment.MatchString(words[0]) {
		name, _, _ := strings.Cut(words[0], "=")
		settings, words = append(settings, name), words[1:]
	}
	return settings, words
}

// checkUnrun holds a command that is not run against what there is: help is what
// the program's own command says with --help, root the repository.
func checkUnrun(root, command string, help func(name string) (string, bool)) error {
	settings, words := commandWords(command)
	if len(words) == 0 {
		return nil
	}
	serve, _ := help("serve")
	for _, name := range settings {
		if !hasFlag(serve, strings.ReplaceAll(strings.ToLower(name), "_", "-")) && words[0] != "make" {
			return fmt.Errorf("%s: there is no setting %s", command, name)
		}
	}
	switch program := filepath.Base(words[0]); program {
	case "paceboard":
		return checkUnrunOwn(command, words[1:], help)
	case "make":
		makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
		if err != nil {
			return err
		}
		for _, w := range words[1:] {
			if name, _, ok := strings.Cut(w, "="); ok && !strings.Contains(string(makefile), "$("+name+")") {
				return fmt.Errorf("%s: the Makefile has no %s", command, name)
			}
		}
		if out, err := exec.Command("make", append([]string{"-n", "-s", "-C", root}, words[1:]...)...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", command, err, out)
		}
		return nil
	default:
		if !slices.Contains(docPrograms, words[0]) && !slices.Contains([]string{"sudo", "sudoedit", "cd", "mkdir", "cp", "export", "openssl", "printf"}, program) {
			return fmt.Errorf("%s: how to check %s is not known", command, words[0])
		}
		for _, w := range words[1:] {
			inside := strings.Contains(w, "/") && !strings.ContainsAny(w, `:@"'$<=`) && !filepath.IsAbs(w)
			if _, err := os.Stat(filepath.Join(root, w)); inside && err != nil {
				return fmt.Errorf("%s: %w", command, err)
			}
		}
		return nil
	}
}

// checkUnrunOwn holds a command of the program's own against its help.
func checkUnrunOwn(command string, words []string, help func(name string) (string, bool)) error {
	if len(words) == 0 {
		return errors.New(command + ": which command?")
	}
	usage, ok := help(words[0])
	if !ok {
		return fmt.Errorf("%s: there is no command %q", command, words[0])
	}
	arguments := "|" + strings.TrimSpace(regexp.MustCompile(`^Usage: paceboard \S+ \[flags\](.*)`).FindStringSubmatch(usage)[1]) + "|"
	for i, w := range words[1:] {
		name, isFlag := strings.CutPrefix(w, "--")
		name, _, _ = strings.Cut(name, "=")
		switch {
		case isFlag && !hasFlag(usage, name):
			return fmt.Errorf("%s: paceboard %s has no flag --%s", command, words[0], name)
		case !isFlag && i == 0 && strings.Count(arguments, "|") > 2 && !strings.Contains(arguments, "|"+w+"|"):
			return fmt.Errorf("%s: paceboard %s takes %s, not %q", command, words[0], strings.Trim(arguments, "|"), w)
		}
	}
	return nil
}

func hasFlag(usage, name string) bool {
	return name == "help" || regexp.MustCompile(`(?m)^  --`+regexp.QuoteMeta(name)+`( |$)`).MatchString(usage)
}
