package http

import (
	"io"
	"net"
	nethttp "net/http"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// maxMachineBody is how large their bodies may be.
const maxMachineBody = 1 << 20

// Machine answers requests of the operator of this machine: whoever can send them may do
// what operators may, and what nobody else may, and is known to the audit log as
// command_line. The caller sees to it that nobody else can. It answers what is under /api
// and /health, except streams.
func (s *Server) Machine() nethttp.Handler {
	return nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		if !machineAnswers(r.URL.Path) {
			nethttp.Error(w, "this address serves only /api and /health", nethttp.StatusNotFound)
			return
		}
		body, err := io.ReadAll(nethttp.MaxBytesReader(w, r.Body, maxMachineBody))
		if err != nil {
			nethttp.Error(w, "the body is too large, or broke off", nethttp.StatusRequestEntityTooLarge)
			return
		}
		var request fasthttp.Request
		request.Header.SetMethod(r.Method)
		request.Header.SetHost("machine")
		request.SetRequestURI(r.URL.RequestURI())
		if len(body) > 0 {
			request.Header.SetContentType("application/json")
			request.SetBodyRaw(body)
		}
		var ctx fasthttp.RequestCtx
		ctx.Init2(machineConn{}, fasthttpLog{s.log}, true)
		request.CopyTo(&ctx.Request)
		ctx.SetUserValue(machineKey, true)
		s.handle(&ctx) //nolint:contextcheck // as every request, it has the server's life
		for _, name := range []string{"Content-Type", "Retry-After", "X-Request-Id"} {
			if value := ctx.Response.Header.Peek(name); len(value) > 0 {
				w.Header().Set(name, string(value))
			}
		}
		w.WriteHeader(ctx.Response.StatusCode())
		_, _ = w.Write(ctx.Response.Body()) // a client that has gone needs no answer
	})
}

// machineAnswers reports whether a path is answered there.
func machineAnswers(path string) bool {
	return strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/health")
}

// machineConn stands for the connection of a request that has none of the server's.
type machineConn struct{}

func (machineConn) Read([]byte) (int, error)         { return 0, io.EOF }
func (machineConn) Write(b []byte) (int, error)      { return len(b), nil }
func (machineConn) Close() error                     { return nil }
func (machineConn) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv6loopback} }
func (machineConn) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv6loopback} }
func (machineConn) SetDeadline(time.Time) error      { return nil }
func (machineConn) SetReadDeadline(time.Time) error  { return nil }
func (machineConn) SetWriteDeadline(time.Time) error { return nil }
