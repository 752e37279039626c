package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// asleep returns how long the machine has been asleep since it was started: CLOCK_BOOTTIME
// goes on in a suspended machine and CLOCK_MONOTONIC does not; see clock_gettime(2).
func asleep() time.Duration {
	var awake, boot unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &awake) != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil {
		return 0
	}
	return time.Duration(boot.Nano() - awake.Nano())
}
