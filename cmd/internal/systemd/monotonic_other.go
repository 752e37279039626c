//go:build !linux

package systemd

// monotonic says nothing where there is no systemd.
func monotonic() string { return "" }
