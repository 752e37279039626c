package main

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/persistence/testservers"
)

// isolated is a network of a test's own: a namespace for each node, and a router between
// them, PostgreSQL and the clients. A cut has the router drop what goes from one address
// to another, and nobody is told: connections stay open, and silent.
type isolated struct {
	t      *testing.T
	prefix string   // of its addresses
	router string   // the namespace
	nodes  []string // theirs
}

// The last bytes of addresses: clients and PostgreSQL are two addresses of the test's own
// namespace, so that either can be cut off alone.
const (
	clientsHost = 1
	storeHost   = 2
	nodesHost   = 10 // and the following ones
	routerHost  = 254
)

// newNetwork makes a network; it ends with the test. It needs root, and Linux.
func newNetwork(t *testing.T, size int) *isolated {
	t.Helper()
	if _, err := exec.LookPath("ip"); err != nil {
		if out, err := exec.Command("../../tools/install-test-needs", "iproute2").CombinedOutput(); err != nil {
			untested(t, "the program ip: %v %s", err, out)
		}
	}
	sweepNetworks()
	n := &isolated{t: t}
	name := fmt.Sprintf("%s%d-%d", networkPrefix, os.Getpid(), time.Now().UnixNano()%1e9)
	n.router = name + "-router"
	if out, err := exec.Command("ip", "netns", "add", n.router).CombinedOutput(); err != nil {
		untested(t, "network namespaces: %v %s", err, out)
	}
	t.Cleanup(func() {
		for _, namespace := range append(n.nodes, n.router) {
			n.ip("netns", "del", namespace)
		}
	})
	host := n.claimPrefix()
	n.ip("link", "set", host, "up")
	n.ip("addr", "add", n.address(clientsHost)+"/32", "dev", host)
	n.ip("addr", "add", n.address(storeHost)+"/32", "dev", host)
	n.ip("route", "add", n.address(routerHost), "dev", host, "src", n.address(clientsHost))
	n.ip("route", "add", n.prefix+"0/24", "via", n.address(routerHost), "src", n.address(clientsHost))
	n.attach("host", clientsHost, storeHost)
	out, err := exec.Command("ip", "netns", "exec", n.router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward").CombinedOutput()
	require.NoError(t, err, string(out))
	for i := range size {
		namespace, link := name+"-"+strconv.Itoa(i), "node"+strconv.Itoa(i)
		n.ip("netns", "add", namespace)
		n.nodes = append(n.nodes, namespace)
		n.ip("link", "add", link, "netns", n.router, "type", "veth", "peer", "name", "net", "netns", namespace)
		n.attach(link, nodesHost+i)
		n.ip("-n", namespace, "link", "set", "lo", "up")
		n.ip("-n", namespace, "link", "set", "net", "up")
		n.ip("-n", namespace, "addr", "add", n.node(i)+"/32", "dev", "net")
		n.ip("-n", namespace, "route", "add", n.address(routerHost), "dev", "net")
		n.ip("-n", namespace, "route", "add", "default", "via", n.address(routerHost))
	}
	return n
}

const networkPrefix = "paceboard-test-"

// untested skips a test for want of something, or fails it in CI, which has everything.
func untested(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf("NOT TESTED for want of "+format, args...)
}

// sweepNetworks removes what killed test runs have left.
func sweepNetworks() {
	namespaces, _ := filepath.Glob("/run/netns/" + networkPrefix + "*")
	for _, path := range namespaces {
		name := filepath.Base(path)
		pid, _, _ := strings.Cut(strings.TrimPrefix(name, networkPrefix), "-")
		if _, err := os.Stat("/proc/" + pid); err != nil {
			_ = exec.Command("ip", "netns", "del", name).Run() // the next run tries again
		}
	}
}

// claimPrefix connects the test's own namespace with the router by a link whose name is
// that of a range of addresses, so that no other test has the range meanwhile. They are
// set aside for tests of networks, RFC 2544.
func (n *isolated) claimPrefix() (link string) {
	n.t.Helper()
	for k := range 256 {
		link = "pacetest" + strconv.Itoa(k)
		out, err := exec.Command("ip", "link", "add", link, "type", "veth", "peer", "name", "host", "netns", n.router).CombinedOutput()
		if err == nil {
			n.prefix = fmt.Sprintf("198.18.%d.", k)
			return link
		}
		require.Contains(n.t, string(out), "exists")
	}
	require.FailNow(n.t, "no range of addresses is free")
	return ""
}

// attach has the router reach addresses over one of its links.
func (n *isolated) attach(link string, hosts ...int) {
	n.t.Helper()
	n.ip("-n", n.router, "link", "set", link, "up")
	n.ip("-n", n.router, "addr", "add", n.address(routerHost)+"/32", "dev", link)
	for _, host := range hosts {
		n.ip("-n", n.router, "route", "add", n.address(host), "dev", link)
	}
}

func (n *isolated) ip(args ...string) {
	n.t.Helper()
	out, err := exec.Command("ip", args...).CombinedOutput()
	require.NoError(n.t, err, "ip %s: %s", strings.Join(args, " "), out)
}

func (n *isolated) address(host int) string { return n.prefix + strconv.Itoa(host) }
func (n *isolated) node(i int) string       { return n.address(nodesHost + i) }
func (n *isolated) store() string           { return n.address(storeHost) }

// drop has what goes from one address to another vanish, until the returned function is
// called.
func (n *isolated) drop(from, to string) (heal func()) {
	n.t.Helper()
	rule := []string{"from", from, "to", to, "blackhole"}
	n.ip(append([]string{"-n", n.router, "rule", "add"}, rule...)...)
	return func() {
		n.t.Helper()
		n.ip(append([]string{"-n", n.router, "rule", "del"}, rule...)...)
	}
}

// cut is drop in both directions.
func (n *isolated) cut(a, b string) (heal func()) {
	n.t.Helper()
	there, back := n.drop(a, b), n.drop(b, a)
	return func() {
		n.t.Helper()
		there()
		back()
	}
}

// postgres starts a PostgreSQL server that the nodes reach, and returns the URL of an
// empty database for this process, and for them.
func (n *isolated) postgres() (server *testservers.Server, here, there string) {
	n.t.Helper()
	dir, err := os.MkdirTemp("", networkPrefix+strconv.Itoa(os.Getpid())+"-*") // testservers sweeps it
	require.NoError(n.t, err)
	n.t.Cleanup(func() { _ = os.RemoveAll(dir) })
	access := filepath.Join(dir, "access.conf")
	require.NoError(n.t, os.WriteFile(access, []byte("host all all 127.0.0.1/32 trust\nhost all all "+n.prefix+"0/24 trust\n"), 0o644))
	testservers.HandOver(n.t, dir)
	server = testservers.Postgres(n.t, "listen_addresses=127.0.0.1,"+n.store(), "hba_file="+access)
	here = server.NewDatabase(n.t, "")
	u, err := url.Parse(here)
	require.NoError(n.t, err)
	u.Host = net.JoinHostPort(n.store(), u.Port())
	return server, here, u.String()
}

// places are where the nodes run: a program on a database, in the namespaces.
func (n *isolated) places(program, where string) (places []*nodePlace) {
	n.t.Helper()
	certificates := newAuthority(n.t).issue(n.t, n.t.TempDir()) // one for all of them
	for i, namespace := range n.nodes {
		places = append(places, &nodePlace{
			where: where, command: []string{"ip", "netns", "exec", namespace, program},
			args: append([]string{"--host", n.node(i), "CLUSTER_LISTEN=" + n.node(i) + ":0"}, certificates...),
		})
	}
	return places
}
