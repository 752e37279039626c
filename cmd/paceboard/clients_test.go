package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Clients as others generate them of openapi.yaml: each generator, at its default
// settings and pinned in a module of its own under tools/clients, makes a client
// that compiles and runs the main flow against a server: create a competition,
// join, sync, read the board, and work out a prize of 1234567.89 to the cent.

func TestGeneratedClientOfOAPICodegen(t *testing.T) {
	inParallel(t)
	dir := clientModule(t, "oapi")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "api"), 0o755))
	inModule(t, dir, "go", "tool", "oapi-codegen", "-generate", "types,client", "-package", "api", "-o", "api/api.gen.go", "openapi.yaml")
	inModule(t, dir, "go", "build", "-trimpath", "-o", "flow", ".")
	runFlow(t, dir, filepath.Join(dir, "flow"))

	config, err := filepath.Abs("../../clients/go/oapi-codegen.yaml")
	require.NoError(t, err)
	inModule(t, dir, "go", "tool", "oapi-codegen", "-config", config, "-o", "types.gen.go", "openapi.yaml")
	requireSameFile(t, filepath.Join(dir, "types.gen.go"), "../../clients/go/types.gen.go", "go generate ./clients/go")
}

func TestGeneratedClientOfOgen(t *testing.T) {
	inParallel(t)
	dir := clientModule(t, "ogen")
	inModule(t, dir, "go", "tool", "ogen", "-package", "api", "-target", "api", "openapi.yaml")
	inModule(t, dir, "go", "build", "-trimpath", "-o", "flow", ".")
	runFlow(t, dir, filepath.Join(dir, "flow"))
}

func TestGeneratedClientOfOpenAPITypeScript(t *testing.T) {
	inParallel(t)
	findNode(t)
	dir := clientModule(t, "typescript")
	npmCI(t, dir)
	inModule(t, dir, "npm", "exec", "--offline", "--", "openapi-typescript", "openapi.yaml", "--output", "schema.d.ts")
	inModule(t, dir, "npm", "exec", "--offline", "--", "tsc")
	runFlow(t, dir, "node", "built/main.js")

	inModule(t, dir, "node", "operations.mjs", "schema.d.ts", "operations.ts")
	for made, kept := range map[string]string{"schema.d.ts": "schema.ts", "operations.ts": "operations.ts"} {
		requireSameFile(t, filepath.Join(dir, made), "../../clients/typescript/src/"+kept, "npm run generate in clients/typescript")
	}
}

// requireSameFile checks that a generated file is what is kept of it.
func requireSameFile(t *testing.T, made, kept, remedy string) {
	t.Helper()
	want, err := os.ReadFile(made)
	require.NoError(t, err)
	got, err := os.ReadFile(kept)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got), "%s is not what openapi.yaml gives: %s", kept, remedy)
}

// findNode skips a test on a desk without Node, and fails it in CI.
func findNode(t *testing.T) {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			const missing = "NO NODE: the TypeScript client was not tried; install nodejs and npm (tools/install-test-needs)"
			if os.Getenv("CI") == "true" {
				t.Fatal(missing)
			}
			t.Skip(missing)
		}
	}
}

// npmCI installs what a module's lock file names.
func npmCI(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, runIn(t, dir, "npm", npmInstall...))
}

var npmInstall = []string{"ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"}

// clientModule is a copy of a module under tools/clients, with openapi.yaml.
func clientModule(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "tools", "clients", name))))
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "node_modules"))) // of somebody who tried it there
	contract, err := os.ReadFile("../../http/openapi.yaml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "openapi.yaml"), contract, 0o600))
	return dir
}

func inModule(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	require.NoError(t, runIn(t, dir, program, args...))
}

// runIn is inModule that leaves it to the caller what an error means.
func runIn(t *testing.T, dir, program string, args ...string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // a registry may be slow
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w:\n%s", program, args, err, said)
	}
	return nil
}

// runFlow runs a client's main flow against a server of its own.
func runFlow(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	s := startServer(t, t.TempDir())
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PACEBOARD_URL="+s.url, "OPERATOR_TOKEN="+operatorToken(t), "USER_TOKEN="+tokenOf(t, "ada", false))
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", said)
	s.stop()
}
