package deploy

import (
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"
)

// load reads a compose file as Compose does.
func load(t *testing.T, file string, environ ...string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{file}, cli.WithEnv(environ))
	require.NoError(t, err)
	return options.LoadProject(t.Context())
}

func TestCompose(t *testing.T) {
	for _, file := range []string{"../../compose.yaml", "../../deploy/cluster/compose.yaml"} {
		t.Run(file, func(t *testing.T) {
			_, err := load(t, file)
			require.ErrorContains(t, err, "POSTGRES_PASSWORD", "there is no default password")

			project, err := load(t, file, "POSTGRES_PASSWORD=of-the-test")
			require.NoError(t, err)
			require.NotEmpty(t, project.Services)
			for name, s := range project.Services {
				require.True(t, s.ReadOnly, name)
				require.Equal(t, []string{"ALL"}, s.CapDrop, name)
				require.Contains(t, s.SecurityOpt, "no-new-privileges:true", name)
				require.False(t, s.Privileged, name)
				for _, port := range s.Ports {
					require.Equal(t, "127.0.0.1", port.HostIP, "%s is reached from this machine alone", name)
				}
				if s.Restart == "" { // it is done once
					require.Subset(t, []string{"CHOWN"}, s.CapAdd, name)
					continue
				}
				require.Empty(t, s.CapAdd, name)
				require.NotNil(t, s.HealthCheck, name)
				require.NotContains(t, []string{"", "NONE"}, s.HealthCheck.Test[0], name)
				if s.Build == nil {
					require.Regexp(t, `^[1-9]\d*:[1-9]\d*$`, s.User, name)
					require.Regexp(t, `:\d+(\.\d+)*$`, s.Image, "%s: no latest", name)
					continue
				}
				require.Equal(t, "deploy/Dockerfile", s.Build.Dockerfile, name)
				require.Equal(t, types.HealthCheckTest{"CMD", "/paceboard", "health"}, s.HealthCheck.Test, name)
				require.True(t, slices.ContainsFunc(s.Tmpfs, func(mount string) bool { return strings.HasPrefix(mount, "/tmp:uid=65532") }), name)
				require.Contains(t, *s.Environment["DATABASE_URL"], "of-the-test", name)
			}
		})
	}
}
