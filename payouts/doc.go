// Package payouts tells a payment provider's webhook of prizes that are to be
// paid.
//
// It owns the hand-over of pending prizes: which are due, how often they were
// tried, when they are given up. It decides nothing about a prize: the provider
// reports back by POST /api/v1/prizes/:id/confirm or …/fail, and until then the
// money waits in the winner's wallet.
//
// A prize is handed over at least once, and again whenever it is not known
// whether it arrived: an attempt is written down before it is made, so that a
// crash, or another server on the same database, at worst repeats it. The
// receiver tells repeats by the header Idempotency-Key, which is the prize's id,
// and by the body, which is the same each time; see [Signature] for how it tells
// us from others.
//
// Reading starts at [Start].
package payouts
