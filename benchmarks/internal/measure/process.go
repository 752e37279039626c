package measure

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// Build compiles programs of this module, given as paths from its root, which
// is the current folder, into a folder.
func Build(ctx context.Context, dir string, packages ...string) error {
	args := append([]string{"build", "-o", dir + string(filepath.Separator)}, packages...)
	if out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s (from the root of the module): %w\n%s", strings.Join(packages, " "), err, out)
	}
	return nil
}

// Process is a server in a process of its own.
type Process struct {
	Address string // where it serves: host:port

	cmd    *exec.Cmd
	once   sync.Once
	copied chan struct{} // closed when all that it logged was copied; nil until it serves
}

// Start runs a server in a folder until it says, as a line of JSON in its log,
// that it is "serving" at an "address". Its environment is env and nothing else;
// what it logs afterwards goes to log.
func Start(ctx context.Context, dir string, env []string, log io.Writer, binary string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.Command(binary, args...)} //nolint:noctx // Stop ends it
	p.cmd.Dir, p.cmd.Env = dir, env
	// Of its own group, so that Ctrl-C reaches us alone and we stop it in order.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	logs, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	stopKill := context.AfterFunc(ctx, func() { _ = p.cmd.Process.Kill() })
	defer stopKill()
	var said []string
	lines := bufio.NewScanner(logs)
	for lines.Scan() {
		var line struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
			p.Address = line.Address
			p.copied = make(chan struct{})
			go func() {
				defer close(p.copied)
				for lines.Scan() { // ends with the process
					fmt.Fprintln(log, lines.Text())
				}
			}()
			return p, nil
		}
		said = append(said, lines.Text())
	}
	p.Stop()
	return nil, fmt.Errorf("%s ended before it served: %s", filepath.Base(binary), strings.Join(said, "\n"))
}

// Stop ends the process and waits until it is gone. It may be called again.
func (p *Process) Stop() {
	p.once.Do(func() {
		_ = p.cmd.Process.Kill()
		if p.copied != nil {
			<-p.copied // Wait closes the pipe
		}
		_ = p.cmd.Wait()
	})
}

// Usage is what the process has used up.
func (p *Process) Usage() Usage { return usageOf(p.cmd.Process.Pid) }

// FreeAddress is an address of loopback that nobody listened at a moment ago.
func FreeAddress(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}
