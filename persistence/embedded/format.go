package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/paceboard/paceboard/competition"
)

// formatName is the name of the one format row.
const formatName = "level"

// verifyFormat refuses a folder that a newer version has used, whose journals may
// hold what this one cannot read, and notes this version's level.
func verifyFormat(db *pebble.DB) error {
	key := appendKey(nil, formatKeys, formatName)
	value, closer, err := db.Get(key)
	var level uint64
	switch {
	case errors.Is(err, pebble.ErrNotFound): // from before there were levels, or new
	case err != nil:
		return err
	default:
		level, _ = binary.Uvarint(value)
		if err := closer.Close(); err != nil {
			return err
		}
	}
	switch {
	case level > uint64(competition.FormatLevel):
		return fmt.Errorf("%w: it has format level %d and this program knows %d; run the newer program", ErrNewer, level, competition.FormatLevel)
	case level == uint64(competition.FormatLevel):
		return nil
	}
	return db.Set(key, binary.AppendUvarint(nil, uint64(competition.FormatLevel)), pebble.Sync)
}
