package actors

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/ledger"
)

// crossRequest returns a request as the other node gets it.
func crossRequest(t require.TestingT, request any) any {
	kind, body, err := appendRequest([]byte("before"), request)
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(body, []byte("before")))
	body = body[len("before"):]
	got, err := parseRequest(kind, body)
	require.NoError(t, err)
	scribble(body)
	return got
}

// crossAnswer returns an answer as the node that asked gets it.
func crossAnswer(t require.TestingT, request, answer any, refusal error) (any, error) {
	body := appendAnswer([]byte("before"), request, answer, refusal)
	require.True(t, bytes.HasPrefix(body, []byte("before")))
	body = body[len("before"):]
	got, err := parseAnswer(request, body)
	scribble(body)
	return got, err
}

// scribble is what the next message does to the buffer of one that was parsed.
func scribble(b []byte) {
	for i := range b {
		b[i] = 0xdb
	}
}

func drawNew(t *rapid.T, of reflect.Type) reflect.Value {
	v := reflect.New(of)
	drawValue(t, v.Elem())
	return v
}

func TestRequestsAndAnswersCrossWhole(t *testing.T) {
	refusal := fmt.Errorf("x: %w", competition.ErrClosed)
	for number, k := range wireKinds {
		if k.name == "syncs" || k.name == "get_top_since" || k.name == "watch" {
			continue // they have tests of their own
		}
		t.Run(k.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				request := drawNew(t, k.request).Interface()
				require.Equal(t, request, crossRequest(t, request))
				got, err := crossAnswer(t, request, nil, refusal)
				require.Nil(t, got)
				require.ErrorIs(t, err, competition.ErrClosed)
				require.EqualError(t, err, refusal.Error())
				if k.answer == reflect.TypeFor[*competition.Published]() {
					top := drawNew(t, k.answer.Elem()).Interface().(*competition.Published)
					got, err = crossAnswer(t, request, top, nil)
					require.NoError(t, err)
					require.Equal(t, top.Board, got.(*competition.Published).Board)
					return
				}
				answer := drawNew(t, k.answer).Elem().Interface()
				got, err = crossAnswer(t, request, answer, nil)
				require.NoError(t, err)
				require.Equal(t, answer, got)
			})
			require.Equal(t, number, wireNumbers[reflect.PointerTo(k.request)])
		})
	}
}

// What crosses has no unexported fields, which would be lost without a test noticing.
func TestNoFieldIsLeftOut(t *testing.T) {
	stays := map[string]bool{"getPage.room": true, "getAround.room": true, "batchOfSyncs.open": true, "batchOfSyncs.items": true, "batchOfSyncs.refused": true}
	seen := map[reflect.Type]bool{reflect.TypeFor[competition.Encodings](): true}
	var look func(of reflect.Type)
	look = func(of reflect.Type) {
		switch of.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array:
			look(of.Elem())
		case reflect.Struct:
			if seen[of] {
				return
			}
			seen[of] = true
			for f := range of.Fields() {
				require.True(t, f.IsExported() || stays[of.Name()+"."+f.Name], "%v.%s is unexported and does not cross", of, f.Name)
				look(f.Type)
			}
		default: // numbers and texts
		}
	}
	for _, k := range wireKinds {
		look(k.request)
		if k.answer != nil {
			look(k.answer)
		}
	}
	require.Greater(t, len(seen), 30)
}

func TestAnswersWithRoom(t *testing.T) {
	answer := competition.Board{CompetitionID: "spring", Version: 7, Entries: []competition.Entry{{UserID: "ann", Rank: 1}, {UserID: "bob", Rank: 2}}}
	for _, c := range []struct {
		name string
		room []competition.Entry
		used bool
	}{{"none", nil, false}, {"too little", make([]competition.Entry, 1), false}, {"enough", make([]competition.Entry, 2), true}} {
		t.Run(c.name, func(t *testing.T) {
			for _, request := range []any{&getPage{room: c.room}, &getAround{room: c.room}} {
				got, err := crossAnswer(t, request, answer, nil)
				require.NoError(t, err)
				require.Equal(t, answer, got)
				require.Equal(t, c.used, c.room != nil && &got.(competition.Board).Entries[0] == &c.room[0])
			}
		})
	}
}

func TestSyncsCrossWithoutAny(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawNew(t, reflect.TypeFor[competition.SubmitSync]()).Interface().(*competition.SubmitSync)
		body := appendSync(nil, s)
		kind, same, err := appendRequest(nil, s)
		require.NoError(t, err)
		require.EqualValues(t, kindSync, kind)
		require.Equal(t, same, body)
		var got competition.SubmitSync
		require.NoError(t, parseSync(body, &got))
		scribble(body)
		require.Equal(t, *s, got)

		reply := drawNew(t, reflect.TypeFor[competition.SyncReply]()).Interface().(*competition.SyncReply)
		body = appendSyncAnswer(nil, reply, nil)
		require.Equal(t, appendAnswer(nil, s, *reply, nil), body)
		gotReply, err := parseSyncAnswer(body)
		require.NoError(t, err)
		require.Equal(t, *reply, gotReply)
		_, err = parseSyncAnswer(appendSyncAnswer(nil, &competition.SyncReply{}, competition.ErrFull))
		require.Same(t, competition.ErrFull, err)
	})
	s := &competition.SubmitSync{Metrics: competition.Metrics{Steps: -1}}
	require.ErrorIs(t, parseSync(appendSync(nil, s), s), competition.ErrInternal)
}

func TestBatchesCross(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		batch := &batchOfSyncs{}
		for range rapid.IntRange(0, 4).Draw(t, "items") {
			item := competition.BatchItem{CompetitionID: "spring"}
			drawValue(t, reflect.ValueOf(&item.Sync).Elem())
			batch.items = append(batch.items, item)
		}
		got := crossRequest(t, batch).(*batchOfSyncs)
		require.Len(t, got.items, len(batch.items))
		require.Equal(t, len(batch.items), got.open)
		for i := range got.items {
			item := &got.items[i]
			require.Equal(t, batch.items[i].Sync, item.Sync)
			require.Equal(t, "spring", item.CompetitionID)
			require.Equal(t, 1, cap(item.Replies))
			if rapid.Bool().Draw(t, "refused") {
				item.Err = rapid.SampledFrom([]error{competition.ErrFull, competition.ErrUncounted, fmt.Errorf("%w: y", competition.ErrUnavailable)}).Draw(t, "error")
				continue
			}
			reply := competition.JoinedReply{CompetitionID: "spring"}
			drawValue(t, reflect.ValueOf(&reply.SyncReply).Elem())
			item.Replies = append(item.Replies, reply)
		}
		// The answer is read into the request, on the node that sent it.
		body := appendAnswer(nil, got, nil, nil)
		_, err := parseAnswer(batch, body)
		require.NoError(t, err)
		scribble(body)
		for i := range batch.items {
			require.Equal(t, got.items[i].Err == nil, batch.items[i].Err == nil)
			if got.items[i].Err != nil {
				require.EqualError(t, batch.items[i].Err, got.items[i].Err.Error())
				require.Empty(t, batch.items[i].Replies)
				continue
			}
			require.Equal(t, got.items[i].Replies, batch.items[i].Replies)
		}
	})
	full := &batchOfSyncs{items: make([]competition.BatchItem, 1001)}
	_, _, err := appendRequest(nil, full)
	require.ErrorIs(t, err, competition.ErrInternal, "more than a batch may have")
	unanswered := &batchOfSyncs{items: make([]competition.BatchItem, 1)}
	_, err = parseAnswer(unanswered, appendAnswer(nil, unanswered, nil, nil))
	require.ErrorIs(t, err, competition.ErrInternal, "an item without an answer")
	_, err = parseAnswer(&batchOfSyncs{}, appendAnswer(nil, &batchOfSyncs{items: []competition.BatchItem{{Err: competition.ErrFull}}}, nil, nil))
	require.ErrorIs(t, err, competition.ErrInternal, "answers to other items")
	_, err = parseAnswer(unanswered, appendAnswer(nil, nil, nil, competition.ErrUnavailable))
	require.ErrorIs(t, err, competition.ErrUnavailable)
}

func TestTheTopCrossesOnlyIfItIsNew(t *testing.T) {
	top := &competition.Published{Board: competition.Board{CompetitionID: "spring", Version: 7, Entries: []competition.Entry{{UserID: "ann", Rank: 1}}}}
	ask := func(q *getTopSince, top *competition.Published) topReply {
		t.Helper()
		require.Equal(t, q, crossRequest(t, q))
		reply, err := crossAnswer(t, q, top, nil)
		require.NoError(t, err)
		return reply.(topReply)
	}
	first := ask(&getTopSince{Shared: true}, top)
	require.Equal(t, top.Board, first.Top.Board)
	require.Equal(t, topReply{Top: first.Top, Hash: first.Hash}, first)

	held := &getTopSince{Shared: true, Version: 7, Hash: first.Hash}
	require.Equal(t, topReply{Same: true}, ask(held, top))
	require.Equal(t, topReply{Same: true}, ask(held, &competition.Published{Board: top.Board}), "made by another process")

	decided := &competition.Published{Board: top.Board}
	decided.PrizesDecided = 1
	later := ask(held, decided)
	require.Equal(t, decided.Board, later.Top.Board, "prizes that are decided make no new version")
	lost := &competition.Published{Board: top.Board}
	lost.Entries = []competition.Entry{{UserID: "bob", Rank: 1}}
	require.Equal(t, lost.Board, ask(held, lost).Top.Board, "another state under the same version")

	private := &competition.Published{Board: top.Board}
	private.Private = true
	require.Equal(t, topReply{PerCaller: true}, ask(held, private))
	own := ask(&getTopSince{Caller: competition.Caller{UserID: "ann"}, Version: 7, Hash: first.Hash}, private)
	require.Equal(t, private.Board, own.Top.Board)
	require.Equal(t, topReply{Same: true}, ask(&getTopSince{Caller: competition.Caller{UserID: "ann"}, Version: 7, Hash: own.Hash}, private))

	_, err := crossAnswer(t, held, nil, competition.ErrUnknownCompetition)
	require.Same(t, competition.ErrUnknownCompetition, err)
}

func TestWhatCannotCross(t *testing.T) {
	_, _, err := appendRequest(nil, &subscribe{})
	require.ErrorIs(t, err, competition.ErrInternal)
	_, _, err = appendRequest(nil, nil)
	require.ErrorIs(t, err, competition.ErrInternal)
	_, err = parseAnswer(&subscribe{}, nil)
	require.ErrorIs(t, err, competition.ErrInternal)
	_, err = parseRequest(9999, nil)
	require.ErrorIs(t, err, competition.ErrDeploying, "a kind that a newer version knows")
	_, err = parseRequest(14, nil)
	require.ErrorIs(t, err, competition.ErrInternal)
	_, err = parseAnswer(&getStats{}, appendAnswer(nil, &getStats{}, "not stats", nil))
	require.ErrorIs(t, err, competition.ErrInternal, "an answer of another type")
	_, err = parseAnswer(&getStats{}, nil)
	require.ErrorIs(t, err, competition.ErrInternal)
	_, err = parseSyncAnswer(nil)
	require.ErrorIs(t, err, competition.ErrInternal)

	many := competition.PrizesReply{Prizes: make([]ledger.Prize, competition.MaxWinners)}
	_, err = parseAnswer(&competition.DistributePrizes{}, appendAnswer(nil, &competition.DistributePrizes{}, many, nil))
	require.ErrorIs(t, err, competition.ErrInternal)
	require.ErrorContains(t, err, "at most 8388608 cross")

	refusal := errors.New("the journal's file is gone")
	_, err = parseAnswer(&getStats{}, appendAnswer(nil, nil, nil, refusal))
	require.ErrorIs(t, err, competition.ErrInternal)
	require.EqualError(t, err, refusal.Error())
}
