package redis

import _ "embed"

// The scripts go along with each call instead of being loaded: they are short,
// and a Redis that restarted knows none.
var (
	//go:embed pulse.lua
	pulseScript string
	//go:embed look.lua
	lookScript string
	//go:embed write.lua
	writeScript string
	//go:embed show.lua
	showScript string
)
