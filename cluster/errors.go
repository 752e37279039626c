package cluster

import "errors"

// Why a node ends: another process of the cluster may own what it owned, so it must
// not answer anything any more. The process ends with ExitCode, and starts again under
// a new node id.
var (
	// ErrBuried is returned when the other nodes, or an operator, made this node dead.
	ErrBuried = errors.New("the other nodes have declared this one dead, or somebody has evicted it")
	// ErrSameID is returned when somebody else raises this node's beat.
	ErrSameID = errors.New("another process uses this node's id")
	// ErrRetired is returned for a node that has left the cluster itself.
	ErrRetired = errors.New("this node has left the cluster")
)

// ExitCode is the code with which a process ends that is to be started again
// (EX_TEMPFAIL of sysexits.h).
const ExitCode = 75
