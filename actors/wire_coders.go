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
