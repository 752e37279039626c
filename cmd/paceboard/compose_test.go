package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/paceboard/paceboard/config"
)

// TestClusterCompose holds deploy/cluster to what can be said about it without Docker:
// settings exist and are accepted, and nginx leads to the nodes that there are.
func TestClusterCompose(t *testing.T) {
	text, err := os.ReadFile("../../deploy/cluster/compose.yaml")
	require.NoError(t, err)
	var compose struct {
		Services map[string]struct {
			Environment map[string]string
			Volumes     []string
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &compose))
	conf, err := os.ReadFile("../../deploy/cluster/nginx.conf")
	require.NoError(t, err)
	servers := regexp.MustCompile(`(?m)^ +server (\w+):8081 `).FindAllStringSubmatch(string(conf), -1)
	require.Len(t, servers, 3)
	fill, wanted := regexp.MustCompile(`\$\{(\w+):-([^}]*)\}`), regexp.MustCompile(`\$\{\w+:\?[^}]*\}`)
	for _, server := range servers {
		node, there := compose.Services[server[1]]
		require.True(t, there, server[1])
		require.Equal(t, server[1]+":7946", node.Environment["CLUSTER_ADVERTISE"])
		environ := []string{"SUPABASE_JWT_SECRET=" + testSecret}
		for name, value := range node.Environment {
			if value = wanted.ReplaceAllString(fill.ReplaceAllString(value, "$2"), "made-up"); name != "SUPABASE_JWT_SECRET" {
				environ = append(environ, name+"="+value)
			}
		}
		settings, err := config.Load(nil, environ, "")
		require.NoError(t, err)
		require.Equal(t, 8081, settings.Port)
		require.Contains(t, node.Volumes, "certificates:"+filepath.Dir(settings.ClusterKey)+":ro")
		_, help, _ := runProgram(t, "serve", "--help")
		for name := range node.Environment {
			require.True(t, hasFlag(help, strings.ReplaceAll(strings.ToLower(name), "_", "-")) || strings.Contains(help, "  "+name+" "), name)
		}
	}
}
