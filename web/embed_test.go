package web_test

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/web"
)

// limits are what the files of the page may weigh, as they travel: gzipped, in bytes.
// What a board needs is one limit; what only some need has one of its own.
var limits = []struct {
	what  string
	files []string
	limit int
}{
	{"a board's scripts", []string{"app.js", "chunk.js", "theme.js", "uPlot.esm.js"}, 60 << 10},
	{"the scripts of the other pages", []string{"app.js", "chunk.js", "theme.js"}, 36 << 10},
	{"signing in", []string{"auth.js"}, 32 << 10},
	{"the console", []string{"console.html", "console.css", "console.js", "theme.js"}, 32 << 10},
	{"a board's scripts by a link", []string{"spectate.js", "theme.js", "uPlot.esm.js"}, 48 << 10},
	{"the QR code", []string{"qr.js"}, 4 << 10},
	{"styles", []string{"app.css"}, 8 << 10},
	{"styles by a link", []string{"app.css", "spectate.css"}, 10 << 10},
	{"markup", []string{"index.html"}, 2 << 10},
	{"markup by a link", []string{"board.html"}, 2 << 10},
}

// allFiles reads the whole page: its names and contents.
func allFiles(t *testing.T) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := fs.WalkDir(web.Files(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(web.Files(), name)
		files[name] = string(content)
		return err
	})
	require.NoError(t, err)
	return files
}

func TestFilesHoldThePageAndAllItRefersTo(t *testing.T) {
	files := allFiles(t)
	index, ok := files["index.html"]
	require.True(t, ok, "no index.html")
	for _, name := range []string{"index.html", "console.html", "board.html"} {
		references := regexp.MustCompile(`(?:src|href)="([^"#]+)`).FindAllStringSubmatch(files[name], -1)
		require.NotEmpty(t, references, name)
		for _, reference := range references {
			if file := strings.TrimPrefix(reference[1], "/"); file != "" { // the console's address may end in a slash
				require.Contains(t, files, file)
			}
		}
	}
	require.NotRegexp(t, `(?:src|href)="[^/"]`, files["board.html"], "it stands under /b/")

	imports := regexp.MustCompile(`(?:import\(|from ?)"\./([^"]+)"`)
	for name, content := range files {
		if path.Ext(name) != ".js" {
			continue
		}
		for _, imported := range imports.FindAllStringSubmatch(content, -1) {
			require.Contains(t, files, imported[1], "imported by %s", name)
		}
	}
	require.Contains(t, files["app.js"], `"./uPlot.esm.js"`, "the plots have gone missing")
	require.Contains(t, files["app.js"], `"./auth.js"`, "the sign-in has gone missing")
	require.Contains(t, files["uplot.LICENSE.txt"], "MIT License")
	require.Contains(t, files["auth-js.LICENSE.txt"], "MIT License")
	for _, document := range []string{index, files["console.html"]} {
		require.Contains(t, document, `<meta name="sign-in" content="">`, "the server could not write in how people sign in")
	}
}

func TestFilesStaySmall(t *testing.T) {
	files, limited := allFiles(t), map[string]bool{}
	for _, c := range limits {
		total := 0
		for _, name := range c.files {
			limited[name] = true
			require.Contains(t, files, name, "name the file as it is called now")
			total += zipped(t, files[name])
		}
		t.Logf("%s: %d bytes", c.what, total)
		require.LessOrEqual(t, total, c.limit, c.what)
	}
	for name := range files {
		if kind := path.Ext(name); kind == ".js" || kind == ".css" || kind == ".html" {
			require.True(t, limited[name], "%s has no limit", name)
		}
	}
}

// zipped returns how many bytes of a file travel.
func zipped(t *testing.T, content string) int {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	require.NoError(t, err)
	_, err = w.Write([]byte(content))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Len()
}

// named are addresses that a file has as text and never calls: where auth-js would look
// for a project if it were given none, and where its warnings send a developer.
var named = map[string][]string{"auth.js": {
	"http://localhost:9999",
	"https://github.com/supabase/supabase-js/blob/master/packages/core/auth-js/migrations/lockless-coordination.md",
}}

// Nothing is fetched from elsewhere, and nobody is told who looks at a board.
func TestFilesReferToNoOtherHost(t *testing.T) {
	absolute := regexp.MustCompile(`(?i)\b(?:https?|wss?):(?:\\?/){2}[^\s"'<>)\x60]*`)
	relative := regexp.MustCompile(`(?i)(?:=\s*["']?|url\(\s*["']?|["'\x60])//[a-z0-9]`)
	for name, content := range allFiles(t) {
		if strings.HasSuffix(name, ".LICENSE.txt") {
			continue
		}
		for _, url := range absolute.FindAllString(content, -1) {
			known := strings.HasPrefix(url, "http://www.w3.org/") || slices.Contains(named[name], url)
			require.True(t, known, "%s refers to %s", name, url)
		}
		require.NotRegexp(t, relative, content, "%s refers to another host", name)
	}
}

// What the policy in the package's doc forbids: an inline script, style or handler, and text run as code.
func TestFilesKeepToTheContentSecurityPolicy(t *testing.T) {
	inline := map[string]*regexp.Regexp{
		"an inline script":   regexp.MustCompile(`(?i)<script(?:\s[^>]*)?>\s*[^<\s]`),
		"a script tag alone": regexp.MustCompile(`(?i)<script(?:\s+type="[^"]*")?\s*>`),
		"an inline style":    regexp.MustCompile(`(?i)<style|\sstyle\s*=`),
		"an inline handler":  regexp.MustCompile(`(?i)\son[a-z]+\s*=`),
		"a script address":   regexp.MustCompile(`(?i)javascript:`),
		"a base or a frame":  regexp.MustCompile(`(?i)<(?:base|iframe|object|embed)\b`),
	}
	code := map[string]*regexp.Regexp{
		"text run as code":      regexp.MustCompile(`\beval\(|\bnew Function\b|set(?:Timeout|Interval)\(\s*["'\x60]`),
		"text read as HTML":     regexp.MustCompile(`\b(?:innerHTML|outerHTML|insertAdjacentHTML|srcdoc)\b|document\.write`),
		"a style attribute":     regexp.MustCompile(`setAttribute\(\s*["'\x60]style|createElement\(\s*["'\x60]style`),
		"a handler by its name": regexp.MustCompile(`setAttribute\(\s*["'\x60]on`),
	}
	for name, content := range allFiles(t) {
		rules := code
		switch path.Ext(name) {
		case ".html", ".svg":
			rules = inline
		case ".js":
		default:
			continue
		}
		for what, rule := range rules {
			require.NotRegexp(t, rule, content, "%s has %s", name, what)
		}
	}
}

func TestStylesLoadNothing(t *testing.T) {
	for name, content := range allFiles(t) {
		if path.Ext(name) == ".css" {
			require.NotRegexp(t, `(?i)@import|url\(`, content, name)
		}
	}
}
