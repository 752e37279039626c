package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// longestSoak is how long certificates are good for.
const longestSoak = 99 * time.Hour

// authority is a certificate authority of a test.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{certificate: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "nodes"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(longestSoak),
	}}
	var err error
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a.certificate.Raw, err = x509.CreateCertificate(rand.Reader, a.certificate, a.certificate, a.key.Public(), a.key)
	require.NoError(t, err)
	return a
}

// issue writes the files of a node into a folder, and returns the settings that name them.
func (a *authority) issue(t *testing.T, folder string, usage ...x509.ExtKeyUsage) []string {
	t.Helper()
	if len(usage) == 0 {
		usage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	node := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "a node"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(longestSoak),
		ExtKeyUsage: usage, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, node, a.certificate, key.Public(), a.key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	var settings []string
	for name, block := range map[string]*pem.Block{
		"CLUSTER_CA":   {Type: "CERTIFICATE", Bytes: a.certificate.Raw},
		"CLUSTER_CERT": {Type: "CERTIFICATE", Bytes: certificate},
		"CLUSTER_KEY":  {Type: "PRIVATE KEY", Bytes: private},
	} {
		file := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(block), 0o600))
		settings = append(settings, name+"="+file)
	}
	return settings
}

// transport is that of clients who trust the authority, and come from an address, if it
// is not empty.
func (a *authority) transport(t *testing.T, from string) *http.Transport {
	t.Helper()
	certificate, err := x509.ParseCertificate(a.certificate.Raw)
	require.NoError(t, err)
	trusted := x509.NewCertPool()
	trusted.AddCert(certificate)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12},
		DialContext:     (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).DialContext,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// TestNodesKnowEachOtherByTheirCertificates: requests cross between nodes of one CA; a
// node with a certificate of another one, although the database lets it in, gets no
// answer from them, and they none from it, until its files are replaced while it runs.
func TestNodesKnowEachOtherByTheirCertificates(t *testing.T) {
	t.Parallel()
	where := newDatabase(t)
	ours, foreign := newAuthority(t), newAuthority(t)
	args := []string{"CLUSTER_LISTEN=0.0.0.0:0", "--request-timeout", "2s"}
	start := func(by *authority, folder string) *instance {
		settings := append(by.issue(t, folder), args...)
		port := quietPort(t)
		settings = append(settings, fmt.Sprintf("CLUSTER_LISTEN=0.0.0.0:%d", port), fmt.Sprintf("CLUSTER_ADVERTISE=127.0.0.1:%d", port))
		return startNode(t, where, settings...)
	}
	first, second := start(ours, t.TempDir()), start(ours, t.TempDir())
	eventuallyStatus(t, first, "/health/ready", http.StatusOK)
	eventuallyStatus(t, second, "/health/ready", http.StatusOK)
	date := time.Now().UTC().Format(time.DateOnly)
	const boards = 6
	count := func(s *instance, board, steps int) int {
		body := fmt.Sprintf(`{"competition_id":"board-%d","date":%q,"steps":%d}`, board, date, steps)
		status, _ := s.call(http.MethodPost, "/api/v1/fitness/sync", tokenOf(t, "ann", false), body)
		return status
	}
	// Metrics are gathered once a second, so a figure may be that old.
	soon := func(figure func() float64) {
		require.Eventually(t, func() bool { return figure() > 0 }, 10*time.Second, 200*time.Millisecond)
	}
	answered := func(s *instance) float64 { return metric(t, s, `paceboard_cluster_asks_total{outcome="answered"}`) }
	for board := range boards {
		first.createSpring(fmt.Sprintf("board-%d", board))
		for i, s := range []*instance{first, second} {
			require.Equal(t, http.StatusOK, count(s, board, 100+i))
		}
	}
	soon(func() float64 { return answered(first) + answered(second) }) // boards of both are used through both
	soon(func() float64 {
		return metric(t, first, "paceboard_cluster_peers_up") + metric(t, second, "paceboard_cluster_peers_up")
	})

	folder := t.TempDir()
	stranger := start(foreign, folder)
	refused := 0
	for board := range boards {
		switch status := count(stranger, board, 200); status {
		case http.StatusServiceUnavailable:
			refused++
		case http.StatusOK: // a board that it was given meanwhile
		default:
			require.Fail(t, "another answer", "%d", status)
		}
	}
	require.Positive(t, refused)
	soon(func() float64 { return metric(t, stranger, `paceboard_cluster_asks_total{outcome="not_delivered"}`) })
	require.Zero(t, answered(stranger))
	require.Zero(t, metric(t, stranger, "paceboard_cluster_links"))
	require.Zero(t, metric(t, stranger, "paceboard_cluster_peers_up"))
	_, health := stranger.call(http.MethodGet, "/health/detailed", operatorToken(t), "")
	require.Contains(t, string(health), "cannot be reached")
	eventuallyStatus(t, stranger, "/health/ready", http.StatusServiceUnavailable) // it is cut off

	ours.issue(t, folder)
	deadline := time.Now().Add(30 * time.Second)
	for board := 0; board < boards; {
		if count(stranger, board, 300) == http.StatusOK {
			board++
		}
		require.True(t, time.Now().Before(deadline), stranger.logs)
	}
	for n := 0; answered(stranger) == 0; n++ { // it may own all the others by now
		stranger.createSpring(fmt.Sprintf("more-%d", n))
		require.True(t, time.Now().Before(deadline), stranger.logs)
	}
	stranger.waitFor("the certificates were read again")
	eventuallyStatus(t, stranger, "/health/ready", http.StatusOK)
}

// TestACertificateForServersAloneIsNotHealthy: others refuse the node as a client, though they reach it.
func TestACertificateForServersAloneIsNotHealthy(t *testing.T) {
	t.Parallel()
	folder, ours := t.TempDir(), newAuthority(t)
	s := startNode(t, newDatabase(t), append(ours.issue(t, folder, x509.ExtKeyUsageServerAuth), "CLUSTER_LISTEN=127.0.0.1:0")...)
	eventuallyStatus(t, s, "/health/ready", http.StatusOK)
	says := func() string {
		_, health := s.call(http.MethodGet, "/health/detailed", operatorToken(t), "")
		return string(health)
	}
	require.Contains(t, says(), "other nodes refuse this one: this node's certificate is not good for clients")
	_, health := s.call(http.MethodGet, "/health", "", "")
	require.Contains(t, string(health), `"degraded":["cluster"]`)
	ours.issue(t, folder)
	require.Eventually(t, func() bool { return !strings.Contains(says(), "other nodes refuse") }, 10*time.Second, 50*time.Millisecond)
	s.stop()
}
