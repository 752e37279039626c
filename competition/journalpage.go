package competition

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/paceboard/paceboard/competition/calendar"
)

// JournalRecord is a record of a journal as operators read it.
type JournalRecord struct {
	Seq    uint64 `json:"seq"`
	At     string `json:"at"` // RFC 3339, to the millisecond
	Kind   string `json:"kind"`
	Hash   string `json:"hash"`
	Bytes  int    `json:"bytes"`
	UserID string `json:"user_id,omitempty"` // whom it is about, as the identity row says now
	// Data are the event's fields. Identities and commitments are left out: the rows
	// beside the journal say who is who.
	Data map[string]any `json:"data"`

	number uint32
}

// JournalPage is a part of a competition's journal.
type JournalPage struct {
	Records []JournalRecord
	Next    uint64 // the seq after which the next page begins
	More    bool   // there are more now
}

// ReadRecord decodes a record, without those before it. The error is a *CorruptError.
func ReadRecord(competitionID string, record []byte) (JournalRecord, error) {
	e, hash, err := decodeAlone(competitionID, record)
	if err != nil {
		return JournalRecord{}, err
	}
	r := JournalRecord{Seq: e.Seq, At: publicTime(e.At), Kind: kinds[e.kind()].name, Hash: hex.EncodeToString(hash[:]), Bytes: len(record), Data: map[string]any{}}
	if e.Detail == nil {
		addFields(r.Data, reflect.ValueOf(e.Sync))
	} else {
		addFields(r.Data, reflect.ValueOf(e.Detail).Elem())
	}
	r.number, _ = r.Data["number"].(uint32)
	return r, nil
}

// Numbers returns whom the records are about, each once, in ascending order.
func (p *JournalPage) Numbers() []uint32 {
	feed := Feed{}
	for i := range p.Records {
		feed.numbers = append(feed.numbers, p.Records[i].number)
	}
	return feed.Numbers()
}

// Name fills in whom the records are about.
func (p *JournalPage) Name(identities []Identity) {
	who := make(map[uint32]string, len(identities))
	for i := range identities {
		who[identities[i].Number] = identities[i].UserID
	}
	for i := range p.Records {
		if r := &p.Records[i]; r.number != 0 {
			r.UserID = who[r.number]
		}
	}
}

// addFields adds a struct's exported fields; those of embedded ones as if they were its
// own. Reflection, so that no kind of event is left out.
func addFields(to map[string]any, v reflect.Value) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		switch field.Type {
		case reflect.TypeFor[Identity](), reflect.TypeFor[Commitment](), reflect.TypeFor[Key](), reflect.TypeFor[Hash]():
			continue
		}
		switch {
		case field.Anonymous && field.Type.Kind() == reflect.Struct:
			addFields(to, v.Field(i))
		case field.IsExported():
			to[snake(field.Name)] = shownValue(v.Field(i))
		}
	}
}

// shownValue returns a value as JSON is to show it.
func shownValue(v reflect.Value) any {
	switch value := v.Interface().(type) {
	case calendar.Millis:
		if value == 0 {
			return nil
		}
		return publicTime(value)
	case BoardEpoch:
		return string(value.Append(nil))
	case fmt.Stringer:
		return value.String()
	}
	switch v.Kind() {
	case reflect.Struct:
		fields := map[string]any{}
		addFields(fields, v)
		return fields
	case reflect.Slice:
		list := make([]any, 0, v.Len())
		for i := range v.Len() {
			list = append(list, shownValue(v.Index(i)))
		}
		return list
	case reflect.Int64:
		if v.Type() == reflect.TypeFor[time.Duration]() {
			return time.Duration(v.Int()).String()
		}
	default: // as it is
	}
	return v.Interface()
}

// snake writes a Go name as JSON has it: DistanceCm as distance_cm, UserID as user_id.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
