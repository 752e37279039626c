package config

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestClusterRules(t *testing.T) {
	const database = "DATABASE_URL=postgres://db/pace"
	files := []string{"CLUSTER_CA=ca.pem", "CLUSTER_CERT=cert.pem", "CLUSTER_KEY=key.pem"}
	for _, c := range []struct {
		rule    string
		entries []string
		want    string // empty: accepted
	}{
		{"no cluster", []string{"CLUSTER_LISTEN=off"}, ""},
		{"nodes on one machine", []string{database, "CLUSTER_LISTEN=127.0.0.1:0"}, ""},
		{"nodes on many", append(files, database, "CLUSTER_LISTEN=10.0.0.5:7946"), ""},
		{"all interfaces, and one address of them", append(files, database, "CLUSTER_LISTEN=[::]:7946", "CLUSTER_ADVERTISE=node1:7946"), ""},
		{
			"the embedded store is one process's",
			[]string{"CLUSTER_LISTEN=127.0.0.1:7946"},
			"CLUSTER_LISTEN=\"127.0.0.1:7946\" (from the environment) needs a PostgreSQL that all nodes share, but DATABASE_URL is not set; set DATABASE_URL, the same on all nodes, or take CLUSTER_LISTEN away: the embedded store is one process's",
		},
		{
			"an address that nobody can connect to",
			append(files, database, "CLUSTER_LISTEN=0.0.0.0:7946"),
			"CLUSTER_LISTEN=\"0.0.0.0:7946\" (from the environment) stands for all interfaces, so other nodes cannot know which address to connect to; set CLUSTER_ADVERTISE to this machine's address, such as 10.0.0.5:7946",
		},
		{
			"the network without certificates",
			[]string{database, "CLUSTER_LISTEN=10.0.0.5:7946"},
			"CLUSTER_LISTEN=\"10.0.0.5:7946\" (from the environment) can be reached from other machines, and without certificates anybody could pass for a node; set CLUSTER_CA, CLUSTER_CERT and CLUSTER_KEY, or use a loopback address such as 127.0.0.1:7946",
		},
		{
			"another address without certificates",
			[]string{database, "CLUSTER_LISTEN=127.0.0.1:7946", "CLUSTER_ADVERTISE=node1:7946"},
			"CLUSTER_ADVERTISE=\"node1:7946\" (from the environment) can be reached from other machines, and without certificates anybody could pass for a node; set CLUSTER_CA, CLUSTER_CERT and CLUSTER_KEY, or use a loopback address such as 127.0.0.1:7946",
		},
		{
			"certificates without a key",
			[]string{database, "CLUSTER_LISTEN=127.0.0.1:7946", files[0], files[1]},
			"CLUSTER_CA=\"ca.pem\" (from the environment) belongs together with CLUSTER_CERT and CLUSTER_KEY, but not all three are set; set all three, or none",
		},
		{
			"an address without a cluster",
			[]string{database, "CLUSTER_ADVERTISE=127.0.0.1:7946"},
			"CLUSTER_ADVERTISE=\"127.0.0.1:7946\" (from the environment) is set, but CLUSTER_LISTEN is not, so there is no cluster; set CLUSTER_LISTEN, or take it away",
		},
		{"answers that the database confirms", []string{database, "CLUSTER_LISTEN=127.0.0.1:0", "CLUSTER_READS=confirmed"}, ""},
		{
			"confirmed answers without a cluster",
			[]string{database, "CLUSTER_READS=confirmed"},
			"CLUSTER_READS=\"confirmed\" (from the environment) is set, but CLUSTER_LISTEN is not, so there is no cluster; set CLUSTER_LISTEN, or take it away",
		},
		{
			"a delay that leaves no time to stop",
			[]string{"SHUTDOWN_DELAY=10s"},
			"SHUTDOWN_DELAY=\"10s\" (from the environment) leaves no time of SHUTDOWN_TIMEOUT, in which it is counted; set it to less than that, or SHUTDOWN_TIMEOUT to more",
		},
	} {
		t.Run(c.rule, func(t *testing.T) {
			_, err := Load([]string{"--dev"}, c.entries, "")
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			var invalid *InvalidError
			require.ErrorAs(t, err, &invalid)
			require.Len(t, invalid.Mistakes, 1)
			require.Equal(t, c.want, invalid.Mistakes[0].String())
		})
	}
}

// TestShutdownDelayFollows: a node of a cluster serves on while others take over.
func TestShutdownDelayFollows(t *testing.T) {
	node := []string{"DATABASE_URL=postgres://db/pace", "CLUSTER_LISTEN=127.0.0.1:0"}
	for _, c := range []struct {
		entries []string
		want    time.Duration
	}{
		{nil, 0},
		{node, 5 * time.Second},
		{append(node, "SHUTDOWN_TIMEOUT=4s"), 2 * time.Second},
		{append(node, "SHUTDOWN_DELAY=0"), 0},
		{[]string{"SHUTDOWN_DELAY=1s"}, time.Second},
	} {
		s, err := Load([]string{"--dev"}, c.entries, "")
		require.NoError(t, err)
		require.Equal(t, c.want, s.ShutdownDelay, "%v", c.entries)
	}
}
