package monitoring

import "encoding/json"

// Panel is one graph of the dashboard.
type Panel struct {
	Row     string // begins a row with this title, if not empty
	Title   string
	Unit    string // of Grafana's
	Queries []Query
}

// Query is one query of a panel, and the name of its lines.
type Query struct{ Expr, Legend string }

const rate = "[$__rate_interval]"

func quantile(q, histogram, by string) string {
	labels := "le"
	if by != "" {
		labels += ", " + by
	}
	return "histogram_quantile(" + q + ", sum by (" + labels + ") (rate(" + histogram + `_bucket{instance=~"$instance"}` + rate + ")))"
}

func perSecond(counter, by string) string {
	return "sum by (" + by + ") (rate(" + counter + `{instance=~"$instance"}` + rate + "))"
}

func gauge(name string) string { return name + `{instance=~"$instance"}` }

// Panels are the panels of the dashboard, in their order.
var Panels = []Panel{
	{"Requests", "Requests by operation", "reqps", []Query{{perSecond("paceboard_http_requests_total", "operation") + " > 0", "{{operation}}"}}},
	{"", "Slowest operations, p99", "s", []Query{{"topk(8, " + quantile("0.99", "paceboard_http_request_seconds", "operation") + ")", "{{operation}}"}}},
	{"", "Answers by class", "reqps", []Query{{perSecond("paceboard_http_requests_total", "status"), "{{status}}"}}},
	{"", "Refusals by code", "reqps", []Query{{perSecond("paceboard_refusals_total", "code") + " > 0", "{{code}}"}}},
	{"", "Limits reached", "reqps", []Query{{perSecond("paceboard_limited_total", "limit"), "{{limit}}"}}},
	{"", "Sizes, p99", "bytes", []Query{{quantile("0.99", "paceboard_http_request_bytes", ""), "requests"}, {quantile("0.99", "paceboard_http_response_bytes", ""), "responses"}}},
	{"", "In flight and connections", "short", []Query{{gauge("paceboard_http_requests_in_flight"), "handlers {{instance}}"}, {gauge("paceboard_requests_in_flight"), "engine {{instance}}"}, {gauge("paceboard_connections_open"), "connections {{instance}}"}}},
	{"", "Syncs by outcome", "reqps", []Query{{perSecond("paceboard_syncs_total", "outcome") + " > 0", "{{outcome}}"}}},
	{"Store", "Commits", "s", []Query{{quantile("0.5", "paceboard_commit_seconds", ""), "p50"}, {quantile("0.99", "paceboard_commit_seconds", ""), "p99"}}},
	{"", "Events in a commit, and waiting", "short", []Query{{quantile("0.5", "paceboard_commit_events", ""), "in a commit, p50"}, {gauge("paceboard_journal_queued_events"), "waiting {{instance}}"}}},
	{"", "Dependencies", "short", []Query{{gauge("paceboard_dependency_up"), "{{dependency}} {{instance}}"}}},
	{"", "Lag", "s", []Query{{gauge("paceboard_dependency_lag_seconds"), "{{dependency}} {{instance}}"}, {gauge("paceboard_lifetime_lag_seconds"), "statistics {{instance}}"}}},
	{"", "Archive (embedded)", "s", []Query{{gauge("paceboard_archive_lag_seconds"), "lag {{instance}}"}}},
	{"", "Disk (embedded)", "bytes", []Query{{gauge("paceboard_store_disk_bytes"), "used {{instance}}"}, {gauge("paceboard_store_free_bytes"), "free {{instance}}"}, {gauge("paceboard_store_min_free_bytes"), "MIN_FREE_DISK {{instance}}"}}},
	{"", "Fsync (embedded)", "s", []Query{{quantile("0.99", "paceboard_store_fsync_seconds", ""), "p99"}}},
	{"", "Compaction (embedded)", "bytes", []Query{{gauge("paceboard_store_compaction_debt_bytes"), "debt {{instance}}"}}},
	{"", "Clock offset to the database", "s", []Query{{gauge("paceboard_clock_offset_seconds"), "{{instance}}"}}},
	{"", "Clock ahead of the time in use", "s", []Query{{gauge("paceboard_clock_jump_seconds"), "{{instance}}"}}},
	{"Live", "Live clients", "short", []Query{{gauge("paceboard_live_clients"), "{{instance}}"}}},
	{"", "Come and go", "reqps", []Query{{perSecond("paceboard_live_opened_total", "transport"), "opened, {{transport}}"}, {perSecond("paceboard_live_closed_total", "reason"), "closed, {{reason}}"}}},
	{"", "Fan-out lag", "s", []Query{{quantile("0.5", "paceboard_live_lag_seconds", ""), "p50"}, {quantile("0.99", "paceboard_live_lag_seconds", ""), "p99"}}},
	{"", "Frames", "reqps", []Query{{perSecond("paceboard_live_frames_total", "instance"), "{{instance}}"}}},
	{"Money", "Prizes by state", "short", []Query{{`sum by (status) (increase(paceboard_prizes_total{instance=~"$instance"}[1h]))`, "{{status}}, in an hour"}}},
	{"", "Payouts pending", "short", []Query{{gauge("paceboard_payouts_pending"), "{{status}} {{instance}}"}}},
	{"", "Longest wait of a payout", "s", []Query{{gauge("paceboard_payouts_oldest_seconds"), "{{instance}}"}}},
	{"", "Hand-overs", "reqps", []Query{{perSecond("paceboard_payout_attempts_total", "outcome"), "{{outcome}}"}}},
	{"Webhooks", "Webhooks", "short", []Query{{gauge("paceboard_webhooks"), "{{state}} {{instance}}"}, {gauge("paceboard_webhook_failing_cursors"), "failing {{instance}}"}}},
	{"", "Longest failure of a webhook", "s", []Query{{gauge("paceboard_webhook_failing_seconds"), "{{instance}}"}}},
	{"", "Events sent", "reqps", []Query{{perSecond("paceboard_webhook_attempts_total", "outcome"), "{{outcome}}"}}},
	{"", "Delay of events", "s", []Query{{quantile("0.5", "paceboard_webhook_delay_seconds", ""), "p50"}, {quantile("0.99", "paceboard_webhook_delay_seconds", ""), "p99"}}},
	{"Process", "CPU", "short", []Query{{"rate(" + gauge("process_cpu_seconds_total") + rate + ")", "{{instance}}"}}},
	{"", "Memory", "bytes", []Query{{gauge("process_resident_memory_bytes"), "resident {{instance}}"}, {gauge("go_memstats_heap_inuse_bytes"), "heap {{instance}}"}}},
	{"", "Goroutines and files", "short", []Query{{gauge("go_goroutines"), "goroutines {{instance}}"}, {gauge("process_open_fds"), "files {{instance}}"}}},
	{"", "Competitions in memory", "short", []Query{{gauge("paceboard_competitions_active"), "{{instance}}"}}},
	{"Cluster", "Nodes", "short", []Query{{gauge("paceboard_cluster_nodes"), "nodes, by {{instance}}"}, {gauge("paceboard_cluster_links"), "connected to {{instance}}"}, {gauge("paceboard_cluster_peers_down"), "not reached by {{instance}}"}}},
	{"", "Requests to other nodes", "reqps", []Query{{perSecond("paceboard_cluster_asks_total", "outcome"), "{{outcome}}"}}},
	{"", "Lease", "s", []Query{{gauge("paceboard_cluster_lease_seconds"), "{{instance}}"}}},
	{"", "Beats that failed", "reqps", []Query{{perSecond("paceboard_cluster_beat_errors_total", "instance"), "{{instance}}"}}},
}

// Sizes of panels, in Grafana's grid of 24 columns.
const (
	panelWidth  = 6
	panelHeight = 7
	gridWidth   = 24
)

type object = map[string]any

// Dashboard is the dashboard as Grafana imports it.
func Dashboard() ([]byte, error) {
	source := object{"type": "prometheus", "uid": "${datasource}"}
	var panels []object
	x, y := 0, 0
	for i, p := range Panels {
		if p.Row != "" {
			if x > 0 {
				x, y = 0, y+panelHeight
			}
			panels = append(panels, object{"id": 1000 + i, "type": "row", "title": p.Row, "collapsed": false, "panels": []object{}, "gridPos": object{"x": 0, "y": y, "w": gridWidth, "h": 1}})
			y++
		}
		var targets []object
		for q, query := range p.Queries {
			targets = append(targets, object{"refId": string(rune('A' + q)), "datasource": source, "expr": query.Expr, "legendFormat": query.Legend})
		}
		panels = append(panels, object{
			"id": i + 1, "type": "timeseries", "title": p.Title, "datasource": source, "targets": targets,
			"fieldConfig": object{"defaults": object{"unit": p.Unit}, "overrides": []object{}},
			"gridPos":     object{"x": x, "y": y, "w": panelWidth, "h": panelHeight},
		})
		if x += panelWidth; x >= gridWidth {
			x, y = 0, y+panelHeight
		}
	}
	variables := []object{
		{"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Data source"},
		{"name": "instance", "type": "query", "label": "Instance", "datasource": source, "query": "label_values(paceboard_ready, instance)", "refresh": 2, "multi": true, "includeAll": true, "allValue": ".*", "current": object{"text": "All", "value": "$__all"}},
	}
	return json.MarshalIndent(object{
		"title": "Paceboard", "uid": "paceboard", "tags": []string{"paceboard"}, "schemaVersion": 39, "editable": true,
		"time": object{"from": "now-1h", "to": "now"}, "refresh": "30s", "templating": object{"list": variables}, "panels": panels,
	}, "", "  ")
}
