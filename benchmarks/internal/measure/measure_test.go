package measure

import (
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
