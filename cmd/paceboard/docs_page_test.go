package main

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// axe is axe-core, which finds what keeps people from using a page.
func axe(t *testing.T) string {
	t.Helper()
	script, err := os.ReadFile(filepath.Join(webModule(t), "node_modules", "axe-core", "axe.min.js"))
	require.NoError(t, err)
	return string(script)
}

// requireAxeClean checks that axe finds nothing wrong with what is shown.
func (b *browserTab) requireAxeClean(script, state string) {
	b.t.Helper()
	b.read("(() => {" + script + "})()")
	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()
	found, err := chromedp.Run(ctx, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"], preload: false}).then(({violations}) => JSON.stringify(
		violations.map(({id, nodes}) => [id, nodes.length, nodes[0].html.slice(0, 200), nodes[0].failureSummary])), String)`, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err, state)
	require.Equal(b.t, "[]", found, state)
}

// fewOperations leaves a part of the page: one template makes all operations, and axe
// takes a minute for all of them.
const fewOperations = `document.querySelectorAll("main article, main .schema, nav li li, #problems tr:nth-child(n+5)").forEach((part) => ["submitSync", "getLeaderboard", "schema-Entry"].includes(part.id) || part.remove())`

// undrawnParts counts what /docs draws when it is needed.
const undrawnParts = `document.querySelectorAll("main noscript").length`

// TestDocsPageInABrowser looks at /docs of a real server: on every width nothing is
// wider than the window, axe finds nothing, operations are drawn when they are needed, the
// filter and the languages work, and an operation can be tried.
func TestDocsPageInABrowser(t *testing.T) {
	inParallel(t)
	findChromium(t)
	script := axe(t)
	s := startServer(t, t.TempDir())
	s.createSpring("spring")
	tab := openTab(t, strings.TrimPrefix(s.url, "http://"))
	for _, width := range []int64{320, 390, 1280, 1920} {
		tab.do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(s.url+"/docs"))
		require.NotEqual(t, "0", tab.read(undrawnParts), "what nobody looks at is not drawn")
		tab.read(`dispatchEvent(new Event("beforeprint"))`)
		require.Equal(t, "0", tab.read(undrawnParts), "all is printed")
		require.Equal(t, "true", tab.read(`document.documentElement.scrollWidth <= innerWidth`), "%d", width)
		require.Empty(t, tab.read(`[...document.querySelectorAll("main *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && e.offsetParent).map((e) => e.tagName + e.textContent.slice(0, 40)).join()`), "%d", width)
		tab.shoot(fmt.Sprintf("docs-%d", width))
		if width == 390 || width == 1280 {
			tab.read(fewOperations)
			tab.requireAxeClean(script, fmt.Sprintf("%d wide", width))
		}
	}

	tab.do(chromedp.Navigate(s.url + "/docs?linked#getLeaderboard"))
	tab.waitUntil("the operation of the address", `Math.abs(document.querySelector("#getLeaderboard").getBoundingClientRect().top) < 50`)
	tab.do(chromedp.Navigate(s.url+"/docs?filtered"), chromedp.SendKeys("#filter", "leaderboard/"))
	tab.waitUntil("all to be drawn, once somebody is there", undrawnParts+` === 0`)
	tab.waitUntil("the filter", `document.querySelector("#found").textContent === "3 operations" && document.querySelector("#submitSync").hidden && !document.querySelector("#getLeaderboard").hidden`)
	tab.read(`document.querySelector("#getLeaderboard [data-pick=Go]").click()`)
	tab.waitUntil("one language", `[...document.querySelectorAll("#getLeaderboard [data-language]")].filter((f) => !f.hidden).map((f) => f.dataset.language).join() === "Go"`)

	token, err := json.Marshal(tokenOf(t, "ada", false))
	require.NoError(t, err)
	tab.read(fmt.Sprintf(`sessionStorage.setItem("paceboard.token", %s)`, token))
	tab.read(`document.querySelector("#getLeaderboard .try").open = true`)
	tab.waitUntil("a form", `document.querySelector("#getLeaderboard form") !== null`)
	tab.read(fewOperations)
	tab.requireAxeClean(script, "a form to try an operation")
	tab.read(`document.querySelector("#getLeaderboard form").requestSubmit()`)
	tab.waitUntil("an answer", `document.querySelector("#getLeaderboard output").textContent.includes('"competition_id": "spring"')`)
	tab.requireNoFaults()
	s.stop()
}

var docsSnippet = regexp.MustCompile(`(?s)<pre data-run="([\w-]+)"><code>(.*?)</code></pre>`)

// docsSnippets are the snippets of the guides in /docs, by what is done with them here.
func docsSnippets(t *testing.T) map[string][]string {
	t.Helper()
	page, err := os.ReadFile("../../http/internal/apidocs/page.html")
	require.NoError(t, err)
	snippets := map[string][]string{}
	for _, m := range docsSnippet.FindAllStringSubmatch(string(page), -1) {
		snippets[m[1]] = append(snippets[m[1]], html.UnescapeString(m[2]))
	}
	return snippets
}

// TestDocsQuickStart runs the commands of the quick start, with a stand-in for the
// project that answers as its sign-in does.
func TestDocsQuickStart(t *testing.T) {
	inParallel(t)
	token := tokenOf(t, "ann", false)
	project := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.String() != "/auth/v1/token?grant_type=password" || r.Header.Get("apikey") != "public" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"token_type":"bearer","expires_in":3600,"refresh_token":"r","user":{}}`, token)
	}))
	t.Cleanup(project.Close)
	s := startServer(t, t.TempDir())
	commands := docsSnippets(t)["sh"]
	require.Len(t, commands, 3)
	script := strings.ReplaceAll(strings.Join(commands, "\n"), "http://localhost:8081", s.url)
	shell := exec.CommandContext(t.Context(), "bash", "-euc", strings.ReplaceAll(script, "curl -sS", "curl -sS --fail-with-body"))
	shell.Env = append(os.Environ(), "SUPABASE_URL="+project.URL, "SUPABASE_ANON_KEY=public")
	said, err := shell.CombinedOutput()
	require.NoError(t, err, "%s", said)
	require.Contains(t, string(said), `"path":"/b/`)
	board := s.readBoard("spring", 10)
	require.Len(t, board.Data.Entries, 1)
	require.EqualValues(t, 10_000, board.Data.Entries[0].Score)
	s.stop()
}
