package http

import (
	"strconv"

	"github.com/paceboard/paceboard/competition"
)

// appendPrizes writes a list of prizes.
func appendPrizes(dst []byte, prizes []competition.Prize) []byte {
	dst = append(dst, '[')
	for i := range prizes {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendPrize(dst, &prizes[i])
	}
	return append(dst, ']')
}

// appendPrize writes one. Where it is only worked out it has no id, status and
// times yet.
func appendPrize(dst []byte, p *competition.Prize) []byte {
	decimals, _ := competition.CurrencyDecimals(p.Currency)
	dst = append(dst, '{')
	if p.Status != 0 {
		dst = append(dst, `"id":"`...)
		dst = append(append(dst, p.ID().String()...), `",`...)
	}
	dst = append(dst, `"competition_id":"`...)
	dst = append(append(dst, p.CompetitionID...), `","user_id":`...)
	dst = append(appendString(dst, p.UserID), `,"rank":`...)
	dst = append(strconv.AppendInt(dst, int64(p.Rank), 10), `,"amount":`...)
	dst = append(competition.AppendMinor(dst, p.Minor, decimals), `,"currency":"`...)
	dst = append(append(dst, p.Currency...), '"')
	if p.Status != 0 {
		dst = append(dst, `,"status":"`...)
		dst = append(append(dst, p.Status.String()...), '"')
	}
	if p.Reason != "" {
		dst = appendString(append(dst, `,"reason":`...), p.Reason)
	}
	dst = appendTimeField(dst, `,"distributed_at":`, p.DistributedAt)
	return append(appendTimeField(dst, `,"created_at":`, p.CreatedAt), '}')
}

// appendTransaction writes a user's side of a transaction.
func appendTransaction(dst []byte, t *competition.UserTransaction) []byte {
	decimals, _ := competition.CurrencyDecimals(t.Currency)
	dst = append(dst, `{"id":"`...)
	dst = append(append(dst, t.ID.String()...), `","type":"`...)
	dst = append(append(dst, t.Type.String()...), `","competition_id":"`...)
	dst = append(append(dst, t.ID.CompetitionID...), `","amount":`...)
	dst = append(competition.AppendMinor(dst, t.Minor, decimals), `,"currency":"`...)
	dst = append(append(dst, t.Currency...), `","created_at":`...)
	return append(appendTime(dst, t.At), '}')
}

// appendPayout writes how far handing a prize over is.
func appendPayout(dst []byte, p *competition.PayoutReply) []byte {
	dst = append(dst, `{"prize":`...)
	dst = append(appendPrize(dst, &p.Prize), `,"status":"`...)
	dst = append(append(dst, p.Handover.Status.String()...), `","attempts":`...)
	dst = strconv.AppendInt(dst, int64(p.Handover.Attempts), 10)
	if p.Handover.Status == competition.HandoverWaiting {
		dst = appendTimeField(dst, `,"next_attempt_at":`, p.Handover.NextAt)
	}
	if p.Handover.Error != "" {
		dst = appendString(append(dst, `,"error":`...), p.Handover.Error)
	}
	return append(dst, '}')
}
