package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paceboard/paceboard/internal/worker"
)

// node is a server process.
type node struct {
	cmd    *exec.Cmd
	url    string
	exited chan struct{}
}

func (n *node) wait() { <-n.exited }

func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // it is one
	return port, l.Close()
}

func isReady(ctx context.Context, client *http.Client, node string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, node+"/health/ready", http.NoBody)
	if err != nil {
		return false
	}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

// proxy sends each request to a node that is ready. It looks every half second, and goes
// on to the next node if one does not take a connection.
type proxy struct {
	server *http.Server
	client *http.Client
	wires  *http.Transport
	looks  *worker.Loop
	serves sync.WaitGroup
	turn   atomic.Uint64

	mu    sync.Mutex
	all   []string
	ready []string
}

func newProxy(listener net.Listener) *proxy {
	p := &proxy{wires: &http.Transport{MaxIdleConnsPerHost: 64, DialContext: (&net.Dialer{Timeout: time.Second}).DialContext}}
	p.client = &http.Client{Transport: p.wires, Timeout: 10 * time.Second}
	p.server = &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetXForwarded()
			r.Out.URL.Scheme, r.Out.Host = "http", r.In.Host // pages are of one origin with their sockets
		},
		Transport:     p,
		FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
		},
	}}
	p.serves.Go(func() { _ = p.server.Serve(listener) }) // ends with close
	p.looks = worker.Every(context.Background(), worker.Interval{Then: 500 * time.Millisecond}, p.look)
	return p
}

func (p *proxy) set(urls []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all, p.ready = urls, slices.Clone(urls)
}

func (p *proxy) look(ctx context.Context) {
	p.mu.Lock()
	all := p.all
	p.mu.Unlock()
	var ready []string
	for _, node := range all {
		if isReady(ctx, p.client, node) {
			ready = append(ready, node)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ready = ready
}

var errNobody = errors.New("no node is ready")

// RoundTrip implements http.RoundTripper.
func (p *proxy) RoundTrip(r *http.Request) (response *http.Response, err error) {
	p.mu.Lock()
	ready := p.ready
	p.mu.Unlock()
	err = errNobody
	for range ready {
		var to *url.URL
		if to, err = url.Parse(ready[int(p.turn.Add(1)%uint64(len(ready)))]); err != nil {
			return nil, err
		}
		r.URL.Host = to.Host
		response, err = p.wires.RoundTrip(r)
		if dial := new(net.OpError); errors.As(err, &dial) && dial.Op == "dial" { // nothing was sent
			continue
		}
		break
	}
	return response, err
}

func (p *proxy) close() {
	p.looks.Stop()
	_ = p.server.Close()
	p.serves.Wait()
	p.wires.CloseIdleConnections()
}
