package link

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc/credentials"
)

// Files are those that a node proves itself with, and checks others by.
type Files struct {
	CA   string // certificates that sign those of the nodes, and of nobody else
	Cert string // this node's, with what is between it and the CA's; for servers and for clients
	Key  string
}

// Credentials are mutual TLS between nodes. A peer is a node if its certificate descends from the CA: names and
// addresses in it are not compared, since nodes come and go at any address, and their ids are in their frames. So
// the CA must be the cluster's own. The files are looked at in each handshake, and read when they have changed: a
// node goes on with the last that were good. Safe for concurrent use.
type Credentials struct {
	files  Files
	logger *slog.Logger

	mu     sync.Mutex
	seen   [3]stamp
	loaded loaded
}

// stamp tells whether a file has changed.
type stamp struct {
	modified time.Time
	size     int64
}

type loaded struct {
	ca   *x509.CertPool
	pair tls.Certificate
}

// NewCredentials reads the files.
func NewCredentials(files Files, logger *slog.Logger) (*Credentials, error) {
	c := &Credentials{files: files, logger: logger}
	if c.logger == nil {
		c.logger = slog.New(slog.DiscardHandler)
	}
	c.seen = c.look()
	var err error
	if c.loaded, err = files.load(); err != nil {
		return nil, err
	}
	c.warn(c.loaded)
	return c, nil
}

// Refused tells why nodes with the same files would refuse this one, as one that asks or
// one that is asked; nil if they would not.
func (c *Credentials) Refused() error { return c.current().refused() }

func (l loaded) refused() error {
	chain := []*x509.Certificate{l.pair.Leaf}
	for _, der := range l.pair.Certificate[1:] {
		if cert, err := x509.ParseCertificate(der); err == nil {
			chain = append(chain, cert)
		}
	}
	for _, as := range []struct {
		what  string
		usage x509.ExtKeyUsage
	}{{"servers", x509.ExtKeyUsageServerAuth}, {"clients", x509.ExtKeyUsageClientAuth}} {
		if err := verify(chain, l.ca, as.usage); err != nil {
			return fmt.Errorf("this node's certificate is not good for %s: %w", as.what, err)
		}
	}
	return nil
}

// warn has the log say what other nodes would refuse. It is no reason not to serve: a CA
// may be being changed, and a node that is the only one needs no other.
func (c *Credentials) warn(l loaded) {
	if err := l.refused(); err != nil {
		c.logger.Error("other nodes will refuse this one", "error", err)
	}
}

func (f Files) load() (loaded, error) {
	pem, err := os.ReadFile(f.CA)
	if err != nil {
		return loaded{}, fmt.Errorf("the cluster's CA: %w", err)
	}
	l := loaded{ca: x509.NewCertPool()}
	if !l.ca.AppendCertsFromPEM(pem) {
		return loaded{}, fmt.Errorf("the cluster's CA: %s holds no certificate", f.CA)
	}
	if l.pair, err = tls.LoadX509KeyPair(f.Cert, f.Key); err != nil {
		return loaded{}, fmt.Errorf("this node's certificate: %w", err)
	}
	return l, nil
}

// look stamps the files; one that cannot be looked at has the zero stamp.
func (c *Credentials) look() (s [3]stamp) {
	for i, name := range []string{c.files.CA, c.files.Cert, c.files.Key} {
		if info, err := os.Stat(name); err == nil {
			s[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return s
}

// current returns what the files hold, or held when they were last good.
func (c *Credentials) current() loaded {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.look()
	if now == c.seen {
		return c.loaded
	}
	fresh, err := c.files.load()
	if err != nil { // One may be replaced a moment before the other: they are read again in the next handshake.
		c.logger.Error("the certificates have changed and cannot be read; the previous ones stay", "error", err)
		return c.loaded
	}
	c.seen, c.loaded = now, fresh
	c.logger.Info("the certificates were read again", "expires", fresh.pair.Leaf.NotAfter)
	c.warn(fresh)
	return c.loaded
}

// server is how this node accepts others.
func (c *Credentials) server() credentials.TransportCredentials {
	return credentials.NewTLS(&tls.Config{
		MinVersion: tls.VersionTLS13,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			l := c.current()
			return &tls.Config{
				MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{l.pair},
				ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: l.ca,
				SessionTicketsDisabled: true, // A resumed session would be one of a certificate that is no longer good.
			}, nil
		},
	})
}

// client is how this node connects to others.
func (c *Credentials) client() credentials.TransportCredentials {
	l := c.current()
	return credentials.NewTLS(&tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{l.pair},
		InsecureSkipVerify: true, //nolint:gosec // G402: VerifyConnection does it, without the name.
		VerifyConnection: func(s tls.ConnectionState) error {
			return verify(s.PeerCertificates, l.ca, x509.ExtKeyUsageServerAuth)
		},
	})
}

func verify(chain []*x509.Certificate, ca *x509.CertPool, usage x509.ExtKeyUsage) error {
	if len(chain) == 0 {
		return errors.New("the node shows no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: ca, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{usage}})
	return err
}
