package http

import (
	"strconv"
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// What clients read about competitions is encoded by hand, since boards are large
// and replies many; answers of other kinds are encoded beside their handlers. Each
// function appends JSON and returns the extended slice.

// appendBoard writes a leaderboard as the GET gives it, without the envelope.
func appendBoard(dst []byte, b *competition.Board) []byte {
	dst = appendBoardHead(dst, b)
	for i := range b.Entries {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendEntry(dst, b.CompetitionID, &b.Entries[i])
	}
	return appendBoardTail(dst, b)
}

func appendBoardHead(dst []byte, b *competition.Board) []byte {
	dst = append(dst, `{"competition_id":"`...)
	dst = append(dst, b.CompetitionID...)
	dst = append(dst, `","status":"`...)
	dst = append(dst, b.Status.String()...)
	return append(dst, `","entries":[`...)
}

func appendBoardTail(dst []byte, b *competition.Board) []byte {
	dst = append(dst, `],"total_count":`...)
	dst = strconv.AppendInt(dst, int64(b.Total), 10)
	dst = appendTimeField(dst, `,"updated_at":`, b.UpdatedAt)
	dst = append(dst, `,"version":`...)
	return append(strconv.AppendUint(dst, b.Version, 10), '}')
}

// appendEntry writes one place of a board. last_synced_at is left out before
// the first sync.
func appendEntry(dst []byte, competitionID string, e *competition.Entry) []byte {
	dst = append(dst, `{"user_id":`...)
	dst = appendString(dst, e.UserID)
	dst = append(dst, `,"user_name":`...)
	dst = appendString(dst, e.UserName)
	dst = append(dst, `,"competition_id":"`...)
	dst = append(dst, competitionID...)
	dst = append(dst, `","score":`...)
	dst = strconv.AppendInt(dst, e.Score, 10)
	dst = append(dst, `,"rank":`...)
	dst = strconv.AppendInt(dst, int64(e.Rank), 10)
	dst = append(dst, ',')
	dst = appendMetrics(dst, e.Totals)
	dst = appendTimeField(dst, `,"last_synced_at":`, e.LastSyncedAt)
	dst = appendTimeField(dst, `,"updated_at":`, e.UpdatedAt)
	return append(dst, '}')
}

// appendMetrics writes the four fields, without braces.
func appendMetrics(dst []byte, m competition.Metrics) []byte {
	dst = append(dst, `"steps":`...)
	dst = strconv.AppendInt(dst, m.Steps, 10)
	dst = append(dst, `,"distance":`...)
	dst = appendDecimal(dst, m.DistanceCm, 2)
	dst = append(dst, `,"calories":`...)
	dst = appendDecimal(dst, m.EnergyCentikcal, 2)
	dst = append(dst, `,"active_minutes":`...)
	return strconv.AppendInt(dst, m.ActiveMinutes, 10)
}

// appendSyncReply writes the answer to one sync.
func appendSyncReply(dst []byte, competitionID, userID string, r competition.SyncReply) []byte {
	dst = append(dst, `{"competition_id":"`...)
	dst = append(dst, competitionID...)
	dst = append(dst, `","user_id":`...)
	dst = appendString(dst, userID)
	dst = append(dst, `,"score":`...)
	dst = strconv.AppendInt(dst, r.Score, 10)
	dst = append(dst, `,"rank":`...)
	dst = strconv.AppendInt(dst, int64(r.Rank), 10)
	dst = append(dst, `,"total_count":`...)
	dst = strconv.AppendInt(dst, int64(r.Total), 10)
	dst = append(dst, `,"changed":`...)
	return append(strconv.AppendBool(dst, r.Changed), '}')
}

// appendSyncReplies writes the answers of all the competitions that a sync
// went to, as an array.
func appendSyncReplies(dst []byte, userID string, replies []competition.JoinedReply) []byte {
	dst = append(dst, '[')
	for i := range replies {
		if i > 0 {
			dst = append(dst, ',')
		}
		if replies[i].Err != nil {
			dst = appendRefusal(dst, &replies[i])
			continue
		}
		dst = appendSyncReply(dst, replies[i].CompetitionID, userID, replies[i].SyncReply)
	}
	return append(dst, ']')
}

// appendSummary writes a competition. created_at is left out where nobody knows it.
func appendSummary(dst []byte, s *competition.Summary) []byte {
	d := &s.Definition
	decimals, _ := competition.CurrencyDecimals(d.Currency)
	dst = append(dst, `{"id":"`...)
	dst = append(dst, d.ID...)
	dst = append(dst, `","name":`...)
	dst = appendString(dst, d.Name)
	dst = append(dst, `,"description":`...)
	dst = appendString(dst, d.Description)
	dst = append(dst, `,"type":"`...)
	dst = append(dst, d.Type...)
	dst = append(dst, `","status":"`...)
	dst = append(dst, s.Status.String()...)
	dst = append(dst, `","start_date":`...)
	dst = appendTime(dst, d.Start)
	dst = append(dst, `,"end_date":`...)
	dst = appendTime(dst, d.End)
	dst = append(dst, `,"time_zone":`...)
	dst = appendString(dst, d.TimeZone)
	dst = append(dst, `,"entry_fee":`...)
	dst = competition.AppendMinor(dst, d.EntryFeeMinor, decimals)
	dst = append(dst, `,"prize_pool":`...)
	dst = competition.AppendMinor(dst, d.PrizePoolMinor, decimals)
	dst = append(dst, `,"currency":`...)
	dst = appendString(dst, d.Currency)
	dst = append(dst, `,"scoring":{"steps":`...)
	dst = appendDecimal(dst, d.Scoring.Step, 3)
	dst = append(dst, `,"distance":`...)
	dst = appendDecimal(dst, d.Scoring.Metre, 3)
	dst = append(dst, `,"calories":`...)
	dst = appendDecimal(dst, d.Scoring.Kcal, 3)
	dst = append(dst, `,"active_minutes":`...)
	dst = appendDecimal(dst, d.Scoring.Minute, 3)
	dst = append(dst, `},"prize_split":[`...)
	for i, share := range d.PrizeSplit {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendDecimal(dst, share, 3)
	}
	dst = append(dst, `],"enrollment":"`...)
	dst = append(dst, d.Enrollment...)
	dst = append(dst, `","visibility":"`...)
	dst = append(dst, d.Visibility...)
	dst = append(dst, `","max_participants":`...)
	dst = strconv.AppendInt(dst, int64(d.MaxParticipants), 10)
	dst = append(dst, `,"daily_limits":{`...)
	dst = appendMetrics(dst, d.DailyLimits)
	dst = append(dst, `},"late_sync_hours":`...)
	dst = strconv.AppendInt(dst, int64(d.LateSyncHours), 10)
	dst = append(dst, `,"participant_count":`...)
	dst = strconv.AppendInt(dst, int64(s.Participants), 10)
	return append(appendTimeField(dst, `,"created_at":`, s.CreatedAt), '}')
}

// appendStats writes a user's part in a competition, or, without competition_id
// and score, in all of them. rank is left out for a user who is not on the board, source
// and last_synced_at where there was no sync.
func appendStats(dst []byte, s *competition.Stats) []byte {
	dst = appendDays(appendStatsHead(dst, s), s.Days, appendDay)
	return append(appendNextDay(appendStatsTail(dst, s), s.Next), '}')
}

// appendNextDay writes the cursor of a page of days, which goes on with a day, or
// nothing at the end.
func appendNextDay(dst []byte, next competition.Day) []byte {
	if next == 0 {
		return dst
	}
	return appendString(append(dst, `,"next_cursor":`...), decode.NumberCursor(decode.CursorDay, uint64(next)))
}

// appendStatsHead writes what stands before the days.
func appendStatsHead(dst []byte, s *competition.Stats) []byte {
	dst = append(dst, `{"user_id":`...)
	dst = appendString(dst, s.UserID)
	if s.CompetitionID != "" {
		dst = append(dst, `,"competition_id":"`...)
		dst = append(append(dst, s.CompetitionID...), '"')
	}
	dst = appendMetrics(append(dst, ','), s.Total)
	if s.Source != "" {
		dst = append(dst, `,"source":`...)
		dst = appendString(dst, s.Source)
	}
	if s.CompetitionID != "" {
		dst = append(dst, `,"score":`...)
		dst = strconv.AppendInt(dst, s.Score, 10)
	}
	if s.Rank > 0 {
		dst = append(dst, `,"rank":`...)
		dst = strconv.AppendInt(dst, int64(s.Rank), 10)
	}
	return append(dst, `,"days":[`...)
}

// appendStatsTail writes what stands after them, without the brace.
func appendStatsTail(dst []byte, s *competition.Stats) []byte {
	return appendTimeField(append(dst, ']'), `,"last_synced_at":`, s.LastSyncedAt)
}

func appendDay(dst []byte, d *competition.DayStats) []byte {
	dst = append(dst, `{"date":"`...)
	dst = d.Day.Time().AppendFormat(dst, time.DateOnly)
	dst = append(dst, `",`...)
	dst = appendMetrics(dst, d.Value)
	dst = append(dst, `,"sources":[`...)
	for i := range d.Sources {
		if i > 0 {
			dst = append(dst, ',')
		}
		source := &d.Sources[i]
		dst = append(dst, `{"source":`...)
		dst = appendString(dst, source.Source)
		dst = append(dst, ',')
		dst = appendMetrics(dst, source.Metrics)
		if source.RecordedAt != 0 {
			dst = append(dst, `,"recorded_at":"`...)
			dst = append(competition.AppendNanos(dst, source.RecordedAt), '"')
		}
		dst = append(dst, '}')
	}
	return append(dst, `]}`...)
}
