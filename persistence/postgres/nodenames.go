package postgres

import "github.com/paceboard/paceboard/competition"

// stateNames are what the states are called in the table.
var stateNames = map[competition.NodeState]string{
	competition.NodeLive: "live", competition.NodeLeaving: "leaving", competition.NodeDead: "dead",
}

// applicationPrefix and a node's id are the application_name of its sessions.
const applicationPrefix = "paceboard "
