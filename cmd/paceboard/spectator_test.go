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

// TestBrowserOfASpectator looks at a board by its link, in a real browser: on screens on
// the wall and on a phone. Nothing there names anybody, the board moves, and when the link
// is revoked the page says so.
func TestBrowserOfASpectator(t *testing.T) {
	inParallel(t)
	findChromium(t)
	s := startServer(t, t.TempDir())
	s.createSpring("live")
	s.postRound("live", 0)
	status, answer := s.call(http.MethodPost, "/api/v1/competitions/live/board-links", operatorToken(t), `{"names":"none"}`)
	require.Equal(t, http.StatusCreated, status, string(answer))
	var link struct{ Data struct{ ID, Path string } }
	require.NoError(t, json.Unmarshal(answer, &link))

	host := strings.TrimPrefix(s.url, "http://")
	const (
		leader    = `document.querySelector(".step[data-place='1'] .step-score").textContent.replace(/\D/g, "")`
		gone      = `document.querySelector("h1")?.textContent === "This link has ended"`
		cut       = `[...document.querySelectorAll(".step-name, .step-score, .tv-score, .tv-rank")].filter((e) => e.clientHeight === 0 && getComputedStyle(e).display !== "inline" || e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0).length`
		smallest  = `Math.min(...[...document.querySelectorAll(".tv-view *")].filter((e) => e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())).map((e) => parseFloat(getComputedStyle(e).fontSize)))`
		noScroll  = `document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth`
		everybody = `document.body.innerText`
	)
	nobody := func(tab *browserTab) {
		text := tab.read(everybody)
		for _, walker := range walkers {
			require.NotContains(t, text, walker)
		}
	}
	wall := openTab(t, host)
	wall.do(chromedp.EmulateViewport(1920, 1080), chromedp.Navigate(s.url+link.Data.Path+"?tv=1"))
	for round, lines := range []int64{1080, 1440, 2160} {
		wall.do(chromedp.EmulateViewport(lines*16/9, lines))
		s.postRound("live", round+1)
		wall.waitUntil("the screen follows", leader+` === "`+fmt.Sprint(s.readBoard("live", 1).Data.Entries[0].Score)+`"`)
		wall.waitUntil("the code is there", `document.querySelector("svg.qr path")?.getAttribute("d").length > 1000`)
		require.Equal(t, "true", wall.read(noScroll), "%d lines", lines)
		require.Equal(t, "0", wall.read(cut), "%d lines", lines)
		require.Equal(t, "true", wall.read(fmt.Sprintf("%s >= %d", smallest, 28*lines/1080)), "text on %d lines: %s", lines, wall.read(smallest))
		require.Equal(t, "0", wall.read(`[...document.querySelectorAll("button, a, input")].filter((e) => e.checkVisibility()).length`), "there is nothing to press")
		nobody(wall)
		wall.shoot(fmt.Sprintf("tv-%d", lines))
	}
	phone := openTab(t, host)
	phone.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch), chromedp.Navigate(s.url+link.Data.Path))
	phone.waitUntil("the phone is connected", `document.querySelector(".connection[data-kind=live]") !== null`)
	phone.waitUntil("the board is there", fmt.Sprintf(`document.querySelectorAll(".board tbody tr:not(.skeleton)").length === %d`, len(walkers)))
	require.Equal(t, "0", phone.read(`[...document.querySelectorAll(".sync-short, .sync")].filter((e) => e.checkVisibility()).length`), "no times")
	require.Equal(t, "false", phone.read("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
	nobody(phone)
	phone.shoot("spectator-phone")
	wall.requireNoFaults()
	phone.requireNoFaults()

	status, answer = s.call(http.MethodDelete, "/api/v1/competitions/live/board-links/"+link.Data.ID, operatorToken(t), "")
	require.Equal(t, http.StatusOK, status, string(answer))
	wall.waitUntil("the screen says that the link has ended", gone)
	phone.waitUntil("the phone says that the link has ended", gone)
	phone.shoot("spectator-ended-phone")
	s.stop()
}
