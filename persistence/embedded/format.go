package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/wire"
)

// formatName is the name of the one format row.
const formatName = "level"

// layout grows with every change of keys.go or rows.go that an older program could
// not read, as competition.FormatLevel does with every new kind of event.
//
//	0  everything before levels were noted
//	1  summaries say until when decisions are kept
const layout = 1

// verifyFormat refuses a folder that a newer version has used, whose journals or
// rows may be what this one cannot read, and notes this version's levels: that of
// the events and that of the layout.
func verifyFormat(db *pebble.DB) error {
	key := appendKey(nil, formatKeys, formatName)
	value, closer, err := db.Get(key)
	var level, rows uint64
	switch {
	case errors.Is(err, pebble.ErrNotFound): // from before there were levels, or new
	case err != nil:
		return err
	default:
		r := wire.NewReader(value)
		level, rows = r.Uvarint(), r.Uvarint() // 0 where there is none
		if err := closer.Close(); err != nil {
			return err
		}
	}
	switch {
	case level > uint64(competition.FormatLevel):
		return fmt.Errorf("%w: it has format level %d and this program knows %d; run the newer program", ErrNewer, level, competition.FormatLevel)
	case rows > layout:
		return fmt.Errorf("%w: it has layout %d and this program knows %d; run the newer program", ErrNewer, rows, layout)
	case level == uint64(competition.FormatLevel) && rows == layout:
		return nil
	}
	value = binary.AppendUvarint(binary.AppendUvarint(nil, uint64(competition.FormatLevel)), layout)
	return db.Set(key, value, pebble.Sync)
}
