package competition

import (
	"context"

	"github.com/paceboard/paceboard/competition/calendar"
)

// ForgetOutside deletes what a store has of a person outside competitions, and has the
// audit log and the API keys name a pseudonym instead; newID is as in Pseudonymise. After
// an error the same call does the rest.
func ForgetOutside(ctx context.Context, s Store, e Erasure, at calendar.Millis, newID func() string) error {
	for _, forget := range []func(context.Context, string) error{s.ForgetInvitations, s.ForgetWebhooks, s.ForgetLifetime} {
		if err := forget(ctx, e.UserID); err != nil {
			return err
		}
	}
	return s.Pseudonymise(ctx, e, at, newID)
}
