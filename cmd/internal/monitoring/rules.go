package monitoring

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Runbook is where the documentation of alerts is.
const Runbook = "https://github.com/paceboard/paceboard/blob/main/docs/operations.md"

// Anchor is where in it the alert's row is.
func (a *Alert) Anchor() string { return "alert-" + strings.ToLower(a.Name) }

// generated begins each file.
const generated = "# Made from cmd/internal/monitoring; change it there.\n"

// Cut shortens the times of rules for tests that wait for them: how long conditions must
// hold, and over how long rates are looked at. The zero value cuts nothing.
type Cut struct{ For, Window time.Duration }

// Rules are the alerts as Prometheus reads them.
func Rules(cut Cut) string {
	var out strings.Builder
	out.WriteString(generated + "groups:\n  - name: paceboard\n")
	if cut.For > 0 {
		out.WriteString("    interval: 1s\n")
	}
	out.WriteString("    rules:\n")
	for i := range Alerts {
		a := &Alerts[i]
		holds, expr := a.For, a.Expr
		if cut.For > 0 {
			holds = min(holds, cut.For)
		}
		if cut.Window > 0 {
			for _, usual := range []string{window, "1h", "2h"} {
				expr = strings.ReplaceAll(expr, "["+usual+"]", "["+short(cut.Window)+"]")
			}
		}
		fmt.Fprintf(&out, "      - alert: %s\n        expr: %s\n", a.Name, quoted(expr))
		if holds > 0 {
			fmt.Fprintf(&out, "        for: %s\n", short(holds))
		}
		fmt.Fprintf(&out, "        labels:\n          severity: %s\n        annotations:\n          summary: %s\n          runbook_url: %s#%s\n",
			a.Severity, quoted(a.Summary), Runbook, a.Anchor())
	}
	return out.String()
}

// RulesTests are the tests of the rules for promtool: each alert fires for its series, and
// for no others'.
func RulesTests() string {
	var out strings.Builder
	out.WriteString(generated + "rule_files: [paceboard.rules.yaml]\nevaluation_interval: 30s\ntests:\n")
	for i := range Alerts {
		a := &Alerts[i]
		for _, fires := range []bool{true, false} {
			series, step := a.Quiet, "1m"
			if fires {
				series = a.Fires
			}
			at := max(a.For+6*time.Minute, 8*time.Minute)
			fmt.Fprintf(&out, "  - name: %s %s\n    interval: %s\n    input_series:\n", a.Name, map[bool]string{true: "fires", false: "is quiet"}[fires], step)
			for _, s := range series {
				fmt.Fprintf(&out, "      - {series: %s, values: %s}\n", quoted(s.Name), quoted(s.Values))
			}
			// An expression that asks how many are firing needs no text of annotations.
			query := fmt.Sprintf("count(ALERTS{alertname=%q,alertstate=\"firing\"})", a.Name)
			fmt.Fprintf(&out, "    promql_expr_test:\n      - expr: %s\n        eval_time: %s\n        exp_samples: ", quoted(query), short(at))
			if fires {
				out.WriteString("[{labels: '{}', value: 1}]\n")
			} else {
				out.WriteString("[]\n")
			}
		}
	}
	return out.String()
}

// quoted is a text in YAML, in single quotes.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// short is a duration as Prometheus writes it.
func short(d time.Duration) string {
	if d%time.Minute == 0 {
		return strconv.Itoa(int(d/time.Minute)) + "m"
	}
	return strconv.Itoa(int(d/time.Second)) + "s"
}

// Table is the table of alerts in the documentation.
func Table() string {
	var out strings.Builder
	out.WriteString("| alert | severity | meaning | what to do |\n| --- | --- | --- | --- |\n")
	for i := range Alerts {
		a := &Alerts[i]
		holds := ""
		if a.For > 0 {
			holds = " for " + short(a.For)
		}
		fmt.Fprintf(&out, "| <a id=%q></a>%s: `%s`%s | %s | %s | %s |\n", a.Anchor(), a.Name, strings.ReplaceAll(a.Expr, "|", `\|`), holds, a.Severity, a.Meaning, a.Do)
	}
	return out.String()
}
