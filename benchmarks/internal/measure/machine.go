package measure

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// Where says where and with what a measurement took place.
type Where struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	Commit string `json:"commit"` // ends with "-dirty" if files differed
	Load   string `json:"load"`   // of a minute, at the start
}

// Here looks around; what it cannot find out is "unknown".
func Here(ctx context.Context) Where {
	w := Where{CPU: "unknown CPU", Cores: runtime.NumCPU(), Kernel: "unknown", Go: runtime.Version(), Commit: "unknown", Load: "unknown"}
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(info), "model name\t: "); ok {
			w.CPU, _, _ = strings.Cut(rest, "\n")
		}
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		w.Kernel = strings.TrimSpace(string(release))
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		w.Load, _, _ = strings.Cut(string(text), " ")
	}
	if out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--exclude", "*").Output(); err == nil {
		w.Commit = strings.TrimSpace(string(out))
	}
	return w
}

// String is a caption.
func (w Where) String() string {
	return fmt.Sprintf("%s, %d cores for servers and clients, load %s at the start, Linux %s, %s, commit %s", w.CPU, w.Cores, w.Load, w.Kernel, w.Go, w.Commit)
}
