package testservers

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ping asks a Redis server for a sign of life.
func ping(port int) error {
	conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && strings.TrimSpace(answer) != "+PONG" {
		err = fmt.Errorf("it said %q", answer)
	}
	return err
}

func TestAServerCanBeFrozenKilledAndRestarted(t *testing.T) {
	s := Redis(t)
	require.NoError(t, ping(s.Port))
	s.Stop()
	var timeout net.Error
	require.ErrorAs(t, ping(s.Port), &timeout)
	require.True(t, timeout.Timeout(), "a frozen server does not answer")
	s.Continue()
	require.NoError(t, ping(s.Port))
	s.Kill()
	require.Error(t, ping(s.Port))
	s.Restart(t)
	require.NoError(t, ping(s.Port))
	s.Stop()
	s.Kill() // a frozen one, too
	require.Error(t, ping(s.Port))
}

const helper = "PACEBOARD_TEST_HELPER"

// TestHelper is not a test: it is the test run that the next one kills.
func TestHelper(t *testing.T) {
	if os.Getenv(helper) == "" {
		return // It is for a process of its own.
	}
	s := Redis(t)
	fmt.Printf("\nhelper %d %s\n", s.Port, s.dir) //nolint:forbidigo // It speaks to the test that started it.
	<-t.Context().Done()
}

func TestAKilledTestRunLeavesNothing(t *testing.T) {
	Redis(t) // or there is nothing to test
	cmd := exec.Command(os.Args[0], "-test.run", "^TestHelper$")
	cmd.Env = append(os.Environ(), helper+"=1")
	output, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var port, dir string
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 && fields[0] == "helper" {
			port, dir = fields[1], fields[2]
			break
		}
	}
	require.NotEmpty(t, port)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	require.NoError(t, ping(number))
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	for end := time.Now().Add(10 * time.Second); ping(number) == nil; {
		require.True(t, time.Now().Before(end), "the server lives on")
	}
	sweep() // as the next run does
	require.NoDirExists(t, dir)
}
