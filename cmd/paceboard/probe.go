package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/paceboard/paceboard/config"
)

// probe asks a server at an address whether it is ready, over a connection of its own:
// an answer shows that connections are accepted, requests handled, and that the engine
// can be asked. A server that answers otherwise than it should gives an error, too.
func probe(ctx context.Context, address, path string) (ready bool, body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, http.NoBody) //nolint:gosec // G704: it is this server's own address.
	if err != nil {
		return false, nil, err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // and no proxy
	response, err := client.Do(request)                                        //nolint:gosec // G704: see above.
	if err != nil {
		return false, nil, err
	}
	defer response.Body.Close() //nolint:errcheck // What was read is all that is wanted.
	body, err = io.ReadAll(io.LimitReader(response.Body, 64<<10))
	switch {
	case err != nil:
		return false, nil, err
	case response.StatusCode != http.StatusOK && response.StatusCode != http.StatusServiceUnavailable:
		return false, nil, fmt.Errorf("%s at %s is answered with %s; is this another program?", path, address, response.Status)
	}
	return response.StatusCode == http.StatusOK, body, nil
}

// reachable is how a process on the same machine connects to what listens on an
// address: all interfaces are also the loopback.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	switch {
	case err != nil || host != "" && !ip.IsUnspecified():
		return address
	case ip != nil && ip.To4() == nil:
		host = net.IPv6loopback.String()
	default:
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// checkHealth asks the server on this machine, for containers and scripts.
func checkHealth(ctx context.Context, p *program, args []string) error {
	var o struct {
		live   bool
		within time.Duration
	}
	cmd := config.Command{
		Name:     "health",
		Summary:  "Ask the server on this machine whether it is ready, and exit with 1 if not; containers use it as their health check.",
		Example:  "paceboard health --port 8081",
		Optional: []string{"HOST", "PORT"},
		Flags: func(f *flag.FlagSet) {
			f.BoolVar(&o.live, "live", false, "ask whether it works at all: it may be recovering, or without its database")
			f.DurationVar(&o.within, "within", 3*time.Second, "how long to wait for the answer")
		},
	}
	settings, _, err := cmd.Load(args, p.environ, p.envFile)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, o.within)
	defer cancel()
	path := "/health/ready"
	if o.live {
		path = "/health/live"
	}
	ready, body, err := probe(ctx, reachable(settings.Address()), path)
	if err != nil {
		return fmt.Errorf("the server does not answer: %w", err)
	}
	var answer struct {
		Status any // a number in problems
		Detail string
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("%s is not answered as by Paceboard; is this another program? %w", path, err)
	}
	if !ready {
		return fmt.Errorf("not ready: %s", answer.Detail)
	}
	fmt.Fprintln(p.out, answer.Status)
	return nil
}
