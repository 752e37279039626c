package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/cmd/internal/transfer"
	"github.com/paceboard/paceboard/persistence/testservers"
)

// reader follows the documentation as somebody new would: in a clone, pasting
// every block into one shell for each page.
type reader struct {
	t        *testing.T
	root     string            // the repository
	clone    string            // a folder with all of it but what is built or stored there
	port     int               // instead of 8081, which others may use
	database string            // for the commands in the text
	replace  map[string]string // what the pages leave for the reader to fill in
	environ  []string
}

func newReader(t *testing.T) *reader {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	r := &reader{t: t, root: root, clone: t.TempDir(), port: quietPort(t), database: newDatabase(t)}
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	for _, e := range entries {
		if !slices.Contains([]string{".git", ".env", "bin", "data", "artifacts"}, e.Name()) {
			require.NoError(t, os.Symlink(filepath.Join(root, e.Name()), filepath.Join(r.clone, e.Name())))
		}
	}

	tools := t.TempDir()
	tool := func(name, script string) string {
		path := filepath.Join(tools, name)
		require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700))
		return path
	}
	realCurl, err := exec.LookPath("curl")
	require.NoError(t, err)
	tool("curl", `exec `+realCurl+` --fail-with-body "$@"`)                           // a refusal is a failure
	tool("ssh", `shift; mkdir -p ../elsewhere; DATA_DIR=../elsewhere/data exec "$@"`) // another machine is another folder
	// `make build` takes minutes the first time: the tests' own build of the same source stands for it.
	build := tool("go-for-make", `case "$*" in
"build -trimpath "*" -o bin/paceboard ./cmd/paceboard") mkdir -p bin && cp `+binary+` bin/paceboard ;;
*) echo "make runs go $*, which this test does not" >&2; exit 1 ;;
esac`)

	activity := filepath.Join(t.TempDir(), "activity.csv")
	require.NoError(t, os.WriteFile(activity, []byte("user_id,date,steps\nbo,2026-05-01,7000\n"), 0o600))
	r.replace = map[string]string{
		"localhost:8081": "localhost:" + strconv.Itoa(r.port),
		"postgres://…":   r.database,
		" FILE":          " " + activity, //nolint:gocritic // A word of its own, and not an end of another.
	}
	r.environ = []string{
		"PATH=" + strings.Join([]string{tools, filepath.Join(r.clone, "bin"), os.Getenv("PATH")}, ":"),
		"HOME=" + r.clone, "GO=" + build, "HOST=127.0.0.1", "PORT=" + strconv.Itoa(r.port), "MIN_FREE_DISK=1MiB",
	}
	return r
}

// quietPort finds a free port among those that nobody is given by chance.
func quietPort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 20000 + rand.IntN(10000)
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			require.NoError(t, listener.Close())
			return port
		}
	}
	require.FailNow(t, "there is no free port")
	return 0
}

// paste gives a shell a script by its standard input, as a terminal does with
// what is pasted at once, and returns what was said. Each command must succeed.
// Whatever the script leaves running is stopped at its end.
func (r *reader) paste(script string, environ ...string) (string, error) {
	r.t.Helper()
	for from, to := range r.replace {
		script = strings.ReplaceAll(script, from, to)
	}
	script = `trap 'echo "failed: $BASH_COMMAND"; failed=1' ERR
set -E
` + script + `
jobs=$(jobs -p)
[ -z "$jobs" ] || { kill $jobs; wait $jobs; }
exit ${failed:-0}
`
	output, err := os.CreateTemp(r.t.TempDir(), "output")
	require.NoError(r.t, err)
	defer output.Close()
	ctx, cancel := context.WithTimeout(r.t.Context(), 2*time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash", "-s")
	shell.Dir, shell.Env = r.clone, append(slices.Clone(r.environ), environ...)
	shell.Stdin, shell.Stdout, shell.Stderr = strings.NewReader(script), output, output // a file: nobody waits for what runs on
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	shell.Cancel = func() error { return syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) }
	err = shell.Run()
	_ = syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) // what a failed script left
	said, readErr := os.ReadFile(output.Name())
	require.NoError(r.t, readErr)
	return string(said), err
}

// follow does what a page says, and returns what was said by its shell.
func (r *reader) follow(page docPage) (string, error) {
	r.t.Helper()
	if len(page.mistakes) > 0 {
		return "", page.mistakes[0]
	}
	for _, c := range page.unrun {
		if err := checkUnrun(r.root, c, r.help); err != nil {
			return "", err
		}
	}
	var script strings.Builder
	for _, b := range page.blocks {
		if b.language == "sh" {
			script.WriteString(b.text)
		}
	}
	fmt.Fprintf(&script, "export DATABASE_URL=%s\n", r.database)
	for _, c := range page.inline {
		script.WriteString(c + " </dev/null\n")
	}
	return r.paste(script.String())
}

// help is what a command of the program says about itself.
func (r *reader) help(name string) (string, bool) {
	code, out, _ := runProgram(r.t, name, "--help")
	return out, code == 0
}

// TestDocumentedCommands does what README.md and docs/ say.
func TestDocumentedCommands(t *testing.T) {
	inParallel(t)
	r := newReader(t)
	r.environ = append(r.environ, "REDIS_URL="+testservers.Redis(t).URL())
	pages, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	more, err := filepath.Glob("../../docs/adr/*.md")
	require.NoError(t, err)
	said := map[string]string{}
	for _, path := range append(append([]string{"../../README.md"}, pages...), more...) { // the first makes what others need
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		page := parseDocPage(string(text))
		name := filepath.Base(path)
		said[name], err = r.follow(page)
		require.NoError(t, err, "%s:\n%s", path, said[name])
		for _, b := range page.blocks {
			switch b.language {
			case "js":
				r.runSnippet(b.text)
			case "sql":
				if name == "README.md" {
					r.runInProject(b.text)
				} else {
					require.Equal(t, "operations.md", name, "queries are tested there (persistence/postgres)")
				}
			}
		}
	}
	require.Contains(t, said["README.md"], `"user_name":"Ann","competition_id":"spring","score":10000,"rank":1`)
	require.Contains(t, said["README.md"], "1 posted, 0 refused")
	require.Contains(t, said["README.md"], "make bench-live", "make help says what can be made")
	require.Regexp(t, `(?s)exported.+imported.+imported`, said["operations.md"], "a competition moves to PostgreSQL and to another machine")
}

// runInProject runs statements as in the project's SQL editor.
func (r *reader) runInProject(sql string) {
	r.t.Helper()
	conn, err := pgx.Connect(r.t.Context(), newDatabase(r.t))
	require.NoError(r.t, err)
	defer conn.Close(context.Background())
	for _, before := range []string{
		`CREATE SCHEMA auth`,
		`CREATE TABLE auth.users (id int, email text, raw_app_meta_data jsonb)`, // the columns that matter of the auth server's table
		`INSERT INTO auth.users VALUES (1, 'you@example.com', '{"provider":"email"}'), (2, 'you@example.com', NULL), (3, 'ann@example.com', '{}')`,
		sql,
	} {
		_, err := conn.Exec(r.t.Context(), before)
		require.NoError(r.t, err, before)
	}
	var operators string
	require.NoError(r.t, conn.QueryRow(r.t.Context(),
		`SELECT string_agg(id::text, ' ' ORDER BY id) FROM auth.users WHERE raw_app_meta_data->>'role' = 'operator'`).Scan(&operators))
	require.Equal(r.t, "1 2", operators)
}

// runSnippet runs the client code with Node, against a server; what stands for
// supabase-js has a session.
func (r *reader) runSnippet(code string) {
	r.t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		out, _ := exec.Command("../../tools/install-test-needs", "nodejs").CombinedOutput()
		if node, err = exec.LookPath("node"); err != nil {
			require.NotEqual(r.t, "true", os.Getenv("CI"), "node: %s", out)
			r.t.Skipf("there is no node for the client code of the pages: %s", out)
		}
	}
	s := startServer(r.t, r.t.TempDir())
	s.createSpring("spring")
	folder := r.t.TempDir()
	library := filepath.Join(folder, "node_modules", "@supabase", "supabase-js")
	require.NoError(r.t, os.MkdirAll(library, 0o700))
	files := map[string]string{
		filepath.Join(library, "package.json"): `{"name":"@supabase/supabase-js","type":"module","exports":"./index.js"}`,
		filepath.Join(library, "index.js"): fmt.Sprintf(`export const createClient = (url, key) => {
  if (url !== 'https://project.supabase.co' || key !== 'publishable') throw new Error('createClient(' + url + ', ' + key + ')')
  return { auth: { getSession: async () => ({ data: { session: { access_token: %q } }, error: null }) } }
}`, tokenOf(r.t, "ann", false)),
		filepath.Join(folder, "snippet.mjs"): strings.ReplaceAll(code, "http://localhost:8081", s.url),
	}
	for path, text := range maps.All(files) {
		require.NoError(r.t, os.WriteFile(path, []byte(text), 0o600))
	}
	run := exec.CommandContext(r.t.Context(), node, "snippet.mjs")
	run.Dir = folder
	run.Env = []string{"SUPABASE_URL=https://project.supabase.co", "SUPABASE_PUBLISHABLE_KEY=publishable"}
	out, err := run.CombinedOutput()
	require.NoError(r.t, err, string(out))
	require.Regexp(r.t, `(?m)^1 .*8000$`, string(out))
	s.stop()
}

// TestDocumentedCommandsAreFoundWanting plants what the test above is for.
func TestDocumentedCommandsAreFoundWanting(t *testing.T) {
	r := newReader(t)
	_, err := r.follow(parseDocPage("```sh\nmake build\nbin/paceboard version\n```\nand `paceboard version`."))
	require.NoError(t, err)
	for name, c := range map[string]struct{ page, wrong string }{
		"a command fails":                      {"```sh\nbin/paceboard --no-such\nbin/paceboard version\n```", "failed: bin/paceboard --no-such"},
		"a command in the text fails":          {"Do `paceboard migrate sideways`.", "failed: paceboard migrate sideways"},
		"an answer is a refusal":               {"```sh\nbin/paceboard serve --dev --data-dir ./planted &\ncurl -sS --retry 30 --retry-delay 1 --retry-connrefused localhost:8081/health/ready\ncurl -sS localhost:8081/no-such\n```", "localhost:" + strconv.Itoa(r.port) + "/no-such"},
		"a race with the server's start":       {"```sh\nbin/paceboard serve --dev --data-dir ./planted &\ncurl -sS localhost:8081/health\n```", "failed: curl"},
		"a block without a language":           {"```\nmake build\n```", "say which"},
		"a mark without a block":               {"<!-- not run: takes long -->\n\n```sh\nmake build\n```", "without a block"},
		"a mark without a reason":              {"<!-- not run -->\n```sh\nmake build\n```", "cannot be read"},
		"a mark of a command that is not here": {"<!-- not run, takes long: make test -->", "is not in the text"},
		"a marked block, no such target":       {"<!-- not run: takes long -->\n```sh\nmake tset\n```", "tset"},
		"a marked block, no such variable":     {"<!-- not run: takes long -->\n```sh\nmake bench SPEED=1\n```", "no SPEED"},
		"a marked block, no such flag":         {"<!-- not run: takes long -->\n```sh\nFOO=1\nmake demo && paceboard serve --no-such\n```", "--no-such"},
		"a marked block, no such setting":      {"<!-- not run: takes long -->\n```sh\nDATABSE_URL=x paceboard serve\n```", "no setting DATABSE_URL"},
		"a marked block, no such command":      {"<!-- not run: takes long -->\n```sh\npaceboard prove\n```", "no command"},
		"a marked block, no such file":         {"<!-- not run: needs Docker -->\n```sh\ndocker build -f deploy/Dokerfile .\n```", "deploy/Dokerfile"},
		"a marked block, an unknown program":   {"<!-- not run: takes long -->\n```sh\nfrobnicate\n```", "not known"},
		"a marked command, no such word":       {"<!-- not run, it asks: paceboard migrate sideways -->\n`paceboard migrate sideways`", "not \"sideways\""},
	} {
		t.Run(name, func(t *testing.T) {
			said, err := r.follow(parseDocPage(c.page))
			require.Error(t, err)
			require.Contains(t, said+err.Error(), c.wrong)
		})
	}
}

// TestImage holds deploy/Dockerfile to what can be said about it without Docker.
func TestImage(t *testing.T) {
	text, err := os.ReadFile("../../deploy/Dockerfile")
	require.NoError(t, err)
	_, image, ok := strings.Cut(string(text), "\nFROM scratch\n")
	require.True(t, ok, "the image has what is copied into it, and nothing else")
	user := regexpFind(t, `(?m)^USER (\S+)$`, image)
	for folder, why := range map[string]string{
		"/data": "DATA_DIR",
		"/tmp":  "export and import spool there",
	} {
		from := regexpFind(t, `(?m)^COPY --from=build --chown=`+user+` (\S+) `+folder+`$`, image)
		require.Regexp(t, `(?m)^RUN .*\bmkdir `+from+`$`, string(text), "%s: %s", folder, why)
	}
	require.Contains(t, image, "ENV DATA_DIR=/data\n")

	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	err = (&transfer.Export{}).Write(t.Context(), io.Discard)
	require.ErrorContains(t, err, "TMPDIR", "a folder that is missing is named")
}

func regexpFind(t *testing.T, pattern, text string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	require.Len(t, m, 2, pattern)
	return m[1]
}
