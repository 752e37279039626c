package http

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What client generators make of openapi.yaml at their default settings depends
// on more than its validity. These rules hold for the whole file; the generators
// themselves run in cmd/paceboard (TestGeneratedClient…).

// Without a format, oapi-codegen reads a number as float32, which loses cents:
// 1234567.89 becomes 1234567.88.
func TestEveryNumberInOpenAPIHasAFormat(t *testing.T) {
	numbers := 0
	walk(t, func(at string, node map[string]any) {
		format, _ := node["format"].(string)
		switch node["type"] {
		case "number":
			numbers++
			assert.Equal(t, "double", format, "format of the number at %s", at)
		case "integer":
			numbers++
			assert.Contains(t, []string{"int64", "int32"}, format, "format of the integer at %s", at)
			if most, bounded := node["maximum"].(float64); format == "int32" {
				assert.True(t, bounded && most <= math.MaxInt32 || node["enum"] != nil,
					"an int32 needs a maximum that fits, or is an int64: %s", at)
			}
		}
	})
	assert.Greater(t, numbers, 50, "the rule saw the file")
}

// openapi-typescript makes a property with a default required, in requests
// too: say in the description what an absent one means.
func TestNoSchemaInOpenAPIHasADefault(t *testing.T) {
	walk(t, func(at string, node map[string]any) {
		if _, typed := node["type"].(string); !typed || strings.Contains(at, "/parameters/") {
			return
		}
		assert.NotContains(t, node, "default", "default at %s", at)
	})
}

// What people read is what programs get.
func TestExamplesOfAnswersInOpenAPIHaveFixedTimes(t *testing.T) {
	examples := 0
	for line := range strings.SplitSeq(string(openAPI), "\n") {
		if strings.Contains(line, `{"success": `) {
			examples++
			requireFixedTimes(t, line)
		}
	}
	assert.Greater(t, examples, 20, "the rule saw the examples")
}

// openapi-typescript makes of an object without properties one that must have
// none, and so of a list of required names alone a body that nobody can write.
func TestRequiredPropertiesInOpenAPIAreNamed(t *testing.T) {
	walk(t, func(at string, node map[string]any) {
		required, _ := node["required"].([]any)
		properties, _ := node["properties"].(map[string]any)
		for _, name := range required {
			assert.Contains(t, properties, name, "%s requires a property that it does not have", at)
		}
	})
}

// A Go client has one type for each name.
func TestNoSchemaInOpenAPISharesAResponsesName(t *testing.T) {
	components := document(t).Components
	schemas := map[string]bool{}
	for name := range components.Schemas {
		schemas[strings.ToLower(name)] = true
	}
	require.NotEmpty(t, components.Responses)
	for name := range components.Responses {
		assert.False(t, schemas[strings.ToLower(name)], "a schema and a response are called %s", name)
	}
	for name := range components.RequestBodies {
		assert.False(t, schemas[strings.ToLower(name)], "a schema and a request body are called %s", name)
	}
}

// walk visits every object of the document except those in examples; at is a
// JSON pointer.
func walk(t *testing.T, visit func(at string, node map[string]any)) {
	t.Helper()
	text, err := json.Marshal(document(t).T)
	require.NoError(t, err)
	var root any
	require.NoError(t, json.Unmarshal(text, &root))
	var descend func(at string, node any)
	descend = func(at string, node any) {
		switch node := node.(type) {
		case map[string]any:
			visit(at, node)
			for _, key := range slices.Sorted(maps.Keys(node)) {
				if key != "example" && key != "examples" {
					descend(at+"/"+key, node[key])
				}
			}
		case []any:
			for i, element := range node {
				descend(fmt.Sprintf("%s/%d", at, i), element)
			}
		}
	}
	descend("", root)
}
