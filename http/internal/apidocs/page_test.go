package apidocs

import (
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// small is a document with one of each thing.
const small = `
info: {title: T, description: "first\n` + "`code` <b>" + `"}
tags: [{name: things, description: All about things.}]
paths:
  /things/{competition_id}:
    post:
      operationId: makeThing
      x-api-key-scope: manage
      tags: [things]
      summary: Make a thing.
      description: "409 thing_exists if there is one."
      parameters:
        - {$ref: "#/components/parameters/ID"}
        - {name: limit, in: query, description: How many., schema: {type: integer, format: int32, minimum: 1, maximum: 50, default: 10}}
      requestBody:
        content:
          application/json:
            schema: {$ref: "#/components/schemas/Thing"}
            example: {"name": "it's", "price": 600.00, "parts": [{"size": 1}, {"size": 22222222222222}, {"size": 33333333333333333333}]}
      responses:
        "200":
          description: Made.
          content: {application/json: {schema: {type: object, properties: {success: {type: boolean}, data: {$ref: "#/components/schemas/Thing"}}}, example: {"success": true}}}
        "409": {$ref: "#/components/responses/Conflict"}
        "500": {$ref: "#/components/responses/Conflict"}
components:
  parameters:
    ID: {name: competition_id, in: path, required: true, description: The one., schema: {type: string, pattern: "^a$"}}
  responses:
    Conflict: {description: no, content: {application/problem+json: {schema: {type: object}}}}
  schemas:
    Thing:
      type: object
      required: [name]
      description: One thing.
      properties:
        name: {type: string, minLength: 1, maxLength: 100}
        kind: {type: string, enum: [a, b], nullable: true, description: Which.}
        parts: {type: array, maxItems: 3, items: {type: object, required: [size], properties: {size: {type: integer, minimum: 0}}}}
        like: {$ref: "#/components/schemas/Thing"}
`

func read(t *testing.T) (*document, *operation) {
	t.Helper()
	d := &document{Problems: []Problem{{Status: 409, Code: "thing_exists", Anchor: "x"}, {Status: 409, Code: "other"}, {Status: 500, Code: "internal"}}}
	require.NoError(t, yaml.Unmarshal([]byte(small), d))
	require.NoError(t, d.resolve())
	require.Len(t, d.Tags[0].Operations, 1)
	return d, d.Tags[0].Operations[0]
}

func TestFieldsHaveTypesRangesAndWhatIsInside(t *testing.T) {
	d, o := read(t)
	want := []Field{
		{"name", "string, 1 to 100 characters", "", true},
		{"kind", "a | b, or null", "Which.", false},
		{"parts", "list of object, up to 3 items", "", false},
		{"parts[].size", "integer, 0 or more", "", true},
		{"like", "Thing", "One thing.", false},
	}
	require.Equal(t, want, o.Body)
	require.Equal(t, want, o.Answers[0].Fields, "those of data")
	require.True(t, o.Answers[0].Envelope)
	require.Equal(t, want, d.Schemas()[0].Fields)
	require.Equal(t, "string, matches ^a$", o.Parameters[0].Type)
	require.Equal(t, "integer, 1 to 50, default 10", o.Parameters[1].Type)
	require.Equal(t, []piece{{"list of ", "Thing"}, {Text: ", up to 3 items"}}, d.schemas.linked("list of Thing, up to 3 items"))
}

func TestProblemsAreThoseThatTheTextNamesOrAllOfTheStatus(t *testing.T) {
	_, o := read(t)
	require.Equal(t, []refusal{{"409", []Problem{{Status: 409, Code: "thing_exists", Anchor: "x"}}}, {"500", []Problem{{Status: 500, Code: "internal"}}}}, o.Refusals)
}

func TestJSONIsBrokenWhereItIsLongAndKeepsItsNumbers(t *testing.T) {
	_, o := read(t)
	//nolint:testifylint // The layout is what counts.
	require.Equal(t, `{
  "name": "it's",
  "price": 600.00,
  "parts": [
    {"size": 1},
    {"size": 22222222222222},
    {"size": 33333333333333333333}
  ]
}`, o.Request)
}

func TestSnippetsCallTheOperation(t *testing.T) {
	_, o := read(t)
	require.Len(t, o.Snippets, 3)
	require.Contains(t, o.Snippets[0].Code, `curl -sS "$PACEBOARD/things/spring"`)
	require.Contains(t, o.Snippets[0].Code, `"name": "it'\''s"`, "quoted for a shell")
	require.Contains(t, o.Snippets[1].Code, `await api.makeThing({ competition_id: "spring", body: {`)
	require.Contains(t, o.Snippets[2].Code, "var answer paceboard.Thing\nerr := client.Call(ctx, http.MethodPost, \"/things/spring\", json.RawMessage(`{")
}

func TestTextIsNoMarkup(t *testing.T) {
	page, err := Page([]byte(small), nil)
	require.NoError(t, err)
	require.Contains(t, string(page), "<p><code>code</code> &lt;b&gt;</p>")
}

func TestADocumentThatCannotBeReadIsAnError(t *testing.T) {
	for _, text := range []string{"{", "paths: {/a: {get: {operationId: a, tags: [unknown]}}}"} {
		_, err := Page([]byte(text), nil)
		require.Error(t, err)
	}
}

// What axe and browsers would stumble over, of the whole page.
func TestIDsAreUniqueAndLinksLeadSomewhere(t *testing.T) {
	contract, err := os.ReadFile("../../openapi.yaml")
	require.NoError(t, err)
	page, err := Page(contract, []Problem{{Status: 400, Code: "bad_request", Anchor: "problem-bad_request"}})
	require.NoError(t, err)
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(`\bid="([^"]*)"`).FindAllStringSubmatch(string(page), -1) {
		require.False(t, ids[m[1]], "two have the id %s", m[1])
		ids[m[1]] = true
	}
	links := regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(string(page), -1)
	require.Greater(t, len(links), 100)
	for _, m := range links {
		require.True(t, ids[m[1]], "nothing has the id %s", m[1])
	}
}

var goSnippet = regexp.MustCompile(`paceboard\.([A-Z]\w+)`)

// The client of TypeScript is compiled with all snippets by cmd/paceboard.
func TestEveryGoSnippetParsesAndNamesTypesOfTheClient(t *testing.T) {
	contract, err := os.ReadFile("../../openapi.yaml")
	require.NoError(t, err)
	types, err := os.ReadFile("../../../clients/go/types.gen.go")
	require.NoError(t, err)
	d := new(document)
	require.NoError(t, yaml.Unmarshal(contract, d))
	require.NoError(t, d.resolve())
	snippets := 0
	for _, tag := range d.Tags {
		for _, o := range tag.Operations {
			for _, s := range o.Snippets {
				if s.Language != "Go" {
					continue
				}
				snippets++
				_, err := parser.ParseFile(token.NewFileSet(), o.ID, "package p\nfunc _() {\n"+s.Code+"\n}", 0)
				require.NoError(t, err, s.Code)
				for _, name := range goSnippet.FindAllStringSubmatch(s.Code, -1) {
					require.Regexp(t, `(?m)^type `+name[1]+`\b`, string(types))
				}
				require.Equal(t, 1, strings.Count(s.Code, "client.Call("))
			}
		}
	}
	require.Greater(t, snippets, 50)
}
