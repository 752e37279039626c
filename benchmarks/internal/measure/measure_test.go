package measure

import (
	"bufio"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMachineTimeIsAllThatIsNotIdle(t *testing.T) {
	// user 1 + nice 2 + system 4 + irq 32 + softirq 64; idle 8 and iowait 16 are
	// idle, steal 128 is nobody's here, guests are in user already.
	m := parseMachine("cpu  1 2 4 8 16 32 64 128 256 512\ncpu0 9 9 9 9 9 9 9 9 9 9\n")
	require.Equal(t, MachineTime{Busy: 1030 * time.Millisecond, Stolen: 1280 * time.Millisecond}, m)
	require.Equal(t, MachineTime{}, parseMachine("nonsense"))
}

func TestNiceStepsAreOneTwoOrFive(t *testing.T) {
	for step, nice := range map[float64]float64{0.9: 1, 1: 1, 1.1: 2, 3: 5, 6: 10, 0.03: 0.05, 230: 500} {
		require.InEpsilon(t, nice, NiceStep(step), 1e-9, "step %v", step)
	}
}

func TestAFamilyCountsChildrenThatHaveEnded(t *testing.T) {
	const busy = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done"
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "("+busy+"); echo waited; read forever")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	require.Equal(t, "waited", lines.Text())
	waited := FamilyCPU(cmd.Process.Pid)
	require.GreaterOrEqual(t, waited, 2*clockTick)
	require.Less(t, usageOf(cmd.Process.Pid).CPU, waited)
	require.NoError(t, in.Close())
	_ = cmd.Wait()
}
