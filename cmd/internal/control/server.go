package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	socketMode = 0o600
	// maxRequest is how large a request may be.
	maxRequest = 1 << 20
	// maxCalls is how many calls may be under way; more are refused.
	maxCalls = 16
)

// Call answers one call. Its context ends when the client has gone, or the server
// stops. Request is what the client sent, as JSON; answer may be called several times
// and sends one JSON value to the client at once. An error that comes before any
// answer is what the client gets.
type Call func(ctx context.Context, request json.RawMessage, answer func(any) error) error

// Server is the socket, and what can be called there.
type Server struct {
	path     string
	calls    map[string]Call
	http     http.Handler  // of what is no call; nil: nothing
	running  chan struct{} // capacity maxCalls
	server   *http.Server
	listener net.Listener
	served   chan struct{} // closed when serving has ended; nil before
	end      context.CancelFunc
}

// Listen makes the socket of a folder. A socket that a process left there is replaced;
// ErrInUse is returned if that process still answers.
func Listen(ctx context.Context, dir string, logger *slog.Logger) (*Server, error) {
	path := filepath.Join(dir, socketName)
	switch _, err := Dial(ctx, dir); {
	case err == nil:
		return nil, fmt.Errorf("make the control socket: %w: %s", ErrInUse, dir)
	case !errors.Is(err, ErrNoServer):
		return nil, fmt.Errorf("make the control socket: %w", err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("replace the control socket: %w", err)
	}
	at, done, err := address(dir)
	if err != nil {
		return nil, fmt.Errorf("make the control socket: %w", err)
	}
	// The mode is set before the socket has a name where the system allows that.
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = syscall.Fchmod(int(fd), socketMode) })
	}}
	listener, err := config.Listen(ctx, "unix", at)
	if err = errors.Join(err, done()); err != nil {
		return nil, fmt.Errorf("make the control socket: %w", err)
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false) // it may know the socket by a path that is gone
	if err := os.Chmod(path, socketMode); err != nil {
		return nil, errors.Join(fmt.Errorf("make the control socket: %w", err), listener.Close())
	}
	s := &Server{path: path, calls: map[string]Call{}, running: make(chan struct{}, maxCalls), listener: listener}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	s.end = end
	s.server = &http.Server{
		Handler: s, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return life },
		ErrorLog:    slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	return s, nil
}

// Handle registers a call. It must not be called after Start.
func (s *Server) Handle(name string, call Call) { s.calls[name] = call }

// HandleHTTP has requests that are no calls be answered by a handler. It must not be
// called after Start.
func (s *Server) HandleHTTP(h http.Handler) { s.http = h }

// Start begins to answer; failed is told if that ends by itself.
func (s *Server) Start(failed func(error)) {
	s.served = make(chan struct{})
	go func() { // ends with Close
		defer close(s.served)
		if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			failed(fmt.Errorf("serve the control socket: %w", err))
		}
	}()
}

// Close ends the calls under way, waits for them by ctx's deadline, and removes the
// socket.
func (s *Server) Close(ctx context.Context) error {
	s.end()
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.server.Close())
	}
	if s.served != nil {
		<-s.served
	} else {
		err = errors.Join(err, s.listener.Close())
	}
	if gone := os.Remove(s.path); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// ServeHTTP answers one call or request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case s.running <- struct{}{}:
		defer func() { <-s.running }()
	default:
		refuse(w, http.StatusServiceUnavailable, errors.New("too many calls are under way; try again"))
		return
	}
	name, isCall := strings.CutPrefix(r.URL.Path, prefix)
	if !isCall && s.http != nil {
		s.http.ServeHTTP(w, r)
		return
	}
	call := s.calls[name]
	if !isCall || call == nil || r.Method != http.MethodPost {
		refuse(w, http.StatusNotFound, fmt.Errorf("this server knows no call %q; it may be of another version", name))
		return
	}
	var request json.RawMessage
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&request); err != nil {
		refuse(w, http.StatusBadRequest, fmt.Errorf("read the request: %w", err))
		return
	}
	answered := false
	err := call(r.Context(), request, func(value any) error {
		answered = true
		if err := json.NewEncoder(w).Encode(value); err != nil {
			return err
		}
		return http.NewResponseController(w).Flush()
	})
	if err != nil && !answered {
		refuse(w, http.StatusInternalServerError, err)
	}
}

func refuse(w http.ResponseWriter, status int, err error) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(refusal{err.Error()}) // a client that has gone needs no answer
}
