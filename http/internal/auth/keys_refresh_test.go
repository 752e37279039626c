package auth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"log/slog"
	nethttp "net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/http/internal/auth/authtest"
)

// keyServer is the project's address without a network, so that its tests may let
// days pass.
type keyServer struct {
	mu      sync.Mutex // fetches run beside the test
	answer  keyAnswer
	fetches int
}

// keyAnswer is what a key server says.
type keyAnswer struct {
	keys  map[string]crypto.Signer
	err   error         // instead of an answer
	takes time.Duration // until the answer
}

func (k *keyServer) RoundTrip(r *nethttp.Request) (*nethttp.Response, error) {
	k.mu.Lock()
	k.fetches++
	answer := k.answer
	k.mu.Unlock()
	select {
	case <-time.After(answer.takes):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if answer.err != nil {
		return nil, answer.err
	}
	recorder := httptest.NewRecorder()
	authtest.Shows(answer.keys)(recorder, r)
	return recorder.Result(), nil
}

// say sets the answer to the fetches that begin from now on.
func (k *keyServer) say(answer keyAnswer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.answer = answer
}

// fetched is how many fetches have begun.
func (k *keyServer) fetched() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.fetches
}

// keyTime is an authenticator that trusts a key server, inside a bubble of time.
type keyTime struct {
	t *testing.T
	*Authenticator
	keys   *ProjectKeys
	server *keyServer
	log    bytes.Buffer
}

// pass lets time go by, in a bubble.
func pass(d time.Duration) { <-time.After(d) }

// inKeyTime runs a test in a bubble.
func inKeyTime(t *testing.T, keys map[string]crypto.Signer, test func(k *keyTime)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		k := &keyTime{t: t, server: &keyServer{answer: keyAnswer{keys: keys}}}
		log := slog.New(slog.NewTextHandler(&k.log, nil))
		k.keys = NewProjectKeys(t.Context(), ProjectKeysOptions{SupabaseURL: projectURL, Logger: log, Transport: k.server})
		k.Authenticator = newBench(t, func(o *Options) { o.Now, o.Log, o.Verifiers = time.Now, log, []Verifier{k.keys} }).Authenticator
		synctest.Wait()
		test(k)
	})
}

// signed is a token that is good for a thousand days.
func (k *keyTime) signed(key *ecdsa.PrivateKey, kid string) []byte {
	k.t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"sub": "u1", "aud": "authenticated", "iss": issuer, "exp": time.Now().Add(1000 * 24 * time.Hour).Unix(),
	})
	token.Header["kid"] = kid
	text, err := token.SignedString(key)
	require.NoError(k.t, err)
	return []byte(text)
}

// try authenticates, and returns the code of the refusal, "" for none, and when to
// come again.
func (k *keyTime) try(token []byte) (code string, retryAfter int) {
	k.t.Helper()
	_, err := k.Token(token)
	if err == nil {
		return "", 0
	}
	if refused, ok := errors.AsType[*RefusalError](err); ok {
		retryAfter = max(refused.RetryAfter, 1)
	}
	return codeOf(err), retryAfter
}

func (k *keyTime) requireCode(want string, token []byte) {
	k.t.Helper()
	code, _ := k.try(token)
	require.Equal(k.t, want, code)
}

// TestAWithdrawnKeyEndsWhatItSigned: at once, however long its tokens say that they
// are good and however often they were seen; those of other keys stay known.
func TestAWithdrawnKeyEndsWhatItSigned(t *testing.T) {
	leaked, kept := authtest.NewECKey(t, elliptic.P256()), authtest.NewECKey(t, elliptic.P256())
	both := map[string]crypto.Signer{"leaked": leaked, "kept": kept}
	inKeyTime(t, both, func(k *keyTime) {
		t := k.t
		stolen, good := k.signed(leaked, "leaked"), k.signed(kept, "kept")
		k.requireCode("", stolen)
		k.requireCode("", good)
		before, err := k.Token(good)
		require.NoError(t, err)
		woken := 0
		k.keys.OnWithdrawal(func() { woken++ })

		k.server.say(keyAnswer{keys: map[string]crypto.Signer{"kept": kept}})
		pass(keysRefresh)
		synctest.Wait()
		k.requireCode("invalid_token", stolen)
		require.Equal(t, 1, woken, "sockets look around")
		after, err := k.Token(good)
		require.NoError(t, err)
		require.Same(t, before, after)
		pass(keysRefresh)
		synctest.Wait()
		require.Equal(t, 1, woken, "nothing ended any more")

		k.server.say(keyAnswer{keys: map[string]crypto.Signer{"kept": leaked}}) // another key under a known name
		pass(keysRefresh)
		synctest.Wait()
		k.requireCode("invalid_token", good)
		k.requireCode("", k.signed(leaked, "kept"))
		require.Equal(t, 2, woken)
	})
}

// TestKeysOutliveFailedFetches: and empty ones, for a day.
func TestKeysOutliveFailedFetches(t *testing.T) {
	key := authtest.NewECKey(t, elliptic.P256())
	shown := map[string]crypto.Signer{"k": key}
	for rule, c := range map[string]struct {
		answer keyAnswer
		code   string // after a day
	}{
		"failed": {keyAnswer{err: errors.New("no route to host")}, "sign_in_unavailable"},
		"empty":  {keyAnswer{}, "invalid_token"},
		"slow":   {keyAnswer{keys: shown, takes: time.Hour}, "sign_in_unavailable"},
	} {
		t.Run(rule, func(t *testing.T) {
			inKeyTime(t, shown, func(k *keyTime) {
				t := k.t
				token := k.signed(key, "k")
				k.requireCode("", token)
				k.server.say(c.answer)
				pass(keysKept - time.Minute)
				k.requireCode("", token)
				_, problem := k.keys.Health()
				require.Error(t, problem)
				pass(2 * keysRefresh)
				k.requireCode(c.code, token)

				k.server.say(keyAnswer{keys: shown})
				pass(keysRefresh + keysFetch)
				k.requireCode("", token)
				_, problem = k.keys.Health()
				require.NoError(t, problem)
			})
		})
	}
}

// TestASecondRotationWithinAMinute: nobody is signed out by it. The token may be
// good, and is told when that will be known.
func TestASecondRotationWithinAMinute(t *testing.T) {
	first, second, third := authtest.NewECKey(t, elliptic.P256()), authtest.NewECKey(t, elliptic.P256()), authtest.NewECKey(t, elliptic.P256())
	inKeyTime(t, map[string]crypto.Signer{"first": first}, func(k *keyTime) {
		t := k.t
		k.server.say(keyAnswer{keys: map[string]crypto.Signer{"first": first, "second": second}})
		k.requireCode("", k.signed(second, "second"))
		pass(10 * time.Second)
		k.server.say(keyAnswer{keys: map[string]crypto.Signer{"second": second, "third": third}})
		code, retryAfter := k.try(k.signed(third, "third"))
		require.Equal(t, "sign_in_unavailable", code)
		require.Equal(t, 50, retryAfter)
		made := k.signed(first, "made-up")
		k.requireCode("sign_in_unavailable", made)
		pass(50 * time.Second)
		k.requireCode("", k.signed(third, "third"))

		for range 3 { // a fetch lacked it, so it is known to be bad
			k.requireCode("invalid_token", made)
			pass(15 * time.Second)
		}
		require.Equal(t, 3, k.server.fetched())
	})
}

// TestASlowKeySet: a request does not wait for it to its end, and does not end it.
func TestASlowKeySet(t *testing.T) {
	first, second := authtest.NewECKey(t, elliptic.P256()), authtest.NewECKey(t, elliptic.P256())
	inKeyTime(t, map[string]crypto.Signer{"first": first}, func(k *keyTime) {
		t := k.t
		k.server.say(keyAnswer{keys: map[string]crypto.Signer{"first": first, "second": second}, takes: 3 * time.Second})
		began := time.Now()
		code, retryAfter := k.try(k.signed(second, "second"))
		require.Equal(t, "sign_in_unavailable", code)
		require.Equal(t, 1, retryAfter)
		require.Equal(t, keysWait, time.Since(began))
		code, _ = k.try(k.signed(second, "second"))
		require.Equal(t, "sign_in_unavailable", code)
		require.Equal(t, keysWait, time.Since(began), "the others do not wait again")
		pass(3 * time.Second)
		k.requireCode("", k.signed(second, "second"))
		require.Equal(t, 2, k.server.fetched())
	})
}

// TestKeySetsAreReadStrictly: what is well-formed but of no use is left out, and
// what is not well-formed takes nothing away.
func TestKeySetsAreReadStrictly(t *testing.T) {
	ec := authtest.NewECKey(t, elliptic.P256())
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	body := func(keys map[string]crypto.Signer) string {
		recorder := httptest.NewRecorder()
		authtest.Shows(keys)(recorder, nil)
		answer, err := io.ReadAll(recorder.Body)
		require.NoError(t, err)
		return string(answer)
	}
	set, err := readKeySet([]byte(body(map[string]crypto.Signer{"ec": ec, "weak": weak, "wide": authtest.NewECKey(t, elliptic.P384())})))
	require.NoError(t, err)
	require.Len(t, set.keys, 1)
	require.Equal(t, 3, set.shown)
	require.True(t, ec.PublicKey.Equal(set.keys[keyName{"ES256", "ec"}].public))
	require.Contains(t, set.unfit["weak"], "1024 bits")
	require.Contains(t, set.unfit["wide"], "P-256")

	for rule, c := range map[string]struct{ key, why string }{
		"for encryption":        {`{"kty":"EC","kid":"k","use":"enc","crv":"P-256"}`, "not for signatures"},
		"for another operation": {`{"kty":"EC","kid":"k","key_ops":["deriveKey"]}`, "not for signatures"},
		"another kind":          {`{"kty":"OKP","kid":"k","crv":"Ed25519","x":"AA"}`, "neither an EC nor an RSA key"},
		"a secret":              {`{"kty":"oct","kid":"k","k":"c2VjcmV0"}`, "neither an EC nor an RSA key"},
		"a point off the curve": {`{"kty":"EC","kid":"k","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"}`, "point not on curve"},
		"a short coordinate":    {`{"kty":"EC","kid":"k","crv":"P-256","x":"AAAA","y":"AAAA"}`, "32 bytes"},
		"no modulus":            {`{"kty":"RSA","kid":"k","e":"AQAB"}`, "0 bits"},
	} {
		set, err := readKeySet([]byte(`{"keys":[` + c.key + `]}`))
		require.NoError(t, err, rule)
		require.Empty(t, set.keys, rule)
		require.Contains(t, set.unfit["k"], c.why, rule)
	}
	for _, broken := range []string{``, `{`, `[]`, `{}`, `{"keys":null}`, `{"keys":{}}`, `{"keys":["k"]}`, `{"keys":[{}]}`, `{"keys":[{"kid":"k"}]}`, `{"keys":[]} x`} {
		_, err := readKeySet([]byte(broken))
		require.ErrorIs(t, err, errKeySet, broken)
	}
}
