package apidocs

import (
	"fmt"
	"net/url"
	"strings"
)

// samples stand for parameters of paths that have no example of their own.
var samples = map[string]string{
	"competition_id": "spring", "user_id": "u1", "date": "2026-05-01", "id": "spring.1",
	"invitation_id": "019a7b9e-1c2d-7e3f-8a4b-5c6d7e8f9a0b", "key_id": "019a7b9e-1c2d-7e3f-8a4b-5c6d7e8f9a0b",
}

// Sample is a value of a parameter to try with; "" for what may be left out.
func (p parameter) Sample() string {
	switch {
	case p.Example.Value != "":
		return p.Example.Value
	case !p.Required:
		return ""
	case samples[p.Name] != "":
		return samples[p.Name]
	default:
		return strings.ToUpper(p.Name)
	}
}

func snippetsOf(o *operation, all *schemas) []snippet {
	if o.Live {
		return live(o)
	}
	path, query := o.Path, url.Values{}
	for _, p := range o.Parameters {
		switch {
		case p.In == "path":
			path = strings.Replace(path, "{"+p.Name+"}", url.PathEscape(p.Sample()), 1)
		case p.Required:
			query.Set(p.Name, p.Sample())
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	list := []snippet{{"curl", o.curl(path)}}
	if o.ID != "getPage" && o.ID != "getDocs" {
		list = append(list, snippet{"TypeScript", o.typeScript()})
	}
	return append(list, snippet{"Go", golang(o, all, path)})
}

func (o *operation) curl(path string) string {
	var b strings.Builder
	b.WriteString("curl -sS ")
	if o.Method != "GET" && (o.Method != "POST" || o.body == nil) {
		fmt.Fprintf(&b, "-X %s ", o.Method)
	}
	fmt.Fprintf(&b, `"$PACEBOARD%s"`, path)
	if o.KeyScope != "" {
		b.WriteString(" \\\n  -H \"Authorization: Bearer $TOKEN\"")
	}
	if o.body != nil {
		fmt.Fprintf(&b, " \\\n  -H 'Content-Type: application/json' \\\n  -d '%s'", strings.ReplaceAll(o.Request, "'", `'\''`))
	}
	return b.String()
}

func (o *operation) typeScript() string {
	var args []string
	for _, p := range o.Parameters {
		if p.Required {
			args = append(args, p.Name+": "+text(p.Sample()))
		}
	}
	if o.body != nil {
		args = append(args, "body: "+o.Request)
	}
	given := ""
	if len(args) > 0 {
		given = "{ " + strings.Join(args, ", ") + " }"
	}
	return fmt.Sprintf("const answer = await api.%s(%s);", o.ID, given)
}

func golang(o *operation, all *schemas, path string) string {
	body, kind := "nil", goType(o.result, all)
	if o.body != nil {
		body = "json.RawMessage(`" + o.Request + "`)"
	}
	declared, answer := "", "nil"
	if kind != "" {
		declared, answer = "var answer "+kind+"\n", "&answer"
	}
	method := o.Method[:1] + strings.ToLower(o.Method[1:])
	return fmt.Sprintf("%serr := client.Call(ctx, http.Method%s, %q, %s, %s)", declared, method, path, body, answer)
}

// goType is the type of the Go client for a result; "" if there is none to decode.
func goType(s *schema, all *schemas) string {
	if s == nil {
		return ""
	}
	if name, is := strings.CutPrefix(s.Ref, "#/components/schemas/"); is {
		return "paceboard." + name
	}
	for name, of := range all.byName {
		if of == s {
			return "paceboard." + name
		}
	}
	switch {
	case s.Items != nil:
		if inner := goType(s.Items, all); inner != "" {
			return "[]" + inner
		}
	case s.Type == "string":
		return ""
	}
	return "json.RawMessage"
}

// live are the snippets of a board that is watched.
func live(o *operation) []snippet {
	watch := `const client = new BoardClient({ url: PACEBOARD, token: TOKEN });
client.watch("spring", {
  limit: 25,
  onBoard: (board) => console.log(board.version, board.entries),
  onState: (state) => console.log(state.kind),
});`
	if o.ID == "watchLeaderboard" {
		return []snippet{{"TypeScript", watch}}
	}
	return []snippet{
		{"curl", `curl -sSN "$PACEBOARD/api/v1/leaderboard/spring/events?limit=25" \
  -H "Authorization: Bearer $TOKEN"`},
		{"TypeScript", strings.Replace(watch, "token: TOKEN }", `token: TOKEN, transport: "events" }`, 1)},
	}
}
