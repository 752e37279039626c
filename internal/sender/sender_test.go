package sender

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// own is a sender to a receiver that the settings name.
func own(t *testing.T, o Options) *Sender {
	t.Helper()
	o.Anywhere = true
	s := New(o)
	t.Cleanup(s.Close)
	return s
}

func receiver(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return server.URL
}

func TestAMessageIsPosted(t *testing.T) {
	var got *http.Request
	var body string
	url := receiver(t, func(_ http.ResponseWriter, r *http.Request) {
		b := make([]byte, r.ContentLength)
		_, _ = r.Body.Read(b)
		got, body = r, string(b)
	})
	header := http.Header{"Content-Type": {"application/json"}, "X-A": {"b"}}
	require.NoError(t, own(t, Options{}).Post(t.Context(), url, header, []byte(`{"a":1}`)))
	require.Equal(t, http.MethodPost, got.Method)
	require.Equal(t, "b", got.Header.Get("X-A"))
	require.JSONEq(t, `{"a":1}`, body)
}

func TestARefusalNamesTheStatusAndNotTheURL(t *testing.T) {
	url := receiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) })
	err := own(t, Options{}).Post(t.Context(), url+"/secret", http.Header{}, nil)
	var status *StatusError
	require.ErrorAs(t, err, &status)
	require.Equal(t, http.StatusGone, status.Status)
	require.NotContains(t, err.Error(), "secret")
	err = own(t, Options{}).Post(t.Context(), "http://127.0.0.1:1/secret", http.Header{}, nil)
	require.ErrorContains(t, err, "no answer")
	require.NotContains(t, err.Error(), "secret")
}

func TestARedirectIsNotFollowed(t *testing.T) {
	elsewhere := receiver(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
	url := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere, http.StatusPermanentRedirect)
	})
	err := own(t, Options{}).Post(t.Context(), url, http.Header{}, []byte("x"))
	var status *StatusError
	require.ErrorAs(t, err, &status)
	require.Equal(t, http.StatusPermanentRedirect, status.Status)
}

// TestAReceiverCannotHoldARequest by not answering, or by an answer without end.
func TestAReceiverCannotHoldARequest(t *testing.T) {
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	silent := receiver(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-done:
		case <-r.Context().Done():
		}
	})
	began := time.Now()
	require.ErrorContains(t, own(t, Options{Timeout: 50 * time.Millisecond}).Post(t.Context(), silent, http.Header{}, nil), "no answer")
	require.Less(t, time.Since(began), 20*time.Second)

	endless := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write([]byte(strings.Repeat("x", 4096))); err != nil {
				return
			}
		}
	})
	require.NoError(t, own(t, Options{Timeout: 20 * time.Second}).Post(t.Context(), endless, http.Header{}, nil))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, own(t, Options{}).Post(ctx, silent, http.Header{}, nil), context.Canceled)
}

// TestAReceiverCannotWriteWhatIsStored: the reason is short and can be stored and shown,
// whatever names are in the receiver's certificate.
func TestAReceiverCannotWriteWhatIsStored(t *testing.T) {
	names := []string{"a\x00b\nc"}
	for range 90 {
		names = append(names, strings.Repeat("x", 50)+".example.com")
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshake that the test has fail
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	cert := x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: names, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &cert, &cert, key.Public(), key)
	require.NoError(t, err)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.StartTLS()
	t.Cleanup(server.Close)
	err = own(t, Options{}).Post(t.Context(), strings.Replace(server.URL, "127.0.0.1", "localhost", 1), http.Header{}, nil)
	require.ErrorContains(t, err, "no answer: tls: failed to verify certificate: x509")
	require.Less(t, len(err.Error()), 250)

	require.Equal(t, "no answer: valid for a?b?c, ??", (&noAnswerError{errors.New("valid for a\x00b\nc, \xff\u202e")}).Error())
	require.Equal(t, strings.Repeat("x", maxReason-1)+"?", printable(strings.Repeat("x", maxReason-1)+"é and more"), "no half of a letter")
	long := printable(strings.Repeat("\xff", maxReason) + "x")
	require.True(t, utf8.ValidString(long) && len(long) <= maxReason, long)
}

// TestOnlyPublicAddressesByHTTPS: a receiver of somebody else's choice is not reached at
// another address, whatever its name resolves to, nor by plain HTTP.
func TestOnlyPublicAddressesByHTTPS(t *testing.T) {
	reached := false
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	t.Cleanup(server.Close)
	foreign := New(Options{Timeout: 10 * time.Second})
	t.Cleanup(foreign.Close)
	require.ErrorIs(t, foreign.Post(t.Context(), server.URL, http.Header{}, nil), ErrNotPublic)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(server.URL, "https://"))
	require.NoError(t, err)
	require.ErrorIs(t, foreign.Post(t.Context(), "https://localhost:"+port, http.Header{}, nil), ErrNotPublic)
	for host, want := range map[string]error{"localhost": ErrNotPublic, "a..b": errUnresolved} {
		require.EqualError(t, foreign.Post(t.Context(), "https://"+host+"/", http.Header{}, nil), want.Error(), "neither the address nor who resolved it")
	}
	require.ErrorIs(t, foreign.Post(t.Context(), "http://example.com", http.Header{}, nil), ErrNotHTTPS)
	require.False(t, reached)

	// The test can fail: without the rule, the same receiver is reached.
	allowed := own(t, Options{})
	allowed.client.Transport.(httpsOnly).TLSClientConfig = &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	require.NoError(t, allowed.Post(t.Context(), server.URL, http.Header{}, nil))
	require.True(t, reached)
}

func TestWhichAddressesArePublic(t *testing.T) {
	for _, address := range []string{"1.1.1.1", "93.184.215.14", "172.15.0.1", "172.32.0.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"} {
		require.True(t, IsPublic(netip.MustParseAddr(address)), address)
	}
	for _, address := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.9.9.9", "169.254.169.254", "172.16.0.1",
		"172.31.255.255", "192.0.0.8", "192.168.1.1", "198.18.0.1", "198.19.255.255", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2001::1", "2002:7f00:1::",
		"fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2001:db8::1",
	} {
		require.False(t, IsPublic(netip.MustParseAddr(address)), address)
	}
}

func TestWhichURLsMayBeGiven(t *testing.T) {
	for _, good := range []string{"https://example.com", "https://example.com:8443/hooks?x=1", "https://1.1.1.1/x", "https://[2606:4700:4700::1111]/"} {
		require.NoError(t, CheckURL(good, false), good)
	}
	for _, bad := range []string{
		"", "example.com", "http://example.com", "ftp://example.com", "https://", "https:example.com", "https:///x", "https://u:p@example.com",
		"https://example.com/#x", "https://127.0.0.1/", "https://10.0.0.1/", "https://[::1]/", "https://[fe80::1%25eth0]/", "https://exa mple.com",
		"https://example.com/" + strings.Repeat("x", maxURL),
	} {
		require.Error(t, CheckURL(bad, false), bad)
	}
	for _, internal := range []string{"http://127.0.0.1:8080/hooks", "https://10.0.0.1/", "http://receiver"} {
		require.NoError(t, CheckURL(internal, true), internal)
		require.Error(t, CheckURL(internal, false), internal)
	}
	require.Error(t, CheckURL("ftp://receiver", true))
	require.Error(t, CheckURL("http://u@receiver", true))
}
