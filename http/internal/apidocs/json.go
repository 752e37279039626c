package apidocs

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"

	"gopkg.in/yaml.v3"
)

// width is how long a line of JSON may be before it is broken.
const width = 64

// prettyJSON writes a YAML value as JSON: what fits stays on one line.
func prettyJSON(node *yaml.Node) string { return pretty(node, "") }

func pretty(node *yaml.Node, indent string) string {
	line := lineJSON(node)
	if len(indent)+len(line) <= width || len(node.Content) == 0 {
		return line
	}
	open, end := "{", "}"
	var parts []string
	inner := indent + "  "
	if node.Kind == yaml.SequenceNode {
		open, end = "[", "]"
		for _, each := range node.Content {
			parts = append(parts, inner+pretty(each, inner))
		}
	} else {
		for name, value := range pairs(node) {
			parts = append(parts, inner+text(name)+": "+pretty(value, inner))
		}
	}
	return open + "\n" + strings.Join(parts, ",\n") + "\n" + indent + end
}

// lineJSON writes a YAML value as JSON on one line.
func lineJSON(node *yaml.Node) string {
	var parts []string
	switch node.Kind {
	case yaml.MappingNode:
		for name, value := range pairs(node) {
			parts = append(parts, text(name)+": "+lineJSON(value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case yaml.SequenceNode:
		for _, each := range node.Content {
			parts = append(parts, lineJSON(each))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	default:
		if node.ShortTag() == "!!str" || node.ShortTag() == "!!timestamp" {
			return text(node.Value)
		}
		return node.Value // a number as it is written, so that money keeps its decimals
	}
}

func text(value string) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(value) // a text is always encoded
	return strings.TrimSpace(out.String())
}

// pairs are the keys and values of a mapping, in its order.
func pairs(node *yaml.Node) iter.Seq2[string, *yaml.Node] {
	return func(yield func(string, *yaml.Node) bool) {
		for i := 0; i+1 < len(node.Content); i += 2 {
			if !yield(node.Content[i].Value, node.Content[i+1]) {
				return
			}
		}
	}
}
