package http

import (
	"crypto"
	"crypto/elliptic"
	"encoding/base64"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// forge breaks a token in a way that somebody might try: its bytes, its parts, or
// what they say.
func forge(random *rand.Rand, token string, others [][]byte) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return token
	}
	switch random.IntN(5) {
	case 0: // a part of another token
		parts[random.IntN(3)] = strings.Split(string(others[random.IntN(len(others))]), ".")[random.IntN(3)]
	case 1: // parts in another order, or too few or many of them
		random.Shuffle(3, func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		parts = slices.Insert(parts[:1+random.IntN(3)], 0, parts[0])
	case 2, 3: // other words in the header or the claims, under the old signature
		at := random.IntN(2)
		said, err := base64.RawURLEncoding.DecodeString(parts[at])
		if err != nil {
			return token
		}
		swap := swaps[random.IntN(len(swaps))]
		parts[at] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(said), swap[0], swap[1], 1)))
		if random.IntN(2) == 0 {
			parts[2] = ""
		}
	default:
		return string(mutate(random, []byte(token), others))
	}
	return strings.Join(parts, ".")
}

// swaps are words of a token, and what somebody would rather have there.
var swaps = [][2]string{
	{`"HS256"`, `"none"`},
	{`"HS256"`, `"None"`},
	{`"HS256"`, `"ES256"`},
	{`"ES256"`, `"HS256"`},
	{`"ES256"`, `"none"`},
	{`"ES256"`, `"RS256"`},
	{`"u1"`, `"u2"`},
	{`"authenticated"`, `"service_role"`},
	{`"email"`, `"operator"`},
	{`"provider"`, `"role"`},
	{`"ec"`, `"other"`},
	{`"exp":1`, `"exp":9`},
	{`{`, `{"role":"service_role",`},
	{`{`, `{"kid":"ec",`},
	{`{`, `{"jwk":{},`},
	{`{`, `{"crit":["exp"],`},
	{`}`, ` }`},
}

// However a token is changed, it opens nothing, and nobody waits for the refusal.
func TestMutatedTokensOpenNothing(t *testing.T) {
	key := authtest.NewECKey(t, elliptic.P256())
	p := newProject(t, authtest.Shows(map[string]crypto.Signer{"ec": key}))
	b := newKeyBench(t, p)
	ours := jwt.MapClaims{"iss": p.url + "/auth/v1"}
	operator := jwt.MapClaims{"iss": ours["iss"], "sub": "op", "app_metadata": map[string]any{"role": "operator"}}
	good := [][]byte{
		[]byte(authtest.Mint(t, secret, ours)), []byte(authtest.Mint(t, secret, operator)), []byte(authtest.Service(t)),
		[]byte(strings.TrimPrefix(p.signed(t, jwt.SigningMethodES256, key, "ec"), "Bearer ")),
	}
	for _, token := range good {
		_, code := identify(b, "Bearer "+string(token))
		require.Empty(t, code, "it was good before")
	}
	random := rand.New(rand.NewPCG(1, 2))
	wanted := 40_000
	if os.Getenv("SOAK") != "" {
		wanted = 1_000_000
	}
	for tried := 0; tried < wanted; {
		token := string(good[random.IntN(len(good))])
		bad := token
		for range 1 + random.IntN(2) {
			bad = forge(random, bad, good)
		}
		if slices.ContainsFunc(good, func(g []byte) bool { return strings.TrimSpace(bad) == string(g) }) {
			continue
		}
		tried++
		began := time.Now()
		id, code := identify(b, "Bearer "+bad)
		require.Nil(t, id, "%q", bad)
		require.Contains(t, []string{"invalid_token", "missing_token", "token_expired", "sign_in_unavailable"}, code, "%q", bad)
		require.Less(t, time.Since(began), time.Second)
	}
	require.LessOrEqual(t, p.fetches.Load(), int64(2), "made-up keys are asked for once")
}
