package http

import "github.com/paceboard/paceboard/competition"

// Process is what operators may do to the process around the server.
type Process interface {
	// Settings returns the settings that can be changed while it runs, by their names.
	Settings() map[string]string
	// ChangeSettings changes some of them, all or none. Error:
	// *competition.InvalidError.
	ChangeSettings(values map[string]string) error
	// Drain begins an orderly stop, and does not wait for it.
	Drain()
}

// noProcess is one whose settings nobody can change.
type noProcess struct{}

func (noProcess) Settings() map[string]string { return map[string]string{} }
func (noProcess) Drain()                      {}

func (noProcess) ChangeSettings(values map[string]string) error {
	if len(values) == 0 {
		return nil
	}
	return &competition.InvalidError{Fields: []competition.FieldError{{Field: "settings", Detail: "cannot be changed here"}}}
}

// readOnly is why nothing is changed by requests for now.
type readOnly struct{ message string }
