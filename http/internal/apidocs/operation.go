package apidocs

import "gopkg.in/yaml.v3"

// Problem is a row of the table of problems, in its order.
type Problem struct {
	Status      int
	Code, Title string
	Anchor      string
	Again       bool // an earlier row has the anchor
}

// operation is one of the document, and what is worked out of it.
type operation struct {
	Method, Path string   `yaml:"-"`
	ID           string   `yaml:"operationId"`
	KeyScope     string   `yaml:"x-api-key-scope"` // what an API key needs; none if none will do, empty without a token
	Tags         []string `yaml:"tags"`
	Summary      string
	Description  string
	Parameters   []parameter
	RequestBody  struct{ Content content } `yaml:"requestBody"`
	Responses    map[string]response

	Body     []Field    `yaml:"-"`
	Request  string     `yaml:"-"` // the example, as JSON
	Answers  []answer   `yaml:"-"`
	Refusals []refusal  `yaml:"-"`
	Snippets []snippet  `yaml:"-"`
	Live     bool       `yaml:"-"` // frames or events, not one answer
	body     *yaml.Node // the example
	result   *schema    // of the first success
}

type parameter struct {
	Ref         string `yaml:"$ref"`
	Name, In    string
	Description string
	Required    bool
	Schema      *schema
	Example     yaml.Node

	Type string `yaml:"-"` // as the page says it
}

type response struct {
	Ref         string `yaml:"$ref"`
	Description string
	Content     content
}

type content map[string]struct {
	Schema  *schema
	Example yaml.Node
}

// answer is a success as the page shows it.
type answer struct {
	Status, Description string
	Envelope            bool // the fields are those of data
	Of                  string
	Fields              []Field
	Example             string
}

// refusal is a status and the problems that an operation may answer with it.
type refusal struct {
	Status string
	Codes  []Problem
}

// snippet is how an operation is called in a language.
type snippet struct{ Language, Code string }
