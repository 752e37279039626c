package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	paceboard "github.com/paceboard/paceboard/clients/go"
	"github.com/paceboard/paceboard/config"
	"github.com/paceboard/paceboard/internal/token"
)

// replayOptions is how a replay goes.
type replayOptions struct {
	url           string
	competitionID string
	token         string
	source        string
	seed          uint64
	shuffle       bool
	repeat        int
	concurrency   int
	rate          float64 // reports a second, 0 for as fast as it goes
}

// replay posts a CSV of days or hours through the real HTTP API.
func replay(ctx context.Context, p *program, args []string) error {
	var o replayOptions
	var seed, tokenFile string
	cmd := config.Command{
		Name:      "replay",
		Summary:   "Post a CSV of days or hours through the HTTP API, as phones would.",
		Arguments: "FILE",
		Example:   "paceboard replay --competition spring --shuffle 1 --repeat 3 --concurrency 32 testdata/fitbit-2016/hourly.csv",
		Optional:  []string{"SUPABASE_JWT_SECRET", "SUPABASE_URL", "SUPABASE_JWT_ISSUER"},
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&o.url, "url", "http://127.0.0.1:8081", "`URL` of the server")
			f.StringVar(&o.competitionID, "competition", "", "`ID` of the competition; by default, each report counts in every competition of its user")
			f.StringVar(&tokenFile, "token-file", "", "`FILE` with an operator's token; by default, one is made with SUPABASE_JWT_SECRET")
			f.StringVar(&o.source, "source", "tracker", "`NAME` of the reports' source")
			f.StringVar(&seed, "shuffle", "", "`SEED` for a random order; by default, the file's order is kept")
			f.IntVar(&o.repeat, "repeat", 1, "how many times to post each row")
			f.IntVar(&o.concurrency, "concurrency", 8, "number of connections")
			f.Float64Var(&o.rate, "rate", 0, "reports per second; 0: as fast as possible")
		},
	}
	settings, files, err := cmd.Load(args, p.environ, p.envFile)
	if err != nil {
		return err
	}
	if err := o.complete(settings, seed, tokenFile, len(files)); err != nil {
		return err
	}
	file, err := os.Open(files[0])
	if err != nil {
		return fmt.Errorf("open the CSV: %w", err)
	}
	defer func() { _ = file.Close() }()
	reports, err := readActivity(file, o.source)
	if err != nil {
		return fmt.Errorf("%s: %w", files[0], err)
	}
	reports = repeatAndShuffle(reports, o.repeat, o.seed, o.shuffle)
	bar := newProgress(p.err, "replay", len(reports), "reports")
	began := time.Now()
	refused, err := post(ctx, reports, o, bar.add)
	bar.finish()
	if err != nil {
		return err
	}
	took := time.Since(began)
	fmt.Fprintf(p.out, "reports   %d posted, %d refused\n", len(reports), refused.count())
	for _, answer := range slices.Sorted(maps.Keys(refused)) {
		fmt.Fprintf(p.out, "refused   %d: %q\n", refused[answer], answer)
	}
	fmt.Fprintf(p.out, "took      %.2f s, %.0f reports/s\n", took.Seconds(), float64(len(reports))/took.Seconds())
	if o.competitionID != "" {
		fmt.Fprintf(p.out, "next      open %s/#/c/%s\n", o.url, o.competitionID)
	}
	return nil
}

// complete checks the flags and finds a token.
func (o *replayOptions) complete(settings config.Settings, seed, tokenFile string, files int) error {
	var problems []error
	if files != 1 {
		problems = append(problems, errors.New("name one CSV file"))
	}
	if seed != "" {
		n, err := strconv.ParseUint(seed, 10, 64)
		if err != nil {
			problems = append(problems, fmt.Errorf("--shuffle %q: must be a whole number", seed))
		}
		o.seed, o.shuffle = n, true
	}
	for name, value := range map[string]int{"--repeat": o.repeat, "--concurrency": o.concurrency} {
		if value < 1 {
			problems = append(problems, fmt.Errorf("%s %d: must be 1 or more", name, value))
		}
	}
	if o.rate < 0 {
		problems = append(problems, fmt.Errorf("--rate %v: must be 0 or more", o.rate))
	}
	if tokenFile != "" {
		text, err := os.ReadFile(tokenFile) //nolint:gosec // G304: the path is the caller's choice
		if err != nil {
			problems = append(problems, fmt.Errorf("--token-file: %w", err))
		}
		o.token = strings.TrimSpace(string(text))
	} else {
		secret := settings.SupabaseJWTSecret.Reveal()
		if secret == "" {
			problems = append(problems, errors.New("give --token-file, or set SUPABASE_JWT_SECRET so that one can be minted"))
		} else {
			minted, err := token.User{ID: "paceboard-replay", Issuer: settings.TokenIssuer(), Operator: true, Valid: 24 * time.Hour}.Sign([]byte(secret))
			if err != nil {
				problems = append(problems, err)
			}
			o.token = minted
		}
	}
	return errors.Join(problems...)
}

// refusals count reports that were refused for good, by the code and title of the problem.
type refusals map[string]int

func (r refusals) count() (n int) {
	for _, times := range r {
		n += times
	}
	return n
}

// post sends the reports over o.concurrency connections and returns those that
// were refused for good. A report that the server could not take (429, 503, no
// connection) is sent again, for up to a minute; then post gives up.
func post(ctx context.Context, reports []activity, o replayOptions, posted func()) (refused refusals, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	sender := &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: o.concurrency, MaxConnsPerHost: o.concurrency},
	}
	defer sender.CloseIdleConnections()
	client := &paceboard.Client{URL: o.url, Token: paceboard.StaticToken(o.token), HTTP: sender, RepeatFor: time.Minute}
	limit := rate.NewLimiter(rate.Inf, 1)
	if o.rate > 0 {
		limit = rate.NewLimiter(rate.Limit(o.rate), 1)
	}
	refused = refusals{}
	var mu sync.Mutex // guards refused
	var next atomic.Int64
	var wg sync.WaitGroup
	for range o.concurrency {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(reports) || limit.Wait(ctx) != nil {
					return
				}
				report := reports[i]
				report.CompetitionID = o.competitionID
				refusal, err := postOne(ctx, client, &report)
				if err != nil {
					cancel(fmt.Errorf("report %d (user %q, %q): %w", i+1, report.UserID, report.Date, err))
					return
				}
				if refusal != "" {
					mu.Lock()
					refused[refusal]++
					mu.Unlock()
				}
				posted()
			}
		})
	}
	wg.Wait()
	return refused, context.Cause(ctx)
}

// postOne sends one report until it is answered for good. refusal is the code and the
// title of the problem if it was not taken, which are the same for all reports with the
// same mistake.
func postOne(ctx context.Context, client *paceboard.Client, report *activity) (refusal string, err error) {
	sync, err := report.sync()
	if err != nil {
		return "", err
	}
	_, err = client.SubmitSync(ctx, sync)
	var refused *paceboard.Error
	if !errors.As(err, &refused) {
		return "", err
	}
	switch refused.Status {
	case http.StatusConflict, http.StatusUnprocessableEntity:
		if refused.Problem.Code == "" {
			return fmt.Sprintf("status %d", refused.Status), nil
		}
		return string(refused.Problem.Code) + ": " + refused.Problem.Title, nil
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return "", fmt.Errorf("the server took nothing for a minute, last: %w", err)
	default:
		return "", err
	}
}
