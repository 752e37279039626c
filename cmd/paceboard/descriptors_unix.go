//go:build unix

package main

import "syscall"

// descriptorLimit is how many files the process may have open, which Go has
// raised as far as it may; 0 if that is not known.
func descriptorLimit() uint64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return limit.Cur
}
