package postgres

import (
	"crypto/rand"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// applicationPrefix and a node's id are the application_name of its sessions.
const applicationPrefix = "paceboard "

// validNodeID is what a node's id looks like; a longer one would have its
// application_name, of 63 bytes at most, cut off.
var validNodeID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,53}$`)

// NewNodeID returns an id for a node that no other start of a process has: the host and
// the process for people, and something random.
func NewNodeID() string {
	host, _ := os.Hostname() // else the random part has to do
	host = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, host)
	const most = 28
	return fmt.Sprintf("%.*s-%d-%s", most, host, os.Getpid(), strings.ToLower(rand.Text()[:10]))
}
