package competition

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNames(t *testing.T) {
	for name, presentable := range map[string]string{
		"Ann":             "Ann",
		" Ann ":           "Ann",
		"O'Brien-Smith":   "O'Brien-Smith",
		"Zoë 张伟 עדי محمد": "Zoë 张伟 עדי محمد",
		"نمی\u200cخواهم":  "نمی\u200cخواهم", // Persian needs the non-joiner
		"क्\u200dष":       "क्\u200dष",      // Devanagari needs the joiner
		"👩\u200d🚀 Ann":    "👩\u200d🚀 Ann",
		"❤\ufe0f\u200d🔥":  "❤\ufe0f\u200d🔥",
		"\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f": "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", // Scotland
		"\u0600123":                    "\u0600123", // an Arabic sign around a number
		strings.Repeat("x", 100):       strings.Repeat("x", 100),
		"":                             "",
		" \u3000\u2003 ":               "",
		"\u200d":                       "",
		"\u2800\u3164":                 "", // blank though not spaces
		"\ufe0f":                       "",
		"\u202eAnn":                    "Ann",
		"A\u200bnn":                    "Ann",
		"A\ufeffnn":                    "Ann",
		"A\u00adnn":                    "Ann",
		"\u2066Ann\u2069":              "Ann",
		"\u200fAnn":                    "Ann",
		"Ann\u200d":                    "Ann",
		"\u200dAnn":                    "Ann",
		"Ann \u200d Ann":               "Ann  Ann",
		"A\u200d\u200dnn":              "A\u200dnn",
		"A\nnn\u2028":                  "Ann",
		"A\x1b[31mnn":                  "A[31mnn",
		"A\xffnn":                      "Ann",
		"Ann\U000e0041":                "Ann",
		strings.Repeat("é", 101):       strings.Repeat("é", 100),
		strings.Repeat("x", 99) + " y": strings.Repeat("x", 99),
	} {
		require.Equal(t, presentable, PresentableName(name), "%+q", name)
		welcome := presentable != "" && strings.TrimSpace(name) == presentable
		require.Equal(t, welcome, WelcomeName(name), "%+q", name)
		require.Equal(t, presentable, PresentableName(presentable), "%+q", name)
		require.True(t, ValidText(presentable, MaxNameRunes))
		require.NoError(t, CheckUserName(presentable))
	}
	require.Error(t, CheckUserName(" "))
	require.Error(t, CheckUserName("A\x00"))
	require.Error(t, CheckUserName(strings.Repeat("x", 101)))
}

func TestReservedUserIDs(t *testing.T) {
	pseudonym := NewPseudonym([16]byte{1})
	for _, id := range []string{"pbk_x", "pbk_", "key:1", "service_role", "anon", "authenticated", "self", "operator", "~", "~x", pseudonym} {
		require.True(t, ReservedUserID(id), id)
		require.True(t, ValidUserID(id), "%s is sound all the same", id)
	}
	for _, id := range []string{"pbk", "key", "keys:1", "anonymous", "Self", "operator-1", "a~", "erased-by-me", pseudonym + "0", "0d8f5f3e-8a3c-4a2e-9d1b-3c4d5e6f7a8b"} {
		require.False(t, ReservedUserID(id), id)
	}
}

// Nobody new has a reserved id, however they come in; who is there already stays.
func TestReservedUserIDsAreRefusedAtEveryEntrance(t *testing.T) {
	refused := func(err error) {
		t.Helper()
		var invalid *InvalidError
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, []FieldError{{Field: "user_id", Detail: "is reserved"}}, invalid.Fields)
	}
	now := instant("2026-05-02T00:00:00Z")
	c := crowd(1)
	for _, id := range []string{"anon", "~x", "pbk_1", "key:1"} {
		_, err := (&JoinCompetition{Caller: user(id), UserID: id}).Decide(c, now)
		refused(err)
		_, err = (&JoinCompetition{Caller: Caller{Operator: true}, UserID: id}).Decide(c, now)
		refused(err)
		_, err = (&JoinCompetition{Caller: user(id), UserID: id, Invited: true}).Decide(c, now)
		refused(err)
		_, err = c.SubmitSync(now, &SubmitSync{UserID: id, Source: "watch", Day: date("2026-05-01"), Metrics: steps(1)})
		refused(err)
	}
	require.True(t, c.outbox.Empty())
}

func TestTimeZones(t *testing.T) {
	for zone, welcome := range map[string]bool{
		"UTC": true, "Europe/Berlin": true, "America/Argentina/Buenos_Aires": true, "Etc/GMT+5": true, "EST5EDT": true,
		"Local": false, "localtime": false, "posixrules": false, "posix/Asia/Tokyo": false, "right/Europe/Berlin": false,
		"./UTC": false, "Europe//Berlin": false, "Europe/../UTC": false, "/usr/share/zoneinfo/UTC": false, "Europe/Nowhere": false, "europe": false,
	} {
		d := spring(func(d *Definition) { d.TimeZone = zone })
		if err := d.Validate(); welcome {
			require.NoError(t, err, zone)
		} else {
			require.ErrorContains(t, err, "time_zone", zone)
		}
	}
}

// What is not welcome may stay when something else is edited, and only then.
func TestEditsAskOnlyForWhatIsNew(t *testing.T) {
	odd := spring()
	odd.Name, odd.TimeZone = "\u202ename", "right/Europe/Nowhere"
	require.NoError(t, odd.Sound())
	require.Error(t, odd.Validate())
	words := odd
	words.Description = "new"
	require.NoError(t, words.ValidateEdit(&odd))
	for field, edit := range map[string]func(*Definition){
		"name":      func(d *Definition) { d.Name += "\u200b" },
		"time_zone": func(d *Definition) { d.TimeZone = "right/Europe/Elsewhere" },
		// Whose days cannot be worked out on this machine:
		"time_zone;": func(d *Definition) { d.End++ },
		"currency":   func(d *Definition) { d.Currency = "XXX" },
	} {
		edited := odd
		edit(&edited)
		require.ErrorContains(t, edited.ValidateEdit(&odd), strings.TrimSuffix(field, ";"))
	}
}

func TestAthletesCompetitionsLastFiveYears(t *testing.T) {
	now := instant("2026-05-01T00:00:00Z")
	years := func(end string) Definition {
		d := spring(func(d *Definition) { d.Start, d.End = instant("2026-06-01T00:00:00Z"), instant(end) })
		d.Complete()
		return d
	}
	create := func(caller Caller, d Definition) (*Competition, error) {
		c := New("spring", countedKeys())
		_, err := (&CreateCompetition{Caller: caller, Definition: d}).Decide(c, now)
		return c, err
	}
	c, err := create(user("ann"), years("2031-06-01T00:00:00Z"))
	require.NoError(t, err)
	_, err = create(user("ann"), years("2031-06-01T00:01:00Z"))
	require.ErrorContains(t, err, "at most 5 years")
	_, err = create(Caller{Operator: true}, years("2041-06-01T00:00:00Z"))
	require.NoError(t, err)

	land(c, &Batch{})
	later := instant("2031-06-02T00:00:00Z")
	_, err = (&EditCompetition{Caller: user("ann"), Patch: Patch{End: &later}}).Decide(c, now)
	require.ErrorContains(t, err, "at most 5 years")
	_, err = (&EditCompetition{Caller: Caller{Operator: true}, Patch: Patch{End: &later}}).Decide(c, now)
	require.NoError(t, err)
	land(c, &Batch{})
	name := "longer"
	_, err = (&EditCompetition{Caller: user("ann"), Patch: Patch{Name: &name}}).Decide(c, now)
	require.NoError(t, err, "the window is as it was before")
}
