package competition

import "reflect"

// Caller is who asks for a command, as the token said.
type Caller struct {
	UserID   string // empty for a service key, which is always an operator
	Operator bool
}

// SubmitSync reports one day's totals so far of one user from one source.
type SubmitSync struct {
	UserID      string
	UserName    string // used if the sync enrols the user; empty if unknown
	Source      string // 1 to 64 characters
	Day         Day
	RecordedAt  int64 // nanoseconds since 1970 UTC; 0 when the report gave none
	Metrics     Metrics
	MembersOnly bool // do not enrol: the sync goes to the competitions joined already
	Trusted     bool // an operator sends it, who may know of every competition
}

// CreateCompetition brings a competition into being.
type CreateCompetition struct {
	Caller     Caller
	Definition Definition // completed and valid
}

// EditCompetition changes the definition.
type EditCompetition struct {
	Caller Caller
	Patch  Patch
}

// Patch names what is to change; nil leaves a field as it is.
type Patch struct {
	Name, Description  *string
	Type               *Type
	Start, End         *Millis
	EntryFeeMinor      *int64
	PrizePoolMinor     *int64
	Currency, TimeZone *string
	Scoring            *Weights
	PrizeSplit         []int64
	Enrollment         *Enrollment
	Visibility         *Visibility
	MaxParticipants    *int
	DailyLimits        *Metrics
	LateSyncHours      *int
}

// onlyWords reports whether the patch touches nothing but name and description,
// which may change at any time.
func (p *Patch) onlyWords() bool {
	rest := *p
	rest.Name, rest.Description = nil, nil
	return rest.PrizeSplit == nil && reflect.DeepEqual(rest, Patch{})
}

// touchesMoney reports whether the patch sets an amount above 0, or says what
// currency one is in.
func (p *Patch) touchesMoney(edited *Definition) bool {
	return edited.EntryFeeMinor > 0 && (p.EntryFeeMinor != nil || p.Currency != nil) ||
		edited.PrizePoolMinor > 0 && (p.PrizePoolMinor != nil || p.Currency != nil)
}

// apply returns d with the patch, completed and not yet validated. Words alone
// leave the window as it was worked out.
func (p *Patch) apply(d Definition) Definition {
	set(&d.Name, p.Name)
	set(&d.Description, p.Description)
	set(&d.Type, p.Type)
	set(&d.Start, p.Start)
	set(&d.End, p.End)
	set(&d.EntryFeeMinor, p.EntryFeeMinor)
	set(&d.PrizePoolMinor, p.PrizePoolMinor)
	set(&d.Currency, p.Currency)
	set(&d.TimeZone, p.TimeZone)
	set(&d.Scoring, p.Scoring)
	set(&d.Enrollment, p.Enrollment)
	set(&d.Visibility, p.Visibility)
	set(&d.MaxParticipants, p.MaxParticipants)
	set(&d.DailyLimits, p.DailyLimits)
	set(&d.LateSyncHours, p.LateSyncHours)
	if p.PrizeSplit != nil {
		d.PrizeSplit = p.PrizeSplit
	}
	if !p.onlyWords() {
		d.Complete()
	}
	return d
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// CancelCompetition calls the competition off.
type CancelCompetition struct{ Caller Caller }

// JoinCompetition enrols a user, or takes back one who left.
type JoinCompetition struct {
	Caller   Caller
	UserID   string
	UserName string // shown on boards; empty if unknown
	Rename   bool   // UserName was given for this join and replaces an older one
	Invited  bool   // the user accepts an invitation, which the caller has checked
}

// LeaveCompetition takes a user off the board.
type LeaveCompetition struct {
	Caller Caller
	UserID string
}
