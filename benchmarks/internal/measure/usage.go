package measure

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of times in /proc on Linux.
const clockTick = 10 * time.Millisecond

// Usage is what a process has used up so far, and holds now.
type Usage struct {
	CPU time.Duration // of all its threads, in user mode and in the kernel
	RSS int64         // bytes
}

// usageOf reads /proc; a field that cannot be read stays 0.
func usageOf(pid int) Usage {
	own, _ := statOf(pid)
	return own
}

// FamilyCPU is what a process and its children have used up so far, those that have
// ended included: a database server's. Grandchildren count once their parents have ended.
func FamilyCPU(pid int) time.Duration {
	own, ended := statOf(pid)
	sum := own.CPU + ended
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for field := range strings.FieldsSeq(string(children)) {
		if child, err := strconv.Atoi(field); err == nil {
			own, ended := statOf(child)
			sum += own.CPU + ended
		}
	}
	return sum
}

// statOf reads what a process has used up, and what its children had that have ended.
func statOf(pid int) (own Usage, ended time.Duration) {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := bytes.Cut(stat, []byte(") ")) // the name may hold blanks
	fields := strings.Fields(string(rest))
	if len(fields) <= 21 {
		return own, 0
	}
	number := func(i int) int64 {
		n, _ := strconv.ParseInt(fields[i], 10, 64)
		return n
	}
	own.CPU = time.Duration(number(11)+number(12)) * clockTick
	own.RSS = number(21) * int64(os.Getpagesize())
	return own, time.Duration(number(13)+number(14)) * clockTick
}

// KernelTCP is the bytes that TCP buffers of the whole machine take.
func KernelTCP() int64 {
	sockets, _ := os.ReadFile("/proc/net/sockstat")
	_, rest, ok := bytes.Cut(sockets, []byte(" mem "))
	if !ok {
		return 0
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(rest))[0], 10, 64)
	return pages * int64(os.Getpagesize())
}

// MachineTime is what all processors together have done since the start of the
// machine.
type MachineTime struct {
	Busy   time.Duration // all that is neither idle nor stolen: load generators, kernel threads and interrupts too
	Stolen time.Duration // the host gave the processors to other machines: noise
}

// Machine reads the machine's time; it is 0 where there is no /proc/stat.
func Machine() MachineTime {
	stat, _ := os.ReadFile("/proc/stat")
	return parseMachine(string(stat))
}

// parseMachine reads the first line: cpu user nice system idle iowait irq
// softirq steal guest guest_nice; guests are in user and nice already.
func parseMachine(stat string) (m MachineTime) {
	line, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return m
	}
	for i, field := range fields[1:9] {
		ticks, _ := strconv.ParseInt(field, 10, 64)
		switch i {
		case 3, 4: // idle, and idle with a disk at work
		case 7:
			m.Stolen = time.Duration(ticks) * clockTick
		default:
			m.Busy += time.Duration(ticks) * clockTick
		}
	}
	return m
}
