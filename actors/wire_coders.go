package actors

import (
	"encoding/binary"

	"github.com/paceboard/paceboard/actors/internal/codec"
	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/wire"
)

// The coders of what is asked often, or is large.
var (
	syncCoder = codec.Coder[competition.SubmitSync]{
		Append: func(dst []byte, s *competition.SubmitSync) ([]byte, error) { return codec.AppendSync(dst, s), nil },
		Read:   codec.ReadSync,
	}
	syncReplyCoder = codec.Coder[competition.SyncReply]{
		Append: func(dst []byte, s *competition.SyncReply) ([]byte, error) {
			return codec.AppendSyncReply(dst, s), nil
		},
		Read: func(r *wire.Reader, s *competition.SyncReply) { *s = codec.ReadSyncReply(r) },
	}
	getTopCoder = codec.Coder[getTop]{
		Append: func(dst []byte, q *getTop) ([]byte, error) { return codec.AppendCaller(dst, q.Caller), nil },
		Read:   func(r *wire.Reader, q *getTop) { q.Caller = codec.ReadCaller(r) },
	}
	getTopSinceCoder = codec.Coder[getTopSince]{
		Append: func(dst []byte, q *getTopSince) ([]byte, error) {
			dst = wire.AppendFlag(codec.AppendCaller(dst, q.Caller), q.Shared)
			return binary.BigEndian.AppendUint64(binary.AppendUvarint(dst, q.Version), q.Hash), nil
		},
		Read: func(r *wire.Reader, q *getTopSince) {
			q.Caller, q.Shared, q.Version, q.Hash = codec.ReadCaller(r), r.Flag(), r.Uvarint(), r.Uint64()
		},
	}
	getPageCoder = codec.Coder[getPage]{
		Append: func(dst []byte, q *getPage) ([]byte, error) {
			dst = binary.AppendVarint(codec.AppendCaller(dst, q.Caller), int64(q.Offset))
			return binary.AppendVarint(dst, int64(q.Limit)), nil
		},
		Read: func(r *wire.Reader, q *getPage) {
			q.Caller, q.Offset, q.Limit = codec.ReadCaller(r), int(r.Varint()), int(r.Varint())
		},
	}
	getAroundCoder = codec.Coder[getAround]{
		Append: func(dst []byte, q *getAround) ([]byte, error) {
			dst = wire.AppendString(codec.AppendCaller(dst, q.Caller), q.UserID)
			return binary.AppendVarint(dst, int64(q.Radius)), nil
		},
		Read: func(r *wire.Reader, q *getAround) {
			q.Caller, q.UserID, q.Radius = codec.ReadCaller(r), r.String(), int(r.Varint())
		},
	}
	publishedCoder = codec.Coder[*competition.Published]{
		Append: func(dst []byte, top **competition.Published) ([]byte, error) {
			page, err := codec.PageOf(*top)
			return codec.AppendPage(dst, page), err
		},
		Read: func(r *wire.Reader, top **competition.Published) { *top, _ = codec.ReadPage(r) },
	}
	participantsCoder = codec.Coder[participantsReply]{
		Append: func(dst []byte, p *participantsReply) ([]byte, error) {
			return codec.AppendEntries(binary.AppendUvarint(dst, uint64(p.Next)), p.Entries, 0)
		},
		Read: func(r *wire.Reader, p *participantsReply) { p.Next, p.Entries = r.Number(), codec.ReadEntries(r, 0) },
	}
	prizesCoder = codec.Coder[competition.PrizesReply]{
		Append: codec.AppendPrizesReply,
		Read:   func(r *wire.Reader, p *competition.PrizesReply) { *p = codec.ReadPrizesReply(r) },
	}
)
