package measure

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/paceboard/paceboard/internal/token"
)

// Secret signs the tokens of measurements; the servers that trust it live as
// long as the measurement.
const Secret = "a secret of the load harness, 32 bytes"

// Token is good for longer than any measurement.
func Token(user string, operator bool) (string, error) {
	return token.User{ID: user, Operator: operator}.Sign([]byte(Secret))
}

// UserID is the nth user's id, as long as Supabase's.
func UserID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

var client = &http.Client{Timeout: 30 * time.Second}

// Answer is a server's answer to a request.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Ask sends one request as a client would, with headers given as names and
// values, and wants success.
func Ask(ctx context.Context, method, url, body string, headers ...string) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := client.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err == nil && (response.StatusCode >= http.StatusBadRequest || bytes.Contains(answer, []byte(`"success":false`)) || bytes.Contains(answer, []byte(`"code"`))) {
		err = fmt.Errorf("%s %s: %d %.300s", method, request.URL.Path, response.StatusCode, answer)
	}
	return Answer{response.StatusCode, response.Header, answer}, err
}
