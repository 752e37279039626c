package competition

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
)

// Two kinds of rules say what a competition may hold.
//
// What is sound is what the code and the money need: lengths, UTF-8, no control
// characters, words and currencies that are known, a split that adds up. It is
// checked at every entrance: commands, frames, import and recovery, where what
// is not sound is damage of its competition alone. These rules never become
// stricter, so that whatever a version accepted stays readable.
//
// What is welcome is narrower: it leaves out what would only confuse people. It
// is asked of new input alone. What older versions accepted opens, verifies,
// exports and imports unchanged, and may stay when something else is edited.

// The bounds of a definition.
const (
	MaxNameRunes        = 100
	MaxDescriptionRunes = 2_000
	MaxSourceRunes      = 64
	MaxReasonRunes      = 500
	MaxPrizes           = 1_000
	MaxLateSyncHours    = 24 * 31
	MaxYears            = 5 // of an athlete's competition; welcome
	maxZoneBytes        = 4_096
	maxDailyLimit       = 1_000_000_000
	maxParticipants     = 10_000_000
	maxTime             = calendar.Millis(253_402_300_799_999) // 9999-12-31T23:59:59.999Z
)

// ValidID reports whether id can name a competition. It is sound.
func ValidID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// ParsePrizeID is the inverse of ledger.PrizeID.String.
func ParsePrizeID(text string) (id ledger.PrizeID, ok bool) {
	name, digits, _ := strings.Cut(text, ".")
	number, err := strconv.ParseUint(digits, 10, 32)
	id = ledger.PrizeID{CompetitionID: name, Number: uint32(number)}
	return id, err == nil && number > 0 && ValidID(name) && id.String() == text
}

// ValidUserID reports whether id can name a user: 1 to 128 bytes of printable
// ASCII without spaces. It is sound; see ReservedUserID for what is welcome.
func ValidUserID(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return true
}

// ValidText reports whether s is valid UTF-8 of at most limit characters,
// without control characters. It is sound.
func ValidText(s string, limit int) bool {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > limit {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return false
		}
	}
	return true
}

// ValidSource reports whether name can name a source. It is sound.
func ValidSource(name string) bool { return name != "" && ValidText(name, MaxSourceRunes) }

// Sound reports whether the definition is sound; the error is an *InvalidError
// that lists every bad field. It depends on neither the time nor the machine.
func (d *Definition) Sound() error { return d.check(nil) }

// Validate checks everything about a completed new definition that depends
// neither on the time nor on who makes it: that it is sound and welcome. The
// error is an *InvalidError that lists every bad field.
func (d *Definition) Validate() error { return d.check(&Definition{}) }

// ValidateEdit is Validate of what a definition becomes; what stays as it was
// before needs only be sound.
func (d *Definition) ValidateEdit(before *Definition) error { return d.check(before) }

// check is Sound, and where before is not nil ValidateEdit.
func (d *Definition) check(before *Definition) error {
	var bad []FieldError
	refuse := func(field, detail string) { bad = append(bad, FieldError{Field: field, Detail: detail}) }

	if !ValidID(d.ID) {
		refuse("id", "must be 1 to 64 of A-Z a-z 0-9 _ -")
	}
	if d.Name == "" || !ValidText(d.Name, MaxNameRunes) {
		refuse("name", "must be 1 to 100 characters without control characters")
	} else if before != nil && d.Name != before.Name && !WelcomeName(d.Name) {
		refuse("name", badName)
	}
	if !ValidText(d.Description, MaxDescriptionRunes) {
		refuse("description", "must be up to 2000 characters without control characters")
	}
	if !slices.Contains([]Type{Weekly, Monthly, Custom}, d.Type) {
		refuse("type", "must be weekly, monthly or custom")
	}
	if d.Start < 0 || d.Start > maxTime {
		refuse("start_date", "must be between 1970 and 9999")
	}
	switch {
	case d.End > maxTime:
		refuse("end_date", "must be between 1970 and 9999")
	case d.End <= d.Start:
		refuse("end_date", "must be after start_date")
	}
	decimals, known := ledger.CurrencyDecimals(d.Currency)
	if !known {
		refuse("currency", "must be an ISO 4217 code such as EUR")
	}
	if d.EntryFeeMinor < 0 || d.EntryFeeMinor > ledger.MaxAmountMinor {
		refuse("entry_fee", "must be between 0 and "+ledger.FormatMinor(ledger.MaxAmountMinor, decimals))
	}
	if d.PrizePoolMinor < 0 || d.PrizePoolMinor > ledger.MaxAmountMinor {
		refuse("prize_pool", "must be between 0 and "+ledger.FormatMinor(ledger.MaxAmountMinor, decimals))
	}
	if d.TimeZone == "" || len(d.TimeZone) > maxZoneBytes || !ValidText(d.TimeZone, maxZoneBytes) || before != nil && !d.zoneFits(before) {
		refuse("time_zone", "must be an IANA time zone such as Europe/Berlin")
	}
	if !d.Scoring.valid() {
		refuse("scoring", "weights must be between 0 and 1000 with up to 3 decimals, at least one of them above 0")
	}
	if !validSplit(d.PrizeSplit) {
		refuse("prize_split", "must be 1 to 1000 percentages above 0, with up to 3 decimals, that add up to 100")
	}
	if d.Enrollment != Open && d.Enrollment != Invite {
		refuse("enrollment", "must be open or invite")
	}
	if d.Visibility != Public && d.Visibility != Private {
		refuse("visibility", "must be public or private")
	}
	if d.MaxParticipants < 0 || d.MaxParticipants > maxParticipants {
		refuse("max_participants", "must be between 0 (no limit) and "+strconv.Itoa(maxParticipants))
	}
	if d.LateSyncHours < 0 || d.LateSyncHours > MaxLateSyncHours {
		refuse("late_sync_hours", "must be between 0 and "+strconv.Itoa(MaxLateSyncHours))
	}
	switch limits := d.DailyLimits; {
	case !limits.Within(highestLimits) || limits.Max(Metrics{}) != limits:
		refuse("daily_limits", "must be between 0 and "+strconv.Itoa(maxDailyLimit))
	case len(bad) > 0:
	case !d.windowFits():
		refuse("start_date", "the days of the window are not those of its start and end")
	case d.highestScore() >= MaxScore:
		refuse("daily_limits", "the highest possible score would exceed 2^53-1; lower the limits or the weights, or shorten the competition")
	}
	if len(bad) > 0 {
		return &InvalidError{Fields: bad}
	}
	return nil
}

var highestLimits = Metrics{maxDailyLimit, maxDailyLimit * 100, maxDailyLimit * 100, maxDailyLimit}

// windowFits reports whether the days are those of the start and the end in some
// time zone. Zones are not asked: their rules differ from machine to machine.
func (d *Definition) windowFits() bool {
	first, last := d.FirstDay-calendar.DayOf(d.Start.Time().UTC()), d.LastDay-calendar.DayOf((d.End-1).Time().UTC())
	return -1 <= first && first <= 1 && -1 <= last && last <= 1 && d.FirstDay <= d.LastDay
}

// highestScore returns the score of somebody who reaches every limit on every day.
func (d *Definition) highestScore() int64 {
	days := int64(d.LastDay-d.FirstDay) + 1
	l := d.DailyLimits // each at most 1e11, days at most 3e6: no overflow
	return d.Scoring.Score(Metrics{l.Steps * days, l.DistanceCm * days, l.EnergyCentikcal * days, l.ActiveMinutes * days})
}

func (w Weights) valid() bool {
	for _, weight := range []int64{w.Step, w.Metre, w.Kcal, w.Minute} {
		if weight < 0 || weight > MaxWeight {
			return false
		}
	}
	return w != Weights{}
}

func validSplit(split []int64) bool {
	if len(split) == 0 || len(split) > MaxPrizes {
		return false
	}
	var sum int64
	for _, share := range split {
		if share <= 0 || share > WholeSplit {
			return false
		}
		sum += share
	}
	return sum == WholeSplit
}

// zoneFits reports whether a new zone is welcome, and whether new days could be
// worked out in the zone.
func (d *Definition) zoneFits(before *Definition) bool {
	if d.TimeZone != before.TimeZone {
		return welcomeZone(d.TimeZone)
	}
	return d.Start == before.Start && d.End == before.End || knownZone(d.TimeZone)
}

// overlong reports whether the window is longer than athletes may have it.
func (d *Definition) overlong() bool {
	return d.End.Time().UTC().After(d.Start.Time().UTC().AddDate(MaxYears, 0, 0))
}

// knownZone reports whether this machine knows the time zone.
func knownZone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil
}

// welcomeZone reports whether name is one of IANA's, spelled as IANA does. Time
// zone databases hold other files too: the machine's own zone, and copies of all
// zones that count leap seconds.
func welcomeZone(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return !slices.Contains([]string{"Local", "localtime", "posixrules", "right", "posix"}, first) &&
		path.Clean(name) == name && knownZone(name)
}

// ReservedUserID reports whether id is nobody's: it means something else where
// user ids stand, such as in the audit log. New people cannot have it.
func ReservedUserID(id string) bool {
	switch id {
	case "service_role", "anon", "authenticated", "self", "operator":
		return true
	}
	for _, prefix := range []string{"pbk_", "key:", "~"} {
		if strings.HasPrefix(id, prefix) {
			return true
		}
	}
	return IsPseudonym(id)
}

// BadUserID says what ValidUserID asks for.
const BadUserID = "must be 1 to 128 printable ASCII characters without spaces"

// NewUserIDProblem says why a new person cannot have the id, because it is not
// sound or not welcome; empty when they can. Every entrance of new people asks it.
func NewUserIDProblem(id string) (detail string) {
	switch {
	case !ValidUserID(id):
		return BadUserID
	case ReservedUserID(id):
		return "is reserved"
	default:
		return ""
	}
}

func checkNewUser(id string) error {
	if detail := NewUserIDProblem(id); detail != "" {
		return &InvalidError{Fields: []FieldError{{Field: "user_id", Detail: detail}}}
	}
	return nil
}

// badName says what WelcomeName asks for.
const badName = "must have a visible character, and none that is invisible or changes the direction of writing"

// WelcomeName reports whether a sound name is one that people can tell from
// others: it has a visible character, and none that is invisible or overrides
// the direction of writing (Unicode Technical Report 36, section 2). The joiners
// U+200C and U+200D, which many scripts and emoji need, may stand between two
// visible characters.
func WelcomeName(name string) bool {
	presentable := PresentableName(name)
	return presentable != "" && presentable == strings.TrimSpace(name)
}

// CheckUserName refuses a name that somebody wants to have on a board; an empty
// one says that there is none.
func CheckUserName(name string) error {
	var detail string
	switch {
	case name == "" || ValidText(name, MaxNameRunes) && WelcomeName(name):
		return nil
	case !ValidText(name, MaxNameRunes):
		detail = "must be up to 100 characters without control characters"
	default:
		detail = badName
	}
	return &InvalidError{Fields: []FieldError{{Field: "user_name", Detail: detail}}}
}

// PresentableName makes a name from elsewhere, such as a token, sound and
// welcome: it leaves out what may not be in it, trims it and cuts it to the
// longest name. Nothing is left of one that has no visible character.
func PresentableName(text string) string {
	runes := []rune(strings.ToValidUTF8(text, ""))
	kept := make([]rune, 0, len(runes))
	visible := false
	for i, r := range runes {
		switch {
		case isJoiner(r):
			if len(kept) > 0 && isShown(kept[len(kept)-1]) && i+1 < len(runes) && isShown(runes[i+1]) {
				kept = append(kept, r)
			}
		case isTag(r): // of the flags of Scotland and others
			if last := len(kept) - 1; last >= 0 && (kept[last] == '\U0001f3f4' || isTag(kept[last])) {
				kept = append(kept, r)
			}
		case unicode.IsControl(r), isHidden(r):
		default:
			kept = append(kept, r)
			visible = visible || isShown(r) && !unicode.IsMark(r)
		}
	}
	if !visible {
		return ""
	}
	kept = []rune(strings.TrimSpace(string(kept)))
	if len(kept) > MaxNameRunes {
		kept = kept[:MaxNameRunes]
		for len(kept) > 0 && !isShown(kept[len(kept)-1]) { // a joiner or a space that the cut left at the end
			kept = kept[:len(kept)-1]
		}
	}
	return string(kept)
}

func isJoiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

func isTag(r rune) bool { return r >= 0xe0020 && r <= 0xe007f }

// isHidden reports whether r takes no place or ends a line. Signs that go around
// numbers are in the same category of Unicode, and visible.
func isHidden(r rune) bool {
	return unicode.In(r, unicode.Zl, unicode.Zp) ||
		unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// isShown reports whether r can be seen, or belongs to what can be.
func isShown(r rune) bool {
	switch r {
	case '\u115f', '\u1160', '\u3164', '\uffa0', '\u2800': // fillers and the blank Braille pattern
		return false
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Prepended_Concatenation_Mark) || isTag(r)
}
