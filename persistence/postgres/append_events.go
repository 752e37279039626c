package postgres

import (
	_ "embed" // append_events.sql
	"encoding/binary"
	"slices"

	"github.com/jackc/pgx/v5/pgtype"
)

//go:embed append_events.sql
var appendEventsSQL string

// onlyEvents reports whether the rows are events, and none of them begins a
// journal, so that append_events.sql is enough.
func (r *appendRows) onlyEvents() bool {
	return len(r.number)+len(r.memberID)+len(r.source)+len(r.summaries)+len(r.erasures) == 0 && r.ledger.empty() && !slices.Contains(r.firstSeq, 1)
}

// eventParameters are the parameters of append_events.sql, which every busy server
// runs all the time: written by hand in PostgreSQL's binary form, which takes a
// third of the time that reflection would.
func (r *appendRows) eventParameters() [][]byte {
	return [][]byte{
		int4Array(r.place), textArray(r.id), int8Array(r.firstSeq), int8Array(r.lastSeq), byteaArray(r.previousHash), byteaArray(r.lastHash),
		int4Array(r.eventPlace), int8Array(r.seq), int8Array(r.at), byteaArray(r.record),
	}
}

// binaryArray is an array of one dimension as array_recv of the server's
// arrayfuncs.c reads it: dimensions, whether there are nulls, the elements' type,
// their number, the first index, then each with its length.
func binaryArray[T any](elements uint32, values []T, size int, appendValue func([]byte, T) []byte) []byte {
	dst := make([]byte, 0, 20+len(values)*(4+size))
	for _, word := range []uint32{1, 0, elements, uint32(len(values)), 1} {
		dst = binary.BigEndian.AppendUint32(dst, word)
	}
	for _, value := range values {
		at := len(dst)
		dst = appendValue(append(dst, 0, 0, 0, 0), value)
		binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	}
	return dst
}

func int4Array(values []int32) []byte {
	return binaryArray(pgtype.Int4OID, values, 4, func(dst []byte, v int32) []byte { return binary.BigEndian.AppendUint32(dst, uint32(v)) })
}

func int8Array(values []int64) []byte {
	return binaryArray(pgtype.Int8OID, values, 8, func(dst []byte, v int64) []byte { return binary.BigEndian.AppendUint64(dst, uint64(v)) })
}

func textArray(values []string) []byte {
	return binaryArray(pgtype.TextOID, values, 36, func(dst []byte, v string) []byte { return append(dst, v...) })
}

func byteaArray(values [][]byte) []byte {
	return binaryArray(pgtype.ByteaOID, values, 128, func(dst, v []byte) []byte { return append(dst, v...) })
}
