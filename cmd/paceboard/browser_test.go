package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// browserPatience is how long a page may take to show what is so; a loaded
// machine with two cores needs some of it to start a browser.
const browserPatience = 60 * time.Second

// findChromium skips a test on a desk without a browser, and fails it in CI.
func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const missing = "NO BROWSER: the live page was not looked at; install chromium (tools/install-test-needs)"
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// browserTab is a tab of a real browser, and what it reported.
type browserTab struct {
	t     *testing.T
	ctx   context.Context //nolint:containedctx // chromedp keeps the tab in it
	hosts []string        // the only ones that it may talk to

	mu       sync.Mutex
	down     bool // the server is away: connections may be refused
	faults   []string
	policies []string // the Content-Security-Policy of each document
	sent     []string // frames of WebSockets
	sockets  int      // how many were opened
	more     chan struct{}
}

// browserOnce is the browser of all tests, which the first of them starts and TestMain stops.
var browserOnce struct {
	sync.Mutex
	ctx  context.Context //nolint:containedctx // chromedp keeps the browser in it
	stop func()
}

// sharedBrowser returns a browser that knows no names and nobody.
func sharedBrowser(t *testing.T) context.Context {
	t.Helper()
	path := findChromium(t)
	browserOnce.Lock()
	defer browserOnce.Unlock()
	if browserOnce.ctx != nil && browserOnce.ctx.Err() == nil {
		return browserOnce.ctx
	}
	home, err := os.MkdirTemp("", "tab") //nolint:usetesting // Chromium has a socket in it, whose path may have 107 bytes.
	require.NoError(t, err)
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(filepath.Join(home, "profile"))}
	for name, value := range map[string]any{
		"headless": "new", "no-sandbox": true, "disable-gpu": true, "disable-quic": true, "no-first-run": true,
		"disable-background-networking": true, "disable-component-update": true, "disable-sync": true,
		"disable-dev-shm-usage": true, "no-proxy-server": true, "lang": "en-GB",
		"host-resolver-rules": "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
	} {
		options = append(options, chromedp.Flag(name, value))
	}
	options = append(options, chromedp.NoInheritEnv, chromedp.Env("HOME="+home, "TMPDIR="+home, "PATH="+os.Getenv("PATH")))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...) //nolint:usetesting // it outlives the test
	ctx, cancel := chromedp.NewContext(allocator)
	if browserOnce.stop != nil {
		browserOnce.stop() // the one before has ended
	}
	browserOnce.ctx = ctx //nolint:fatcontext // it is kept for the tests that follow
	browserOnce.stop = func() {
		cancel()
		stop()
		_ = os.RemoveAll(home)
	}
	require.NoError(t, chromedp.Do(ctx)) // starts it, under a context that lives as long as it does
	return ctx
}

// stopBrowser ends the browser of all tests, if one has started it.
func stopBrowser() {
	browserOnce.Lock()
	defer browserOnce.Unlock()
	if browserOnce.stop != nil {
		browserOnce.stop()
	}
}

// openTab opens a tab that shares nothing with other tests' tabs, for a page that may talk
// to some hosts.
func openTab(t *testing.T, hosts ...string) *browserTab {
	t.Helper()
	b := &browserTab{t: t, hosts: hosts, more: make(chan struct{}, 1)}
	var cancel context.CancelFunc
	b.ctx, cancel = chromedp.NewContext(sharedBrowser(t), chromedp.WithNewBrowserContext(), chromedp.WithListener(b.hear))
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(b.ctx)) // opens it, under a context that lives as long as it does
	return b
}

// openSibling opens another tab with the same storage.
func (b *browserTab) openSibling() *browserTab {
	b.t.Helper()
	sibling := &browserTab{t: b.t, hosts: b.hosts, more: make(chan struct{}, 1)}
	var cancel context.CancelFunc
	sibling.ctx, cancel = chromedp.NewContext(b.ctx, chromedp.WithListener(sibling.hear))
	b.t.Cleanup(cancel)
	require.NoError(b.t, chromedp.Do(sibling.ctx)) // as in openTab
	sibling.do(chromedp.EmulateViewport(1280, 900))
	return sibling
}

// frames returns what the page has sent over WebSockets, and how many it has opened.
func (b *browserTab) frames() (sent []string, sockets int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.sent), b.sockets
}

// waitUntilFrames waits until what the page has sent over WebSockets is so.
func (b *browserTab) waitUntilFrames(why string, so func(sent []string, sockets int) bool) {
	b.t.Helper()
	for timeout := time.After(browserPatience); ; {
		if so(b.frames()) {
			return
		}
		select {
		case <-b.more:
		case <-timeout:
			sent, sockets := b.frames()
			require.Fail(b.t, why, "%d sockets, %q", sockets, sent)
		}
	}
}

// hear notes what must not be: errors, violations of the policy, other hosts.
func (b *browserTab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text, _ := json.Marshal(e.ExceptionDetails)
		b.faults = append(b.faults, "exception: "+string(text))
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" || e.Type == "assert" {
			text, _ := json.Marshal(e.Args)
			b.faults = append(b.faults, "console: "+string(text))
		}
	case *log.EventEntryAdded:
		if (!b.down || !isCutOff(e.Entry.Text)) && (e.Entry.Level == "error" || e.Entry.Level == "warning") {
			b.faults = append(b.faults, fmt.Sprintf("log of %s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *network.EventRequestWillBeSent:
		b.called(e.Request.URL)
	case *network.EventWebSocketCreated:
		b.called(e.URL)
		b.sockets++
	case *network.EventWebSocketFrameSent:
		b.sent = append(b.sent, string(e.Response.PayloadData))
		select {
		case b.more <- struct{}{}:
		default:
		}
	case *network.EventResponseReceived:
		if e.Type == network.ResourceTypeDocument {
			policy, _ := e.Response.Headers["Content-Security-Policy"].(string)
			b.policies = append(b.policies, policy)
		}
	}
}

// isCutOff reports whether the browser speaks of a server that is away or goes
// away at that moment.
func isCutOff(text string) bool {
	for _, sign := range []string{
		"net::ERR_CONNECTION_REFUSED", "net::ERR_CONNECTION_RESET", "net::ERR_EMPTY_RESPONSE",
		"Connection closed before receiving a handshake response",
		"WebSocket is closed before the connection is established", // the page gave up waiting
	} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// called holds an address that the page called against the one that it may.
func (b *browserTab) called(address string) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "data" && u.Scheme != "about" && !slices.Contains(b.hosts, u.Host) {
		b.faults = append(b.faults, "a request to "+address)
	}
}

// expectRefusals says whether the server is away for now.
func (b *browserTab) expectRefusals(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
}

// requireNoFaults checks what was heard.
func (b *browserTab) requireNoFaults() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b.t, b.faults)
	require.NotEmpty(b.t, b.policies)
	for _, policy := range b.policies {
		require.True(b.t, strings.HasPrefix(policy, "default-src 'none';"), policy)
		require.NotContains(b.t, policy, "unsafe")
	}
}

// requireHearing checks that faults would have been heard: the page may not call
// another host, and says so when it tries.
func (b *browserTab) requireHearing() {
	b.t.Helper()
	b.waitUntil("the policy stops the page", `(console.error("heard"), window.tried ??= fetch("http://elsewhere.test/").catch(() => document.body.dataset.stopped = "yes"), document.body.dataset.stopped === "yes")`)
	b.mu.Lock()
	defer b.mu.Unlock()
	all := strings.Join(b.faults, "\n")
	require.Contains(b.t, all, "heard")
	require.Contains(b.t, all, "Content Security Policy")
}

// do carries out steps before its deadline.
func (b *browserTab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, steps...))
}

// read evaluates an expression to a text.
func (b *browserTab) read(expression string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("String("+expression+")"))
	require.NoError(b.t, err)
	return text
}

// waitUntil waits until an expression is true, which is looked at whenever the
// document changes, and now and then for what changes beside it.
func (b *browserTab) waitUntil(why, expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()
	look := chromedp.Evaluate[bool](fmt.Sprintf(`new Promise((resolve) => {
		const look = () => { if (!(%s)) return false; watch.disconnect(); clearInterval(again); resolve(true); return true; };
		const watch = new MutationObserver(look);
		const again = setInterval(() => look(), 100);
		if (!look()) watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
	})`, expression), chromedp.EvalAwaitPromise)
	_, err := chromedp.Run(ctx, look)
	for err != nil && ctx.Err() == nil && isNavigation(err) { // the promise went with its document
		_, err = chromedp.Run(ctx, look)
	}
	if err != nil {
		b.t.Logf("the page: %v\n%s", err, b.read("document.body?.innerText"))
		b.shoot("failed")
		require.NoError(b.t, err, why)
	}
}

// isNavigation reports whether an expression ended because the page went elsewhere.
func isNavigation(err error) bool {
	for _, sign := range []string{"navigated", "context was destroyed", "Promise was collected", "Cannot find context"} {
		if strings.Contains(err.Error(), sign) {
			return true
		}
	}
	return false
}

// pageRows are the places as the page shows them, in its order; it shows the id of
// who has no name.
const pageRows = `JSON.stringify([...document.querySelectorAll(".board tbody tr:not(.gap):not(.skeleton)")].map((row) => ({
	rank: Number(row.querySelector(".medal").textContent),
	name: row.querySelector(".name").textContent,
	score: Number(row.querySelector(".number").textContent.replace(/\D/g, "")) })))`

// waitForBoard waits until the page shows the places that the API gives.
func (b *browserTab) waitForBoard(want board) {
	b.t.Helper()
	type place struct {
		Rank  int    `json:"rank"`
		Name  string `json:"name"`
		Score int64  `json:"score"`
	}
	places := make([]place, len(want.Data.Entries))
	for i, entry := range want.Data.Entries {
		places[i] = place{entry.Rank, cmp.Or(entry.UserName, entry.UserID), entry.Score}
	}
	text, err := json.Marshal(places)
	require.NoError(b.t, err)
	quoted, err := json.Marshal(string(text))
	require.NoError(b.t, err)
	b.waitUntil("the page shows the board "+string(text), pageRows+" === "+string(quoted))
}

// shoot takes a picture of what can be seen, into $ARTIFACTS if that is set.
func (b *browserTab) shoot(name string) {
	b.t.Helper()
	dir := os.Getenv("ARTIFACTS")
	if dir == "" {
		dir = b.t.TempDir()
	}
	require.NoError(b.t, os.MkdirAll(dir, 0o755))
	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()
	var picture []byte
	require.NoError(b.t, chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		taken, err := chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{OptimizeForSpeed: new(true)})
		if err == nil {
			picture = taken.Data
		}
		return err
	})))
	require.NoError(b.t, os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600))
	b.t.Logf("picture: %s", filepath.Join(dir, name+".png"))
}

// shootAll takes pictures of the page on a desk and on a phone, by day and by
// night, and checks that nothing sticks out.
func (b *browserTab) shootAll(name string) {
	b.t.Helper()
	devices := map[string]chromedp.Action[chromedp.Void]{
		"desktop": chromedp.EmulateViewport(1280, 900),
		"phone":   chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait),
	}
	for device, emulate := range devices {
		for _, scheme := range []string{"light", "dark"} {
			b.do(emulate, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
				_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
				})
				return err
			}))
			require.Equal(b.t, "false", b.read("document.documentElement.scrollWidth > document.documentElement.clientWidth"), "%s is too wide", device)
			b.shoot(fmt.Sprintf("%s-%s-%s", name, device, scheme))
		}
	}
	b.do(devices["desktop"])
}

// walkers are users whose ids are short enough to be shown as names.
var walkers = []string{"ada", "bruno", "chiara", "dmitri", "elif", "farid", "greta", "hugo", "ines", "jonas", "keiko", "lars"}

// postRound posts a day of everybody's steps, which puts the walker of that
// number in the lead.
func (s *instance) postRound(competitionID string, round int) {
	s.t.Helper()
	syncs := make([]string, len(walkers))
	for i, user := range walkers {
		steps := int64(1_000 + 137*((i*5+round*7)%len(walkers)))
		if i == round {
			steps = 8_000 + 6_000*int64(round+1)
		}
		r := report{user: user, source: "watch", day: fmt.Sprintf("2016-04-%02d", 12+round), steps: steps}
		syncs[i] = r.body(competitionID)
	}
	status, answer := s.call(http.MethodPost, "/api/v1/fitness/sync/batch", operatorToken(s.t), `{"syncs":[`+strings.Join(syncs, ",")+`]}`)
	require.Equal(s.t, http.StatusOK, status, string(answer))
	require.NotContains(s.t, string(answer), `"code"`)
}

// TestBrowserFollowsTheBoard looks at the page of a real server with a real
// browser: the board moves as syncs come, and goes on after a restart.
func TestBrowserFollowsTheBoard(t *testing.T) {
	inParallel(t)
	findChromium(t)
	dir := t.TempDir()
	s := startServer(t, dir)
	s.createSpring("live")
	s.postRound("live", 0)

	host := strings.TrimPrefix(s.url, "http://")
	tab := openTab(t, host)
	tab.do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(s.url+"/#/c/live?token="+tokenOf(t, "greta", false)))
	tab.waitForBoard(s.readBoard("live", 25))
	require.Equal(t, "#/c/live", tab.read("location.hash"), "the token is taken out of the address")
	require.Equal(t, "greta", tab.read(`document.querySelector("tr.own .name").textContent`))
	tab.waitUntil("the page is connected", `document.querySelector(".connection[data-kind=live]") !== null`)

	for round := 1; round < 5; round++ {
		s.postRound("live", round)
		tab.waitUntil(walkers[round]+" takes the lead", fmt.Sprintf(`document.querySelector(".board tbody .name").textContent === %q`, walkers[round]))
	}
	tab.waitForBoard(s.readBoard("live", 25))
	tab.shootAll("live")

	tab.expectRefusals(true)
	s.stop()
	tab.waitUntil("the page says that it is cut off", `document.querySelector(".connection[data-kind=reconnecting]") !== null && document.querySelector(".notice-text") !== null`)
	require.Len(t, walkers, strings.Count(tab.read(pageRows), `"rank"`), "the board stays")
	tab.shoot("reconnecting-desktop")

	again := startServer(t, dir, "--port", strings.Split(host, ":")[1])
	require.Equal(t, s.url, again.url)
	again.postRound("live", 5)
	tab.waitUntil("the page is connected again", `document.querySelector(".connection[data-kind=live]") !== null && document.querySelector(".notice-text") === null`)
	tab.expectRefusals(false)
	again.postRound("live", 6)
	tab.waitForBoard(again.readBoard("live", 25))
	require.Equal(t, fmt.Sprintf("version %d", again.readBoard("live", 1).Data.Version),
		tab.read(`[...document.querySelectorAll(".foot span")].map((e) => e.textContent).find((text) => text.startsWith("version")).replaceAll(",", "")`))
	tab.requireNoFaults()
	tab.requireHearing()
	again.stop()
}

// TestBrowserAsksBeforeALinkReplacesTheViewer: anybody can write a link with a
// token of their own.
func TestBrowserAsksBeforeALinkReplacesTheViewer(t *testing.T) {
	inParallel(t)
	findChromium(t)
	s := startServer(t, t.TempDir())
	s.createSpring("live")
	s.postRound("live", 0)
	const (
		own     = `document.querySelector("tr.own .name")?.textContent`
		asked   = `document.querySelector("dialog.switch[open]") !== null`
		buttons = `document.querySelectorAll("dialog.switch button")`
	)
	link := func(token string) string { return fmt.Sprintf(`(location.hash = "#/c/live?token=%s", true)`, token) }
	tab := openTab(t, strings.TrimPrefix(s.url, "http://"))
	tab.do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(s.url+"/#/c/live?token="+tokenOf(t, "greta", false)))
	tab.waitUntil("who has no session is not asked", own+` === "greta"`)
	require.Equal(t, "false", tab.read(asked))

	tab.read(link(tokenOf(t, "hugo", false)))
	tab.waitUntil("the page asks", asked)
	require.Equal(t, "#/c/live", tab.read("location.hash"), "the token is taken out of the address")
	require.Contains(t, tab.read(`document.querySelector("dialog.switch").textContent`), "sign you in as hugo.")
	require.Equal(t, "greta", tab.read(own))
	tab.shoot("switch-desktop")
	tab.read(`(` + buttons + `[0].click(), true)`)
	tab.waitUntil("the question is gone", `!(`+asked+`)`)
	require.Equal(t, "greta", tab.read(own))

	tab.read(link(tokenOf(t, "hugo", false)))
	tab.waitUntil("the page asks again", asked)
	tab.read(`(` + buttons + `[1].click(), true)`)
	tab.waitUntil("the account is the link's", own+` === "hugo"`)
	tab.requireNoFaults()
	s.stop()
}

// TestBrowserShowsTheDocumentation within the width that there is, with code as code.
func TestBrowserShowsTheDocumentation(t *testing.T) {
	inParallel(t)
	findChromium(t)
	s := startServer(t, t.TempDir())
	tab := openTab(t, strings.TrimPrefix(s.url, "http://"))
	tab.do(chromedp.Navigate(s.url + "/docs"))
	tab.waitUntil("the page is there", `document.querySelector("#problems tr") !== null`)
	tab.shootAll("docs")
	require.Equal(t, "0", tab.read(`[...document.querySelectorAll("p")].filter((p) => p.textContent.includes("\u0060")).length`))
	require.Equal(t, "true", tab.read(`[...document.querySelectorAll("p code")].some((c) => c.textContent === "x-api-key-scope")`))
	tab.requireNoFaults()
	s.stop()
}

// TestBrowserShowsThePrizes as soon as they are paid to everybody who watches, and to
// anybody who comes later.
func TestBrowserShowsThePrizes(t *testing.T) {
	inParallel(t)
	findChromium(t)
	dir := t.TempDir()
	prepare(t, dir, func(s competition.Store) { playPrizes(t, s, "prizes", false) })
	s := startServer(t, dir)
	const (
		onSteps = `[...document.querySelectorAll(".step-prize")].map((e) => e.textContent).join(" ")`
		inRows  = `[...document.querySelectorAll(".board tbody tr:not(.gap):not(.skeleton) td.prize")].map((e) => e.textContent).join(" ")`
	)
	tab := openTab(t, strings.TrimPrefix(s.url, "http://"))
	tab.do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(s.url+"/#/c/prizes?token="+tokenOf(t, "bert", false)))
	tab.waitForBoard(s.readBoard("prizes", 25))
	tab.waitUntil("the page is connected", `document.querySelector(".connection[data-kind=live]") !== null`)
	require.Empty(t, strings.TrimSpace(tab.read(onSteps)), "nothing is paid yet")

	status, answer := s.call(http.MethodPost, "/api/v1/prizes/distribute/prizes", operatorToken(t), "")
	require.Equal(t, http.StatusOK, status, string(answer))
	tab.waitUntil("the podium has the prizes", onSteps+` === "€50.00 €30.00 €20.00"`)
	require.Equal(t, "€50.00 €30.00 €20.00", tab.read(inRows))
	tab.shootAll("settled")

	tab.do(chromedp.Reload())
	tab.waitForBoard(s.readBoard("prizes", 25))
	tab.waitUntil("the prizes are there after a reload", onSteps+` === "€50.00 €30.00 €20.00"`)
	third := openTab(t, strings.TrimPrefix(s.url, "http://"))
	third.do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(s.url+"/#/c/prizes?token="+tokenOf(t, "stranger", false)))
	third.waitForBoard(s.readBoard("prizes", 25))
	third.waitUntil("the prizes are there for somebody who won none", onSteps+` === "€50.00 €30.00 €20.00"`)
	third.shoot("settled-later-desktop")
	third.requireNoFaults()
	tab.requireNoFaults()
	s.stop()
}
