// Package apidocs makes the page /docs of an OpenAPI document: every operation with its
// fields, examples, problems and snippets in three languages, and the guides that stand
// in page.html.
//
// It owns the page, its style and its script, which keep to the Content-Security-Policy
// of package web; it serves nothing and knows no route. [Page] is the way in. All text
// of the document goes through html/template, so none of it is markup.
package apidocs

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

var (
	//go:embed page.html
	pageTemplate string
	// Style is /docs.css.
	//go:embed docs.css
	Style []byte
	// Script is /docs.js. Without it the page can be read, but not tried or filtered.
	//go:embed docs.js
	Script []byte
)

// Page renders the page. An error means that the document is malformed.
func Page(openAPI []byte, problems []Problem) ([]byte, error) {
	d := &document{Problems: problems}
	if err := yaml.Unmarshal(openAPI, d); err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	if err := d.resolve(); err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	t, err := template.New("page").Funcs(template.FuncMap{"paragraphs": paragraphs, "linked": d.schemas.linked}).Parse(pageTemplate)
	if err != nil {
		return nil, fmt.Errorf("parse page.html: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, d); err != nil {
		return nil, fmt.Errorf("render /docs: %w", err)
	}
	return out.Bytes(), nil
}

// document is the part of an OpenAPI document that the page shows.
type document struct {
	Info       struct{ Title, Version, Description string }
	Tags       []*tag
	Paths      yaml.Node
	Components struct {
		Parameters map[string]parameter
		Responses  map[string]response
		Schemas    yaml.Node
	}

	Problems []Problem `yaml:"-"`
	schemas  *schemas
}

type tag struct {
	Name, Description string
	Operations        []*operation `yaml:"-"`
}

// resolve brings the document into the shape of the page.
func (d *document) resolve() error {
	var err error
	if d.schemas, err = readSchemas(&d.Components.Schemas); err != nil {
		return err
	}
	tags := map[string]*tag{}
	for _, t := range d.Tags {
		tags[t.Name] = t
	}
	for path, item := range pairs(&d.Paths) {
		for method, node := range pairs(item) {
			o := &operation{Method: strings.ToUpper(method), Path: path}
			if err := node.Decode(o); err != nil {
				return err
			}
			if len(o.Tags) == 0 || tags[o.Tags[0]] == nil {
				return fmt.Errorf("%s has no known tag", o.ID)
			}
			d.complete(o)
			t := tags[o.Tags[0]]
			t.Operations = append(t.Operations, o)
		}
	}
	return nil
}

// Schemas are those that the page shows.
func (d *document) Schemas() []*named { return d.schemas.shown }

// complete fills what is worked out of an operation.
func (d *document) complete(o *operation) {
	for i, p := range o.Parameters {
		if name, is := strings.CutPrefix(p.Ref, "#/components/parameters/"); is {
			p = d.Components.Parameters[name]
		}
		p.Type = d.schemas.describe(p.Schema)
		o.Parameters[i] = p
	}
	for _, media := range o.RequestBody.Content {
		o.Body = d.schemas.fields(media.Schema)
		if !media.Example.IsZero() {
			o.body = &media.Example
			o.Request = prettyJSON(&media.Example)
		}
	}
	for _, status := range slices.Sorted(maps.Keys(o.Responses)) {
		r := o.Responses[status]
		if name, is := strings.CutPrefix(r.Ref, "#/components/responses/"); is {
			r = d.Components.Responses[name]
		}
		if code, err := strconv.Atoi(status); err == nil && code >= http.StatusBadRequest && r.Content["application/problem+json"].Schema != nil {
			o.Refusals = append(o.Refusals, refusal{status, d.codes(code, r.Description+" "+o.Description)})
			continue
		}
		o.Answers = append(o.Answers, d.answer(o, status, r))
	}
	o.Live = o.ID == "streamLeaderboard" || o.ID == "watchLeaderboard"
	o.Snippets = snippetsOf(o, d.schemas)
}

func (d *document) answer(o *operation, status string, r response) answer {
	a := answer{Status: status, Description: r.Description}
	for _, media := range r.Content {
		result := d.schemas.merged(media.Schema)
		if data := result.property("data"); data != nil && result.property("success") != nil {
			a.Envelope, result = true, data
		}
		if o.result == nil {
			o.result = result
		}
		a.Of = d.schemas.describe(result)
		a.Fields = d.schemas.fields(result)
		if !media.Example.IsZero() {
			a.Example = prettyJSON(&media.Example)
		}
	}
	return a
}

var word = regexp.MustCompile(`[a-z]+(?:_[a-z]+)+|[a-z]{6,}`)

// codes are the problems of a status that a text names; all of that status if it names none.
func (d *document) codes(status int, text string) []Problem {
	var all, mentioned []Problem
	words := word.FindAllString(text, -1)
	for _, p := range d.Problems {
		if p.Status != status {
			continue
		}
		all = append(all, p)
		if slices.Contains(words, p.Code) {
			mentioned = append(mentioned, p)
		}
	}
	if mentioned != nil {
		return mentioned
	}
	return all
}

// paragraphs are the lines of a text. What stands between backticks is code.
func paragraphs(text string) (list [][]piece) {
	for line := range strings.Lines(text) {
		var pieces []piece
		for rest, more := strings.TrimSpace(line), true; more && rest != ""; {
			var p piece
			if p.Text, rest, more = strings.Cut(rest, "`"); more {
				p.Code, rest, more = strings.Cut(rest, "`")
			}
			pieces = append(pieces, p)
		}
		if pieces != nil {
			list = append(list, pieces)
		}
	}
	return list
}
