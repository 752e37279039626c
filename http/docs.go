package http

import (
	_ "embed"
	"sync"

	"github.com/paceboard/paceboard/http/internal/apidocs"
)

//go:embed openapi.yaml
var openAPI []byte

// docsPage returns the page /docs, made from the OpenAPI document once. It panics if
// the document is malformed, which tests rule out.
var docsPage = sync.OnceValue(func() []byte {
	var problems []apidocs.Problem
	anchors := map[string]bool{}
	for _, k := range kinds {
		p := apidocs.Problem{Status: k.status, Code: k.code, Title: k.title, Anchor: k.anchor()}
		p.Again = anchors[p.Anchor] // a code may stand with two statuses
		anchors[p.Anchor] = true
		problems = append(problems, p)
	}
	page, err := apidocs.Page(openAPI, problems)
	if err != nil {
		panic(err)
	}
	return page
})
