package actors

import (
	"reflect"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/paceboard/paceboard/competition"
)

// FuzzParseRequest: whatever a peer sends is an error or a request, for little memory,
// and a request crosses once more as it is.
func FuzzParseRequest(f *testing.F) {
	for number, k := range wireKinds {
		f.Add(number, []byte{})
		_, body, err := appendRequest(nil, reflect.New(k.request).Interface())
		require.NoError(f, err)
		f.Add(number, body)
	}
	for _, x := range goldenExchanges {
		kind, body, err := appendRequest(nil, x.request)
		require.NoError(f, err)
		f.Add(kind, body)
	}
	f.Fuzz(func(t *testing.T, kind uint16, body []byte) {
		var request any
		var err error
		requireLittle(t, len(body), func() { request, err = parseRequest(kind, body) })
		if err != nil {
			require.Nil(t, request)
			return
		}
		again, second, err := appendRequest(nil, request)
		require.NoError(t, err)
		require.Equal(t, kind, again)
		same, err := parseRequest(kind, second)
		require.NoError(t, err)
		require.Equal(t, request, same)
	})
}

// FuzzParseAnswer is the same for answers.
func FuzzParseAnswer(f *testing.F) {
	request := func(kind uint16) any {
		if kind == wireNumbers[reflect.TypeFor[*batchOfSyncs]()] {
			return &batchOfSyncs{items: make([]competition.BatchItem, 2)}
		}
		return reflect.New(wireKinds[kind].request).Interface()
	}
	for number, k := range wireKinds {
		f.Add(number, []byte{})
		f.Add(number, appendAnswer(nil, nil, nil, &competition.CorruptError{CompetitionID: "spring"}))
		if k.answer != nil && k.answer.Kind() != reflect.Pointer {
			f.Add(number, appendAnswer(nil, request(number), reflect.New(k.answer).Elem().Interface(), nil))
		}
	}
	f.Add(uint16(11), appendAnswer(nil, &getTopSince{}, &competition.Published{Board: goldenBoard}, nil))
	for _, x := range goldenExchanges {
		kind, _, err := kindOf(x.request)
		require.NoError(f, err)
		f.Add(kind, appendAnswer(nil, x.request, x.answer, x.err))
	}
	f.Fuzz(func(t *testing.T, kind uint16, body []byte) {
		if _, ok := wireKinds[kind]; !ok {
			return
		}
		asked := request(kind)
		var answer any
		var err error
		requireLittle(t, len(body), func() { answer, err = parseAnswer(asked, body) })
		if err != nil {
			require.Nil(t, answer)
			_, same := parseAnswer(request(kind), appendAnswer(nil, nil, nil, err))
			require.EqualError(t, same, err.Error())
			return
		}
		if reply, ok := answer.(topReply); ok {
			if answer = reply.Top; reply.Top == nil {
				return
			}
			require.False(t, reply.Same || reply.PerCaller)
		}
		if history, ok := answer.(competition.History); ok {
			for r := range history.Days.All() {
				_ = history.Sources[r.Source]
			}
		}
		second := appendAnswer(nil, asked, answer, nil)
		same, err := parseAnswer(request(kind), second)
		require.NoError(t, err)
		switch same := same.(type) {
		case topReply:
			require.Equal(t, answer.(*competition.Published).Board, same.Top.Board)
		case *competition.Published:
			require.Equal(t, answer.(*competition.Published).Board, same.Board)
		default:
			require.Equal(t, answer, same)
		}
	})
}

// requireLittle checks that parsing so many bytes allocates in proportion to them.
func requireLittle(t *testing.T, size int, parse func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	parse()
	runtime.ReadMemStats(&after)
	require.LessOrEqual(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20+1024*size))
}

// parseRequest is takeRequest with a request of its own.
func parseRequest(kind uint16, body []byte) (request any, err error) {
	k, err := kindNumbered(kind)
	if err != nil {
		return nil, err
	}
	return k.parse("spring", k.newRequest(), body)
}
