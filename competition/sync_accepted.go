package competition

import "encoding/binary"

// SyncAccepted says that a report was taken.
type SyncAccepted struct {
	Number    uint32 // the participant
	Enrolled  bool   // the same command enrolled the participant
	Register  Register
	NewSource string // the name of Register.Source, where this event is the first to use it
}

func (s *SyncAccepted) append(dst []byte) []byte {
	flagged := uint64(s.Number) << 1
	if s.Enrolled {
		flagged |= 1
	}
	dst = binary.AppendUvarint(dst, flagged)
	dst = appendRegister(dst, s.Register)
	return appendString(dst, s.NewSource)
}

func (s *SyncAccepted) read(r *reader) {
	flagged := r.uvarint()
	if flagged>>1 > 1<<32-1 {
		r.fail()
	}
	s.Number, s.Enrolled = uint32(flagged>>1), flagged&1 == 1
	s.Register, s.NewSource = r.register(), r.string()
}
