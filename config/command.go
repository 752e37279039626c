package config

import (
	"flag"
	"net"
	"net/url"
	"slices"
)

// Command is one subcommand as seen from its command line: the settings of the table that it uses, and
// flags of its own. A value of it is constant; Load may be called from several goroutines if Flags may.
type Command struct {
	Name      string   // such as "token"
	Summary   string   // what it does, one sentence
	Arguments string   // how help writes its arguments, such as "FILE…"; empty: it takes none
	Example   string   // a command line to try, the last line of help; may be empty
	Required  []string // names of settings that must not be empty
	Optional  []string // names of settings that it uses besides

	// Flags, if not nil, adds the command's own flags. Their names must not be those of its settings.
	Flags func(*flag.FlagSet)

	rules []rule
}

// rule is a condition on several settings together. It is looked at only if each of them is sound by
// itself; a refusal is reported against the first.
type rule struct {
	settings []string
	check    func(Settings) *refusal
}

// Load reads the command's settings from the sources that the function [Load] describes, and its flags
// and arguments from args. Flags and arguments may be mixed; after "--" all are arguments. Settings that
// the command does not use stay zero. It panics if the command names a setting that does not exist.
//
// The error is an [*InvalidError] with every mistake, or a [*HelpError] if help was asked for.
func (c Command) Load(args, environ []string, envFile string) (Settings, []string, error) {
	rows := c.rows()
	line := c.parse(rows, args)
	if line.help {
		return Settings{}, nil, &HelpError{Usage: c.usage(rows, line.flags)}
	}
	file, unreadable := readEnvFile(envFile)
	mistakes := slices.Concat(line.mistakes, unreadable)
	sources := []source{
		{name: commandFlags, values: line.values},
		{name: "the environment", values: variables(environ)},
		{name: envFile, values: file},
	}

	var s Settings
	refused := map[string]bool{}
	givens := map[string]given{}
	refuse := func(row *setting, r *refusal) {
		refused[row.name] = true
		mistakes = append(mistakes, givens[row.name].mistake(row, r))
	}
	for _, row := range rows {
		g, mistake := row.orFromFile(pick(row, sources), sources)
		givens[row.name] = g
		if g.loose != "" && !slices.Contains(s.looseFiles, g.loose) {
			s.looseFiles = append(s.looseFiles, g.loose)
		}
		if mistake != nil {
			refused[row.name] = true
			mistakes = append(mistakes, *mistake)
		} else if g.exposes(row) {
			refuse(row, &refusal{
				"is or contains a secret, and everybody on the machine can read flags (ps)",
				"set " + row.name + " in the environment or in .env instead",
			})
		} else if r := row.bind(&s)(g.value); r != nil {
			refuse(row, r)
		} else if g.value == "" && slices.Contains(c.Required, row.name) && unreadable == nil {
			refuse(row, &refusal{"is not set", "set it in the environment or in .env"})
		}
	}
	for _, rule := range c.rules {
		inDoubt := func(name string) bool { return refused[name] }
		if unreadable != nil || slices.ContainsFunc(rule.settings, inDoubt) { // What is missing may stand there.
			continue
		}
		if r := rule.check(s); r != nil {
			refuse(lookup(rule.settings[0]), r)
		}
	}
	if len(mistakes) > 0 {
		return Settings{}, nil, &InvalidError{Mistakes: mistakes}
	}
	return s, line.arguments, nil
}

// rows gives the rows of the command's settings, in the order of the table.
func (c Command) rows() []*setting {
	names := slices.Concat(c.Required, c.Optional)
	for _, name := range names {
		lookup(name)
	}
	var rows []*setting
	for i := range table {
		if slices.Contains(names, table[i].name) {
			rows = append(rows, &table[i])
		}
	}
	return rows
}

// lookup finds a setting by name, which must exist.
func lookup(name string) *setting {
	i := slices.IndexFunc(table, func(row setting) bool { return row.name == name })
	if i < 0 {
		panic("config: there is no setting " + name)
	}
	return &table[i]
}

// serve is the command of [Load]: it uses every setting.
var serve = Command{
	Name:     "serve",
	Summary:  "Serve the API, the live boards and the web page.",
	Example:  "paceboard serve --dev --demo",
	Optional: allNames(),
	rules: slices.Concat(clusterRules, []rule{
		{[]string{"SUPABASE_JWT_SECRET", "SUPABASE_URL", "SUPABASE_JWKS_URL", "DEV"}, func(s Settings) *refusal {
			if !s.NeedsSecret() || s.Dev {
				return nil
			}
			return &refusal{
				"is not set, nor is SUPABASE_URL, so no token could be checked",
				"set it to the project's JWT secret, or try Paceboard out with: paceboard serve --dev",
			}
		}},
		plainHTTP("SUPABASE_URL", func(s Settings) string { return s.SupabaseURL }),
		plainHTTP("SUPABASE_JWKS_URL", func(s Settings) string { return s.SupabaseJWKSURL }),
		{[]string{"PAYOUT_WEBHOOK_SECRET", "PAYOUT_WEBHOOK_URL"}, func(s Settings) *refusal {
			if (s.PayoutWebhookURL == "") == (s.PayoutWebhookSecret == "") {
				return nil
			}
			return &refusal{"and PAYOUT_WEBHOOK_URL belong together, but one of them is not set", "set both, or neither"}
		}},
		previous("PAYOUT_WEBHOOK_SECRET", func(s Settings) (current, previous Secret) {
			return s.PayoutWebhookSecret, s.PayoutWebhookSecretPrevious
		}),
		previous("SUPABASE_JWT_SECRET", func(s Settings) (current, previous Secret) {
			return s.SupabaseJWTSecret, s.SupabaseJWTSecretPrevious
		}),
		{[]string{"PAYOUT_WEBHOOK_URL", "DEV"}, func(s Settings) *refusal {
			u, err := url.Parse(s.PayoutWebhookURL.Reveal())
			if s.Dev || err != nil || u.Scheme != "http" || isLoopback(u.Hostname()) {
				return nil
			}
			return &refusal{"is plain http, so others could read who is paid what", "use https://, or a loopback host, or --dev"}
		}},
		{[]string{"ERASURES_KEY", "ERASURES_FILE"}, func(s Settings) *refusal {
			if (s.ErasuresFile == "") == (s.ErasuresKey == "") {
				return nil
			}
			return &refusal{"and ERASURES_FILE belong together, but one of them is not set", "set both, or neither"}
		}},
		{[]string{"ARCHIVE_SECRET_KEY", "ARCHIVE_ACCESS_KEY"}, func(s Settings) *refusal {
			if (s.ArchiveAccessKey == "") == (s.ArchiveSecretKey == "") {
				return nil
			}
			return &refusal{"and ARCHIVE_ACCESS_KEY belong together, but one of them is not set", "set both, or neither"}
		}},
		{[]string{"CONTROL_DIR", "DATABASE_URL"}, func(s Settings) *refusal {
			if s.ControlDir == "" || s.DatabaseURL != "" {
				return nil
			}
			return &refusal{"is set, but with the embedded store the control socket is in DATA_DIR", "take it away"}
		}},
		{[]string{"SHUTDOWN_DELAY", "SHUTDOWN_TIMEOUT"}, func(s Settings) *refusal {
			if s.ShutdownDelay < s.ShutdownTimeout {
				return nil
			}
			return &refusal{"leaves no time of SHUTDOWN_TIMEOUT, in which it is counted", "set it to less than that, or SHUTDOWN_TIMEOUT to more"}
		}},
	}),
}

// previous is the rule that a secret that is changed has a new one.
func previous(name string, values func(Settings) (current, previous Secret)) rule {
	return rule{[]string{name + "_PREVIOUS", name}, func(s Settings) *refusal {
		if current, previous := values(s); current != "" || previous == "" {
			return nil
		}
		return &refusal{"is set, but " + name + " is not", "name the only one " + name}
	}}
}

// plainHTTP is the rule that keys come from where nobody can slip in others.
func plainHTTP(name string, address func(Settings) string) rule {
	return rule{[]string{name, "SUPABASE_ALLOW_HTTP", "DEV"}, func(s Settings) *refusal {
		u, err := url.Parse(address(s))
		if s.Dev || s.SupabaseAllowHTTP || err != nil || u.Scheme != "http" || isLoopback(u.Hostname()) {
			return nil
		}
		return &refusal{
			"is plain http, so others could substitute their own keys",
			"use https://, a loopback host, SUPABASE_ALLOW_HTTP=true on a private network, or --dev",
		}
	}}
}

func allNames() []string {
	names := make([]string, len(table))
	for i, row := range table {
		names[i] = row.name
	}
	return names
}

// clusterRules are what holds for a node of a cluster.
var clusterRules = []rule{
	{[]string{"CLUSTER_LISTEN", "DATABASE_URL"}, func(s Settings) *refusal {
		if s.ClusterListen == "" || s.DatabaseURL != "" {
			return nil
		}
		return &refusal{
			"needs a PostgreSQL that all nodes share, but DATABASE_URL is not set",
			"set DATABASE_URL, the same on all nodes, or take CLUSTER_LISTEN away: the embedded store is one process's",
		}
	}},
	{[]string{"CLUSTER_LISTEN", "CLUSTER_ADVERTISE"}, func(s Settings) *refusal {
		name, _, _ := net.SplitHostPort(s.ClusterListen)
		if s.ClusterListen == "" || s.ClusterAdvertise != "" || !isUnspecified(name) {
			return nil
		}
		return &refusal{
			"stands for all interfaces, so other nodes cannot know which address to connect to",
			"set CLUSTER_ADVERTISE to this machine's address, such as 10.0.0.5:7946",
		}
	}},
	alone("CLUSTER_ADVERTISE", func(s Settings) string { return s.ClusterAdvertise }),
	alone("CLUSTER_READS", func(s Settings) string {
		if s.ClusterReads == ReadsLease { // the default
			return ""
		}
		return string(s.ClusterReads)
	}),
	alone("CLUSTER_CA", func(s Settings) string { return s.ClusterCA }),
	alone("CLUSTER_CERT", func(s Settings) string { return s.ClusterCert }),
	alone("CLUSTER_KEY", func(s Settings) string { return s.ClusterKey }),
	{[]string{"CLUSTER_CA", "CLUSTER_CERT", "CLUSTER_KEY"}, func(s Settings) *refusal {
		if (s.ClusterCA == "") == (s.ClusterCert == "") && (s.ClusterCert == "") == (s.ClusterKey == "") {
			return nil
		}
		return &refusal{"belongs together with CLUSTER_CERT and CLUSTER_KEY, but not all three are set", "set all three, or none"}
	}},
	loopbackWithoutTLS("CLUSTER_LISTEN", func(s Settings) string { return s.ClusterListen }),
	loopbackWithoutTLS("CLUSTER_ADVERTISE", func(s Settings) string { return s.ClusterAdvertise }),
}

// alone is the rule that a setting of the cluster means nothing without one.
func alone(name string, value func(Settings) string) rule {
	return rule{[]string{name, "CLUSTER_LISTEN"}, func(s Settings) *refusal {
		if value(s) == "" || s.ClusterListen != "" {
			return nil
		}
		return &refusal{"is set, but CLUSTER_LISTEN is not, so there is no cluster", "set CLUSTER_LISTEN, or take it away"}
	}}
}

// loopbackWithoutTLS is the rule that nobody on the network can pass for a node.
func loopbackWithoutTLS(name string, address func(Settings) string) rule {
	return rule{[]string{name, "CLUSTER_CA"}, func(s Settings) *refusal {
		host, _, err := net.SplitHostPort(address(s))
		if s.ClusterCA != "" || err != nil || isLoopback(host) {
			return nil
		}
		return &refusal{
			"can be reached from other machines, and without certificates anybody could pass for a node",
			"set CLUSTER_CA, CLUSTER_CERT and CLUSTER_KEY, or use a loopback address such as 127.0.0.1:7946",
		}
	}}
}
