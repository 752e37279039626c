package http

import "github.com/paceboard/paceboard/http/internal/auth"

// admitLive counts a client among those that are open, if it is admitted.
func (s *Server) admitLive(c liveClient, who *auth.Identity, over transport) error {
	is := connection{userID: who.Caller.UserID, over: over.String(), since: s.nowMillis()}
	if who.Link != nil {
		is.linkID = who.Link.ID
	}
	err := s.live.add(c, is)
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
