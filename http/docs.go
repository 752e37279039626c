package http

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
)

//go:embed docs.html
var docsTemplate string

// docsPage returns the page /docs, made from the OpenAPI document once. It panics if
// the document is malformed, which tests rule out.
var docsPage = sync.OnceValue(func() []byte {
	var spec docsSpec
	if err := yaml.Unmarshal(openAPI, &spec); err != nil {
		panic(fmt.Errorf("read openapi.yaml: %w", err))
	}
	var out bytes.Buffer
	if err := template.Must(template.New("docs").Funcs(template.FuncMap{"paragraphs": paragraphs}).Parse(docsTemplate)).Execute(&out, &spec); err != nil {
		panic(fmt.Errorf("render /docs: %w", err))
	}
	return out.Bytes()
})

// docsPiece is a piece of text and the code that follows it, if there is any.
type docsPiece struct{ Text, Code string }

// paragraphs are the lines of a text. What stands between backticks is code.
func paragraphs(text string) (list [][]docsPiece) {
	for line := range strings.Lines(text) {
		var pieces []docsPiece
		for rest, more := strings.TrimSpace(line), true; more && rest != ""; {
			var p docsPiece
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

// docsSpec is the part of an OpenAPI document that the page shows, in its order.
type docsSpec struct {
	Info       struct{ Title, Version, Description string }
	Tags       []struct{ Name, Description string }
	Paths      yaml.Node
	Components struct {
		Parameters map[string]docsParameter
		Responses  map[string]docsResponse
	}
}

type docsOperation struct {
	Method, Path string   `yaml:"-"`
	ID           string   `yaml:"operationId"`
	KeyScope     string   `yaml:"x-api-key-scope"` // what an API key needs; none if none will do, empty without a token
	Tags         []string `yaml:"tags"`
	Summary      string
	Description  string
	Parameters   []docsParameter
	RequestBody  struct{ Content docsContent } `yaml:"requestBody"`
	Responses    map[string]docsResponse       // the template sorts them
}

type docsParameter struct {
	Ref         string `yaml:"$ref"`
	Name, In    string
	Description string
}

type docsResponse struct {
	Ref         string `yaml:"$ref"`
	Description string
	Content     docsContent
}

type docsContent map[string]struct{ Example yaml.Node }

// Problems are the problems that /docs explains; their types point there.
func (*docsSpec) Problems() []docsProblem {
	var list []docsProblem
	anchors := map[string]bool{}
	for _, k := range kinds {
		problem := docsProblem{Status: k.status, Code: k.code, Title: k.title}
		if !anchors[k.anchor()] { // a code may stand with two statuses
			problem.Anchor = k.anchor()
		}
		anchors[k.anchor()] = true
		list = append(list, problem)
	}
	return list
}

type docsProblem struct {
	Anchor      string
	Status      int
	Code, Title string
}

// Operations are those of a tag, with everything that they refer to.
func (s *docsSpec) Operations(tag string) ([]*docsOperation, error) {
	var list []*docsOperation
	for i := 0; i < len(s.Paths.Content); i += 2 {
		path, item := s.Paths.Content[i].Value, s.Paths.Content[i+1]
		for j := 0; j < len(item.Content); j += 2 {
			operation := &docsOperation{Method: strings.ToUpper(item.Content[j].Value), Path: path}
			if err := item.Content[j+1].Decode(operation); err != nil {
				return nil, err
			}
			if operation.Tags[0] != tag {
				continue
			}
			for k, p := range operation.Parameters {
				if name, is := strings.CutPrefix(p.Ref, "#/components/parameters/"); is {
					operation.Parameters[k] = s.Components.Parameters[name]
				}
			}
			for status, r := range operation.Responses {
				if name, is := strings.CutPrefix(r.Ref, "#/components/responses/"); is {
					operation.Responses[status] = s.Components.Responses[name]
				}
			}
			list = append(list, operation)
		}
	}
	return list, nil
}

// Example is the first example, as it stands in the document.
func (c docsContent) Example() (string, error) {
	for _, media := range c {
		if media.Example.IsZero() {
			continue
		}
		text, err := yaml.Marshal(&media.Example)
		return string(text), err
	}
	return "", nil
}

//go:embed openapi.yaml
var openAPI []byte
