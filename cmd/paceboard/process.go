package main

import (
	"errors"
	"sync"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/config"
	pbhttp "github.com/paceboard/paceboard/http"
)

// process is what operators may do to the process while it serves. Safe for concurrent
// use.
type process struct {
	apply func(*config.Settings)
	drain chan struct{} // closed when the process is to stop
	once  sync.Once

	mu       sync.Mutex // also while new settings are applied
	settings config.Settings
}

var _ pbhttp.Process = (*process)(nil)

func newProcess(settings config.Settings, apply func(*config.Settings)) *process {
	return &process{apply: apply, drain: make(chan struct{}), settings: settings}
}

// reload takes settings that were read again.
func (p *process) reload(read func(config.Settings) (now config.Settings, changed, waiting []string, err error)) (changed, waiting []string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, changed, waiting, err := read(p.settings)
	if err == nil {
		p.settings = now
		p.apply(&now)
	}
	return changed, waiting, err
}

// Settings returns the settings that can be changed now.
func (p *process) Settings() map[string]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.settings.Running()
}

// ChangeSettings changes some of them, until the next reload or start.
func (p *process) ChangeSettings(values map[string]string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, _, err := p.settings.Change(values)
	if invalid, ok := errors.AsType[*config.InvalidError](err); ok {
		bad := &competition.InvalidError{}
		for _, m := range invalid.Mistakes {
			bad.Fields = append(bad.Fields, competition.FieldError{Field: "settings." + m.Setting, Detail: m.Problem + "; " + m.Advice})
		}
		return bad
	}
	if err != nil || len(values) == 0 {
		return err
	}
	p.settings = now
	p.apply(&now)
	return nil
}

// Drain has the process stop as SIGTERM does.
func (p *process) Drain() { p.once.Do(func() { close(p.drain) }) }
