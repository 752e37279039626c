package paceboard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 64 << 20

// Client calls one server. Its zero value lacks a URL; the other fields may be left
// empty. It must not be changed while it is used, and is safe for concurrent use.
type Client struct {
	// URL is the server's address, such as "https://boards.example.org".
	URL string
	// Token returns the token of the next request. Without it, or with an empty one, only
	// public operations answer.
	Token func(context.Context) (string, error)
	// HTTP sends requests; http.DefaultClient if nil.
	HTTP *http.Client
	// RepeatFor is for how long a request is sent again that the server could not take
	// (429, 503), or did not answer if repeating it is harmless (a read, a sync, PUT and
	// DELETE). By default it is not repeated.
	RepeatFor time.Duration
}

// StaticToken is a Client's Token that never changes, such as an API key.
func StaticToken(token string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return token, nil }
}

// Call carries out an operation: any of openapi.yaml, by its method and its path with
// the query. body is sent as JSON unless it is nil; the answer's data is decoded into
// answer unless that is nil. A refusal is an *Error.
func (c *Client) Call(ctx context.Context, method, path string, body, answer any) error {
	harmless := method != http.MethodPost && method != http.MethodPatch
	return c.call(ctx, harmless, method, path, body, answer)
}

// call is Call; harmless says that nothing happens twice if the request does.
func (c *Client) call(ctx context.Context, harmless bool, method, path string, body, answer any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return fmt.Errorf("encode the request: %w", err)
		}
	}
	giveUp := time.Now().Add(c.RepeatFor)
	for {
		data, err := c.send(ctx, method, path, text)
		if err == nil {
			return decode(data, answer)
		}
		wait, again := repeatIn(err, harmless)
		if !again || ctx.Err() != nil || time.Now().Add(wait).After(giveUp) {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

// repeatIn returns whether a request that failed may be sent again, and when.
func repeatIn(err error, harmless bool) (wait time.Duration, again bool) {
	const pause = 250 * time.Millisecond
	var refusal *Error
	if !errors.As(err, &refusal) {
		return pause, harmless
	}
	taken := refusal.Status != http.StatusTooManyRequests && refusal.Status != http.StatusServiceUnavailable
	return max(pause, refusal.RetryAfter), !taken
}

func (c *Client) send(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(c.URL, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.Token != nil {
		token, err := c.Token(ctx)
		if err != nil {
			return nil, fmt.Errorf("get a token: %w", err)
		}
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
	}
	sender := c.HTTP
	if sender == nil {
		sender = http.DefaultClient
	}
	response, err := sender.Do(request)
	if err != nil {
		return nil, fmt.Errorf("send: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return nil, refusalOf(response, answer)
	}
	return answer, nil
}

// decode decodes the data of an answer, or all of it if it has no envelope.
func decode(text []byte, answer any) error {
	if answer == nil {
		return nil
	}
	var envelope struct {
		Success *bool           `json:"success"`
		Data    json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(text, &envelope); err != nil {
		return fmt.Errorf("decode the answer: %w", err)
	}
	if envelope.Success != nil && envelope.Data != nil {
		text = envelope.Data
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("decode the answer: %w", err)
	}
	return nil
}

// Error is a refusal by the server.
type Error struct {
	// Status is the HTTP status.
	Status int
	// Problem is what the server said; its Code is stable. It is empty if something else
	// than Paceboard answered.
	Problem Problem
	// RetryAfter is how long to wait before another try, 0 if the server did not say.
	RetryAfter time.Duration
	// RequestID names the request in the server's log.
	RequestID string
}

func refusalOf(response *http.Response, answer []byte) *Error {
	e := &Error{Status: response.StatusCode, RequestID: response.Header.Get("X-Request-Id")}
	if err := json.Unmarshal(answer, &e.Problem); err != nil {
		e.Problem = Problem{} // not of this server: its text means nothing here
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	return e
}

// Error returns status, code and detail.
func (e *Error) Error() string {
	if e.Problem.Code == "" {
		return fmt.Sprintf("the server answered %d", e.Status)
	}
	return fmt.Sprintf("the server answered %d %s: %s", e.Status, e.Problem.Code, e.Problem.Detail)
}

// CodeOf returns the code of the problem that err is about, and "" if it is no refusal.
func CodeOf(err error) ProblemCode {
	if refusal, is := errors.AsType[*Error](err); is {
		return refusal.Problem.Code
	}
	return ""
}

// at fills the places of a path, escaped.
func at(path string, values ...string) string {
	for _, value := range values {
		path = strings.Replace(path, "{}", url.PathEscape(value), 1)
	}
	return path
}
