package auth

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTokensOfTheProjectsKeysNameItsIssuer(t *testing.T) {
	require.Error(t, newIssuers(nil, projectURL).check("", []string{"ES256", "RS256"}), "the project's own keys put one into every token")
	require.NoError(t, newIssuers(nil, projectURL).check(issuer, []string{"ES256", "RS256"}))
}
