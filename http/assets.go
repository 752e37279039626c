package http

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io/fs"
	"net/url"
	"path"
	"strings"
	"sync"

	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/http/internal/apidocs"
)

// asset is a file that all clients get alike, kept in memory. Caches must ask
// again by its ETag, since names carry no hash.
type asset struct {
	body        []byte
	etag        []byte // strong: a hash of the body
	contentType string
	policy      string // Content-Security-Policy, on everything a browser might open

	// The same for clients that take gzip, made for the first of them.
	zipped     func() []byte // nil if it would save nothing
	zippedETag []byte
}

func newAsset(name string, body []byte, policy string) *asset {
	sum := sha256.Sum256(body)
	tag := hex.EncodeToString(sum[:12])
	a := &asset{
		body:        body,
		etag:        []byte(`"` + tag + `"`),
		contentType: contentTypeOf(name),
		policy:      policy,
		zippedETag:  []byte(`"` + tag + `-gzip"`),
	}
	if len(body) >= zipFrom && !strings.HasPrefix(a.contentType, "image/png") {
		a.zipped = sync.OnceValue(func() []byte { return zip(body) })
	}
	return a
}

// pageSignIn is how the page signs people in, as it reads that in its own markup.
type pageSignIn struct {
	URL   string `json:"url,omitempty"` // of the Supabase project; none when empty
	Key   string `json:"key,omitempty"` // the project's public key
	Paste bool   `json:"paste,omitempty"`
}

// signInMark is where the markup of a page has room for a [pageSignIn].
const signInMark = `<meta name="sign-in" content="">`

// fill writes it into a page.
func (p pageSignIn) fill(page []byte) []byte {
	text, _ := json.Marshal(p) // strings and a bool
	return bytes.Replace(page, []byte(signInMark), fmt.Appendf(nil, `<meta name="sign-in" content="%s">`, html.EscapeString(string(text))), 1)
}

// newAssets reads the page into memory and adds the documentation. Keys are paths.
func newAssets(page fs.FS, signIn pageSignIn) map[string]*asset {
	policy := pagePolicy(signIn.URL)
	assets := map[string]*asset{
		"/openapi.yaml": newAsset("openapi.yaml", openAPI, policy),
		"/docs":         newAsset("docs.html", docsPage(), policy),
		"/docs.css":     newAsset("docs.css", apidocs.Style, policy),
		"/docs.js":      newAsset("docs.js", apidocs.Script, policy),
	}
	if page == nil {
		return assets
	}
	err := fs.WalkDir(page, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(page, name)
		if err == nil {
			if path.Ext(name) == ".html" {
				body = signIn.fill(body)
			}
			assets["/"+name] = newAsset(name, body, policy)
		}
		return err
	})
	if err != nil {
		panic(fmt.Errorf("read the page: %w", err))
	}
	for address, name := range map[string]string{"/": "/index.html", "/console": "/console.html"} {
		if document := assets[name]; document != nil {
			assets[address] = document
		}
	}
	return assets
}

func (a *asset) serve(ctx *fasthttp.RequestCtx) {
	header := &ctx.Response.Header
	header.SetCanonical(headerCacheControl, []byte("no-cache"))
	header.SetCanonical(headerSecurityPolicy, []byte(a.policy))
	body, etag := a.body, a.etag
	if a.zipped != nil {
		header.AddBytesKV(headerVary, valueAcceptEncoding)
		if takesGzip(ctx) {
			body, etag = a.zipped(), a.zippedETag
			header.SetContentEncoding("gzip")
		}
	}
	if !unchanged(ctx, etag) {
		header.SetContentType(a.contentType)
		ctx.Response.SetBodyRaw(body)
	}
}

// pagePolicy lets a page load what this server has, and talk to it and to the
// project that signs people in, if there is one, and nothing else. 'self' covers a WebSocket of the same
// origin (CSP level 3, section 6.7.2.8).
func pagePolicy(supabaseURL string) string {
	connect := "'self'"
	if project, err := url.Parse(supabaseURL); err == nil && project.Host != "" {
		connect += " " + project.Scheme + "://" + project.Host
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; " +
		"connect-src " + connect + "; base-uri 'none'; form-action 'none'; " + noFrames
}

// noFrames is the part of a policy by which no other page may show this one.
const noFrames = "frame-ancestors 'none'"

// contentTypes are the types of a page's files. The system's own list differs from
// machine to machine.
var contentTypes = map[string]string{
	".html":        "text/html; charset=utf-8",
	".css":         "text/css; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".svg":         "image/svg+xml",
	".png":         "image/png",
	".ico":         "image/x-icon",
	".woff2":       "font/woff2",
	".json":        "application/json",
	".map":         "application/json",
	".webmanifest": "application/manifest+json",
	".txt":         "text/plain; charset=utf-8",
	".yaml":        "application/yaml",
}

func contentTypeOf(name string) string {
	if known, ok := contentTypes[strings.ToLower(path.Ext(name))]; ok {
		return known
	}
	return "application/octet-stream"
}
