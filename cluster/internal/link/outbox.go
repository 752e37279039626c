package link

import (
	"sync"

	"github.com/paceboard/paceboard/internal/worker"
)

// outbox is what waits to be sent on a stream, with the lock of its end of that stream, and the sender that sleeps
// while there is nothing.
type outbox struct {
	sync.Mutex
	gather
	most   int  // bytes
	asleep bool // the sender waits for wake
	wake   worker.Signal
}

func newOutbox(target, sender string, most int) outbox {
	return outbox{gather: gather{target: target, sender: sender}, most: most, wake: worker.NewSignal()}
}

// room reports whether a body still fits. Any does into an empty outbox.
func (o *outbox) room(body []byte) bool {
	return len(body) <= messageLimit && (o.bytes == 0 || o.bytes+len(body) <= o.most)
}

// add queues a message. When twice as much waits as may, because a peer asks and does not read, it is left out: for
// messages without a body, or whose body has room.
func (o *outbox) add(m *message) {
	if o.bytes <= 2*o.most {
		o.gather.add(m)
	}
}

// unlockAndWake has the sender look for what has been added under the lock.
func (o *outbox) unlockAndWake() {
	wakes := o.asleep
	o.asleep = false
	o.Unlock()
	if wakes {
		o.wake.Set()
	}
}
