package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
)

// readAll reads for all subscribers until ctx ends. A goroutine and a poller's
// wake-up for each would take more of the machine than what is measured: here
// one call tells of many connections, and one more reads from each.
func readAll(ctx context.Context, subscribers []*subscriber) error {
	poll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	defer func() { _ = syscall.Close(poll) }()
	byFD := make(map[int32]*subscriber, len(subscribers))
	for _, s := range subscribers {
		byFD[int32(s.fd)] = s
		event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(s.fd)}
		if err := syscall.EpollCtl(poll, syscall.EPOLL_CTL_ADD, s.fd, &event); err != nil {
			return fmt.Errorf("epoll: %w", err)
		}
	}
	events := make([]syscall.EpollEvent, 512)
	buffer := make([]byte, receiveBuffer)
	for ctx.Err() == nil {
		n, err := syscall.EpollWait(poll, events, 50)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("epoll: %w", err)
		}
		for _, event := range events[:max(n, 0)] {
			s := byFD[event.Fd]
			if s.stalled.Load() || !s.read(buffer) {
				_ = syscall.EpollCtl(poll, syscall.EPOLL_CTL_DEL, s.fd, nil)
			}
		}
	}
	return nil
}

// read takes what there is; false means that the connection has ended.
func (s *subscriber) read(buffer []byte) bool {
	n, err := syscall.Read(s.fd, buffer)
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR) {
		return true
	}
	if err != nil || n == 0 || s.feed(buffer[:n]) != nil {
		s.failed.Store(true)
		return false
	}
	return true
}
