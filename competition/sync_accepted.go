package competition

import "github.com/paceboard/paceboard/competition/wire"

// SyncAccepted says that a report was taken.
type SyncAccepted struct {
	Number    uint32 // the participant
	Enrolled  bool   // the same command enrolled the participant
	Register  Register
	NewSource string // the name of Register.Source, where this event is the first to use it
}

func (s *SyncAccepted) append(dst []byte) []byte {
	dst = wire.AppendFlaggedNumber(dst, s.Number, s.Enrolled)
	dst = appendRegister(dst, s.Register)
	return wire.AppendString(dst, s.NewSource)
}

func (s *SyncAccepted) read(r *wire.Reader) {
	s.Number, s.Enrolled = r.FlaggedNumber()
	s.Register, s.NewSource = readRegister(r), r.String()
}
