package testservers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a running server.
type process struct {
	pid   int
	ready chan struct{} // closed when the log has the line
	ended chan struct{} // closed when the process is gone and its log is read

	mu   sync.Mutex
	tail []string // of the log
}

const tailLines = 40

// run starts a program as the unprivileged user, in a folder, and watches its
// log for a line.
func run(program string, args []string, dir, ready string) (*process, error) {
	who, err := unprivileged()
	if err != nil {
		return nil, err
	}
	p := &process{ready: make(chan struct{}), ended: make(chan struct{})}
	started := make(chan error, 1)
	go func() { // ends with the process
		// The kernel tells the child when the thread that made it ends, not the
		// process: so that thread stays with the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.ended)
		cmd := exec.CommandContext(context.Background(), program, args...) //nolint:gosec // G204: the tests' own servers.
		cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C", "TZ=UTC"}
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGQUIT, Credential: who}
		reader, writer, err := os.Pipe()
		if err != nil {
			started <- err
			return
		}
		cmd.Stdout, cmd.Stderr = writer, writer
		err = cmd.Start()
		err = errors.Join(err, writer.Close())
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		p.read(reader, ready)
		if cmd.Process != nil {
			_ = cmd.Wait() // How it ended is in the log.
		}
		_ = reader.Close()
	}()
	return p, <-started
}

// read keeps the end of the log, until everybody who writes to it is gone.
func (p *process) read(from io.Reader, ready string) {
	said := false
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		p.mu.Lock()
		if p.tail = append(p.tail, line); len(p.tail) > tailLines {
			p.tail = p.tail[1:]
		}
		p.mu.Unlock()
		if !said && strings.Contains(line, ready) {
			said = true
			close(p.ready)
		}
	}
	_, _ = io.Copy(io.Discard, from) // A line too long must not make the server wait.
}

func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.tail, "\n")
}

// all is the process and its children. The parent is frozen first, so that it
// makes no more of them.
func (p *process) all() []int {
	p.signal(syscall.SIGSTOP, p.pid)
	all := []int{p.pid}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", p.pid, p.pid))
	if err != nil {
		return all
	}
	for field := range strings.FieldsSeq(string(children)) {
		if pid, err := strconv.Atoi(field); err == nil {
			all = append(all, pid)
		}
	}
	return all
}

func (*process) signal(s syscall.Signal, pids ...int) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, s) // It may be gone already.
	}
}

func (p *process) freeze(frozen bool) {
	all := p.all()
	if frozen {
		p.signal(syscall.SIGSTOP, all...)
	} else {
		p.signal(syscall.SIGCONT, all...)
	}
}

// kill ends the process and its children the hard way, and waits until they are
// gone: each holds the log open.
func (p *process) kill() {
	p.signal(syscall.SIGKILL, p.all()...)
	<-p.ended
}

// end asks the process to end, and insists.
func (p *process) end(with os.Signal) {
	p.freeze(false)
	if s, ok := with.(syscall.Signal); ok {
		p.signal(s, p.pid)
	}
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	select {
	case <-p.ended:
	case <-deadline.C:
		p.kill()
	}
}

// unprivileged is whom servers run as: nil for who we are, unless that is root,
// whom PostgreSQL refuses.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // Nil is what os/exec takes for "as we are".
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(found.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(found.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(errUID, errGID)
	}
	return nil, errors.New("a server must not run as root, and there is neither a user postgres nor nobody")
}

// handOver gives a folder to the unprivileged user.
func handOver(dir string) error {
	who, err := unprivileged()
	if err != nil || who == nil {
		return err
	}
	return os.Chown(dir, int(who.Uid), int(who.Gid))
}

func alive(pid int) bool {
	_, err := os.Stat("/proc/" + strconv.Itoa(pid))
	return err == nil
}

const immediately = syscall.SIGQUIT // PostgreSQL's immediate shutdown; Redis dies of it
