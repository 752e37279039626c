// Package monitoring is the one source of what watches a server: the alerts and the
// panels of the dashboard are tables here, and everything else is made from them: the rules
// of Prometheus and their tests (deploy/prometheus), the dashboard of Grafana
// (deploy/grafana), and the tables of docs/operations.md. Reading starts at [Alerts] and
// [Panels].
//
// It runs nothing and reads no metrics. After a change:
//
//	UPDATE=1 go test ./cmd/internal/monitoring
package monitoring
