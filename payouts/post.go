package payouts

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/internal/sender"
)

// The headers of a request besides the usual ones.
const (
	SignatureHeader   = "Paceboard-Signature"
	IdempotencyHeader = "Idempotency-Key"
)

// Signature is the value of SignatureHeader for a body sent at a time:
//
//	t=<seconds since 1970>,v1=<hex of HMAC-SHA-256 of "<t>.<body>" under the secret>
//
// While the secret is changed there is a v1 for each of the two. A receiver works them
// out itself, takes a request if one of them is right, compares in constant time, and
// refuses times that are long past, so that nobody can send an old request again.
func Signature(secrets [][]byte, body []byte, at time.Time) string {
	t := strconv.FormatInt(at.Unix(), 10)
	var value strings.Builder
	value.WriteString("t=" + t)
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(t + "."))
		mac.Write(body)
		value.WriteString(",v1=" + hex.EncodeToString(mac.Sum(nil)))
	}
	return value.String()
}

// message is the body of a request.
type message struct {
	ID            string         `json:"id"`
	CompetitionID string         `json:"competition_id"`
	UserID        string         `json:"user_id"`
	Rank          int            `json:"rank"`
	Amount        jsontext.Value `json:"amount"` // a number with the currency's decimals
	AmountMinor   int64          `json:"amount_minor"`
	Currency      string         `json:"currency"`
	CreatedAt     string         `json:"created_at"` // RFC 3339, to the millisecond
}

// bodyOf is the same whenever it is asked for a prize.
func bodyOf(p *ledger.Prize) ([]byte, error) {
	decimals, _ := ledger.CurrencyDecimals(p.Currency)
	return json.Marshal(message{
		ID: p.ID().String(), CompetitionID: p.CompetitionID, UserID: p.UserID, Rank: p.Rank,
		Amount: jsontext.Value(ledger.FormatMinor(p.Minor, decimals)), AmountMinor: p.Minor,
		Currency: p.Currency, CreatedAt: string(p.CreatedAt.AppendTime(nil)),
	})
}

// webhook is where requests go.
type webhook struct {
	url    string
	sender *sender.Sender
}

func newWebhook(url string, timeout time.Duration, connections int) webhook {
	return webhook{url: url, sender: sender.New(sender.Options{Timeout: timeout, Connections: connections, Anywhere: true})}
}

// post makes one request; nil says that the receiver answered 2xx. The error is
// for operators and does not hold the URL, which may be a secret.
func (w webhook) post(ctx context.Context, p *ledger.Prize, secrets [][]byte, now time.Time) error {
	body, err := bodyOf(p)
	if err != nil {
		return err
	}
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("User-Agent", "Paceboard")
	header.Set(IdempotencyHeader, p.ID().String())
	header.Set(SignatureHeader, Signature(secrets, body, now))
	return w.sender.Post(ctx, w.url, header, body)
}
