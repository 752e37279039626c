package actors

import (
	"context"
	"errors"
	"slices"

	"github.com/paceboard/paceboard/competition"
)

// The commands below are copied before they are sent, since the actor may read
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

// Join enrols a user, and returns the user's entry on the board. If that takes an
// invitation, users who join themselves accept the one that they have.
func (e *Engine) Join(competitionID string, j *competition.JoinCompetition) (competition.Entry, error) {
	ctx, end, err := e.begin()
	if err != nil {
		return competition.Entry{}, err
	}
	defer end()
	return e.join(ctx, competitionID, j)
}

// join is Join for a request that was admitted.
func (e *Engine) join(ctx context.Context, competitionID string, j *competition.JoinCompetition) (competition.Entry, error) {
	command := *j
	entry, err := e.forwardJoin(ctx, competitionID, &command)
	uninvited := errors.Is(err, competition.ErrInvitationRequired) || errors.Is(err, competition.ErrUnknownCompetition)
	if uninvited && !j.Invited && j.UserID == j.Caller.UserID {
		return e.joinInvited(ctx, competitionID, j, err)
	}
	return entry, err
}

// Remove removes a user from a competition, who cannot rejoin without a new
// invitation, and withdraws the one that they have.
func (e *Engine) Remove(competitionID string, r *competition.RemoveParticipant) error {
	ctx, end, err := e.begin()
	if err != nil {
		return err
	}
	defer end()
	command := *r
	if _, err = forward[struct{}](e, competitionID, &command, deadlineOf(ctx)); err == nil {
		e.withdrawFrom(ctx, competitionID, r.UserID)
	}
	return err
}
