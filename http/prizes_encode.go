package http

import (
	"github.com/paceboard/paceboard/competition"

	"github.com/paceboard/paceboard/competition/ledger"
)

// appendPrize writes a prize. One that is only worked out has no id, status and times
// yet.
func appendPrize(dst []byte, p *ledger.Prize) []byte {
	decimals, _ := ledger.CurrencyDecimals(p.Currency)
	dst = append(dst, '{')
	if p.Status != 0 {
		dst = append(wordField(dst, `"id":`, p.ID().String()), ',')
	}
	dst = wordField(dst, `"competition_id":`, p.CompetitionID)
	dst = textField(dst, `,"user_id":`, p.UserID)
	dst = intField(dst, `,"rank":`, p.Rank)
	dst = minorField(dst, `,"amount":`, p.Minor, decimals)
	dst = wordField(dst, `,"currency":`, p.Currency)
	if p.Status != 0 {
		dst = wordField(dst, `,"status":`, p.Status.String())
	}
	if p.Reason != "" {
		dst = textField(dst, `,"reason":`, p.Reason)
	}
	dst = timeField(dst, `,"distributed_at":`, p.DistributedAt)
	return append(timeField(dst, `,"created_at":`, p.CreatedAt), '}')
}

// appendTransaction writes a user's side of a transaction.
func appendTransaction(dst []byte, t *ledger.UserTransaction) []byte {
	decimals, _ := ledger.CurrencyDecimals(t.Currency)
	dst = wordField(dst, `{"id":`, t.ID.String())
	dst = wordField(dst, `,"type":`, t.Type.String())
	dst = wordField(dst, `,"competition_id":`, t.ID.CompetitionID)
	dst = minorField(dst, `,"amount":`, t.Minor, decimals)
	dst = wordField(dst, `,"currency":`, t.Currency)
	return append(appendTime(append(dst, `,"created_at":`...), t.At), '}')
}

// appendPayout writes the state of handing a prize over.
func appendPayout(dst []byte, p *ledger.PayoutReply) []byte {
	dst = appendPrize(append(dst, `{"prize":`...), &p.Prize)
	dst = wordField(dst, `,"status":`, p.Handover.Status.String())
	dst = intField(dst, `,"attempts":`, int64(p.Handover.Attempts))
	if p.Handover.Status == ledger.HandoverWaiting {
		dst = timeField(dst, `,"next_attempt_at":`, p.Handover.NextAt)
	}
	if p.Handover.Error != "" {
		dst = textField(dst, `,"error":`, p.Handover.Error)
	}
	return append(dst, '}')
}

// appendPrizes writes the prizes of a competition.
func appendPrizes(dst []byte, r *competition.PrizesReply) []byte {
	decimals, _ := ledger.CurrencyDecimals(r.Currency)
	dst = wordField(dst, `{"competition_id":`, r.CompetitionID)
	dst = boolField(dst, `,"final":`, r.Final)
	dst = minorField(dst, `,"prize_pool":`, r.PoolMinor, decimals)
	dst = wordField(dst, `,"currency":`, r.Currency)
	return append(listField(dst, `,"prizes":`, r.Prizes, appendPrize), '}')
}
