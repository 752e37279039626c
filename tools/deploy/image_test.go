package deploy

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
	"github.com/stretchr/testify/require"
)

// stages parses a Dockerfile as BuildKit does, and returns what it warns of as well.
func stages(text []byte) (all []instructions.Stage, args []instructions.ArgCommand, warnings []string, err error) {
	parsed, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return nil, nil, nil, err
	}
	for _, w := range parsed.Warnings {
		warnings = append(warnings, w.Short)
	}
	lint := linter.New(&linter.Config{Warn: func(rule, _, _, message string, _ []parser.Range) {
		warnings = append(warnings, rule+": "+message)
	}})
	all, args, err = instructions.Parse(parsed.AST, lint)
	return all, args, warnings, err
}

// find returns the commands of a type.
func find[T any](stage *instructions.Stage) (found []T) {
	for _, c := range stage.Commands {
		if c, ok := c.(T); ok {
			found = append(found, c)
		}
	}
	return found
}

func TestImage(t *testing.T) {
	text, err := os.ReadFile("../../deploy/Dockerfile")
	require.NoError(t, err)
	all, args, warnings, err := stages(text)
	require.NoError(t, err)
	require.Empty(t, warnings)
	require.Len(t, all, 2)

	// The digest of the base is a build argument, and may be left out.
	base := func(digest string) string {
		var environ []string
		for _, arg := range args {
			for _, pair := range arg.Args {
				value := pair.ValueString()
				if pair.Key == "GO_DIGEST" {
					value = digest
				}
				environ = append(environ, pair.Key+"="+value)
			}
		}
		name, _, err := shell.NewLex('\\').ProcessWord(all[0].BaseName, shell.EnvsFromSlice(environ))
		require.NoError(t, err)
		return name
	}
	require.Regexp(t, `^golang:1\.\d+$`, base(""))
	digest := "sha256:" + strings.Repeat("0", 64)
	require.Regexp(t, `^golang:1\.\d+@`+digest+`$`, base(digest))

	image := &all[1]
	require.Equal(t, "scratch", image.BaseName)
	users := find[*instructions.UserCommand](image)
	require.Len(t, users, 1)
	require.Regexp(t, `^[1-9]\d+:[1-9]\d+$`, users[0].User, "a number, so that runAsNonRoot can be checked")
	health := find[*instructions.HealthCheckCommand](image)
	require.Len(t, health, 1)
	require.Equal(t, []string{"CMD", "/paceboard", "health"}, health[0].Health.Test, "there is no shell")
	entry := find[*instructions.EntrypointCommand](image)
	require.Len(t, entry, 1)
	require.Equal(t, []string{"/paceboard"}, []string(entry[0].CmdLine))
	require.False(t, entry[0].PrependShell)
	labels := map[string]string{}
	for _, l := range find[*instructions.LabelCommand](image) {
		for _, pair := range l.Labels {
			labels[strings.Trim(pair.Key, `"`)] = pair.Value
		}
	}
	for _, name := range []string{"title", "description", "source", "documentation", "licenses", "version", "revision"} {
		require.NotEmpty(t, labels["org.opencontainers.image."+name], name)
	}

	_, _, warnings, err = stages(bytes.Replace(text, []byte("AS build\n"), []byte("AS Build\n"), 1))
	require.NoError(t, err)
	require.NotEmpty(t, warnings, "the linter finds what is planted")
}
