package auth

import (
	"slices"
	"strconv"
	"strings"
)

// issuers are the issuers whose tokens for users are accepted.
type issuers struct {
	list []string // empty for any
	bare bool     // HS256 tokens may name none, as those of a self-hosted project do
}

// anyIssuer is the setting that accepts all.
const anyIssuer = "any"

// newIssuers reads the setting; empty is the project's own issuer.
func newIssuers(setting []string, supabaseURL string) issuers {
	switch {
	case slices.Contains(setting, anyIssuer):
		return issuers{}
	case len(setting) > 0:
		return issuers{list: setting}
	case supabaseURL != "":
		return issuers{list: []string{issuerOf(supabaseURL)}, bare: true}
	default:
		return issuers{}
	}
}

// check checks the issuer that a token in one of the methods names.
func (i issuers) check(issuer string, methods []string) error {
	if len(i.list) == 0 || slices.Contains(i.list, issuer) || issuer == "" && i.bare && slices.Contains(methods, "HS256") {
		return nil
	}
	quoted := make([]string, len(i.list))
	for n, one := range i.list {
		quoted[n] = strconv.Quote(one)
	}
	if len(i.list) == 1 {
		return refuseToken("issuer", "issuer %s is not %s", quoteShort(issuer), quoted[0])
	}
	return refuseToken("issuer", "issuer %s is none of %s", quoteShort(issuer), strings.Join(quoted, ", "))
}

// issuerOf is the `iss` of a Supabase project's tokens.
func issuerOf(supabaseURL string) string {
	if supabaseURL == "" {
		return ""
	}
	return strings.TrimRight(supabaseURL, "/") + "/auth/v1"
}
