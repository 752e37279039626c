package decode

import (
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxBatch is how many syncs one batch may hold.
const MaxBatch = 1000

// ReadBatch reads the body of a batch and visits its items in order, each with
// what is wrong with it alone; a body that is wrong as a whole is an error.
// After restart the items are visited again from the first. The sync may be used
// only until visit returns.
func ReadBatch(body []byte, visit func(s *Sync, err error), restart func()) error {
	var s Sync
	quick := 0
	if quickBatch(body, func(at int) (end int, ok bool) {
		if quick++; quick > MaxBatch {
			return 0, false
		}
		if end, ok = quickSync(body, at, &s); ok {
			visit(&s, nil)
		}
		return end, ok
	}) {
		return nil
	}
	restart()
	items, err := exactBatch(body)
	if err != nil {
		return err
	}
	for _, item := range items {
		err := ReadSync(item, &s)
		visit(&s, err)
	}
	return nil
}

// quickBatch splits a body that is {"syncs":[…]} with at least one item: visit reads an
// item from where it begins. For anything else it returns ok false.
func quickBatch(body []byte, visit func(at int) (end int, ok bool)) (ok bool) {
	i := skipSpace(body, 0)
	if i >= len(body) || body[i] != '{' {
		return false
	}
	key, i, ok := plainString(body, skipSpace(body, i+1))
	if !ok || string(key) != "syncs" {
		return false
	}
	if i = skipSpace(body, i); i >= len(body) || body[i] != ':' {
		return false
	}
	if i = skipSpace(body, i+1); i >= len(body) || body[i] != '[' {
		return false
	}
	for more := true; more; more = i < len(body) && body[i] == ',' {
		if i, ok = visit(skipSpace(body, i+1)); !ok {
			return false
		}
		i = skipSpace(body, i)
	}
	if i >= len(body) || body[i] != ']' {
		return false
	}
	i = skipSpace(body, i+1)
	return i < len(body) && body[i] == '}' && skipSpace(body, i+1) == len(body)
}

// exactBatch splits the body of a batch into its items. It ignores what is wrong inside
// one of them, as long as the whole is JSON.
func exactBatch(body []byte) ([]jsontext.Value, error) {
	if !utf8.Valid(body) {
		return nil, SyntaxError("the body is not valid UTF-8")
	}
	values, err := readMembers(body, func(name string) bool { return name == "syncs" }, loose...)
	if err != nil {
		return nil, err
	}
	f := NewForm(values)
	items, ok := f.List("syncs", MaxBatch)
	if !ok {
		f.Refuse("syncs", "must be there: an array of syncs")
		return nil, f.Err()
	}
	// The rest of the body is read again, as strictly as any.
	array := values["syncs"]
	start := cap(body) - cap(array) // values are parts of the body
	rest := slices.Concat(body[:start], []byte("[]"), body[start+len(array):])
	if _, err := readMembers(rest, func(string) bool { return false }); err != nil {
		return nil, err
	}
	return items, nil
}
