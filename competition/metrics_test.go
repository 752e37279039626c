package competition

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// wantScore is the exact sum, rounded down, and cut at the largest score.
func wantScore(w Weights, m Metrics) int64 {
	exact := exactScore(w, m)
	if exact.Cmp(big.NewInt(MaxScore)) > 0 {
		return MaxScore
	}
	return exact.Int64()
}

func TestScoreIsExact(t *testing.T) {
	amounts := rapid.OneOf(
		rapid.Int64Range(0, 2_000), rapid.Int64Range(0, 1<<53), rapid.Int64Range(0, math.MaxInt64), rapid.Just[int64](math.MaxInt64),
	)
	weights := rapid.OneOf(rapid.Int64Range(0, 20), rapid.Int64Range(0, MaxWeight), rapid.Just[int64](MaxWeight))
	rapid.Check(t, func(t *rapid.T) {
		m := Metrics{
			amounts.Draw(t, "steps"), amounts.Draw(t, "cm"), amounts.Draw(t, "centikcal"), amounts.Draw(t, "minutes"),
		}
		w := Weights{
			weights.Draw(t, "a step"), weights.Draw(t, "a metre"), weights.Draw(t, "a kcal"), weights.Draw(t, "a minute"),
		}
		require.Equal(t, wantScore(w, m), w.Score(m))
	})
}

func TestScore(t *testing.T) {
	const most = math.MaxInt64
	for _, test := range []struct {
		rule    string
		weights Weights
		metrics Metrics
		want    int64
	}{
		{"nothing is nothing", Weights{Step: MaxWeight, Metre: MaxWeight, Kcal: MaxWeight, Minute: MaxWeight}, Metrics{}, 0},
		{"a point a step", Weights{Step: 1000}, Metrics{Steps: 12_345}, 12_345},
		{"a thousandth of a point a step is rounded down", Weights{Step: 1}, Metrics{Steps: 1_999}, 1},
		{"a point a metre, of centimetres", Weights{Metre: 1000}, Metrics{DistanceCm: 8_000_99}, 8_000},
		{"a point a kilocalorie, of hundredths", Weights{Kcal: 1000}, Metrics{EnergyCentikcal: 500_99}, 500},
		{"ten points a minute", Weights{Minute: 10_000}, Metrics{ActiveMinutes: 60}, 600},
		{
			"rounded once, at the end: 0.999 + 0.99999 + 0.99999 + 0.999 = 3.99798",
			Weights{Step: 1, Metre: 1, Kcal: 1, Minute: 1},
			Metrics{Steps: 999, DistanceCm: 99_999, EnergyCentikcal: 99_999, ActiveMinutes: 999},
			3,
		},
		{"0.001 + 0.99899 is less than one", Weights{Step: 1, Metre: 1}, Metrics{Steps: 1, DistanceCm: 99_899}, 0},
		{"0.001 + 0.99900 is one", Weights{Step: 1, Metre: 1}, Metrics{Steps: 1, DistanceCm: 99_900}, 1},
		{"the largest score", Weights{Step: 1000}, Metrics{Steps: MaxScore}, MaxScore},
		{"one more is cut", Weights{Step: 1000}, Metrics{Steps: MaxScore + 1}, MaxScore},
		{"just over 100,000 times 2^64", Weights{Step: MaxWeight}, Metrics{Steps: 18_446_744_073_709_552}, MaxScore},
		{"128 bits are enough", Weights{MaxWeight, MaxWeight, MaxWeight, MaxWeight}, Metrics{most, most, most, most}, MaxScore},
	} {
		t.Run(test.rule, func(t *testing.T) {
			require.Equal(t, test.want, test.weights.Score(test.metrics))
		})
	}
}

func TestMetricsWithin(t *testing.T) {
	limit := Metrics{Steps: 10, DistanceCm: 20, EnergyCentikcal: 30, ActiveMinutes: 40}
	require.True(t, limit.Within(limit), "the limit itself is allowed")
	for _, over := range []Metrics{{11, 0, 0, 0}, {0, 21, 0, 0}, {0, 0, 31, 0}, {0, 0, 0, 41}} {
		require.False(t, over.Within(limit))
	}
}

func TestMetricsArithmetic(t *testing.T) {
	a, b := Metrics{1, 20, 3, 40}, Metrics{10, 2, 30, 4}
	require.Equal(t, Metrics{10, 20, 30, 40}, a.Max(b))
	require.Equal(t, Metrics{11, 22, 33, 44}, a.Plus(b))
	require.Equal(t, a, a.Plus(b).Minus(b))
}
