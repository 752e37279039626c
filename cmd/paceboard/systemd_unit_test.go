package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// unitTrial runs as a service under systemd, and tells what it saw, a line each.
const unitTrial = `
cd /root/release
shows() { systemctl show paceboard -P $1; }
until_it() { for i in $(seq 100); do "$@" && return; sleep 1; done; }
restarted() { [ "$(shows NRestarts)" -ge $1 ] && systemctl -q is-active paceboard; }
ready() { curl -s -m 5 localhost:18080/health/ready; }
{
	sh -ex install.sh && echo installed
	pid=$(shows MainPID)
	echo user $(stat -c %U /proc/$pid) $(grep -h -e NoNewPrivs -e Seccomp: -e CapEff /proc/$pid/status)
	echo ready $(ready)
	systemctl reload paceboard && echo reloaded $(shows NRestarts)
	kill -KILL $pid && until_it restarted 1 && echo killed $(ready)
	kill -STOP $(shows MainPID) && until_it restarted 2 && echo hung $(ready)
	journalctl -u paceboard -o cat | grep -m 1 -x 'SIGABRT: abort'
	sed -i '/^SUPABASE_JWT_SECRET=/d' /etc/paceboard/.env && install -D -m 0644 secrets.conf /etc/systemd/system/paceboard.service.d/secrets.conf
	systemctl daemon-reload && systemctl restart paceboard && echo credential $(ready)
	systemctl stop paceboard && echo stopped $(shows Result) $(shows ExecMainStatus)
	journalctl -u paceboard -o cat
} >trial.log 2>&1
systemctl poweroff
`

// TestTheUnitUnderSystemd installs the program and its unit as docs/deploy.md says, on a
// copy of this machine that systemd boots in a container, and has systemd start, reload,
// restart and stop it, also after it was killed and when it hangs.
func TestTheUnitUnderSystemd(t *testing.T) {
	if soak(t) == 0 {
		t.Skip("`make soak` runs it: it needs root and a minute")
	}
	_, err := exec.LookPath("systemd-nspawn")
	require.NoError(t, err, "please install systemd-container")
	docs, err := os.ReadFile("../../docs/deploy.md")
	require.NoError(t, err)
	install := regexp.MustCompile("(?s)\n```sh\n(sudo install .*?)```").FindSubmatch(docs)
	require.NotNil(t, install)
	dropIn := regexp.MustCompile("(?s)\n```text\n# systemctl edit paceboard\n(.*?)```").FindSubmatch(docs)
	require.NotNil(t, dropIn)
	settings := "printf 'SUPABASE_JWT_SECRET=" + testSecret + "\\nPORT=18080\\n' >>"
	commands := strings.NewReplacer("sudoedit", settings, "sudo ", "").Replace(string(install[1]))

	layers := t.TempDir()
	mount := func(args ...string) {
		t.Helper()
		out, err := exec.Command("mount", args...).CombinedOutput()
		require.NoError(t, err, "mount %v: %s", args, out)
		target := args[len(args)-1]
		t.Cleanup(func() { require.NoError(t, exec.Command("umount", target).Run()) })
	}
	mount("-t", "tmpfs", "tmpfs", layers) // an overlay lies on no overlay
	upper, work, root := filepath.Join(layers, "upper"), filepath.Join(layers, "work"), filepath.Join(layers, "root")
	for _, folder := range []string{upper, work, root} {
		require.NoError(t, os.Mkdir(folder, 0o755))
	}
	mount("-t", "overlay", "overlay", "-o", "lowerdir=/,upperdir="+upper+",workdir="+work, root)
	release := filepath.Join(root, "root", "release")
	require.NoError(t, os.MkdirAll(release, 0o755))
	for from, to := range map[string]string{binary: "paceboard", "../../deploy": "deploy", "../../.env.example": ".env.example"} {
		out, err := exec.Command("cp", "-r", from, filepath.Join(release, to)).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	units := filepath.Join(root, "etc", "systemd", "system")
	for file, text := range map[string]string{
		filepath.Join(release, "install.sh"):                commands,
		filepath.Join(release, "secrets.conf"):              string(dropIn[1]),
		filepath.Join(root, "root", "paceboard-jwt-secret"): testSecret + "\n",
		filepath.Join(release, "trial.sh"):                  unitTrial,
		filepath.Join(units, "trial.service"):               "[Service]\nType=oneshot\nExecStart=/bin/bash /root/release/trial.sh\n",
		filepath.Join(units, "trial.target"):                "[Unit]\nRequires=basic.target trial.service\nAfter=basic.target trial.service\nAllowIsolate=yes\n",
	} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644)) // #nosec G306 -- systemd reads them
	}

	container := exec.CommandContext(t.Context(), "timeout", "240", "systemd-nspawn", "--register=no", "--keep-unit", "--private-network",
		"-D", root, "-b", "systemd.unit=trial.target")
	container.WaitDelay = time.Second
	said, err := container.CombinedOutput()
	trial, _ := os.ReadFile(filepath.Join(release, "trial.log"))
	t.Logf("%s", trial)
	require.NoError(t, err, "%s", said)
	for _, line := range []string{
		`installed`, `user paceboard CapEff: 0000000000000000 NoNewPrivs: 1 Seccomp: 2`, `ready {"status":"ready"}`, `reloaded 0`,
		`killed {"status":"ready"}`, `hung {"status":"ready"}`, `SIGABRT: abort`, `credential {"status":"ready"}`, `stopped success 0`,
	} {
		require.Contains(t, "\n"+string(trial), "\n"+line+"\n")
	}
}
