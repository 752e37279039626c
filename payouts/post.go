package payouts

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/paceboard/paceboard/competition/ledger"
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
// A receiver works it out itself, compares in constant time, and refuses times
// that are long past, so that nobody can send an old request again.
func Signature(secret, body []byte, at time.Time) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
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
	secret []byte
	client *http.Client
}

func newWebhook(url string, secret []byte, timeout time.Duration, connections int) webhook {
	return webhook{url: url, secret: secret, client: &http.Client{
		Timeout:       timeout,
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a prize goes where the settings say
	}}
}

// post makes one request; nil says that the receiver answered 2xx. The error is
// for operators and does not hold the URL, which may be a secret.
func (w webhook) post(ctx context.Context, p *ledger.Prize, now time.Time) error {
	body, err := bodyOf(p)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("the webhook's URL cannot be used")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Paceboard")
	request.Header.Set(IdempotencyHeader, p.ID().String())
	request.Header.Set(SignatureHeader, Signature(w.secret, body, now))
	response, err := w.client.Do(request)
	if err != nil {
		if inner, ok := errors.AsType[*url.Error](err); ok {
			err = inner.Err
		}
		return fmt.Errorf("no answer: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // It was read.
	const enough = 64 << 10
	_, _ = io.CopyN(io.Discard, response.Body, enough) // So that the connection can be used again.
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("the webhook answered %d", response.StatusCode)
	}
	return nil
}
