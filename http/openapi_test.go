package http

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// contract is openapi.yaml, read, with a pattern for each path.
type contract struct {
	*openapi3.T
	patterns map[string]*regexp.Regexp
}

var readContract = sync.OnceValues(func() (contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	c := contract{doc, map[string]*regexp.Regexp{}}
	for template := range doc.Paths.Map() {
		pattern := regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(regexp.QuoteMeta(template), "[^/]+")
		c.patterns[template] = regexp.MustCompile("^" + pattern + "$")
	}
	return c, err
})

func document(tb testing.TB) contract {
	tb.Helper()
	doc, err := readContract()
	require.NoError(tb, err)
	return doc
}

// parameter is how Fiber writes a path's parameters.
var parameter = regexp.MustCompile(`:(\w+)`)

// find is the documented operation at a path, if there is one.
func (c contract) find(method, path string) *openapi3.Operation {
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	for template, pattern := range c.patterns {
		if !pattern.MatchString(path) {
			continue
		}
		if operation := c.Paths.Value(template).GetOperation(method); operation != nil {
			return operation
		}
	}
	return nil
}

// holds checks that a response is one of those that the document names, and
// that its body is what the document says.
func (c contract) holds(tb testing.TB, method, path string, r response) {
	tb.Helper()
	if method == "HEAD" {
		return
	}
	operation := c.find(method, path)
	if operation == nil {
		return
	}
	documented := operation.Responses.Status(r.status)
	require.NotNil(tb, documented, "%s answered %d, which openapi.yaml does not name: %s", operation.OperationID, r.status, r.body)
	media, _, _ := strings.Cut(r.get("Content-Type"), ";")
	if r.status == 304 {
		return
	}
	content := documented.Value.Content.Get(media)
	require.NotNil(tb, content, "%s answered %d with %s", operation.OperationID, r.status, media)
	if !strings.HasSuffix(media, "json") {
		return
	}
	if r.get("Content-Encoding") == "gzip" {
		r.body = unzipped(tb, r.body)
	}
	var body any
	require.NoError(tb, json.Unmarshal([]byte(r.body), &body), r.body)
	require.NoError(tb, content.Schema.Value.VisitJSON(body), "%s: %s", operation.OperationID, r.body)
	if problem, ok := body.(map[string]any); ok && media == "application/problem+json" {
		require.Equal(tb, problem["detail"], problem["message"], r.body)
	}
	requireFixedTimes(tb, r.body)
}

// Times as they are written, and as they must be: fixed date patterns, as
// Java's and Swift's, read exactly three decimals. recorded_at is given back as
// exactly as it came.
var (
	anyTime   = regexp.MustCompile(`"(\w+)":\s?"\d{4}-\d\d-\d\dT\d\d:\d\d[^"]*"`)
	fixedTime = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"$`)
	exactTime = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}Z"$`)
)

// requireFixedTimes checks every time in a JSON text that clients get.
func requireFixedTimes(tb testing.TB, text string) {
	tb.Helper()
	for _, found := range anyTime.FindAllStringSubmatch(text, -1) {
		want := fixedTime
		if found[1] == "recorded_at" {
			want = exactTime
		}
		require.Regexp(tb, want, found[0], "a time in %s", text)
	}
}

func TestOpenAPIIsValidWithItsExamples(t *testing.T) {
	require.NoError(t, document(t).Validate(t.Context(), openapi3.EnableExamplesValidation()))
}

func TestEveryRouteIsInOpenAPIAndEveryOperationIsARoute(t *testing.T) {
	doc := document(t)
	routed := map[string]bool{}
	for _, r := range routes() {
		path := parameter.ReplaceAllString(r.path, "{$1}")
		item := doc.Paths.Value(path)
		require.NotNil(t, item, "openapi.yaml lacks %s", path)
		operation := item.GetOperation(r.method)
		require.NotNil(t, operation, "openapi.yaml lacks %s %s", r.method, path)
		assert.Equal(t, r.operation, operation.OperationID, "%s %s", r.method, path)
		isPublic := operation.Security != nil && len(*operation.Security) == 0
		assert.Equal(t, r.access == public, isPublic, "security of %s", r.operation)
		assert.Equal(t, r.access != public, operation.Responses.Status(401) != nil, "401 of %s", r.operation)
		assert.NotNil(t, operation.Responses.Status(429), "429 of %s, which every address may get", r.operation)
		for _, name := range parameter.FindAllStringSubmatch(r.path, -1) {
			assert.True(t, slices.ContainsFunc(operation.Parameters, func(p *openapi3.ParameterRef) bool {
				return p.Value.In == "path" && p.Value.Name == name[1]
			}), "parameter %s of %s", name[1], r.operation)
		}
		routed[r.operation] = true
	}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			assert.True(t, routed[operation.OperationID], "there is no route for %s %s", method, path)
		}
	}
}

func TestEveryProblemCodeIsInOpenAPIAndInDocs(t *testing.T) {
	documented := document(t).Components.Schemas["Problem"].Value.Properties["code"].Value.Enum
	docs := string(docsPage())
	var codes []any
	for _, k := range kinds {
		if !slices.Contains(codes, any(k.code)) {
			codes = append(codes, k.code)
		}
		assert.Contains(t, docs, `id="`+k.anchor()+`"`)
		assert.NotEmpty(t, k.title)
		assert.Equal(t, k.status == 429 || k.status == 503, k.retryAfter > 0, "Retry-After goes with 429 and 503: %s", k.code)
	}
	assert.ElementsMatch(t, codes, documented)
}

func TestDocsShowEveryOperation(t *testing.T) {
	docs := string(docsPage())
	for _, r := range routes() {
		assert.Contains(t, docs, `<article id="`+r.operation+`">`)
	}
	assert.Contains(t, docs, `&#34;competition_id&#34;: &#34;spring&#34;`, "examples are shown")
	assert.NotContains(t, docs, "style=", "the policy forbids inline styles")
	assert.Equal(t, 1, strings.Count(docs, "<script"))
	assert.Contains(t, docs, `<script src="/docs.js" defer></script>`)
	assert.NotRegexp(t, `(?i)\son[a-z]+=|javascript:|<style`, docs, "and inline handlers")
}
