package monitoring

import "time"

// Alert is one alert: everything that is known of it, in rules, docs and tests.
type Alert struct {
	Name     string
	Expr     string
	For      time.Duration // how long Expr must hold
	Severity string        // page or ticket
	Summary  string        // one line for the person who is called
	Meaning  string        // for docs/operations.md, as what follows
	Do       string

	// What the test of the rules sends in: series that fire the alert, and what they become.
	Fires []Series
	Quiet []Series // and that do not
}

// Series is one series of a test of rules, in promtool's notation.
type Series struct{ Name, Values string }

const (
	page   = "page"
	ticket = "ticket"
)

// window is over how long rates are looked at.
const window = "5m"

// Alerts are all alerts, in the order of the documentation.
var Alerts = []Alert{
	{
		Name: "PaceboardDown", Expr: `up{job="paceboard"} == 0`, For: time.Minute, Severity: page,
		Summary: "The metrics of {{ $labels.instance }} cannot be read.",
		Meaning: "the process is gone or hangs, or Prometheus may not read its metrics",
		Do:      "look at the process and its last lines of log; if it runs, compare `METRICS_ADDRESS` and `METRICS_TOKEN` with what Prometheus uses",
		Fires:   []Series{{`up{job="paceboard"}`, "0x20"}}, Quiet: []Series{{`up{job="paceboard"}`, "1x20"}},
	},
	{
		Name: "PaceboardNotReady", Expr: `paceboard_ready == 0`, For: time.Minute, Severity: page,
		Summary: "{{ $labels.instance }} takes no syncs.",
		Meaning: "syncs get 503 with `Retry-After`; boards and live connections continue from memory",
		Do:      "look at `/health/detailed`; the service recovers without a restart when the cause is gone",
		Fires:   []Series{{"paceboard_ready", "0x20"}}, Quiet: []Series{{"paceboard_ready", "1x20"}},
	},
	{
		Name: "PaceboardStoreDown", Expr: `paceboard_dependency_up{dependency="store"} == 0`, For: 30 * time.Second, Severity: page,
		Summary: "The store of {{ $labels.instance }} takes no writes.",
		Meaning: "the store accepts no writes: PostgreSQL is unreachable, a standby or misconfigured, its disk is full, or a table is locked or missing; or the disk of `DATA_DIR` is nearly full (`MIN_FREE_DISK`) or hangs",
		Do:      "follow its detail in `/health/detailed`. An embedded store that cannot write ends the process deliberately: start it again when the disk works",
		Fires:   []Series{{`paceboard_dependency_up{dependency="store"}`, "0x20"}}, Quiet: []Series{{`paceboard_dependency_up{dependency="store"}`, "1x20"}, {`paceboard_dependency_up{dependency="redis"}`, "0x20"}},
	},
	{
		Name: "PaceboardRedisBehind", Expr: `paceboard_dependency_up{dependency="redis"} == 0 or paceboard_dependency_lag_seconds{dependency="redis"} > 60`, For: time.Minute, Severity: ticket,
		Summary: "The boards in Redis are out of date.",
		Meaning: "the mirror, or some boards in it, are out of date, or subscribers are not told; nothing else is affected",
		Do:      "follow its detail in `/health/detailed`, which names the board if it is only one; the mirror catches up by itself",
		Fires:   []Series{{`paceboard_dependency_up{dependency="redis"}`, "0x20"}}, Quiet: []Series{{`paceboard_dependency_up{dependency="redis"}`, "1x20"}, {`paceboard_dependency_lag_seconds{dependency="redis"}`, "3x20"}},
	},
	{
		Name: "PaceboardSignInDown", Expr: `increase(paceboard_refusals_total{code="sign_in_unavailable"}[` + window + `]) > 0`, For: time.Minute, Severity: page,
		Summary: "Tokens cannot be checked, and their users get 503.",
		Meaning: "the keys of the project cannot be fetched, or the store cannot be asked about API keys; tokens with keys that are known go on to work",
		Do:      "look at `sign_in` in `/health/detailed`, and whether `SUPABASE_URL` can be reached from the server",
		Fires:   []Series{{`paceboard_refusals_total{code="sign_in_unavailable"}`, "0+1x20"}}, Quiet: []Series{{`paceboard_refusals_total{code="sign_in_unavailable"}`, "5x20"}},
	},
	{
		Name: "PaceboardErrors", Expr: `sum by (instance) (rate(paceboard_http_requests_total{status="5xx",operation!="getReadiness"}[` + window + `])) / sum by (instance) (rate(paceboard_http_requests_total[` + window + `])) > 0.05`, For: 2 * time.Minute, Severity: page,
		Summary: "{{ $value | humanizePercentage }} of the requests to {{ $labels.instance }} fail.",
		Meaning: "more than 5 % of all requests get 5xx",
		Do:      "see which operation (`paceboard_http_requests_total`) and which code (`paceboard_refusals_total`) it is; for `internal` the log has the error and the request id",
		Fires:   []Series{{`paceboard_http_requests_total{instance="a",operation="submitSync",status="5xx"}`, "0+6x20"}, {`paceboard_http_requests_total{instance="a",operation="submitSync",status="2xx"}`, "0+60x20"}},
		Quiet:   []Series{{`paceboard_http_requests_total{instance="a",operation="submitSync",status="5xx"}`, "0+1x20"}, {`paceboard_http_requests_total{instance="a",operation="submitSync",status="2xx"}`, "0+60x20"}},
	},
	{
		Name: "PaceboardSlow", Expr: `histogram_quantile(0.99, sum by (instance, operation, le) (rate(paceboard_http_request_seconds_bucket{operation!~"exportUser|eraseUser"}[` + window + `]))) > 1`, For: 5 * time.Minute, Severity: ticket,
		Summary: "1 % of the requests to {{ $labels.operation }} take longer than {{ $value | humanizeDuration }}.",
		Meaning: "1 % of an operation's requests take more than a second",
		Do:      "compare with `paceboard_commit_seconds` (the store), `paceboard_journal_queued_events` (its queue) and the process's CPU (`process_cpu_seconds_total`)",
		Fires:   []Series{{`paceboard_http_request_seconds_bucket{instance="a",operation="submitSync",le="1"}`, "0+1x30"}, {`paceboard_http_request_seconds_bucket{instance="a",operation="submitSync",le="2"}`, "0+60x30"}, {`paceboard_http_request_seconds_bucket{instance="a",operation="submitSync",le="+Inf"}`, "0+60x30"}},
		Quiet:   []Series{{`paceboard_http_request_seconds_bucket{instance="a",operation="submitSync",le="1"}`, "0+60x30"}, {`paceboard_http_request_seconds_bucket{instance="a",operation="submitSync",le="+Inf"}`, "0+60x30"}},
	},
	{
		Name: "PaceboardOverloaded", Expr: `sum by (instance, limit) (rate(paceboard_limited_total{limit=~"connections|bodies_memory|requests_in_flight"}[` + window + `])) > 0.1`, For: time.Minute, Severity: page,
		Summary: "{{ $labels.instance }} refuses requests for its limit {{ $labels.limit }}.",
		Meaning: "clients get 503 because a limit of the whole server is reached: `connections` is `MAX_CONNECTIONS`, `bodies_memory` is `MAX_BODIES_MEMORY`, `requests_in_flight` is `MAX_IN_FLIGHT`",
		Do:      "if CPU and memory are left, raise the limit; if not, add a node",
		Fires:   []Series{{`paceboard_limited_total{instance="a",limit="connections"}`, "0+60x20"}}, Quiet: []Series{{`paceboard_limited_total{instance="a",limit="user_rate"}`, "0+60x20"}},
	},
	{
		Name: "PaceboardClientsLimited", Expr: `sum by (instance, limit) (rate(paceboard_limited_total{limit=~"user_.*|address_.*"}[` + window + `])) / ignoring (limit) group_left sum by (instance) (rate(paceboard_http_requests_total[` + window + `])) > 0.1`, For: 10 * time.Minute, Severity: ticket,
		Summary: "More than a tenth of the requests to {{ $labels.instance }} are refused for the limit {{ $labels.limit }}.",
		Meaning: "users or addresses send more than they may: a release of the app that repeats too fast, an attack, or, if it is an address, a proxy that is not in `TRUSTED_PROXIES`",
		Do:      "see which limit it is; for addresses, set `TRUSTED_PROXIES`. The limits are `RATE_LIMIT_USER`, `RATE_LIMIT_ADDRESS`, `MAX_SOCKETS_USER` and `MAX_CONNECTIONS_ADDRESS`",
		Fires:   []Series{{`paceboard_limited_total{instance="a",limit="user_rate"}`, "0+60x40"}, {`paceboard_http_requests_total{instance="a"}`, "0+100x40"}},
		Quiet:   []Series{{`paceboard_limited_total{instance="a",limit="user_rate"}`, "0+1x40"}, {`paceboard_http_requests_total{instance="a"}`, "0+100x40"}},
	},
	{
		Name: "PaceboardBacklog", Expr: `paceboard_journal_queued_events > 10000`, For: time.Minute, Severity: page,
		Summary: "{{ $value }} events of {{ $labels.instance }} wait for the journal.",
		Meaning: "commits are slow, or more comes than the store takes",
		Do:      "look at `paceboard_commit_seconds`, at how large commits are (`paceboard_commit_events`), and at the disk",
		Fires:   []Series{{"paceboard_journal_queued_events", "20000x20"}}, Quiet: []Series{{"paceboard_journal_queued_events", "900x20"}},
	},
	{
		Name: "PaceboardCommitsSlow", Expr: `histogram_quantile(0.99, sum by (instance, le) (rate(paceboard_commit_seconds_bucket[` + window + `]))) > 0.25`, For: 5 * time.Minute, Severity: ticket,
		Summary: "1 % of the commits of {{ $labels.instance }} take longer than {{ $value | humanizeDuration }}.",
		Meaning: "the disk or the database is slow; every sync waits for a commit",
		Do:      "embedded store: see `paceboard_store_fsync_seconds` and `paceboard_store_write_stalls_total`, and who else uses the disk. PostgreSQL: see its disk, its locks and its standby",
		Fires:   []Series{{`paceboard_commit_seconds_bucket{instance="a",le="0.25"}`, "0+1x30"}, {`paceboard_commit_seconds_bucket{instance="a",le="1"}`, "0+60x30"}, {`paceboard_commit_seconds_bucket{instance="a",le="+Inf"}`, "0+60x30"}},
		Quiet:   []Series{{`paceboard_commit_seconds_bucket{instance="a",le="0.0025"}`, "0+60x30"}, {`paceboard_commit_seconds_bucket{instance="a",le="+Inf"}`, "0+60x30"}},
	},
	{
		Name: "PaceboardDiskLow", Expr: `paceboard_store_free_bytes < 2 * paceboard_store_min_free_bytes`, For: time.Minute, Severity: page,
		Summary: "{{ $value | humanize1024 }}B are left on the disk of DATA_DIR of {{ $labels.instance }}.",
		Meaning: "less than twice `MIN_FREE_DISK` is free; below `MIN_FREE_DISK` no sync is taken",
		Do:      "make room: see `JOURNAL_RETENTION`, or give the disk more",
		Fires:   []Series{{"paceboard_store_free_bytes", "100x20"}, {"paceboard_store_min_free_bytes", "60x20"}}, Quiet: []Series{{"paceboard_store_free_bytes", "100x20"}, {"paceboard_store_min_free_bytes", "40x20"}},
	},
	{
		Name: "PaceboardMemory", Expr: `process_resident_memory_bytes{job="paceboard"} > 0.9 * go_gc_gomemlimit_bytes{job="paceboard"}`, For: 5 * time.Minute, Severity: ticket,
		Summary: "{{ $labels.instance }} uses {{ $value | humanize1024 }}B, nearly as much as GOMEMLIMIT allows.",
		Meaning: "more than nine tenths of `GOMEMLIMIT` are in use; the collector works ever harder, and then the system may end the process",
		Do:      "give it more, or keep fewer competitions in memory (`IDLE_PASSIVATION`); without `GOMEMLIMIT` this alert never fires",
		Fires:   []Series{{`process_resident_memory_bytes{job="paceboard"}`, "95x20"}, {`go_gc_gomemlimit_bytes{job="paceboard"}`, "100x20"}},
		Quiet:   []Series{{`process_resident_memory_bytes{job="paceboard"}`, "80x20"}, {`go_gc_gomemlimit_bytes{job="paceboard"}`, "100x20"}},
	},
	{
		Name: "PaceboardLiveChurn", Expr: `sum by (instance) (rate(paceboard_live_closed_total{reason!="server_stopping"}[` + window + `])) > 10 and sum by (instance) (rate(paceboard_live_closed_total{reason!="server_stopping"}[` + window + `])) * 60 > sum by (instance) (paceboard_live_clients)`, For: 5 * time.Minute, Severity: ticket,
		Summary: "The live clients of {{ $labels.instance }} come and go within a minute.",
		Meaning: "live connections last less than a minute on average",
		Do:      "see the `reason` in `paceboard_live_closed_total`: `client_left` with a proxy in front is mostly its time-out, `write_failed` slow networks, `token_ended` tokens that are not renewed",
		Fires:   []Series{{`paceboard_live_closed_total{instance="a",reason="client_left"}`, "0+1200x30"}, {`paceboard_live_clients{instance="a"}`, "100x30"}},
		Quiet:   []Series{{`paceboard_live_closed_total{instance="a",reason="client_left"}`, "0+1200x30"}, {`paceboard_live_clients{instance="a"}`, "100000x30"}},
	},
	{
		Name: "PaceboardLiveLag", Expr: `histogram_quantile(0.99, sum by (instance, le) (rate(paceboard_live_lag_seconds_bucket[` + window + `]))) > 2`, For: 5 * time.Minute, Severity: ticket,
		Summary: "1 % of the live updates of {{ $labels.instance }} come more than {{ $value | humanizeDuration }} late.",
		Meaning: "subscribers see changes late: there are more of them than the processors can serve",
		Do:      "see `paceboard_live_clients` and `process_cpu_seconds_total`; add a node",
		Fires:   []Series{{`paceboard_live_lag_seconds_bucket{instance="a",le="2"}`, "0+1x30"}, {`paceboard_live_lag_seconds_bucket{instance="a",le="4"}`, "0+60x30"}, {`paceboard_live_lag_seconds_bucket{instance="a",le="+Inf"}`, "0+60x30"}},
		Quiet:   []Series{{`paceboard_live_lag_seconds_bucket{instance="a",le="0.125"}`, "0+60x30"}, {`paceboard_live_lag_seconds_bucket{instance="a",le="+Inf"}`, "0+60x30"}},
	},
	{
		Name: "PaceboardPayoutsDead", Expr: `paceboard_payouts_pending{status="dead"} > 0`, For: time.Minute, Severity: page,
		Summary: "{{ $value }} prizes could not be handed over to the payment provider.",
		Meaning: "the provider's webhook refused a prize too often, and nothing tries any more",
		Do:      "`GET /api/v1/payouts?status=dead` says why; mend the webhook, then `POST /api/v1/payouts/<id>/retry`",
		Fires:   []Series{{`paceboard_payouts_pending{status="dead"}`, "1x20"}}, Quiet: []Series{{`paceboard_payouts_pending{status="dead"}`, "0x20"}, {`paceboard_payouts_pending{status="waiting"}`, "9x20"}},
	},
	{
		Name: "PaceboardPayoutsWait", Expr: `paceboard_payouts_oldest_seconds > 3600`, For: time.Minute, Severity: ticket,
		Summary: "A prize has waited for {{ $value | humanizeDuration }} to be handed over.",
		Meaning: "the payment provider's webhook fails or does not answer",
		Do:      "`GET /api/v1/payouts` has the last error of each prize; they are tried again by themselves",
		Fires:   []Series{{"paceboard_payouts_oldest_seconds", "4000x20"}}, Quiet: []Series{{"paceboard_payouts_oldest_seconds", "600x20"}},
	},
	{
		Name: "PaceboardWebhookDisabled", Expr: `increase(paceboard_webhook_disabled_total[1h]) > 0`, Severity: ticket,
		Summary: "A webhook was disabled, and is sent no events any more.",
		Meaning: "it took no event for three days, answered 410, or its owner may not read the events any more; its place is kept, but not the journal after it",
		Do:      "`GET /api/v1/webhooks` has the reason; when the receiver is mended, `POST /api/v1/webhooks/<id>/resume`, or delete it",
		Fires:   []Series{{"paceboard_webhook_disabled_total", "0x5 1x20"}}, Quiet: []Series{{"paceboard_webhook_disabled_total", "1x20"}},
	},
	{
		Name: "PaceboardWebhookFails", Expr: `paceboard_webhook_failing_seconds > 6 * 3600`, For: time.Minute, Severity: ticket,
		Summary: "A webhook has not taken an event for {{ $value | humanizeDuration }}.",
		Meaning: "a receiver is down or refuses an event; after three days it is disabled, and until then JOURNAL_RETENTION keeps what it was not sent",
		Do:      "`GET /api/v1/webhooks/<id>/deliveries` has the last error; `POST /api/v1/webhooks/<id>/retry` tries again at once",
		Fires:   []Series{{"paceboard_webhook_failing_seconds", "30000x20"}}, Quiet: []Series{{"paceboard_webhook_failing_seconds", "3600x20"}},
	},
	{
		Name: "PaceboardClockSkew", Expr: `abs(paceboard_clock_offset_seconds) > 2`, For: time.Minute, Severity: page,
		Summary: "The clocks of {{ $labels.instance }} and its database are {{ $value | humanizeDuration }} apart.",
		Meaning: "competitions begin and end by the server's clock; in a cluster, a node that is 5 s away is not ready",
		Do:      "run NTP on both machines",
		Fires:   []Series{{"paceboard_clock_offset_seconds", "-3x20"}}, Quiet: []Series{{"paceboard_clock_offset_seconds", "1x20"}},
	},
	{
		Name: "PaceboardClockJumped", Expr: `increase(paceboard_clock_jumps_total[` + window + `]) > 0 or paceboard_clock_jump_seconds != 0 or paceboard_clock_settled == 0`, Severity: page,
		Summary: "The clock of {{ $labels.instance }} has jumped, or is not where its database's is.",
		Meaning: "the server's clock moved by more than 10 s, or is apart from the database's. Until it was stable for a minute, or the database agrees with it, events take the time from before and no competition changes its status; see Clocks, above",
		Do:      "compare the clock with others, and see what set it; run NTP, which slews and does not step. If the clock is wrong, set it right within the minute",
		Fires:   []Series{{`paceboard_clock_jumps_total{direction="forward"}`, "0x7 1x20"}},
		Quiet:   []Series{{`paceboard_clock_jumps_total{direction="forward"}`, "1x20"}, {"paceboard_clock_jump_seconds", "0x20"}, {"paceboard_clock_settled", "1x20"}},
	},
	{
		Name: "PaceboardClusterParted", Expr: `paceboard_cluster_peers_down > 0 or paceboard_cluster_withdrawn > 0 or paceboard_cluster_lease_seconds == 0`, For: time.Minute, Severity: page,
		Summary: "{{ $labels.instance }} and other nodes, or PostgreSQL, cannot reach each other.",
		Meaning: "requests for competitions of a node that cannot be reached get 503; a node that no other one can connect to gives its competitions away; a node without a lease answers nothing from memory",
		Do:      "see `cluster` in `/health/detailed`; look at the network between the nodes, at `CLUSTER_ADVERTISE` and at the certificates",
		Fires:   []Series{{"paceboard_cluster_peers_down", "1x20"}}, Quiet: []Series{{"paceboard_cluster_peers_down", "0x20"}, {"paceboard_cluster_withdrawn", "0x20"}, {"paceboard_cluster_lease_seconds", "2x20"}},
	},
	{
		Name: "PaceboardIncompleteReads", Expr: `increase(paceboard_incomplete_reads_total[` + window + `]) > 0`, For: time.Minute, Severity: ticket,
		Summary: "{{ $labels.instance }} leaves out what it cannot read.",
		Meaning: "a competition's summary, or a user's membership, cannot be read; lists, syncs without `competition_id` and joins continue without it",
		Do:      "the log names it; proceed as for a damaged competition, below",
		Fires:   []Series{{"paceboard_incomplete_reads_total", "0+1x20"}}, Quiet: []Series{{"paceboard_incomplete_reads_total", "4x20"}},
	},
	{
		Name: "PaceboardLostEvents", Expr: `increase(paceboard_journals_continued_total[1h]) > 0`, For: 0, Severity: page,
		Summary: "The store of {{ $labels.instance }} has lost acknowledged events.",
		Meaning: "the store lacks events that were acknowledged: a standby was promoted that had not received them, or a backup was restored. The boards named in `/health/detailed` went on without them, under a new epoch, so that no client takes what was lost for the present",
		Do:      "find out what happened to the database; replicate synchronously. Have the apps send their latest days again: syncs may be repeated. `/health` is healthy again after a restart",
		Fires:   []Series{{"paceboard_journals_continued_total", "0x5 1x15"}}, Quiet: []Series{{"paceboard_journals_continued_total", "1x20"}},
	},
	{
		Name: "PaceboardDamaged", Expr: `paceboard_competitions_damaged > 0`, For: 0, Severity: page,
		Summary: "{{ $value }} competitions of {{ $labels.instance }} are damaged.",
		Meaning: "records of a competition are damaged or missing; only that competition answers 503, and the log has the seq",
		Do:      "keep the data as it is, restore a backup beside it, and move the competition over with export and import",
		Fires:   []Series{{"paceboard_competitions_damaged", "1x20"}}, Quiet: []Series{{"paceboard_competitions_damaged", "0x20"}},
	},
	{
		Name: "PaceboardPanics", Expr: `increase(paceboard_http_panics_total[` + window + `]) > 0`, For: 0, Severity: ticket,
		Summary: "A handler of {{ $labels.instance }} panicked.",
		Meaning: "a bug; the request was answered with 500",
		Do:      "report it, with the stack from the log",
		Fires:   []Series{{"paceboard_http_panics_total", "0x5 1x15"}}, Quiet: []Series{{"paceboard_http_panics_total", "1x20"}},
	},
	{
		Name: "PaceboardAuditIncomplete", Expr: `increase(paceboard_audit_failures_total[` + window + `]) > 0`, For: 0, Severity: ticket,
		Summary: "The audit log of {{ $labels.instance }} lacks actions of operators.",
		Meaning: "what an operator did could not be written to the audit log",
		Do:      "the program's log has it; look after the store",
		Fires:   []Series{{"paceboard_audit_failures_total", "0x5 1x15"}}, Quiet: []Series{{"paceboard_audit_failures_total", "1x20"}},
	},
	{
		Name: "PaceboardFilesExhausted", Expr: `increase(paceboard_accept_failures_total[` + window + `]) > 0 or process_open_fds{job="paceboard"} > 0.9 * process_max_fds{job="paceboard"}`, For: time.Minute, Severity: page,
		Summary: "{{ $labels.instance }} runs out of file descriptors.",
		Meaning: "connections cannot be accepted, or soon will not be",
		Do:      "raise the limit of open files (`ulimit -n`, `LimitNOFILE`), or lower `MAX_CONNECTIONS`",
		Fires:   []Series{{"paceboard_accept_failures_total", "0+1x20"}}, Quiet: []Series{{"paceboard_accept_failures_total", "1x20"}, {`process_open_fds{job="paceboard"}`, "10x20"}, {`process_max_fds{job="paceboard"}`, "100x20"}},
	},
	{
		Name: "PaceboardArchiveLate", Expr: `paceboard_archive_lag_seconds > 60`, For: time.Minute, Severity: page,
		Summary: "What {{ $labels.instance }} acknowledged in the last {{ $value | humanizeDuration }} is not in the archive.",
		Meaning: "the archive of the journals cannot be reached, cannot keep up, or is not this server's; syncs are not affected. If the disk of `DATA_DIR` is lost now, so is what the archive lacks. `JOURNAL_RETENTION` removes nothing of that",
		Do:      "`archive` in `/health/detailed` says why; the server goes on by itself when the cause is gone",
		Fires:   []Series{{"paceboard_archive_lag_seconds", "100x20"}}, Quiet: []Series{{"paceboard_archive_lag_seconds", "4x20"}},
	},
	{
		Name: "PaceboardRetentionFails", Expr: `increase(paceboard_retention_failures_total[2h]) > 0 or time() - (paceboard_retention_last_success_timestamp_seconds > 0) > 86400`, For: time.Hour, Severity: ticket,
		Summary: "Old journal of {{ $labels.instance }} is not removed.",
		Meaning: "old journal is not removed; this only costs disk space",
		Do:      "the log says why; the server retries every hour",
		Fires:   []Series{{"paceboard_retention_failures_total", "0+1x120"}}, Quiet: []Series{{"paceboard_retention_failures_total", "1x120"}},
	},
	{
		Name: "PaceboardStatisticsLate", Expr: `paceboard_lifetime_lag_seconds > 300`, For: 5 * time.Minute, Severity: ticket,
		Summary: "The lifetime statistics of {{ $labels.instance }} are {{ $value | humanizeDuration }} late.",
		Meaning: "the lifetime statistics are updated late; answers are still correct",
		Do:      "check whether the store is overloaded",
		Fires:   []Series{{"paceboard_lifetime_lag_seconds", "400x20"}}, Quiet: []Series{{"paceboard_lifetime_lag_seconds", "10x20"}},
	},
}
