package main

import (
	"fmt"
	"log/slog"
)

// Of the files that the process may have open, some are for the stores, for those
// who are turned away, and for the rest of the program.
const (
	descriptorsReserved = 512 // at most, or half of the limit
	fewestDescriptors   = 64  // with which anything works
)

// fitConnections is how many connections the process has file descriptors for:
// most, or less, which is said. A limit of 0 is none.
func fitConnections(most int, limit uint64, log *slog.Logger) (int, error) {
	switch {
	case limit == 0:
		return most, nil
	case limit < fewestDescriptors:
		return 0, fmt.Errorf("the process may have %d files open and needs %d: raise the limit (ulimit -n)", limit, fewestDescriptors)
	}
	room := limit - min(descriptorsReserved, limit/2)
	if uint64(most) <= room {
		return most, nil
	}
	log.Warn("fewer connections than MAX_CONNECTIONS are taken, since the process may not have as many files open: raise the limit (ulimit -n) or lower MAX_CONNECTIONS",
		slog.Int("max_connections", most), slog.Uint64("taken", room), slog.Uint64("open_files", limit))
	return int(room), nil
}
