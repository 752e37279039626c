package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

const (
	formIsThere = `document.querySelector("main #email") !== null && document.querySelector("main .account.loading") === null`
	listIsThere = `document.querySelector("main .list-tools") !== null`
	liveIsThere = `document.querySelector(".connection[data-kind=live]") !== null`
	codeIsThere = `document.querySelector("main #code") !== null`
)

// fill types into the fields of the form that is there, by their ids, and sends it.
func (b *browserTab) fill(fields ...string) {
	b.t.Helper()
	for i := 0; i < len(fields); i += 2 {
		b.read(fmt.Sprintf(`(document.querySelector(%q).value = %q, document.querySelector(%[1]q).dispatchEvent(new Event("input", { bubbles: true })))`, "main #"+fields[i], fields[i+1]))
	}
	b.read(`(document.querySelector("main button[type=submit]").click(), true)`)
}

// press clicks the button or the link with that text.
func (b *browserTab) press(label string) {
	b.t.Helper()
	b.waitUntil("there is "+label, fmt.Sprintf(`((e) => e && (e.click(), true))([...document.querySelectorAll("button, a")].find((e) => e.textContent === %q && !e.disabled && e.checkVisibility()))`, label))
}

// says waits until a mistake is told under a field.
func (b *browserTab) says(field, words string) {
	b.t.Helper()
	b.waitUntil("it says "+words, fmt.Sprintf(`document.querySelector("main #%s-wrong")?.textContent === %q && !document.querySelector("main #%[1]s-wrong").hidden`, field, words))
}

// takeRefusals takes out of what was heard that the browser logs answers of these
// statuses, which the page expects and shows in words; each must have come.
func (b *browserTab) takeRefusals(statuses ...int) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, status := range statuses {
		refusal := regexp.MustCompile(fmt.Sprintf(`^log of network: Failed to load resource: the server responded with a status of %d `, status))
		rest := b.faults[:0:0]
		for _, fault := range b.faults {
			if !refusal.MatchString(fault) {
				rest = append(rest, fault)
			}
		}
		require.Less(b.t, len(rest), len(b.faults), "no answer of %d in %q", status, b.faults)
		b.faults = rest
	}
}

// address is what the address bar shows, after the origin.
func (b *browserTab) address() string {
	b.t.Helper()
	return b.read(`location.href.slice(location.origin.length)`)
}

// TestBrowserSignsIn drives the page against a real server and a project that stands in
// for Supabase: an account, its confirmation by code, password, link, provider, tabs, and
// a session that is renewed on the open socket.
func TestBrowserSignsIn(t *testing.T) {
	inParallel(t)
	findChromium(t)
	script := axe(t)
	p := startSignInProject(t)
	s := startServer(t, t.TempDir(), "SUPABASE_URL="+p.url, "SUPABASE_ANON_KEY=anon-key")
	s.createSpring("live")
	s.postRound("live", 0)

	first := openTab(t, strings.TrimPrefix(s.url, "http://"), strings.TrimPrefix(p.url, "http://"))
	first.do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(s.url+"/#/c/live"))
	first.waitUntil("the form", formIsThere)
	require.Equal(t, "null", first.read(`document.querySelector("#token")`), "no field for a token")
	first.shootAll("signin")
	first.requireAxeClean(script, "the form")

	first.press("Create an account")
	first.fill("name", "Ada Byron", "email", "ada@example.com", "password", "short")
	first.says("password", "Password should be at least 6 characters.")
	first.shoot("signup-wrong-desktop")
	first.requireAxeClean(script, "a password that is too short")
	first.fill("password", "correct horse")
	first.waitUntil("a code is asked for", codeIsThere)
	first.shootAll("signin-code")
	first.requireAxeClean(script, "a code is asked for")
	first.fill("code", "000")
	first.says("code", "The link or the code was used already, or has expired. Ask for another one.")
	var code string
	p.do(func() { code = p.users["ada@example.com"].otp })
	first.fill("code", code)
	first.waitUntil("the board that one wanted", liveIsThere)
	require.Equal(t, "/#/c/live", first.address())
	first.takeRefusals(422, 403)

	// Tabs share the session, and its end.
	second := first.openSibling()
	second.do(chromedp.Navigate(s.url + "/"))
	second.waitUntil("the other tab is signed in", listIsThere)
	second.press("Sign out")
	second.waitUntil("the form", formIsThere)
	first.waitUntil("the form in the first tab", formIsThere)
	p.do(func() {
		for _, session := range p.sessions {
			require.True(t, session.ended, "the project knows of the end")
		}
	})

	// By password. The token is renewed on the open socket, before it ends.
	p.do(func() { p.lifetime = 5 * time.Second })
	first.fill("email", "ada@example.com", "password", "wrong horse")
	first.says("password", "The e-mail or the password is wrong.")
	first.takeRefusals(400)
	first.fill("password", "correct horse")
	first.waitUntil("the board", liveIsThere)
	first.waitUntilFrames("two tokens have followed the first", func(sent []string, _ int) bool {
		return strings.Count(strings.Join(sent, " "), `"type":"auth"`) >= 2
	})
	_, sockets := first.frames()
	require.Equal(t, "true", first.read(liveIsThere))
	first.waitUntilFrames("and one more, on the same socket", func(sent []string, opened int) bool {
		return strings.Count(strings.Join(sent, " "), `"type":"auth"`) >= 3 && opened == sockets
	})
	second.waitUntil("the other tab has the session", listIsThere)
	p.do(func() { p.lifetime = time.Hour })
	second.waitUntil("no renewal is under way any more", `JSON.parse(localStorage.getItem("paceboard.session")).expires_at > Date.now() / 1000 + 600`)

	// By a link, which another tab opens.
	second.press("Sign out")
	second.waitUntil("the form", formIsThere)
	first.waitUntil("the form", formIsThere)
	first.read(`(document.querySelector("#email").value = "nobody@example.com", true)`)
	first.press("E-mail me a link instead")
	first.says("email", "There is no account with this e-mail.")
	first.takeRefusals(422)
	first.read(`(document.querySelector("#email").value = "ada@example.com", true)`)
	first.press("E-mail me a link instead")
	first.waitUntil("the link is sent", codeIsThere)
	var link string
	p.do(func() { link = p.mail.url })
	second.do(chromedp.Navigate(link))
	second.waitUntil("signed in by the link, where one wanted to go", liveIsThere)
	require.Equal(t, "/#/c/live", second.address())
	first.waitUntil("so is the first tab", liveIsThere)
	second.press("Sign out")
	second.waitUntil("the form", formIsThere)
	second.do(chromedp.Navigate(link))
	second.waitUntil("a used link says so", `document.querySelector(".ways > .wrong")?.textContent.startsWith("The link or the code was used already")`)
	require.Equal(t, "/", second.address())

	// By a provider.
	second.press("Continue with GitHub")
	second.waitUntil("signed in by the provider", listIsThere)
	require.Equal(t, "/", second.address())
	first.waitUntil("so is the first tab", liveIsThere)

	// By tokens in the address, as links of invitations have them: whoever is somebody else is asked.
	var tokens map[string]any
	p.do(func() { tokens = p.newSession(p.users["ada@example.com"]) })
	second.do(chromedp.Navigate("about:blank"), chromedp.Navigate(fmt.Sprintf("%s/#access_token=%s&refresh_token=%s&token_type=bearer&type=invite", s.url, tokens["access_token"], tokens["refresh_token"])))
	second.waitUntil("the page asks", `document.querySelector("dialog.switch[open]")?.textContent.includes("sign you in as Ada Byron.")`)
	require.NotContains(t, second.address(), "access_token")
	second.press("Use the link's account")
	second.waitUntil("signed in by tokens", listIsThere+` && JSON.parse(localStorage.getItem("paceboard.session")).user.email === "ada@example.com"`)

	// A link that names the viewer in a token that has expired, and leads to somebody else's session.
	p.do(func() {
		p.lifetime = -time.Minute
		tokens = p.newSession(p.users["octocat@example.com"])
		p.lifetime = time.Hour
	})
	var forged string
	p.do(func() {
		claims := fmt.Sprintf(`{"sub":%q,"exp":%d}`, p.users["ada@example.com"].id, time.Now().Add(-time.Minute).Unix())
		forged = "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	})
	second.do(chromedp.Navigate("about:blank"), chromedp.Navigate(fmt.Sprintf("%s/#access_token=%s&refresh_token=%s&token_type=bearer&type=invite", s.url, forged, tokens["refresh_token"])))
	second.waitUntil("the link is refused", `document.querySelector("main .message")?.textContent.includes("The link has expired, or it is not what it says.")`)
	require.NotContains(t, second.address(), "access_token")
	second.press("Go on")
	second.waitUntil("still who one was", listIsThere+` && JSON.parse(localStorage.getItem("paceboard.session")).user.email === "ada@example.com"`)

	// The console, opened when the token has expired.
	first.do(chromedp.Navigate("about:blank")) // it would renew the session
	p.do(func() {
		p.lifetime = -time.Minute
		tokens = p.newSession(p.users["ada@example.com"])
		p.lifetime = time.Hour
	})
	kept, err := json.Marshal(tokens)
	require.NoError(t, err)
	second.read(fmt.Sprintf(`(localStorage.setItem("paceboard.session", %q), true)`, kept))
	second.do(chromedp.Navigate(s.url + "/console"))
	second.waitUntil("the console, with a renewed session", `document.querySelector(".viewer")?.textContent === "Creator" && JSON.parse(localStorage.getItem("paceboard.session")).expires_at > Date.now() / 1000`)

	first.requireNoFaults()
	second.requireNoFaults()
	second.requireHearing()
	s.stop()
}
