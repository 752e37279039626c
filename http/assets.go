package http

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"strings"

	"github.com/valyala/fasthttp"
)

//go:embed docs.css
var docsStyle []byte

// asset is a file that all clients get alike, kept in memory. Caches must ask
// again by its ETag, since names carry no hash.
type asset struct {
	body        []byte
	etag        []byte // strong: a hash of the body
	contentType string
	policy      string // Content-Security-Policy, on everything a browser might open
}

func newAsset(name string, body []byte, policy string) *asset {
	sum := sha256.Sum256(body)
	return &asset{
		body:        body,
		etag:        []byte(`"` + hex.EncodeToString(sum[:12]) + `"`),
		contentType: contentTypeOf(name),
		policy:      policy,
	}
}

// newAssets reads the page into memory and adds the documentation. Keys are paths.
func newAssets(page fs.FS, policy string) map[string]*asset {
	assets := map[string]*asset{
		"/openapi.yaml": newAsset("openapi.yaml", openAPI, policy),
		"/docs":         newAsset("docs.html", docsPage(), policy),
		"/docs.css":     newAsset("docs.css", docsStyle, policy),
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
			assets["/"+name] = newAsset(name, body, policy)
		}
		return err
	})
	if err != nil {
		panic(fmt.Errorf("read the page: %w", err))
	}
	if index := assets["/index.html"]; index != nil {
		assets["/"] = index
	}
	return assets
}

func (a *asset) serve(ctx *fasthttp.RequestCtx) {
	header := &ctx.Response.Header
	header.SetCanonical(headerCacheControl, []byte("no-cache"))
	header.SetCanonical(headerSecurityPolicy, []byte(a.policy))
	if !unchanged(ctx, a.etag) {
		header.SetContentType(a.contentType)
		ctx.Response.SetBodyRaw(a.body)
	}
}

// pagePolicy lets a page load what this server has, and talk to it and to the
// project's sign-in, and nothing else. 'self' covers a WebSocket of the same
// origin (CSP level 3, section 6.7.2.8).
func pagePolicy(supabaseURL string) string {
	connect := "'self'"
	if project, err := url.Parse(supabaseURL); err == nil && project.Host != "" {
		connect += " " + project.Scheme + "://" + project.Host
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
		"connect-src " + connect + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

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
