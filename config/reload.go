package config

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Reload reads the settings of `paceboard serve` again, as [Load] does, for a server that runs with s. The
// result has the new values of those that a running server can change; changed names them. waiting names
// those that differ, too, but need a new start: the result has the values of s for them. Secrets are among these if,
// together with others that need a new start, the new ones break a rule. Errors: as of [Load]; nothing changes then.
func (s Settings) Reload(args, environ []string, envFile string) (now Settings, changed, waiting []string, err error) {
	next, err := Load(args, environ, envFile)
	if err != nil {
		return s, nil, nil, err
	}
	now, changed, waiting = s.merge(&next, (*setting).reloading)
	if slices.ContainsFunc(serve.rules, func(r rule) bool { return r.check(now) != nil }) {
		now, changed, waiting = s.merge(&next, (*setting).operable)
	}
	now.looseFiles = next.looseFiles
	return now, changed, waiting, nil
}

// merge returns s with the values of next for the settings that may change, and the names of those of which it took
// other values, and of which it did not.
func (s Settings) merge(next *Settings, may func(*setting) bool) (now Settings, changed, waiting []string) {
	now = s
	for i := range table {
		row := &table[i]
		from, to := row.field(next), row.field(&now)
		switch {
		case reflect.DeepEqual(from.Interface(), to.Interface()):
		case may(row):
			to.Set(from)
			changed = append(changed, row.label())
		default:
			waiting = append(waiting, row.label())
		}
	}
	return now, changed, waiting
}

// Running returns the values of the settings that operators can change in a running server, by their names.
func (s Settings) Running() map[string]string {
	values := map[string]string{}
	for i := range table {
		if row := &table[i]; row.operable() {
			values[row.name] = strings.ToLower(fmt.Sprint(row.field(&s).Interface()))
		}
	}
	return values
}

// Change returns s with other values of settings that operators can change in a running server, by their names; an empty
// one stands for the default. The error is an [*InvalidError] with every mistake; nothing changes then.
func (s Settings) Change(values map[string]string) (now Settings, changed []string, err error) {
	now = s
	var mistakes []Mistake
	for _, name := range slices.Sorted(maps.Keys(values)) {
		i := slices.IndexFunc(table, func(row setting) bool { return row.operable() && row.name == name })
		if i < 0 {
			mistakes = append(mistakes, Mistake{
				Setting: name, Problem: "is no setting that a running server can change", Advice: "these are: " + strings.Join(operable(serve.rows()), ", "),
			})
			continue
		}
		row := &table[i]
		value := cmp.Or(strings.TrimSpace(values[name]), row.def)
		if r := row.bind(&now)(value); r != nil {
			mistakes = append(mistakes, given{value: value}.mistake(row, r))
		} else if row.field(&now).Interface() != row.field(&s).Interface() {
			changed = append(changed, name)
		}
	}
	if len(mistakes) > 0 {
		return s, nil, &InvalidError{Mistakes: mistakes}
	}
	return now, changed, nil
}

// field is the setting's field, whose name is that of the setting: DataDir of DATA_DIR.
func (row *setting) field(s *Settings) reflect.Value {
	name := strings.ReplaceAll(row.name, "_", "")
	return reflect.ValueOf(s).Elem().FieldByNameFunc(func(field string) bool { return strings.EqualFold(field, name) })
}
