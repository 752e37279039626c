package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// TestBrowserTakesPart follows an athlete from an account to an explanation: joins by a
// code after its fee and rules, syncs, sees the own place move and why, leaves, joins a
// public board after its rules, declines an invitation and accepts another one.
func TestBrowserTakesPart(t *testing.T) {
	inParallel(t)
	findChromium(t)
	p := startSignInProject(t)
	s := startServer(t, t.TempDir(), "SUPABASE_URL="+p.url, "SUPABASE_ANON_KEY=anon-key")
	s.createSpring("closed", `"enrollment":"invite"`, `"visibility":"private"`, `"entry_fee":5`, `"currency":"EUR"`, `"time_zone":"Europe/Berlin"`, `"description":"Four weeks of steps."`)
	s.createSpring("open", `"prize_pool":100`, `"currency":"EUR"`, `"time_zone":"Europe/Berlin"`)
	for i, user := range walkers {
		status, answer := s.call(http.MethodPost, "/api/v1/competitions/closed/join", operatorToken(t), fmt.Sprintf(`{"user_id":%q}`, user))
		require.Equal(t, http.StatusOK, status, string(answer))
		r := report{user: user, source: "watch", day: "2016-04-12", steps: int64(1_000 * (i + 1))}
		status, answer = s.call(http.MethodPost, "/api/v1/fitness/sync", operatorToken(t), r.body("closed"))
		require.Equal(t, http.StatusOK, status, string(answer))
	}
	status, answer := s.call(http.MethodPost, "/api/v1/competitions/closed/invitations", operatorToken(t), `{"code":{"uses":5}}`)
	require.Equal(t, http.StatusCreated, status, string(answer))
	var made struct {
		Data struct{ Code struct{ Code string } }
	}
	require.NoError(t, json.Unmarshal(answer, &made))

	tab := openTab(t, strings.TrimPrefix(s.url, "http://"), strings.TrimPrefix(p.url, "http://"))
	tab.do(chromedp.EmulateViewport(1280, 900), chromedp.Navigate(s.url+"/"))
	tab.press("Create an account")
	tab.fill("name", "Ada Byron", "email", "ada@example.com", "password", "correct horse")
	tab.waitUntil("a code is asked for", codeIsThere)
	var code string
	p.do(func() { code = p.users["ada@example.com"].otp })
	tab.fill("code", code)
	tab.waitUntil("the list", listIsThere)

	const place = `document.querySelector(".athlete:not([hidden]) .athlete-place")?.textContent`
	const dialog = `document.querySelector("dialog.confirm[open]")?.textContent`
	read := func(path string) string {
		t.Helper()
		status, answer := s.call(http.MethodGet, path, operatorToken(t), "")
		require.Equal(t, http.StatusOK, status, string(answer))
		return string(answer)
	}
	asks := func(title string) string {
		t.Helper()
		tab.waitUntil("it asks", fmt.Sprintf(`%s?.startsWith(%q)`, dialog, title))
		return tab.read(dialog)
	}
	show := func(code string) {
		t.Helper()
		tab.read(fmt.Sprintf(`(document.querySelector("#join-code").value = %q, true)`, code))
		tab.press("Go on")
	}
	tab.press("Join with a code")
	show("0000000000")
	tab.waitUntil("a wrong code is refused", `document.querySelector("dialog.confirm .wrong")?.textContent === "There is no such join code."`)
	tab.takeRefusals(404)
	show(strings.ToLower(made.Data.Code.Code))
	asked := asks("Join Spring?")
	for _, told := range []string{"Four weeks of steps.", "Boards show you as Ada Byron. Joining costs €5.00. 12 people take part.", "1 for each step.", "midnight in Europe/Berlin.", "€5.00, paid back if you leave before the start"} {
		require.Contains(t, asked, told)
	}
	tab.shootAll("code")
	codes := read("/api/v1/competitions/closed/invitations")
	require.Contains(t, codes, `"uses":5`, "the code is not used yet")
	require.Contains(t, read("/api/v1/leaderboard/closed"), `"total_count":12`, "and nobody has joined")
	tab.press("Join for €5.00")
	tab.waitUntil("the board, and the own place on it", place+` === "13th of 13"`)
	require.Contains(t, read("/api/v1/competitions/closed/invitations"), `"uses":4`)
	require.Equal(t, "/#/c/closed", tab.address())

	// The phone syncs, with the token of the same session.
	token := tab.read(`JSON.parse(localStorage.getItem("paceboard.session")).access_token`)
	sync := func(source string, steps int64) {
		r := report{source: source, day: "2016-04-13", steps: steps}
		status, answer := s.call(http.MethodPost, "/api/v1/fitness/sync", token, strings.Replace(r.body("closed"), `"user_id":"",`, "", 1))
		require.Equal(t, http.StatusOK, status, string(answer))
	}
	sync("phone", 6_500)
	tab.waitUntil("the place moves", place+` === "7th of 13"`)
	sync("watch", 11_500)
	tab.waitUntil("and again", place+` === "2nd of 13"`)
	require.Equal(t, "500 to lars, 1st · 500 ahead of keiko", tab.read(`document.querySelector(".athlete .facts").textContent`))
	tab.waitUntil("the places while watching", `/While you watch: .*2nd at/.test(document.querySelector(".athlete").textContent)`)
	tab.press("Why this score?")
	tab.waitUntil("the explanation", `document.querySelector(".days li") !== null`)
	why := tab.read(`document.querySelector(".days").textContent`)
	require.Contains(t, why, "Your 11,500 points are the sum of these days.")
	require.Contains(t, why, "11,500 points for 11,500 steps.")
	require.Contains(t, why, "phone reported 6,500 steps. Another device has more, so this is not counted a second time.")
	tab.shootAll("athlete")
	sync("watch", 12_500)
	tab.waitUntil("the explanation follows", `document.querySelector(".days")?.textContent.includes("12,500 points for 12,500 steps.")`)

	tab.press("Leave")
	tab.waitUntil("it asks", `document.querySelector("dialog.confirm[open]")?.textContent.includes("You are taken off the board.")`)
	tab.read(`(document.querySelector("dialog.confirm .button").click(), true)`)
	tab.waitUntil("outside again, where a private board is not shown", `document.querySelector(".view")?.textContent.includes("This board is private")`)

	// A public board, after what one agrees to.
	tab.do(chromedp.Navigate(s.url + "/#/c/open"))
	tab.waitUntil("outside", place+` === "You do not take part"`)
	tab.press("Join")
	asked = asks("Join Spring?")
	for _, rule := range []string{"Join Spring?", "Boards show you as Ada Byron. Joining is free.", "1 for each step.", "midnight in Europe/Berlin.", "1st€60.00"} {
		require.Contains(t, asked, rule)
	}
	tab.shootAll("joining")
	tab.read(`(document.querySelector("dialog.confirm .button").click(), true)`)
	tab.waitUntil("inside", place+` === "1st of 1"`)
	require.Equal(t, "false", tab.read(`document.querySelector(".rules-card").hidden`))

	// Two invitations: one is declined, one accepted after its fee and rules.
	var me string
	p.do(func() { me = p.users["ada@example.com"].id })
	for _, id := range []string{"guests-a", "guests-b"} {
		s.createSpring(id, `"visibility":"private"`, `"entry_fee":3`, `"currency":"EUR"`)
		status, answer := s.call(http.MethodPost, "/api/v1/competitions/"+id+"/invitations", operatorToken(t), fmt.Sprintf(`{"user_ids":[%q]}`, me))
		require.Equal(t, http.StatusOK, status, string(answer))
	}
	tab.do(chromedp.Navigate(s.url + "/#/"))
	const offered = `document.querySelectorAll(".invitations:not([hidden]) .invitation").length`
	tab.waitUntil("both are offered", offered+` === 2`)
	require.Contains(t, tab.read(`document.querySelector(".invitation").textContent`), "€3.00 to take part")
	require.Equal(t, "Organise /console", tab.read(`((e) => e.textContent + " " + e.getAttribute("href"))(document.querySelector(".console-way"))`))
	tab.shootAll("invitations")
	tab.press("Decline")
	require.Contains(t, asks("Decline Spring?"), "You do not take part")
	tab.read(`(document.querySelector("dialog.confirm .button").click(), true)`)
	tab.waitUntil("one is left", offered+` === 1`)
	require.Contains(t, read("/api/v1/competitions/guests-a/invitations"), `"state":"declined"`)
	tab.press("See and join")
	require.Contains(t, asks("Join Spring?"), "Joining costs €3.00.")
	require.Contains(t, read("/api/v1/leaderboard/guests-b"), `"total_count":0`, "nobody is shown before they accept")
	tab.press("Join for €3.00")
	tab.waitUntil("inside", place+` === "1st of 1"`)
	require.Equal(t, "/#/c/guests-b", tab.address())
	require.Contains(t, read("/api/v1/leaderboard/guests-a"), `"total_count":0`)

	tab.requireNoFaults()
	tab.requireHearing()
	s.stop()
}
