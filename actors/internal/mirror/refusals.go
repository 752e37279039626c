package mirror

import (
	"log/slog"
	"sync"
)

// refusals are the boards that the mirror refuses to show or to write, and why, until
// it takes them. Safe for concurrent use.
type refusals struct {
	logger *slog.Logger
	mu     sync.Mutex
	all    map[string]error
}

func newRefusals(logger *slog.Logger) *refusals {
	return &refusals{logger: logger, all: map[string]error{}}
}

// add notes a refusal. The log has the first of several.
func (r *refusals) add(id string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) == 0 {
		r.logger.Warn("a board is refused by the mirror; it is tried again, and others go on", "competition", id, "error", err)
	}
	r.all[id] = err
}

// remove notes that the mirror has a board as it should be.
func (r *refusals) remove(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, is := r.all[id]; !is {
		return
	}
	if delete(r.all, id); len(r.all) == 0 {
		r.logger.Info("no board is refused by the mirror any more")
	}
}

// any is one of the refusals; nil if there is none.
func (r *refusals) any() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, err := range r.all {
		return err
	}
	return nil
}
