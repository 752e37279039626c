package main

import (
	"context"
	"errors"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// TestClientPackage packs clients/typescript as npm
// publishes it. The page's own tests pass, its built files have not drifted, and the
// packed client makes the same page. Two projects with lock files install the package,
// compile against it and run: a Node script, and a board of Vite and React in a browser.
func TestClientPackage(t *testing.T) {
	inParallel(t)
	findNode(t)
	findChromium(t)
	dir := t.TempDir()
	at := func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) }
	copySources(t, filepath.Join("..", "..", "clients"), at("clients"))
	copySources(t, filepath.Join("..", "..", "web"), at("web"))
	node, vite := at("clients", "examples", "node"), at("clients", "examples", "vite-react")

	source := at("clients", "typescript")
	together(t,
		func() error { return runIn(t, source, "npm", npmInstall...) },
		func() error { return runIn(t, at("web"), "npm", npmInstall...) },
	)
	inModule(t, source, "npm", "run", "build")
	inModule(t, source, "npm", "pack", "--pack-destination", dir)
	packed, err := filepath.Glob(at("paceboard-client-*.tgz"))
	require.NoError(t, err)
	require.Len(t, packed, 1)
	inModule(t, dir, "tar", "xzf", packed[0])

	installPacked := func(example string) func() error {
		for _, name := range []string{"package.json", "package-lock.json"} { // they name the package by its folder
			file := filepath.Join(example, name)
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			require.NotRegexp(t, `"resolved": "https?:`, string(text), "a registry's address")
			require.Contains(t, string(text), `"file:../../typescript"`)
			changed := strings.ReplaceAll(string(text), "file:../../typescript", "file:../../../package")
			require.NoError(t, os.WriteFile(file, []byte(changed), 0o600))
		}
		return func() error {
			if err := runIn(t, example, "npm", npmInstall...); err != nil {
				return err
			}
			return runIn(t, example, "npm", "run", "check")
		}
	}
	together(t, installPacked(node), installPacked(vite),
		func() error { return runIn(t, source, "npm", "test") },
		func() error {
			for _, command := range [][]string{{"npm", "test"}, {"node", "build.mjs", "--check"}, {"node", "build.mjs", "--packed", at("package")}} {
				if err := runIn(t, at("web"), command[0], command[1:]...); err != nil {
					return err
				}
			}
			return nil
		})

	app := httptest.NewServer(http.FileServerFS(os.DirFS(filepath.Join(vite, "dist"))))
	t.Cleanup(app.Close)
	s := startServer(t, t.TempDir(), "ALLOWED_ORIGINS="+app.URL)
	requireDocsCompile(t, s, node)
	s.createSpring("spring")
	bruno := tokenOf(t, "bruno", false)
	status, answer := s.call(http.MethodPost, "/api/v1/competitions/spring/join", bruno, `{"user_name":"Bruno"}`)
	require.Equal(t, http.StatusOK, status, string(answer))

	inModule(t, vite, "env", "VITE_PACEBOARD_URL="+s.url, "npm", "run", "build")
	appHost, err := url.Parse(app.URL)
	require.NoError(t, err)
	tab := openTab(t, appHost.Host, strings.TrimPrefix(s.url, "http://"))
	tab.do(chromedp.Navigate(app.URL + "/#competition=spring&token=" + bruno))
	tab.waitUntil("the board is live", `document.body.innerText.includes("Live · 1 athletes")`)

	inModule(t, node, "npm", "run", "build")
	ctx, cancel := context.WithTimeout(t.Context(), browserPatience)
	defer cancel()
	script := exec.CommandContext(ctx, "node", "built/main.js", "spring", "7123")
	script.Dir = node
	script.Env = append(os.Environ(), "PACEBOARD_URL="+s.url, "PACEBOARD_TOKEN="+tokenOf(t, "ada", false))
	script.WaitDelay = time.Second
	said, err := script.CombinedOutput()
	require.NoError(t, err, "%s", said)
	require.Regexp(t, `(?m)^version \d+: 1\. ada 7123, 2\. Bruno 0$`, string(said))

	tab.waitUntil("the board moved", `document.querySelector("tr").innerText.includes("7,123") && document.querySelectorAll("tr").length === 2`)
	tab.mu.Lock()
	require.Empty(t, tab.faults)
	tab.mu.Unlock()
	s.stop()
}

var docsTypeScript = regexp.MustCompile(`(?s)<figure data-language="TypeScript">.*?<pre><code>(.*?)</code></pre>`)

// requireDocsCompile compiles every snippet of TypeScript in /docs in a project that has
// the client.
func requireDocsCompile(t *testing.T, s *instance, project string) {
	t.Helper()
	status, page := s.call(http.MethodGet, "/docs", "", "")
	require.Equal(t, http.StatusOK, status)
	guides := docsSnippets(t)
	require.Len(t, guides["ts"], 1)
	require.Len(t, guides["ts-setup"], 1)
	code := strings.Replace(guides["ts-setup"][0], "const api", "declare const PACEBOARD: string, TOKEN: string;\nconst api", 1) +
		"\ndeclare const session: { access_token: string }, supabase: { auth: { refreshSession(): Promise<{ data: { session: { access_token: string } | null } }> } };\n" +
		"{" + strings.Replace(guides["ts"][0], `import { BoardClient } from "@paceboard/client";`, "", 1) + "}\n"
	found := docsTypeScript.FindAllStringSubmatch(string(page), -1)
	require.Greater(t, len(found), 50)
	for _, m := range found {
		code += "{ " + html.UnescapeString(m[1]) + " }\n"
	}
	require.NoError(t, os.WriteFile(filepath.Join(project, "docs.ts"), []byte(code+"export {};\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(project, "docs.json"), []byte(`{"extends": "./tsconfig.json", "files": ["docs.ts"]}`), 0o600))
	inModule(t, project, "npm", "exec", "--offline", "--", "tsc", "-p", "docs.json")
}

// together runs what does not depend on each other.
func together(t *testing.T, steps ...func() error) {
	t.Helper()
	failed := make(chan error, len(steps))
	for _, step := range steps {
		go func() { failed <- step() }()
	}
	var all []error
	for range steps {
		all = append(all, <-failed)
	}
	require.NoError(t, errors.Join(all...))
}

// webOnce is where webModule made its copy.
var webOnce struct {
	sync.Mutex
	dir string
}

// webModule is a copy of the page's sources, with what its tests need installed. It is made
// once, for tests that write nothing there.
func webModule(t *testing.T) (dir string) {
	t.Helper()
	findNode(t)
	webOnce.Lock()
	defer webOnce.Unlock()
	if webOnce.dir == "" {
		dir := filepath.Join(common, "web")
		copySources(t, filepath.Join("..", "..", "web"), dir)
		npmCI(t, dir)
		webOnce.dir = dir
	}
	return webOnce.dir
}

// copySources copies a folder of this repository without what npm put there.
func copySources(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && (name == "node_modules" || name == ".build" || name == "built" || name == "dist" && !strings.HasSuffix(from, "web")) {
			return filepath.SkipDir
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o600)
	})
	require.NoError(t, err)
}
