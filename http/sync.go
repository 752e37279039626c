package http

import (
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// submitSync is the hot path: it allocates nothing for a user who syncs their own
// days to the same competition as before.
func (s *Server) submitSync(c *call) error {
	err := s.doSubmitSync(c)
	s.metrics.sync(err)
	s.metrics.took(c.Time())
	return err
}

func (s *Server) doSubmitSync(c *call) error {
	if err := decode.ReadSync(c.Request.Body(), &c.form); err != nil {
		return err
	}
	engine, err := s.permit(c, c.take(&c.form, &c.sync))
	if err != nil {
		return err
	}
	c.out = append(c.out[:0], envelope...)
	if c.form.CompetitionID == nil {
		replies, err := everywhere(engine, &c.sync, s.payFor(c))
		if err != nil {
			return err
		}
		c.out = appendSyncReplies(c.out, c.sync.UserID, replies)
	} else {
		id := c.who.Synced.Copy(decode.View(c.form.CompetitionID))
		reply, err := engine.SubmitSync(id, &c.sync)
		if err != nil {
			return err
		}
		c.out = appendSyncReply(c.out, id, c.sync.UserID, reply)
	}
	c.out = append(c.out, envelopeEnd)
	c.reply(fasthttp.StatusOK, c.out)
	return nil
}

// everywhere submits to every competition of the user. If none takes the sync that is
// an error, since nothing was stored.
func everywhere(engine Engine, sync *competition.SubmitSync, pay competition.Pay) ([]competition.JoinedReply, error) {
	replies, err := engine.SubmitEverywhere(sync, pay)
	if err == nil && len(replies) == 0 {
		err = competition.ErrNotEnrolled
	}
	return replies, err
}

// take makes the command of a form, and copies its strings.
func (c *call) take(form *decode.Sync, sync *competition.SubmitSync) error {
	userID, err := c.userIDOf(form.UserID)
	if err != nil {
		return err
	}
	if err := c.ownData(userID); err != nil {
		return err
	}
	*sync = competition.SubmitSync{
		UserID:     userID,
		UserName:   c.nameOf(userID),
		Source:     sourceOf(form.Source),
		Day:        form.Day,
		RecordedAt: form.RecordedAt,
		Metrics:    form.Metrics,
		// A key for syncs alone enrols nobody.
		MembersOnly: !c.who.May(competition.ScopeManage),
		Trusted:     c.who.Caller.Operator,
	}
	return nil
}

// sourceOf returns the name of a source, copied unless it is a common one.
func sourceOf(b []byte) string {
	if b == nil {
		return decode.DefaultSource
	}
	for _, common := range commonSources {
		if string(b) == common {
			return common
		}
	}
	return string(b)
}

// commonSources are sources whose names need no copy.
var commonSources = []string{
	decode.DefaultSource, "apple_health", "health_connect", "fitbit", "garmin", "samsung_health", "strava", "manual",
}
