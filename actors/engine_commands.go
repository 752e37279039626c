package actors

import (
	"errors"
	"slices"
	"time"

	"github.com/paceboard/paceboard/competition"
)

// The commands below are copied before they are sent, since the actor may read
// its copy even after the caller gave up waiting.

// Create creates a competition; created is false when the same one was there.
func (e *Engine) Create(c *competition.CreateCompetition) (s competition.Summary, created bool, err error) {
	if err := c.Definition.Validate(); err != nil {
		return s, false, err // an actor is not worth it
	}
	if err := e.admit(); err != nil {
		return s, false, err
	}
	defer e.dismiss()
	deadline := e.deadline()
	command := *c
	command.Definition.PrizeSplit = slices.Clone(c.Definition.PrizeSplit)
	command.Limited = e.MaxCreated > 0 && !c.Caller.Operator
	reply, err := forward[competition.CreateReply](e, c.Definition.ID, &command, deadline)
	if isUncounted(err) {
		command := command
		command.Limited = false
		err = e.withinQuota(c.Caller.UserID, making, deadline, func() (err error) {
			reply, err = forward[competition.CreateReply](e, c.Definition.ID, &command, deadline)
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

// Join enrols a user, and returns the user's entry on the board. Users who join
// what asks for an invitation accept the one that they have.
func (e *Engine) Join(competitionID string, j *competition.JoinCompetition) (competition.Entry, error) {
	if err := e.admit(); err != nil {
		return competition.Entry{}, err
	}
	defer e.dismiss()
	return e.join(competitionID, j, e.deadline())
}

// join is Join for a request that was admitted.
func (e *Engine) join(competitionID string, j *competition.JoinCompetition, deadline time.Time) (competition.Entry, error) {
	command := *j
	entry, err := e.forwardJoin(competitionID, &command, deadline)
	uninvited := errors.Is(err, competition.ErrInvitationRequired) || errors.Is(err, competition.ErrUnknownCompetition)
	if uninvited && !j.Invited && j.UserID == j.Caller.UserID {
		return e.joinInvited(competitionID, j, err, deadline)
	}
	return entry, err
}

// Remove takes a user out of a competition, who cannot come back alone, and takes
// back the invitation that they have.
func (e *Engine) Remove(competitionID string, r *competition.RemoveParticipant) error {
	if err := e.admit(); err != nil {
		return err
	}
	defer e.dismiss()
	deadline := e.deadline()
	command := *r
	_, err := forward[struct{}](e, competitionID, &command, deadline)
	if err == nil {
		e.withdrawFrom(competitionID, r.UserID, deadline)
	}
	return err
}
