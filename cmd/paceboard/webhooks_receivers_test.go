package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"
)

// hookReceiver is another system that is sent events, and what it was sent.
type hookReceiver struct {
	b     *hooked
	name  string
	url   string
	owner string // whose token makes its endpoint
	id    string // of that
	begin func() // has it listen; nil: it does from the start

	// fails has it fail to take the nth message, from 0, and reports whether it has. It
	// calls store if it stores the message all the same.
	fails func(n int, w http.ResponseWriter, r *http.Request, store func()) bool

	mu       sync.Mutex
	mended   bool // nothing fails any more
	secrets  []string
	messages []hookMessage
	words    []string // that no message may have
	more     chan struct{}
}

// hookMessage is a message that came.
type hookMessage struct {
	competitionID, id string
	signatures        int
	stored            bool
	failed            bool // the answer was not what it is to be
}

// receivers are one of each kind. The first two fail only by being slow.
func (b *hooked) receivers() (all []*hookReceiver) {
	b.t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	b.t.Cleanup(server.Close)
	mux.HandleFunc("/elsewhere", func(http.ResponseWriter, *http.Request) { b.t.Error("a redirect was followed") })
	for name, fails := range map[string]func(n int, w http.ResponseWriter, r *http.Request, store func()) bool{
		"all":    nil,
		"theirs": nil,
		"slow": func(n int, _ http.ResponseWriter, r *http.Request, store func()) bool {
			if n == 2 { // it stores the message, and answers when nobody listens any more
				store()
				<-r.Context().Done()
				return true
			}
			<-time.After(time.Duration(n%5) * 20 * time.Millisecond)
			return false
		},
		"gone": func(n int, w http.ResponseWriter, _ *http.Request, _ func()) bool {
			if n >= 2 {
				w.WriteHeader(http.StatusGone)
			}
			return n >= 2
		},
		"redirects": func(n int, w http.ResponseWriter, r *http.Request, _ func()) bool {
			if n >= 1 {
				http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
			}
			return n >= 1
		},
		"dies": func(n int, w http.ResponseWriter, _ *http.Request, store func()) bool {
			switch n % 4 {
			case 1: // before it has stored the message
				panic(http.ErrAbortHandler)
			case 2: // after
				store()
				panic(http.ErrAbortHandler)
			case 3: // in the middle of its answer
				store()
				conn, _, err := w.(http.Hijacker).Hijack()
				if err == nil {
					_, _ = io.WriteString(conn, "HTTP/1.1 20")
					_ = conn.Close()
				}
				return true
			}
			return false
		},
	} {
		r := &hookReceiver{b: b, name: name, owner: operatorToken(b.t), url: server.URL + "/" + name, fails: fails, more: make(chan struct{})}
		mux.HandleFunc("/"+name, r.take)
		all = append(all, r)
	}
	down := &hookReceiver{b: b, name: "down", owner: operatorToken(b.t), more: make(chan struct{})}
	down.url, down.begin = b.downUntil(http.HandlerFunc(down.take))
	all = append(all, down)
	order := []string{"all", "theirs", "slow", "gone", "redirects", "dies", "down"}
	slices.SortFunc(all, func(x, y *hookReceiver) int { return slices.Index(order, x.name) - slices.Index(order, y.name) })
	return all
}

// downUntil returns the URL of a server at whose port nobody listens before begin is
// called, and nobody else may.
func (b *hooked) downUntil(handler http.Handler) (url string, begin func()) {
	b.t.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	require.NoError(b.t, err)
	file := os.NewFile(uintptr(socket), "down")
	b.t.Cleanup(func() { _ = file.Close() })
	require.NoError(b.t, syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	at, err := syscall.Getsockname(socket)
	require.NoError(b.t, err)
	return fmt.Sprintf("http://127.0.0.1:%d/", at.(*syscall.SockaddrInet4).Port), func() {
		require.NoError(b.t, syscall.Listen(socket, 128))
		listener, err := net.FileListener(file)
		require.NoError(b.t, err)
		server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
		b.t.Cleanup(func() { _ = server.Close() })
		go func() { _ = server.Serve(listener) }()
	}
}

// take is a message that comes.
func (r *hookReceiver) take(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(io.LimitReader(request.Body, 1<<20))
	if err != nil {
		return // the sender is dead
	}
	var e toldEvent
	if err := json.Unmarshal(body, &e); err != nil {
		r.b.t.Errorf("%s was sent %q: %v", r.name, body, err)
		return
	}
	r.mu.Lock()
	n, fails := len(r.messages), r.fails
	if r.mended {
		fails = nil
	}
	m := hookMessage{competitionID: e.CompetitionID, id: e.ID, failed: true, signatures: r.signatures(request.Header, body)}
	if len(body) > 64<<10 || m.signatures == 0 || request.Header.Get("webhook-id") != e.ID {
		r.b.t.Errorf("%s was sent %s with %v", r.name, body, request.Header)
	}
	for _, word := range r.words {
		if strings.Contains(string(body), word) {
			r.b.t.Errorf("%s was told of %s: %s", r.name, word, body)
		}
	}
	r.messages = append(r.messages, m)
	r.mu.Unlock()
	store := func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.messages[n].stored = true
		close(r.more)
		r.more = make(chan struct{})
	}
	if r.b.struckBy(false) {
		return
	}
	if fails != nil && fails(n, w, request, store) {
		return
	}
	store()
	if !r.b.struckBy(true) {
		r.mu.Lock()
		r.messages[n].failed = false
		r.mu.Unlock()
	}
}

// signatures counts the signatures of a message that are right.
func (r *hookReceiver) signatures(header http.Header, body []byte) (right int) {
	for _, secret := range r.secrets {
		key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%s.%s", header.Get("webhook-id"), header.Get("webhook-timestamp"), body)
		if slices.Contains(strings.Fields(header.Get("webhook-signature")), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil))) {
			right++
		}
	}
	return right
}

// make makes the endpoint.
func (r *hookReceiver) make(competitionID, from string) {
	r.b.t.Helper()
	about := ""
	if competitionID != "" {
		about = fmt.Sprintf(`,"competition_id":%q`, competitionID)
	}
	r.mu.Lock() // so that nothing is checked before the secret is known
	defer r.mu.Unlock()
	made := r.call("", http.MethodPost, fmt.Sprintf(`{"url":%q,"from":%q%s}`, r.url, from, about))
	r.id, r.secrets = made.ID, []string{made.Secret}
}

// shownHook is an endpoint, as far as the test looks at it.
type shownHook struct {
	ID, Secret, State, Reason string
	Delivered                 bool
}

func (r *hookReceiver) path(action string) string {
	return strings.TrimSuffix("/api/v1/webhooks/"+r.id, "/") + action
}

func (r *hookReceiver) call(action, method, body string) shownHook {
	r.b.t.Helper()
	var answer struct{ Data shownHook }
	require.NoError(r.b.t, json.Unmarshal(r.b.insist(method, r.path(action), r.owner, body), &answer))
	return answer.Data
}

// rotate gives the endpoint another secret; from then on messages have both signatures.
func (r *hookReceiver) rotate() {
	r.b.t.Helper()
	secret := r.call("/rotate", http.MethodPost, "").Secret
	r.mu.Lock()
	r.secrets = append(r.secrets, secret)
	r.mu.Unlock()
	require.True(r.b.t, r.call("/test", http.MethodPost, "").Delivered)
	r.mu.Lock()
	defer r.mu.Unlock()
	tests := slices.DeleteFunc(slices.Clone(r.messages), func(m hookMessage) bool { return m.competitionID != "" })
	require.Equal(r.b.t, 2, tests[len(tests)-1].signatures)
}

// never has the test fail if a message has a word from now on.
func (r *hookReceiver) never(word string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.words = append(r.words, word)
}

// mend ends whatever made the receiver fail, and has the server try again.
func (r *hookReceiver) mend() {
	r.b.t.Helper()
	r.mu.Lock()
	r.mended = true
	r.mu.Unlock()
	if r.begin != nil {
		r.begin()
	}
	if r.name != "gone" {
		r.call("/retry", http.MethodPost, "")
		return
	}
	require.Eventually(r.b.t, func() bool { return r.call("", http.MethodGet, "").State == "disabled" }, time.Minute, 50*time.Millisecond, "410 disables an endpoint")
	r.call("/resume", http.MethodPost, `{"pending":"deliver"}`)
}

// finish waits until the receiver has stored all that is told of competitions, and checks
// that no event was sent before all that are before it had been stored, and that few were
// sent again without a reason.
func (r *hookReceiver) finish(told map[string][]toldEvent) {
	r.b.t.Helper()
	for deadline := time.Now().Add(90 * time.Second); ; {
		left, repeats, more := r.left(told)
		if left == 0 {
			messages, failed := r.count()
			r.b.t.Logf("%s: %d messages, %d failed, %d repeats", r.name, messages, failed, repeats)
			r.b.messages, r.b.repeats = r.b.messages+messages, r.b.repeats+repeats
			require.LessOrEqual(r.b.t, repeats, failed+r.b.mayRepeat*len(told), "%s was sent events again that it had taken", r.name)
			return
		}
		if r.b.t.Failed() || time.Now().After(deadline) {
			require.FailNow(r.b.t, "events are missing", "%s lacks %d\n%s", r.name, left, r.b.warnings())
		}
		select {
		case <-more:
		case <-time.After(time.Second):
		}
	}
}

// count returns how many messages came, and how many of them were not answered as they
// are to be.
func (r *hookReceiver) count() (messages, failed int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.messages {
		if m.failed {
			failed++
		}
	}
	return len(r.messages), failed
}

// left returns how many events the receiver has not stored yet, and how many messages
// were repeats. more is closed when it stores another one.
func (r *hookReceiver) left(told map[string][]toldEvent) (left, repeats int, more <-chan struct{}) {
	r.b.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, events := range told {
		places := map[string]int{}
		for i := range events {
			places[events[i].ID] = i
		}
		next := 0
		for _, m := range r.messages {
			if m.competitionID != id {
				continue
			}
			place, known := places[m.id]
			require.True(r.b.t, known, "%s was told of an event of %s that the feed does not have", r.name, id)
			require.LessOrEqual(r.b.t, place, next, "%s was sent event %d of %s before it had stored event %d", r.name, place, id, next)
			switch {
			case place < next:
				repeats++
			case m.stored:
				next++
			}
		}
		left += len(events) - next
	}
	return left, repeats, r.more
}
