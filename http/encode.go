package http

import (
	"time"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
	"github.com/paceboard/paceboard/competition/ledger"
	"github.com/paceboard/paceboard/http/internal/auth"
	"github.com/paceboard/paceboard/http/internal/decode"
)

// entryWriter writes one place of a board.
type entryWriter func(dst []byte, competitionID string, e *competition.Entry) []byte

// appendBoard writes a leaderboard as the GET gives it, without the envelope, each of its
// entries as one writes it.
func appendBoard(dst []byte, b *competition.Board, one entryWriter) []byte {
	dst = appendBoardHead(dst, b)
	for i := range b.Entries {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = one(dst, b.CompetitionID, &b.Entries[i])
	}
	return appendBoardTail(dst, b)
}

func appendBoardHead(dst []byte, b *competition.Board) []byte {
	dst = wordField(dst, `{"competition_id":"`, b.CompetitionID)
	dst = wordField(dst, `,"status":"`, b.Status.String())
	return append(dst, `,"entries":[`...)
}

func appendBoardTail(dst []byte, b *competition.Board) []byte {
	dst = intField(dst, `],"total_count":`, b.Total)
	dst = timeField(dst, `,"updated_at":`, b.UpdatedAt)
	return append(intField(dst, `,"version":`, b.Version), '}')
}

// appendEntry writes one place of a board. last_synced_at is left out before
// the first sync.
func appendEntry(dst []byte, competitionID string, e *competition.Entry) []byte {
	dst = appendPlace(dst, competitionID, e)
	dst = appendMetrics(append(dst, ','), e.Totals)
	dst = timeField(dst, `,"last_synced_at":`, e.LastSyncedAt)
	return append(timeField(dst, `,"updated_at":`, e.UpdatedAt), '}')
}

// appendPlace writes what an entry has in any case, without the brace.
func appendPlace(dst []byte, competitionID string, e *competition.Entry) []byte {
	dst = textField(dst, `{"user_id":`, e.UserID)
	dst = textField(dst, `,"user_name":`, e.UserName)
	dst = wordField(dst, `,"competition_id":"`, competitionID)
	dst = intField(dst, `,"score":`, e.Score)
	return intField(dst, `,"rank":`, e.Rank)
}

// appendMetrics writes the four fields, without braces.
func appendMetrics(dst []byte, m competition.Metrics) []byte {
	dst = intField(dst, `"steps":`, m.Steps)
	dst = decimalField(dst, `,"distance":`, m.DistanceCm, 2)
	dst = decimalField(dst, `,"calories":`, m.EnergyCentikcal, 2)
	return intField(dst, `,"active_minutes":`, m.ActiveMinutes)
}

func appendScoring(dst []byte, w competition.Weights) []byte {
	dst = decimalField(dst, `,"scoring":{"steps":`, w.Step, 3)
	dst = decimalField(dst, `,"distance":`, w.Metre, 3)
	dst = decimalField(dst, `,"calories":`, w.Kcal, 3)
	return append(decimalField(dst, `,"active_minutes":`, w.Minute, 3), '}')
}

func appendSyncReply(dst []byte, competitionID, userID string, r competition.SyncReply) []byte {
	dst = wordField(dst, `{"competition_id":"`, competitionID)
	dst = textField(dst, `,"user_id":`, userID)
	dst = intField(dst, `,"score":`, r.Score)
	dst = intField(dst, `,"rank":`, r.Rank)
	dst = intField(dst, `,"total_count":`, r.Total)
	return append(boolField(dst, `,"changed":`, r.Changed), '}')
}

// appendSyncReplies writes the answers of all the competitions that a sync
// went to, as an array.
func appendSyncReplies(dst []byte, userID string, replies []competition.JoinedReply) []byte {
	return listField(dst, "", replies, func(dst []byte, r *competition.JoinedReply) []byte {
		if r.Err != nil {
			return appendRefusal(dst, r)
		}
		return appendSyncReply(dst, r.CompetitionID, userID, r.SyncReply)
	})
}

// appendSummary writes a competition. created_at is left out if it is not known.
func appendSummary(dst []byte, s *competition.Summary) []byte {
	d := &s.Definition
	decimals, _ := ledger.CurrencyDecimals(d.Currency)
	dst = wordField(dst, `{"id":"`, d.ID)
	dst = textField(dst, `,"name":`, d.Name)
	dst = textField(dst, `,"description":`, d.Description)
	dst = wordField(dst, `,"type":"`, d.Type)
	dst = wordField(dst, `,"status":"`, s.Status.String())
	dst = appendTime(append(dst, `,"start_date":`...), d.Start)
	dst = appendTime(append(dst, `,"end_date":`...), d.End)
	dst = textField(dst, `,"time_zone":`, d.TimeZone)
	dst = minorField(dst, `,"entry_fee":`, d.EntryFeeMinor, decimals)
	dst = minorField(dst, `,"prize_pool":`, d.PrizePoolMinor, decimals)
	dst = textField(dst, `,"currency":`, d.Currency)
	dst = appendScoring(dst, d.Scoring)
	dst = listField(dst, `,"prize_split":`, d.PrizeSplit, func(dst []byte, share *int64) []byte { return appendDecimal(dst, *share, 3) })
	dst = wordField(dst, `,"enrollment":"`, d.Enrollment)
	dst = wordField(dst, `,"visibility":"`, d.Visibility)
	dst = intField(dst, `,"max_participants":`, d.MaxParticipants)
	dst = appendMetrics(append(dst, `,"daily_limits":{`...), d.DailyLimits)
	dst = intField(dst, `},"late_sync_hours":`, d.LateSyncHours)
	dst = intField(dst, `,"participant_count":`, s.Participants)
	return append(timeField(dst, `,"created_at":`, s.CreatedAt), '}')
}

// wholeCompetition is a competition with what only its own answer has.
type wholeCompetition struct {
	competition.Summary
	settled bool
	prizes  competition.SettledPrizes // of a settled one
	linked  bool
	links   []competition.BoardLink // if they are known, as linked says
}

func appendWholeCompetition(dst []byte, w *wholeCompetition) []byte {
	dst = appendSummary(dst, &w.Summary)
	if w.settled {
		dst = listField(dst[:len(dst)-1], `,"prizes":`, w.prizes.Best, appendSettledPrize)
		dst = append(intField(dst, `,"prizes_count":`, w.prizes.Count), '}')
	}
	if w.linked {
		dst = append(listField(dst[:len(dst)-1], `,"board_links":`, w.links, appendShownLink), '}')
	}
	return dst
}

// appendBoardLink writes a link as those who manage it see it. Its code, which is known
// only when it is made, is left out if empty.
func appendBoardLink(dst []byte, l *competition.BoardLink, code string) []byte {
	dst = wordField(dst, `{"id":"`, l.ID)
	if code != "" {
		dst = wordField(dst, `,"code":"`, code)
		dst = wordField(dst, `,"token":"`, auth.LinkPrefix+code)
		dst = wordField(dst, `,"path":"`, "/b/"+code)
	}
	dst = wordField(dst, `,"competition_id":"`, l.CompetitionID)
	dst = wordField(dst, `,"names":"`, l.Names.String())
	dst = timeField(dst, `,"created_at":`, l.CreatedAt)
	return append(timeField(dst, `,"expires_at":`, l.ExpiresAt), '}')
}

// appendShownLink writes a link as all readers of the competition see it.
func appendShownLink(dst []byte, l *competition.BoardLink) []byte {
	dst = wordField(dst, `{"names":"`, l.Names.String())
	dst = timeField(dst, `,"created_at":`, l.CreatedAt)
	return append(timeField(dst, `,"expires_at":`, l.ExpiresAt), '}')
}

// appendStats writes a user's statistics in a competition, or, without competition_id
// and score, in all of them. rank is left out if the user is not on the board, source
// and last_synced_at if there was no sync.
func appendStats(dst []byte, s *competition.Stats) []byte {
	dst = appendItems(appendStatsHead(dst, s), s.Days, appendDay)
	return append(appendNextDay(appendStatsTail(dst, s), s.Next), '}')
}

// appendNextDay writes the cursor of a page of days, which goes on with a day, or
// nothing at the end.
func appendNextDay(dst []byte, next calendar.Day) []byte {
	if next == 0 {
		return dst
	}
	return wordField(dst, `,"next_cursor":"`, decode.NumberCursor(decode.CursorDay, uint64(next)))
}

// appendStatsHead writes what stands before the days.
func appendStatsHead(dst []byte, s *competition.Stats) []byte {
	dst = textField(dst, `{"user_id":`, s.UserID)
	if s.CompetitionID != "" {
		dst = wordField(dst, `,"competition_id":"`, s.CompetitionID)
	}
	dst = appendMetrics(append(dst, ','), s.Total)
	if s.Source != "" {
		dst = textField(dst, `,"source":`, s.Source)
	}
	if s.CompetitionID != "" {
		dst = intField(dst, `,"score":`, s.Score)
	}
	if s.Rank > 0 {
		dst = intField(dst, `,"rank":`, s.Rank)
	}
	return append(dst, `,"days":[`...)
}

// appendStatsTail writes what stands after them, without the brace.
func appendStatsTail(dst []byte, s *competition.Stats) []byte {
	return timeField(append(dst, ']'), `,"last_synced_at":`, s.LastSyncedAt)
}

func appendDay(dst []byte, d *competition.DayStats) []byte {
	dst = appendMetrics(append(dateField(dst, `{"date":`, d.Day), ','), d.Value)
	return append(listField(dst, `,"sources":`, d.Sources, appendSource), '}')
}

func appendSource(dst []byte, s *competition.SourceStats) []byte {
	return append(appendReading(dst, s.Source, s.Metrics, s.RecordedAt), '}')
}

// appendReading writes what a source said of a day, without the brace.
func appendReading(dst []byte, source string, m competition.Metrics, recordedAt int64) []byte {
	dst = appendMetrics(append(textField(dst, `{"source":`, source), ','), m)
	if recordedAt != 0 {
		dst = append(calendar.AppendNanos(append(dst, `,"recorded_at":"`...), recordedAt), '"')
	}
	return dst
}

func dateField(dst []byte, key string, day calendar.Day) []byte {
	return append(day.Time().AppendFormat(append(append(dst, key...), '"'), time.DateOnly), '"')
}

// appendPrize writes a prize. One that is only worked out has no id, status and times
// yet.
func appendPrize(dst []byte, p *ledger.Prize) []byte {
	decimals, _ := ledger.CurrencyDecimals(p.Currency)
	dst = append(dst, '{')
	if p.Status != 0 {
		dst = append(wordField(dst, `"id":"`, p.ID().String()), ',')
	}
	dst = wordField(dst, `"competition_id":"`, p.CompetitionID)
	dst = textField(dst, `,"user_id":`, p.UserID)
	dst = intField(dst, `,"rank":`, p.Rank)
	dst = minorField(dst, `,"amount":`, p.Minor, decimals)
	dst = wordField(dst, `,"currency":"`, p.Currency)
	if p.Status != 0 {
		dst = wordField(dst, `,"status":"`, p.Status.String())
	}
	if p.Reason != "" {
		dst = textField(dst, `,"reason":`, p.Reason)
	}
	dst = timeField(dst, `,"distributed_at":`, p.DistributedAt)
	return append(timeField(dst, `,"created_at":`, p.CreatedAt), '}')
}

// appendSettledPrize writes a prize as everybody is shown it.
func appendSettledPrize(dst []byte, p *competition.SettledPrize) []byte {
	decimals, _ := ledger.CurrencyDecimals(p.Currency)
	dst = intField(dst, `{"rank":`, p.Rank)
	dst = textField(dst, `,"user_id":`, p.UserID)
	dst = textField(dst, `,"user_name":`, p.UserName)
	dst = minorField(dst, `,"amount":`, p.Minor, decimals)
	return append(wordField(dst, `,"currency":"`, p.Currency), '}')
}

// appendTransaction writes a user's side of a transaction.
func appendTransaction(dst []byte, t *ledger.UserTransaction) []byte {
	decimals, _ := ledger.CurrencyDecimals(t.Currency)
	dst = wordField(dst, `{"id":"`, t.ID.String())
	dst = wordField(dst, `,"type":"`, t.Type.String())
	dst = wordField(dst, `,"competition_id":"`, t.ID.CompetitionID)
	dst = minorField(dst, `,"amount":`, t.Minor, decimals)
	dst = wordField(dst, `,"currency":"`, t.Currency)
	return append(appendTime(append(dst, `,"created_at":`...), t.At), '}')
}

func appendPayout(dst []byte, p *ledger.PayoutReply) []byte {
	dst = appendPrize(append(dst, `{"prize":`...), &p.Prize)
	dst = wordField(dst, `,"status":"`, p.Handover.Status.String())
	dst = intField(dst, `,"attempts":`, int64(p.Handover.Attempts))
	if p.Handover.Status == ledger.HandoverWaiting {
		dst = timeField(dst, `,"next_attempt_at":`, p.Handover.NextAt)
	}
	if p.Handover.Error != "" {
		dst = textField(dst, `,"error":`, p.Handover.Error)
	}
	return append(dst, '}')
}

func appendPrizes(dst []byte, r *competition.PrizesReply) []byte {
	decimals, _ := ledger.CurrencyDecimals(r.Currency)
	dst = wordField(dst, `{"competition_id":"`, r.CompetitionID)
	dst = boolField(dst, `,"final":`, r.Final)
	dst = minorField(dst, `,"prize_pool":`, r.PoolMinor, decimals)
	dst = wordField(dst, `,"currency":"`, r.Currency)
	return append(listField(dst, `,"prizes":`, r.Prizes, appendPrize), '}')
}
