package competition

import "github.com/paceboard/paceboard/competition/calendar"

// Caller is the user or service that issues a command, as the token said.
type Caller struct {
	UserID   string // empty for a service key, which is always an operator
	Operator bool
}

// Payer returns the user whom the caller's commands are charged to, for the commands
// that embed the caller; see [Command].
func (c Caller) Payer() string {
	if c.Operator {
		return ""
	}
	return c.UserID
}

// Command asks for a change of one competition. It knows how to decide and how to
// answer, in the file of its feature, so that the code that carries it need not know
// which one it is. A sync is none: nearly all requests are one, and have a way of
// their own; see [Competition.SubmitSync].
type Command interface {
	// Decide has the competition decide the command, as decided so far. The errors are
	// refusals, and change nothing.
	Decide(c *Competition, now calendar.Millis) (Decision, error)

	// Payer returns the user whose budget the command's records are charged to; empty
	// if they are nobody's: those of operators, keys and erasures.
	Payer() string

	// Answer returns what the caller gets once the events up to the decision's are applied.
	Answer(c *Competition, d Decision) any
}

// Decision is what an accepted command waits for: it may be answered once the
// events up to Seq are applied.
type Decision struct {
	Seq      uint64
	Number   uint32 // the participant concerned
	Enrolled bool   // the command enrolled the participant
	Repeat   bool   // the command said nothing new and made no event
	Later    bool   // nothing was decided: give the command again then
}
