package apidocs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// schema is the part of a JSON schema that the page tells.
type schema struct {
	Ref                  string `yaml:"$ref"`
	Type, Format         string
	Description, Pattern string
	Nullable             bool
	Minimum, Maximum     string
	Enum                 []string
	Default              string
	Required             []string
	Properties           yaml.Node
	Items                *schema
	AllOf                []*schema `yaml:"allOf"`
	OneOf                []*schema `yaml:"oneOf"`
	Limits               `yaml:",inline"`

	properties []property // what is of Properties, in its order
	read       bool
}

// Limits are the bounds of texts and lists.
type Limits struct {
	Shortest string `yaml:"minLength"`
	Longest  string `yaml:"maxLength"`
	Fewest   string `yaml:"minItems"`
	Most     string `yaml:"maxItems"`
}

type property struct {
	name   string
	schema *schema
}

// Field is a row of a table of fields. Inner ones have a path: entries[].score.
type Field struct {
	Name, Type, Description string
	Required                bool
}

// maxDepth bounds how far tables go into objects that have no name of their own.
const maxDepth = 4

// schemas are those of a document.
type schemas struct {
	byName map[string]*schema
	shown  []*named // those with fields, in the document's order
}

// named is a schema with fields, under its name.
type named struct {
	Name, Description string
	Fields            []Field
}

// piece is a piece of text and the code that follows it, if there is any.
type piece struct{ Text, Code string }

func readSchemas(list *yaml.Node) (*schemas, error) {
	d := &schemas{byName: map[string]*schema{}}
	var names []string
	for name, node := range pairs(list) {
		s := new(schema)
		if err := node.Decode(s); err != nil {
			return nil, fmt.Errorf("schema %s: %w", name, err)
		}
		d.byName[name] = s
		names = append(names, name)
	}
	for _, name := range names {
		s := d.byName[name]
		if fields := d.fields(s); len(fields) > 0 {
			d.shown = append(d.shown, &named{name, s.Description, fields})
		}
	}
	return d, nil
}

// merged is a schema behind its reference, with the properties of all that it consists of.
func (d *schemas) merged(s *schema) *schema {
	if s == nil {
		return new(schema)
	}
	if name, is := strings.CutPrefix(s.Ref, "#/components/schemas/"); is {
		return d.merged(d.byName[name])
	}
	if !s.read {
		s.read = true
		for name, node := range pairs(&s.Properties) {
			of := new(schema)
			if node.Decode(of) == nil { // it was read as a part of the document
				s.properties = append(s.properties, property{name, of})
			}
		}
		for _, part := range s.AllOf {
			of := d.merged(part)
			s.properties = append(s.properties, of.properties...)
			s.Required = append(s.Required, of.Required...)
		}
	}
	return s
}

func (s *schema) property(name string) *schema {
	for _, p := range s.properties {
		if p.name == name {
			return p.schema
		}
	}
	return nil
}

// fields are the fields of an object, of the objects of a list, and of the objects in it
// that have no name of their own.
func (d *schemas) fields(s *schema) []Field {
	of := d.merged(s)
	prefix := ""
	for of.Items != nil {
		of, prefix = d.merged(of.Items), prefix+"[]."
	}
	return d.fieldsIn(of, prefix, 1)
}

func (d *schemas) fieldsIn(s *schema, prefix string, depth int) (list []Field) {
	for _, p := range s.properties {
		of := d.merged(p.schema)
		description := p.schema.Description
		if description == "" {
			description = of.Description
		}
		list = append(list, Field{prefix + p.name, d.describe(p.schema), description, slices.Contains(s.Required, p.name)})
		inner, path := p.schema, prefix+p.name+"."
		for inner.Ref == "" && inner.Items != nil {
			inner, path = inner.Items, strings.TrimSuffix(path, ".")+"[]."
		}
		if inner.Ref == "" && depth < maxDepth {
			list = append(list, d.fieldsIn(d.merged(inner), path, depth+1)...)
		}
	}
	return list
}

var typeName = regexp.MustCompile(`\b[A-Z][A-Za-z]+\b`)

// linked splits a type into texts and the names of schemas that the page shows.
func (d *schemas) linked(text string) (list []piece) {
	end := 0
	for _, at := range typeName.FindAllStringIndex(text, -1) {
		if name := text[at[0]:at[1]]; slices.ContainsFunc(d.shown, func(n *named) bool { return n.Name == name }) {
			list = append(list, piece{text[end:at[0]], name})
			end = at[1]
		}
	}
	return append(list, piece{Text: text[end:]})
}

// describe says which values a schema takes.
func (d *schemas) describe(s *schema) string {
	if s == nil {
		return ""
	}
	if name, is := strings.CutPrefix(s.Ref, "#/components/schemas/"); is {
		if of := d.merged(s); of.Type == "object" || len(of.AllOf)+len(of.OneOf) > 0 {
			return name
		}
		return d.describe(d.byName[name])
	}
	if len(s.OneOf) > 0 {
		var parts []string
		for _, part := range s.OneOf {
			parts = append(parts, d.describe(part))
		}
		return strings.Join(parts, " or ")
	}
	if len(s.AllOf) > 0 {
		return "object"
	}
	text := s.Type
	switch {
	case s.Items != nil:
		text = "list of " + d.describe(s.Items)
	case len(s.Enum) > 0:
		text = strings.Join(s.Enum, " | ")
	case s.Format == "date-time":
		text = "time (RFC 3339)"
	case s.Format == "uuid" || s.Format == "uri":
		text = strings.ToUpper(s.Format)
	}
	text += between(s.Minimum, s.Maximum, "") + between(s.Shortest, s.Longest, " characters") + between(s.Fewest, s.Most, " items")
	if s.Pattern != "" {
		text += ", matches " + s.Pattern
	}
	if s.Default != "" {
		text += ", default " + s.Default
	}
	if s.Nullable {
		text += ", or null"
	}
	return text
}

// between says a range.
func between(least, most, unit string) string {
	if most == "9007199254740991" {
		most = "2^53-1"
	}
	switch {
	case least == "" && most == "":
		return ""
	case most == "":
		return ", " + least + unit + " or more"
	case least == "":
		return ", up to " + most + unit
	default:
		return ", " + least + " to " + most + unit
	}
}
