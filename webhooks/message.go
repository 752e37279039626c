package webhooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// The headers of a message besides the usual ones.
const (
	IDHeader        = "Webhook-Id"
	TimestampHeader = "Webhook-Timestamp"
	SignatureHeader = "Webhook-Signature"
)

// secretBytes is how long a secret is; the specification wants 24 to 64.
const secretBytes = 32

// headerOf returns the header of a message with an id, signed by the endpoint's secret,
// and by the one before while that is valid.
func headerOf(w *competition.Webhook, id string, body []byte, now time.Time) http.Header {
	stamp := strconv.FormatInt(now.Unix(), 10)
	signatures := signature(w.Secret, id, stamp, body)
	if calendar.MillisOf(now) < w.OldUntil {
		signatures += " " + signature(w.OldSecret, id, stamp, body)
	}
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("User-Agent", "Paceboard")
	header.Set(IDHeader, id)
	header.Set(TimestampHeader, stamp)
	header.Set(SignatureHeader, signatures)
	return header
}

// signature signs a message as the specification's symmetric scheme says.
func signature(secret []byte, id, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
