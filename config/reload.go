package config

import (
	"reflect"
	"strings"
)

// Reload reads the settings of `paceboard serve` again, as [Load] does, for a server that runs with s. The
// result has the new values of those that a running server can change; changed names them. waiting names
// those that differ, too, but need a new start: the result has the values of s for them. Errors: as of
// [Load]; nothing changes then.
func (s Settings) Reload(args, environ []string, envFile string) (now Settings, changed, waiting []string, err error) {
	next, err := Load(args, environ, envFile)
	if err != nil {
		return s, nil, nil, err
	}
	now = s
	for i := range table {
		row := &table[i]
		from, to := row.field(&next), row.field(&now)
		switch {
		case reflect.DeepEqual(from.Interface(), to.Interface()):
		case row.reloads:
			to.Set(from)
			changed = append(changed, row.label())
		default:
			waiting = append(waiting, row.label())
		}
	}
	return now, changed, waiting, nil
}

// field is the setting's field, whose name is that of the setting: DataDir of DATA_DIR.
func (row *setting) field(s *Settings) reflect.Value {
	name := strings.ReplaceAll(row.name, "_", "")
	return reflect.ValueOf(s).Elem().FieldByNameFunc(func(field string) bool { return strings.EqualFold(field, name) })
}
