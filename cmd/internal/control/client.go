package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"syscall"
)

// Client calls the server of one data folder. Safe for concurrent use.
type Client struct {
	http *http.Client
}

// Dial returns a client for the server of a data folder, once it is clear that it
// runs. Error: ErrNoServer.
func Dial(ctx context.Context, dir string) (*Client, error) {
	dial := func(ctx context.Context, _, _ string) (_ net.Conn, err error) {
		at, done, err := address(dir)
		if err != nil {
			return nil, err
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", at)
		return conn, errors.Join(err, done())
	}
	conn, err := dial(ctx, "", "")
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, ErrNoServer
	case err != nil:
		return nil, fmt.Errorf("reach the server by its control socket: %w", err)
	}
	c := &Client{http: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
	return c, conn.Close()
}

// maxAnswer is how much of an answer Do reads.
const maxAnswer = 64 << 20

// Do sends a request that is no call, see [Server.HandleHTTP], and reads the answer.
func (c *Client) Do(ctx context.Context, method, target string, body []byte) (status int, answer []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://server"+target, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	response, err := c.http.Do(r)
	if err != nil {
		return 0, nil, fmt.Errorf("ask the server: %w", err)
	}
	answer, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return 0, nil, fmt.Errorf("read the server's answer: %w", err)
	}
	return response.StatusCode, answer, nil
}

// Call makes a call and reads its answer.
func (c *Client) Call(ctx context.Context, name string, request, answer any) error {
	release, err := c.Hold(ctx, name, request, answer)
	if err != nil {
		return err
	}
	return release()
}

// Hold makes a call, reads its first answer, and leaves the call open until release
// is called: the server keeps what the call stands for as long.
func (c *Client) Hold(ctx context.Context, name string, request, answer any) (release func() error, err error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		if err != nil {
			cancel()
		}
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://server"+prefix+name, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(r) //nolint:bodyclose // release closes it
	if err != nil {
		return nil, fmt.Errorf("ask the server: %w", err)
	}
	decoder := json.NewDecoder(response.Body)
	if response.StatusCode != http.StatusOK {
		var why refusal
		err = decoder.Decode(&why)
		if err == nil {
			err = fmt.Errorf("the server refused: %s", why.Error)
		}
		return nil, errors.Join(err, response.Body.Close())
	}
	if err := decoder.Decode(answer); err != nil {
		return nil, errors.Join(fmt.Errorf("read the server's answer: %w", err), response.Body.Close())
	}
	return func() error {
		cancel()
		return response.Body.Close()
	}, nil
}
