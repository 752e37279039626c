package webhooks

import (
	"encoding/base64"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// TestSignature is the example of the specification, which docs/events.md has, too.
func TestSignature(t *testing.T) {
	secret, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	w := competition.Webhook{Secret: secret}
	body := []byte(`{"test": 2432232314}`)
	header := headerOf(&w, "msg_p5jXN8AQM9LWM0D4loKWxJek", body, time.Unix(1614265330, 0))
	require.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", header.Get(SignatureHeader))
	require.Equal(t, "1614265330", header.Get(TimestampHeader))
	verifier, err := standard.NewWebhook(w.SecretText())
	require.NoError(t, err)
	require.NoError(t, verifier.VerifyIgnoringTimestamp(body, header))
}
