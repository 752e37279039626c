package link_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/cluster/internal/link"
)

// authority is a CA of a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(tb testing.TB) *authority {
	tb.Helper()
	a := &authority{}
	template := &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	a.cert, a.key, a.pem = certificate(tb, template, nil)
	return a
}

// certificate makes one, signed by a CA, or by itself.
func certificate(tb testing.TB, template *x509.Certificate, by *authority) (*x509.Certificate, *ecdsa.PrivateKey, []byte) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(tb, err)
	template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(tb, err)
	template.Subject = pkix.Name{CommonName: "of a test"}
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	require.NoError(tb, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(tb, err)
	return cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// nodeFiles writes a node's files into a folder: signed by one CA, trusting others.
func nodeFiles(tb testing.TB, dir string, by *authority, template x509.Certificate, trust ...*authority) link.Files {
	tb.Helper()
	if template.ExtKeyUsage == nil {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	}
	_, key, cert := certificate(tb, &template, by)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(tb, err)
	var ca []byte
	for _, a := range trust {
		ca = append(ca, a.pem...)
	}
	f := link.Files{CA: filepath.Join(dir, "ca.pem"), Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	replace(tb, f.CA, ca)
	replace(tb, f.Cert, cert)
	replace(tb, f.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return f
}

// replace writes a file such that its change can be seen, whatever the file system's clock counts in.
func replace(tb testing.TB, name string, content []byte) {
	tb.Helper()
	require.NoError(tb, os.WriteFile(name, content, 0o600))
	at := time.Unix(1_000_000_000+changes.Add(1), 0)
	require.NoError(tb, os.Chtimes(name, at, at))
}

var changes atomic.Int64

func read(tb testing.TB, f link.Files) *link.Credentials {
	tb.Helper()
	c, err := link.NewCredentials(f, nil)
	require.NoError(tb, err)
	return c
}

func TestANodeKnowsThatOthersWouldRefuseIt(t *testing.T) {
	ours, foreign := newAuthority(t), newAuthority(t)
	require.NoError(t, read(t, nodeFiles(t, t.TempDir(), ours, x509.Certificate{}, ours)).Refused())
	for what, files := range map[string]link.Files{
		"unknown authority":    nodeFiles(t, t.TempDir(), foreign, x509.Certificate{}, ours),
		"not good for clients": nodeFiles(t, t.TempDir(), ours, x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, ours),
		"not good for servers": nodeFiles(t, t.TempDir(), ours, x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, ours),
	} {
		require.ErrorContains(t, read(t, files).Refused(), what)
	}
}

func TestTLS(t *testing.T) {
	ours, foreign := newAuthority(t), newAuthority(t)
	both := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	past := x509.Certificate{ExtKeyUsage: both, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour)}
	files := func(by *authority, template x509.Certificate, trust ...*authority) *link.Credentials {
		return read(t, nodeFiles(t, t.TempDir(), by, template, trust...))
	}
	for name, test := range map[string]struct {
		asker, node func() *link.Credentials
		accepted    bool
	}{
		"nodes of one CA": {accepted: true},
		"an asker of a foreign CA that trusts ours": {
			asker: func() *link.Credentials { return files(foreign, x509.Certificate{}, ours) },
		},
		"an asker without TLS": {asker: func() *link.Credentials { return nil }},
		"an asker whose certificate has expired": {
			asker: func() *link.Credentials { return files(ours, past, ours) },
		},
		"an asker whose certificate is for servers alone": {
			asker: func() *link.Credentials {
				return files(ours, x509.Certificate{ExtKeyUsage: both[1:]}, ours)
			},
		},
		"a node of a foreign CA that trusts ours": {
			node: func() *link.Credentials { return files(foreign, x509.Certificate{}, ours, foreign) },
		},
		"a node without TLS": {node: func() *link.Credentials { return nil }},
		"a node whose certificate has expired": {
			node: func() *link.Credentials { return files(ours, past, ours) },
		},
		"a node whose certificate is for clients alone": {
			node: func() *link.Credentials {
				return files(ours, x509.Certificate{ExtKeyUsage: both[:1]}, ours)
			},
		},
		"a node that signed its certificate itself": {
			node: func() *link.Credentials { return files(nil, x509.Certificate{}, ours) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			good := func() *link.Credentials { return files(ours, x509.Certificate{}, ours) }
			if test.asker == nil {
				test.asker = good
			}
			if test.node == nil {
				test.node = good
			}
			var handled atomic.Int32
			b := serve(t, link.Options{Credentials: test.node()}, handler(func(_ string, requests []link.Request) {
				handled.Add(1)
				requests[0].Respond(nil)
			}))
			_, err := dialer(t, link.Options{Credentials: test.asker()}).Ask(b, link.Message{}, soon())
			if test.accepted {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, link.ErrNotSent)
			require.Zero(t, handled.Load())
		})
	}
	t.Run("with certificates a node may listen on all addresses", func(t *testing.T) {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "0.0.0.0:0")
		require.NoError(t, err)
		node, _ := serveAt(t, l, link.Options{Credentials: files(ours, x509.Certificate{}, ours)}, echo)
		_, err = dialer(t, link.Options{Credentials: files(ours, x509.Certificate{}, ours)}).Ask(node, link.Message{}, soon())
		require.NoError(t, err)
	})
	t.Run("a stranger that does not even begin a handshake is hung up on", func(t *testing.T) {
		b := serve(t, link.Options{Credentials: files(ours, x509.Certificate{}, ours), Connect: 50 * time.Millisecond}, echo)
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", b.Address)
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(soon()))
		_, err = io.Copy(io.Discard, conn)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	})
}

func TestRotation(t *testing.T) {
	first, second := newAuthority(t), newAuthority(t)
	aDir, bDir := t.TempDir(), t.TempDir()
	aFiles := nodeFiles(t, aDir, first, x509.Certificate{}, first)
	a, b := read(t, aFiles), read(t, nodeFiles(t, bDir, first, x509.Certificate{}, first))
	node := serve(t, link.Options{Credentials: b}, echo)
	// A new dialer has to shake hands; one that is connected need not.
	try := func() error {
		d := link.NewDialer(link.Options{Self: "new", Credentials: a})
		defer d.Close()
		_, err := d.Ask(node, link.Message{}, soon())
		return err
	}
	connected := dialer(t, link.Options{Credentials: a})
	ask := func() error {
		_, err := connected.Ask(node, link.Message{}, soon())
		return err
	}
	require.NoError(t, ask())
	require.NoError(t, try())

	// As operators do it: trust both, change the certificates, trust the second alone.
	nodeFiles(t, bDir, first, x509.Certificate{}, first, second)
	require.NoError(t, try())
	nodeFiles(t, aDir, second, x509.Certificate{}, first, second)
	require.NoError(t, try())
	nodeFiles(t, bDir, second, x509.Certificate{}, second)
	require.NoError(t, try())
	nodeFiles(t, aDir, first, x509.Certificate{}, first, second)
	require.ErrorIs(t, try(), link.ErrNotSent, "the first CA is no longer trusted")
	require.NoError(t, ask(), "a connection outlives the certificates that it was made with")
	require.Equal(t, uint64(1), connected.Peers()[0].Connects)

	// Files that cannot be read leave the last good ones in force.
	nodeFiles(t, aDir, second, x509.Certificate{}, second)
	require.NoError(t, try())
	replace(t, aFiles.Key, []byte("half of a ke"))
	require.NoError(t, try())
	require.NoError(t, os.Remove(aFiles.Cert))
	require.NoError(t, try())
	nodeFiles(t, aDir, first, x509.Certificate{}, second)
	require.ErrorIs(t, try(), link.ErrNotSent, "and new ones are read when they are whole")
	nodeFiles(t, aDir, second, x509.Certificate{}, second)
	require.NoError(t, try())
}

func TestFilesThatAreNoCertificates(t *testing.T) {
	ca := newAuthority(t)
	for name, spoil := range map[string]func(f *link.Files){
		"no CA":              func(f *link.Files) { f.CA = "/nowhere" },
		"a CA that is a key": func(f *link.Files) { f.CA = f.Key },
		"no certificate":     func(f *link.Files) { f.Cert = "/nowhere" },
		"a key of another":   func(f *link.Files) { f.Key = nodeFiles(t, t.TempDir(), ca, x509.Certificate{}, ca).Key },
	} {
		t.Run(name, func(t *testing.T) {
			f := nodeFiles(t, t.TempDir(), ca, x509.Certificate{}, ca)
			spoil(&f)
			c, err := link.NewCredentials(f, nil)
			require.Error(t, err)
			require.Nil(t, c)
		})
	}
}
