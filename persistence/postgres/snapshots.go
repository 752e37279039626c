package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/paceboard/paceboard/competition"
	"github.com/paceboard/paceboard/competition/calendar"
)

// saveRows is how many rows go to the server at a time: some megabytes.
const saveRows = 4096

// Save stores a snapshot in one transaction; see competition.Snapshots. Cost:
// linear in its rows, some 30 µs each. A snapshot beyond the journal gives a
// *competition.CorruptError.
func (s *Store) Save(ctx context.Context, snapshot *competition.Snapshot) error {
	err := pgx.BeginFunc(ctx, s.write, func(tx pgx.Tx) error {
		if err := s.saveHeader(ctx, tx, snapshot); err != nil {
			return err
		}
		for rows := snapshot.Rows; len(rows) > 0; {
			n := min(saveRows, len(rows))
			if _, err := tx.Exec(ctx, saveRowsSQL, rowArguments(snapshot.CompetitionID, rows[:n])...); err != nil {
				return err
			}
			rows = rows[n:]
		}
		return nil
	})
	if err != nil && !errors.Is(err, competition.ErrConflict) && !errors.Is(err, competition.ErrCorrupt) && !errors.Is(err, competition.ErrNotOwner) {
		err = unavailable(fmt.Sprintf("save snapshot %d", snapshot.Seq), err)
	}
	return err
}

// saveHeaderSQL returns a row if it has stored the header. What the snapshot replaces is not
// stale any more; see stale.go.
const saveHeaderSQL = `
WITH saved AS (
    INSERT INTO paceboard.snapshots AS s (competition_id, seq, header, saved_at)
    SELECT competition_id, $2, $3, now() FROM paceboard.heads WHERE competition_id = $1 AND last_seq >= $2 AND owner = $4 AND epoch = $5
    ON CONFLICT (competition_id) DO UPDATE
        SET seq = excluded.seq, header = excluded.header, saved_at = excluded.saved_at
        WHERE s.seq < excluded.seq
    RETURNING competition_id, seq
), replaced AS (
    DELETE FROM paceboard.stale_snapshots e USING saved s WHERE e.competition_id = s.competition_id AND e.seq <= s.seq
)
SELECT FROM saved`

// saveHeader stores the header if it is newer than the stored one, the owner's, and not
// beyond the journal. Until the transaction is over nobody else can store one.
func (s *Store) saveHeader(ctx context.Context, tx pgx.Tx, snapshot *competition.Snapshot) error {
	id, seq := snapshot.CompetitionID, snapshot.Seq
	done, err := tx.Exec(ctx, saveHeaderSQL, id, int64(seq), snapshot.Header, s.node, int64(snapshot.Epoch))
	if err != nil || done.RowsAffected() == 1 {
		return err
	}
	var last, epoch uint64
	var owner string
	err = tx.QueryRow(ctx, `SELECT last_seq, coalesce(owner, ''), epoch FROM paceboard.heads WHERE competition_id = $1`, id).Scan(&last, &owner, &epoch)
	switch {
	case err != nil && !errors.Is(err, pgx.ErrNoRows):
		return err
	case err == nil && (owner != s.node || epoch != snapshot.Epoch):
		return fmt.Errorf("save snapshot %d: %w", seq, elsewhere(owner, s.node))
	case seq > last:
		return corrupt(id, last+1, "the journal ends before seq %d, of which a snapshot was taken", seq)
	default:
		return fmt.Errorf("save snapshot %d: %w", seq, competition.ErrConflict)
	}
}

// A time of 0 is one that never was.
const saveRowsSQL = `
INSERT INTO paceboard.participants AS p
SELECT $1, number, present, score, steps, distance_cm, energy_centikcal, active_minutes, reached,
       timestamptz 'epoch' + nullif(updated_at, 0) * interval '1 millisecond',
       timestamptz 'epoch' + nullif(last_synced_at, 0) * interval '1 millisecond', days, paid_minor, excluded, review, reviewed::jsonb
FROM unnest($2::bigint[], $3::boolean[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[],
            $10::bigint[], $11::bigint[], $12::bytea[], $13::bigint[], $14::boolean[], $15::bytea[], $16::text[])
    AS r (number, present, score, steps, distance_cm, energy_centikcal, active_minutes, reached, updated_at, last_synced_at, days, paid_minor,
          excluded, review, reviewed)
ON CONFLICT (competition_id, number) DO UPDATE
    SET (present, score, steps, distance_cm, energy_centikcal, active_minutes, reached, updated_at, last_synced_at, days, paid_minor,
         excluded, review, reviewed)
      = (excluded.present, excluded.score, excluded.steps, excluded.distance_cm, excluded.energy_centikcal,
         excluded.active_minutes, excluded.reached, excluded.updated_at, excluded.last_synced_at, excluded.days, excluded.paid_minor,
         excluded.excluded, excluded.review, excluded.reviewed)`

func rowArguments(id string, rows []competition.Row) []any {
	n := len(rows)
	number, present, score, reached := make([]int64, n), make([]bool, n), make([]int64, n), make([]int64, n)
	steps, distance, energy, minutes := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	updated, synced, days, paid := make([]int64, n), make([]int64, n), make([][]byte, n), make([]int64, n)
	excluded, review, reviewed := make([]bool, n), make([][]byte, n), make([]*string, n)
	for i := range rows {
		r := &rows[i]
		number[i], present[i], score[i], reached[i] = int64(r.Number), r.Present, r.Score, int64(r.Reached)
		steps[i], distance[i] = r.Totals.Steps, r.Totals.DistanceCm
		energy[i], minutes[i] = r.Totals.EnergyCentikcal, r.Totals.ActiveMinutes
		updated[i], synced[i], paid[i] = int64(r.UpdatedAt), int64(r.LastSyncedAt), r.Paid
		if days[i] = r.Days; days[i] == nil {
			days[i] = []byte{} // nil would be NULL
		}
		excluded[i] = r.Review != nil && r.Review.Excluded
		review[i], reviewed[i] = reviewColumns(r.Review)
	}
	return []any{id, number, present, score, steps, distance, energy, minutes, reached, updated, synced, days, paid, excluded, review, reviewed}
}

// Load visits the stored snapshot; see competition.Snapshots. Cost: linear in
// rows, which are streamed, some 3 µs each.
func (s *Store) Load(ctx context.Context, competitionID string, header func([]byte) error, row func(competition.Row) error) error {
	if err := s.doubts.resolve(ctx); err != nil {
		return err
	}
	// Header and rows are of one moment, whatever is saved meanwhile.
	tx, err := s.read.BeginTx(ctx, unsorted)
	if err != nil {
		return unavailable("load a snapshot", err)
	}
	defer func() { _ = tx.Rollback(ctx) }() // There is nothing to lose.
	var seq, last uint64
	var b []byte
	err = tx.QueryRow(ctx, `
SELECT s.seq, s.header, coalesce(h.last_seq, 0)
FROM paceboard.snapshots s LEFT JOIN paceboard.heads h USING (competition_id)
WHERE s.competition_id = $1`, competitionID).Scan(&seq, &b, &last)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return unavailable("load a snapshot", err)
	case seq > last:
		return corrupt(competitionID, last+1, "the journal ends before seq %d, of which there is a snapshot", seq)
	}
	if err := header(b); err != nil {
		return err
	}
	return eachOf(ctx, tx, loadSQL, func(v [][]byte) error {
		r := competition.Row{
			Number: uint32(bigint(v[0])), Present: v[1][0] == 1, Score: bigint(v[2]),
			Totals: competition.Metrics{
				Steps: bigint(v[3]), DistanceCm: bigint(v[4]), EnergyCentikcal: bigint(v[5]), ActiveMinutes: bigint(v[6]),
			},
			Reached: uint64(bigint(v[7])), UpdatedAt: timestamp(v[8]), LastSyncedAt: timestamp(v[9]), Days: v[10], Paid: bigint(v[11]),
		}
		if v[12] != nil {
			var err error
			if r.Review, err = competition.ParseReview(v[12]); err != nil {
				return corrupt(competitionID, seq, "the review of participant %d: %v", r.Number, err)
			}
		}
		return row(r)
	}, competitionID)
}

const loadSQL = `
SELECT number, present, score, steps, distance_cm, energy_centikcal, active_minutes, reached, updated_at, last_synced_at, days, paid_minor, review
FROM paceboard.participants WHERE competition_id = $1 ORDER BY number`

// timestamp is a timestamptz: microseconds since 2000; NULL is never.
func timestamp(b []byte) calendar.Millis {
	const millisTo2000 = 946_684_800_000
	if b == nil {
		return 0
	}
	return calendar.Millis(bigint(b)/1000 + millisTo2000)
}

// reviewColumns are what a review is stored as: packed, for the server, and in
// words, for people. nil, for nearly everybody, is NULL.
func reviewColumns(r *competition.Review) (packed []byte, words *string) {
	if r == nil {
		return nil, nil
	}
	w := reviewWords{Reason: r.Reason, Removal: r.Removal, Corrections: make([]correctionWords, len(r.Corrections)), Flags: make([]flagWords, len(r.Flags))}
	if r.RemovedAt != 0 {
		w.RemovedAt = new(r.RemovedAt.Time())
	}
	for i, c := range r.Corrections {
		w.Corrections[i] = correctionWords{c.Day.String(), wordsOf(c.Metrics), c.Reason}
	}
	for i, f := range r.Flags {
		w.Flags[i] = flagWords{f.Seq, f.At.Time(), f.Day.String(), f.Reason.String(), wordsOf(f.Found), wordsOf(f.Usual)}
	}
	text, err := json.Marshal(&w)
	if err != nil {
		panic("postgres: " + err.Error()) // there is nothing in it that JSON cannot hold
	}
	words = new(string(text))
	return competition.AppendReview(nil, r), words
}

type reviewWords struct {
	Reason      string            `json:"reason"`
	RemovedAt   *time.Time        `json:"removed_at,omitempty"`
	Removal     string            `json:"removal,omitempty"`
	Corrections []correctionWords `json:"corrections"`
	Flags       []flagWords       `json:"flags"`
}

type correctionWords struct {
	Day string `json:"day"`
	metricsWords
	Reason string `json:"reason"`
}

type flagWords struct {
	Seq    uint64       `json:"seq"`
	At     time.Time    `json:"at"`
	Day    string       `json:"day"`
	Reason string       `json:"reason"`
	Found  metricsWords `json:"found"`
	Usual  metricsWords `json:"usual"`
}

type metricsWords struct {
	Steps           int64 `json:"steps"`
	DistanceCm      int64 `json:"distance_cm"`
	EnergyCentikcal int64 `json:"energy_centikcal"`
	ActiveMinutes   int64 `json:"active_minutes"`
}

func wordsOf(m competition.Metrics) metricsWords { return metricsWords(m) }
