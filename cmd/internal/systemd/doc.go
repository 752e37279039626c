// Package systemd tells the service manager that started this process how it is,
// by the protocol of sd_notify(3): when it is ready, reloads or stops, and, for
// the watchdog, that it still works.
//
// It owns the socket and the order of the messages, and measures nothing: whether
// the process works is answered by the probe that [Manager.Watch] is given. A
// process that no manager started has a nil [Manager], whose methods do nothing.
// Reading starts at [Connect].
package systemd
