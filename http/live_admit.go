package http

// admitLive counts a client among those that are open, if it is admitted.
func (s *Server) admitLive(c liveClient, userID string, over transport) error {
	err := s.live.add(c, connection{userID, over.String(), s.nowMillis()})
	if err == nil {
		s.metrics.liveOpened[over].Inc()
	}
	return err
}

// refuseLive counts a refusal that is told on a socket or a stream.
func (s *Server) refuseLive(err error) {
	p, _ := problemOf(err)
	s.metrics.refuse(p)
	s.refusals.note(p, nil)
}

// removeLive removes a client that ended for a reason.
func (s *Server) removeLive(c liveClient, why ending) {
	s.live.remove(c)
	s.metrics.liveClosed[why].Inc()
}
