package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/paceboard/paceboard/benchmarks/internal/measure"
)

// subscribers is the processor time of the server, and how late frames are, by
// the number of WebSocket subscribers of one board that changes all the time.
func subscribers(dir string) study {
	return study{
		name: "subscribers", sizes: []int{1, 10, 100, 1_000, 10_000},
		curves: []*curve{
			{Of: "subscribers", What: "the server at 200 syncs/s", Unit: "% of a core"},
			{Of: "subscribers", What: "from sync to frame, median", Unit: "ms"},
		},
		at: func(ctx context.Context, n int) ([]float64, error) {
			live := filepath.Join(dir, "live")
			if _, err := os.Stat(live); err != nil {
				if err := measure.Build(ctx, dir, "./benchmarks/live"); err != nil {
					return nil, err
				}
			}
			result := filepath.Join(dir, "live.json")
			cmd := exec.CommandContext(ctx, live, "-subscribers", strconv.Itoa(n), "-stalled", "0", "-rate", "200", "-measure", "5s",
				"-svg", filepath.Join(dir, "live.svg"), "-json", result)
			if out, err := cmd.CombinedOutput(); err != nil {
				return nil, fmt.Errorf("%w\n%s", err, out)
			}
			text, err := os.ReadFile(result) //nolint:gosec // G304: our own file.
			if err != nil {
				return nil, err
			}
			var found struct {
				Cores float64 `json:"server_cores"`
				P50   float64 `json:"p50_ms"`
			}
			err = json.Unmarshal(text, &found)
			return []float64{found.Cores * 100, found.P50}, err
		},
	}
}
