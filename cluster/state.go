package cluster

import (
	"time"

	"github.com/paceboard/paceboard/competition"
)

// State is what health checks and metrics say of a node.
type State struct {
	Nodes   []competition.Node // that are not dead; not to be changed
	Leaving bool               // this node gives its competitions up

	Beats       uint64        // sent
	LastBeat    time.Time     // when the last one was answered; zero before the first
	BeatErrors  uint64        // beats that failed
	BeatError   error         // of the last one; nil if it succeeded
	LeaseLeft   time.Duration // 0 if it has ended
	ClockOffset time.Duration // how far the store's clock is ahead of Options.Now, to half a beat's time

	Confirmations uint64 // that the store was asked for; see Node.Confirm

	Unreached []string // nodes that this one has not been connected to for a while: nothing is placed there; not to be changed
	Withdrawn bool     // no other node has been connected to this one for a while: it gives its competitions up
	CutOff    bool     // it is withdrawn, and is connected to no other one either

	Burials      uint64 // carried out by this node
	BurialErrors uint64
}
