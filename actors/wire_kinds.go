package actors

import (
	"fmt"
	"reflect"

	"github.com/paceboard/paceboard/actors/internal/codec"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/ledger"
)

// How a request to one competition, and its answer, cross between nodes.
//
// The node that asks:
//
//	kind, body, err := appendRequest(room[:0], request) // a pointer: a command, a query or a *batchOfSyncs
//	…                                                   // the link carries kind and body
//	answer, err := parseAnswer(request, body)           // what ask would have returned
//
// and the node that owns the competition:
//
//	request, err := takeRequest(competitionID, kind, body) // then it goes into Envelope.Command
//	body := appendAnswer(room[:0], request, v.Answer, v.Err)
//
// Syncs have functions of their own, without any: appendSync, parseSync,
// appendSyncAnswer and parseSyncAnswer. A request that is not carried out is answered
// by appendAnswer(dst, nil, nil, err). What is parsed shares no memory with the body.

// once and again say whether a request may be sent again after its answer was lost.
const (
	once  = false
	again = true
)

// kindSync is the kind of syncs, which is the one on the hot path.
const kindSync = 1

// wireKinds are all kinds of requests, by their numbers, which are never used again.
// A command or a query that is not here cannot be asked of another node; a test finds
// it. subscribe is not: subscribers elsewhere watch through a follower, which asks watch.
var wireKinds = map[uint16]*wireKind{
	kindSync: newKind("sync", again, syncCoder, syncReplyCoder),
	2:        batchKind("syncs", again),
	3:        newKind("save_rows", again, codec.Value[saveRows](), codec.Nothing()),

	10: newKind("get_top", again, getTopCoder, publishedCoder),
	11: topSinceKind("get_top_since", again),
	12: boardKind("get_page", again, getPageCoder, func(q *getPage) []competition.Entry { return q.room }),
	13: boardKind("get_around", again, getAroundCoder, func(q *getAround) []competition.Entry { return q.room }),
	14: newKind("get_stats", again, codec.Value[getStats](), codec.Value[competition.Stats]()),
	15: newKind("get_summary", again, codec.Value[getSummary](), codec.Value[competition.Summary]()),
	16: newKind("get_participants", again, codec.Value[getParticipants](), participantsCoder),
	17: newKind("get_flags", again, codec.Value[getFlags](), codec.Value[flagsReply]()),
	18: newKind("get_explanation", again, codec.Value[getExplanation](), codec.Value[competition.Explanation]()),
	19: newKind("get_history", again, codec.Value[getHistory](), codec.Checked(codec.Value[competition.History](), (*competition.History).CheckDays)),
	20: newKind("get_person", again, codec.Value[getPerson](), codec.Value[competition.Person]()),
	21: newKind("get_invitable", again, codec.Value[getInvitable](), codec.Value[competition.Summary]()),
	22: newKind("takes_part", again, codec.Value[takesPart](), codec.Value[bool]()),
	23: newKind("calculate_prizes", again, codec.Value[calculatePrizes](), prizesCoder),

	24: watchKind("watch", again),
	25: newKind("get_standings", again, codec.Value[getStandings](), codec.Value[standingsReply]()),
	26: newKind("get_feed_end", again, codec.Value[getFeedEnd](), codec.Value[competition.FeedEnd]()),
	27: newKind("get_amendments", again, codec.Value[getAmendments](), codec.Value[amendmentsReply]()),
	28: newKind("get_settled_prizes", again, codec.Value[getSettledPrizes](), codec.Value[competition.SettledPrizes]()),
	29: newKind("get_sharable", again, codec.Value[getSharable](), codec.Value[competition.Summary]()),
	30: newKind("get_exclusions", again, codec.Value[getExclusions](), codec.Value[exclusionsReply]()),
	31: newKind("preview_join", again, codec.Command[previewJoin](), codec.Value[competition.Summary]()),

	40: commandKind[competition.CreateCompetition]("create", once, codec.Value[competition.CreateReply]()),
	41: commandKind[competition.EditCompetition]("edit", once, codec.Value[competition.Summary]()),
	42: commandKind[competition.CancelCompetition]("cancel", once, codec.Value[competition.Summary]()),
	43: commandKind[competition.JoinCompetition]("join", once, codec.Value[competition.Entry]()),
	44: commandKind[competition.LeaveCompetition]("leave", once, codec.Nothing()),
	45: commandKind[competition.RemoveParticipant]("remove", once, codec.Nothing()),
	46: commandKind[competition.ExcludeParticipant]("exclude", once, codec.Value[competition.ReviewReply]()),
	47: commandKind[competition.RestoreParticipant]("restore", once, codec.Value[competition.ReviewReply]()),
	48: commandKind[competition.CorrectDay]("correct_day", once, codec.Value[competition.ReviewReply]()),
	49: commandKind[competition.WithdrawCorrection]("withdraw_correction", once, codec.Value[competition.ReviewReply]()),
	50: commandKind[competition.DistributePrizes]("distribute_prizes", again, prizesCoder),
	51: commandKind[competition.ConfirmPrize]("confirm_prize", again, codec.Value[ledger.Prize]()),
	52: commandKind[competition.FailPrize]("fail_prize", once, codec.Value[ledger.Prize]()),
	53: commandKind[competition.EraseParticipant]("erase", again, codec.Value[competition.EraseReply]()),
	54: commandKind[competition.AmendCompetition]("amend", once, codec.Value[competition.Summary]()),
}

// wireNumbers are the numbers of the kinds, by the types of their requests.
var wireNumbers = func() map[reflect.Type]uint16 {
	numbers := make(map[reflect.Type]uint16, len(wireKinds))
	for number, k := range wireKinds {
		numbers[reflect.PointerTo(k.request)] = number
	}
	return numbers
}()

// kindOf returns how a request crosses. Error: competition.ErrInternal for what has no
// kind.
func kindOf(request any) (number uint16, k *wireKind, err error) {
	number, ok := wireNumbers[reflect.TypeOf(request)]
	if !ok {
		return 0, nil, fmt.Errorf("%w: %T does not cross between nodes", competition.ErrInternal, request)
	}
	return number, wireKinds[number], nil
}
