package actors

import (
	"slices"

	"github.com/paceboard/paceboard/competition"
)

// Commands are copied before they are sent, here and elsewhere, since the actor may read
// its copy even after the caller gave up waiting.

// Create creates a competition; created is false if the same one exists already.
func (e *Engine) Create(c *competition.CreateCompetition) (s competition.Summary, created bool, err error) {
	if err := c.Definition.Validate(); err != nil {
		return s, false, err // an actor is not worth it
	}
	ctx, end, err := e.begin()
	if err != nil {
		return s, false, err
	}
	defer end()
	command := *c
	command.Definition.PrizeSplit = slices.Clone(c.Definition.PrizeSplit)
	command.Limited = e.options.MaxCreated > 0 && !c.Operator
	if command.Epoch == 0 {
		command.Epoch = competition.NewBoardEpoch(e.options.newKey())
	}
	reply, err := forward[competition.CreateReply](e, c.Definition.ID, &command, deadlineOf(ctx))
	if isUncounted(err) {
		command := command
		command.Limited = false
		err = e.withinQuota(ctx, c.UserID, making, func() (err error) {
			reply, err = forward[competition.CreateReply](e, c.Definition.ID, &command, deadlineOf(ctx))
			return err
		})
	}
	return reply.Summary, reply.Created, err
}

// Run has a competition carry out a command, and returns what the command answers.
// The command must not change any more. To create, join, remove and distribute
// takes more than the competition itself: they have methods of their own.
func (e *Engine) Run(competitionID string, c competition.Command) (answer any, err error) {
	return send[any](e, competitionID, c)
}

// What concerns no single competition is the store's alone.

// PutAPIKey writes an API key durably. Error: competition.ErrUnavailable.
func (e *Engine) PutAPIKey(k competition.APIKey) error {
	ctx, cancel := e.storeContext()
	defer cancel()
	return e.store.PutAPIKey(ctx, k)
}

// APIKeys returns all API keys, including revoked ones. Error: competition.ErrUnavailable.
func (e *Engine) APIKeys() ([]competition.APIKey, error) {
	ctx, cancel := e.storeContext()
	defer cancel()
	return e.store.APIKeys(ctx)
}

// Note appends to the audit log, durably. Error: competition.ErrUnavailable.
func (e *Engine) Note(entry competition.AuditEntry) error {
	ctx, cancel := e.storeContext()
	defer cancel()
	return e.store.Note(ctx, entry)
}

// AuditLog returns entries of the audit log, the latest first, those before a seq
// (0: all). Error: competition.ErrUnavailable.
func (e *Engine) AuditLog(before uint64, limit int) ([]competition.AuditEntry, error) {
	ctx, cancel := e.storeContext()
	defer cancel()
	return e.store.AuditLog(ctx, before, limit)
}

// AuditLogOf returns those that name a user. Error: competition.ErrUnavailable.
func (e *Engine) AuditLogOf(userID string, before uint64, limit int) ([]competition.AuditEntry, error) {
	ctx, cancel := e.storeContext()
	defer cancel()
	return e.store.AuditLogOf(ctx, userID, before, limit)
}
