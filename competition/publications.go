package competition

import (
	"github.com/paceboard/paceboard/competition/ledger"
)

// audience is who may be told of an event.
type audience uint8

const (
	nobody    audience = iota // it stays in the journal
	operators                 // operators and their endpoints
	creators                  // and the competition's creator, about their own one
)

// publication says what other systems are told of a kind of event. A zero one, with
// an empty name, says that nobody is told of it.
type publication struct {
	to   audience
	name string // the public type; never used for another meaning
	say  func(e *Event, to audience, f *Feed) (said PublicData, tell bool)
}

// publications are, for each kind of event, what goes out and who may see it: the one
// place that decides it. A test holds that every kind has a row.
//
// Operators are told everything that was decided here. Creators are told about their
// competition what its boards and lists show: who takes part, and what its rules and
// prizes are, but no reasons that operators gave, no days of other people, and nobody's
// payments. Nobody is told of syncs, or what anybody did on a day: a flag names the day
// and no figures. People are named by what their identity row says now, so the erased by
// their pseudonym, also in what happened before.
var publications = [...]publication{
	1:  {}, // sync_accepted: a person's days; boards have what is public of them
	2:  {creators, "competition.created", sayDefinition},
	3:  {creators, "competition.edited", sayDefinition},
	4:  {creators, "competition.status_changed", sayStatus},
	5:  {creators, "participant.joined", sayWho},
	6:  {creators, "participant.renamed", sayWho},
	7:  {creators, "participant.left", sayWho},
	8:  {creators, "participant.returned", sayWho},
	9:  {operators, "participant.fee_paid", sayFee},
	10: {operators, "participant.fee_refunded", sayFee},
	11: {creators, "competition.settled", saySettled},
	12: {operators, "prize.confirmed", sayPrize},
	13: {operators, "prize.failed", sayPrize},
	14: {operators, "flag.raised", sayFlag},
	15: {creators, "participant.excluded", sayVerdict},
	16: {creators, "participant.restored", sayVerdict},
	17: {operators, "participant.day_corrected", sayCorrection},
	18: {operators, "participant.correction_withdrawn", sayCorrection},
	20: {creators, "participant.erased", sayErased},
	21: {creators, "participant.removed", sayVerdict},
	22: {creators, "participant.erased", sayErased},
	23: {creators, "participant.erased", sayErased},
	24: {creators, "competition.continued", sayContinued},
	25: {creators, "competition.amended", sayAmendment},
}

// PublicTypes returns the types of public events, each once, in the order of the table.
func PublicTypes() (all []string) {
	seen := map[string]bool{}
	for i := range publications {
		p := &publications[i]
		if p.to != nobody && !seen[p.name] {
			seen[p.name], all = true, append(all, p.name)
		}
	}
	return all
}

// PublishedKinds returns the numbers of the kinds of which anybody is told, for stores
// that leave out the records of others.
func PublishedKinds() (all []int32) {
	for k := range publications {
		if publications[k].to != nobody {
			all = append(all, int32(k))
		}
	}
	return all
}

// KindOffset is where in a record its kind stands, a byte.
const KindOffset = afterChainOffset

// IsPublished reports whether anybody is told of a record, by its kind. It does not
// verify the record.
func IsPublished(record []byte) bool {
	if len(record) < minRecordBytes {
		return true // the reader will say what is wrong with it
	}
	return publicationOf(kind(record[KindOffset])).to != nobody
}

// publicationOf returns what is said of a kind. One that a newer version made is
// decoded in vain, which says so.
func publicationOf(k kind) publication {
	if int(k) >= len(publications) {
		return publication{to: creators}
	}
	return publications[k]
}

func sayDefinition(e *Event, _ audience, _ *Feed) (PublicData, bool) {
	d := e.Detail.(defining).defined()
	return PublicData{
		Name: d.Name, Visibility: string(d.Visibility), StartDate: publicTime(d.Start), EndDate: publicTime(d.End),
	}, true
}

// sayAmendment tells the reason as well: everybody who sees the competition is shown it.
func sayAmendment(e *Event, to audience, f *Feed) (PublicData, bool) {
	said, tell := sayDefinition(e, to, f)
	said.Reason = e.Detail.(reasoned).reason()
	return said, tell
}

func sayStatus(e *Event, _ audience, _ *Feed) (PublicData, bool) {
	return PublicData{Status: e.Detail.(*StatusChanged).Status.String()}, true
}

func sayWho(e *Event, _ audience, _ *Feed) (PublicData, bool) {
	return PublicData{number: aboutWhom(e)}, true
}

func sayErased(e *Event, _ audience, _ *Feed) (PublicData, bool) {
	number := aboutWhom(e)
	return PublicData{number: number}, number != 0 // the creator is no participant
}

// aboutWhom returns the participant whom an event is about.
func aboutWhom(e *Event) (number uint32) {
	switch d := e.Detail.(type) {
	case identified:
		number, _, _ = d.identity()
	case *ParticipantLeft:
		number = d.Number
	case *ParticipantReturned:
		number = d.Number
	}
	return number
}

// sayVerdict keeps an operator's reason from creators.
func sayVerdict(e *Event, to audience, _ *Feed) (PublicData, bool) {
	var v *verdict
	switch d := e.Detail.(type) {
	case *ParticipantExcluded:
		v = &d.verdict
	case *ParticipantRestored:
		v = &d.verdict
	case *ParticipantRemoved:
		v = &d.verdict
	default:
		return PublicData{}, false
	}
	said := PublicData{number: v.Number}
	if to == operators {
		said.Reason = v.Reason
	}
	return said, true
}

func sayFee(e *Event, _ audience, f *Feed) (PublicData, bool) {
	var paid fee
	switch d := e.Detail.(type) {
	case *EntryFeePaid:
		paid = d.fee
	case *EntryFeeRefunded:
		paid = d.fee
	}
	return PublicData{number: paid.Number, Amount: f.amount(paid.Minor), Currency: f.currency}, true
}

// publicPrizes is how many prizes an event names, the best; the others are read from
// the lists.
const publicPrizes = 100

func saySettled(e *Event, _ audience, f *Feed) (PublicData, bool) {
	d := e.Detail.(*PrizesDistributed)
	said := PublicData{
		Status: Settled.String(), Pool: f.amount(d.PoolMinor), Currency: f.currency,
		Pending: d.Pending, PrizesCount: len(d.Prizes), Prizes: []PublicPrize{},
	}
	for _, w := range d.Prizes[:min(len(d.Prizes), publicPrizes)] {
		said.Prizes = append(said.Prizes, PublicPrize{
			number: w.Number, PrizeID: ledger.PrizeID{CompetitionID: f.competitionID, Number: w.Number}.String(),
			Rank: w.Rank, Amount: f.amount(w.Minor),
		})
	}
	return said, true
}

func sayPrize(e *Event, _ audience, f *Feed) (PublicData, bool) {
	number := e.Detail.(monetary).decides()
	said := PublicData{number: number, PrizeID: ledger.PrizeID{CompetitionID: f.competitionID, Number: number}.String()}
	if failed, ok := e.Detail.(*PrizeFailed); ok {
		said.Reason = failed.Reason
	}
	return said, true
}

func sayFlag(e *Event, _ audience, _ *Feed) (PublicData, bool) {
	d := e.Detail.(*SyncFlagged)
	return PublicData{number: d.Number, Date: d.Day.String(), Flag: d.Reason.String()}, true
}

func sayCorrection(e *Event, _ audience, _ *Feed) (PublicData, bool) {
	said := PublicData{Reason: e.Detail.(reasoned).reason()}
	switch d := e.Detail.(type) {
	case *DayCorrected:
		said.number, said.Date = d.Number, d.Day.String()
	case *CorrectionWithdrawn:
		said.number, said.Date = d.Number, d.Day.String()
	}
	return said, true
}

func sayContinued(e *Event, _ audience, _ *Feed) (PublicData, bool) {
	return PublicData{Epoch: string(e.Detail.(*JournalContinued).Epoch.Append(nil))}, true
}
