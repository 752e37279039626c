package sender

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Options of a Sender.
type Options struct {
	Timeout     time.Duration // of a request, from the resolution of the name to the end of the answer; default 5 s
	Connections int           // to one receiver at a time, and idle ones that are kept; default 2

	// Anywhere is for receivers that the operators' settings name: they may be at any
	// address, speak plain HTTP, and be reached through the proxy of the environment.
	Anywhere bool
}

// Sender posts messages. It is safe for concurrent use.
type Sender struct {
	client   *http.Client
	anywhere bool
}

// New returns a sender. Close ends it.
func New(o Options) *Sender {
	connections := cmp.Or(o.Connections, 2)
	transport := &http.Transport{
		MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections, MaxIdleConns: maxIdle, IdleConnTimeout: time.Minute,
		MaxResponseHeaderBytes: maxHeader, DisableCompression: true, ForceAttemptHTTP2: true,
	}
	if o.Anywhere {
		transport.Proxy = http.ProxyFromEnvironment
	} else {
		transport.DialContext = (&net.Dialer{ControlContext: onlyPublic}).DialContext
	}
	return &Sender{anywhere: o.Anywhere, client: &http.Client{
		Timeout: cmp.Or(o.Timeout, 5*time.Second),
		// A message goes where its receiver's URL says, and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     httpsOnly{transport, o.Anywhere},
	}}
}

const (
	maxIdle   = 100      // connections to all receivers together
	maxHeader = 16 << 10 // bytes of the header fields of an answer
	maxAnswer = 64 << 10 // bytes of an answer's body that are read
)

// httpsOnly refuses requests by plain HTTP, unless anything goes.
type httpsOnly struct {
	*http.Transport
	anything bool
}

func (t httpsOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.anything && r.URL.Scheme != "https" {
		return nil, ErrNotHTTPS
	}
	return t.Transport.RoundTrip(r)
}

// Close ends connections that are idle. Requests under way end by their contexts.
func (s *Sender) Close() { s.client.CloseIdleConnections() }

// Post sends a message. Nil says that the receiver answered 2xx. The error is for
// whoever chose the receiver, and does not hold the URL, which may be a secret.
func (s *Sender) Post(ctx context.Context, to string, header http.Header, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return errInvalidURL
	}
	request.Header = header
	response, err := s.client.Do(request)
	if err != nil {
		return s.noAnswer(err)
	}
	defer func() { _ = response.Body.Close() }()          // It was read.
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer) // So that the connection can be used again.
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return &StatusError{response.StatusCode}
	}
	return nil
}

// noAnswer returns why there was no answer, without the URL, and without what only those
// may know who run this server: to which private address a name leads, or whom it asks
// for that.
func (s *Sender) noAnswer(err error) error {
	if inner, ok := errors.AsType[*url.Error](err); ok {
		err = inner.Err
	}
	_, unresolved := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, ErrNotPublic):
		return ErrNotPublic
	case unresolved && !s.anywhere:
		return errUnresolved
	}
	return &noAnswerError{err}
}
