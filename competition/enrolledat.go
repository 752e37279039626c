package competition

import "github.com/paceboard/paceboard/competition/calendar"

// EnrolmentIn returns which number a record gives to somebody, and when: that of a new
// participant, or 0 for the creator. ok is false for any other record. It verifies the
// record by its checksum, without those before it; the error is a *CorruptError.
func EnrolmentIn(competitionID string, record []byte) (number uint32, at calendar.Millis, ok bool, err error) {
	e, _, err := decodeAlone(competitionID, record)
	if err != nil {
		return 0, 0, false, err
	}
	switch d := e.Detail.(type) {
	case *ParticipantEnrolled:
		return d.Number, e.At, true, nil
	case *CompetitionCreated:
		return 0, e.At, true, nil
	}
	return 0, 0, false, nil
}
