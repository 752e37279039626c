package http

import (
	"github.com/valyala/fasthttp"

	"github.com/paceboard/paceboard/http/internal/auth"
)

// machineKey marks requests of [Server.Machine].
const machineKey = "machine"

// machine is who sends them: an operator, who needs no token.
var machine = auth.Machine()

// fromMachine reports whether a request is one of [Server.Machine].
func fromMachine(ctx *fasthttp.RequestCtx) bool { return ctx.UserValue(machineKey) != nil }

// errNotOnMachine refuses what needs a connection of its own.
var errNotOnMachine = kindNotFound.with("streams are not served here; use the server's address")
