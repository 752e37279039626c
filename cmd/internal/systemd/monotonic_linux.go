package systemd

import (
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// monotonic tells when a reload begins, so that the manager can tell it from others.
func monotonic() string {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) != nil {
		return ""
	}
	return "MONOTONIC_USEC=" + strconv.FormatInt(now.Nano()/int64(time.Microsecond), 10)
}
