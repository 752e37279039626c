package http

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// newPagedBench has a page for board links, and a link that shows no names.
func newPagedBench(t *testing.T, change ...func(*Options)) *bench {
	t.Helper()
	page := fstest.MapFS{boardPageName: {Data: []byte("<head><title>Board</title></head>")}}
	b := newBench(t, append(change, func(o *Options) { o.Page = page })...)
	link := fakeLink()
	link.Names = competition.ShowNoNames
	b.engine.links = []competition.BoardLink{link}
	return b
}

func TestTheBoardPageSaysWhatItIsOf(t *testing.T) {
	b := newPagedBench(t)
	b.engine.summary.Definition.Name = `Steps "</title><script>alert(1)</script>`
	got := b.do(t, "GET", "/b/"+linkCode, "")
	require.Equal(t, 200, got.status)
	require.Equal(t, `<head><title>Steps &#34;&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt; · Paceboard</title>
    <meta name="board" content="spring" data-status="200">
    <meta property="og:site_name" content="Paceboard">
    <meta property="og:type" content="website">
    <meta property="og:title" content="Steps &#34;&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;">
    <meta property="og:description" content="Live standings, 10 May 2026 to 17 May 2026, 3 athletes"></head>`, got.body)
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer",
	} {
		require.Equal(t, want, got.get(name), name)
	}
	require.Equal(t, []string{"Competition"}, b.engine.called(), "it shows nobody, so it asks for nobody")
	require.Equal(t, 200, b.do(t, "HEAD", "/b/"+linkCode, "").status)
}

// TestTheBoardPageOfNoBoard says nothing of any competition, and why.
func TestTheBoardPageOfNoBoard(t *testing.T) {
	b := newPagedBench(t)
	for _, code := range []string{strings.Replace(linkCode, "ABC", "AAA", 1), "x", "%3Cscript%3E", linkCode + "A"} {
		got := b.do(t, "GET", "/b/"+code, "")
		require.Equal(t, 404, got.status, code)
		require.Equal(t, "<head><title>Board · Paceboard</title>\n    <meta name=\"board\" content=\"\" data-status=\"404\"></head>", got.body)
	}
	require.Empty(t, b.engine.called())
	b.engine.linksErr = competition.ErrUnavailable
	got := b.do(t, "GET", "/b/"+linkCode, "")
	require.Equal(t, 503, got.status)
	require.Contains(t, got.body, `data-status="503"`)

	require.Equal(t, 404, newBench(t).do(t, "GET", "/b/"+linkCode, "").status, "without a page")
}

func TestOnlyNamedSitesEmbedBoards(t *testing.T) {
	ancestors := func(b *bench, target string) string {
		_, after, found := strings.Cut(b.do(t, "GET", target, "").get("Content-Security-Policy"), "frame-ancestors ")
		require.True(t, found)
		return after
	}
	none := newPagedBench(t)
	some := newPagedBench(t, func(o *Options) { o.EmbedOrigins = []string{"https://a.example", "http://b.example:81"} })
	for _, b := range []*bench{none, some} {
		assert.Equal(t, "'none'", ancestors(b, "/b/"+linkCode))
		assert.Equal(t, "'none'", ancestors(b, "/b/"+linkCode+"?embed=0"))
		assert.Equal(t, "'none'", ancestors(b, "/"+boardPageName+"?embed=1"), "of the bare page")
	}
	assert.Equal(t, "'none'", ancestors(none, "/b/"+linkCode+"?embed=1"))
	assert.Equal(t, "https://a.example http://b.example:81", ancestors(some, "/b/"+linkCode+"?embed=1"))
	everywhere := newPagedBench(t, func(o *Options) { o.EmbedOrigins = []string{"*"} })
	assert.Equal(t, "*", ancestors(everywhere, "/b/"+linkCode+"?embed=1"))
}
