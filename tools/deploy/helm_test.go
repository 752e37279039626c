package deploy

import (
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

const chartFolder = "../../deploy/helm/paceboard"

// installed are the least values that an installation gives.
func installed() map[string]any {
	return map[string]any{
		"image":           map[string]any{"repository": "registry.example.com/paceboard", "tag": "1.2.3"},
		"existingSecrets": map[string]any{"settings": "paceboard", "nodes": "paceboard-nodes"},
	}
}

// everything turns all that the chart can do on.
func everything() map[string]any {
	values := installed()
	values["image"] = map[string]any{"repository": "registry.example.com/paceboard", "digest": "sha256:" + strings.Repeat("a", 64)}
	values["existingSecrets"] = map[string]any{"settings": "paceboard", "nodes": "paceboard-nodes", "asFiles": []any{"DATABASE_URL", "SUPABASE_JWT_SECRET"}}
	values["imagePullSecrets"] = []any{map[string]any{"name": "registry"}}
	values["settings"] = map[string]any{"SUPABASE_URL": "https://project.supabase.co", "RATE_LIMIT_USER": 200, "MAX_CREATED": 7}
	values["trustedProxies"] = []any{"10.0.0.0/8", "192.168.0.0/16"}
	values["ingress"] = map[string]any{"enabled": true, "className": "nginx", "host": "paceboard.example.com", "tlsSecret": "paceboard-tls"}
	values["serviceMonitor"] = map[string]any{"enabled": true, "labels": map[string]any{"release": "prometheus"}}
	values["networkPolicy"] = map[string]any{
		"clients": []any{map[string]any{"namespaceSelector": map[string]any{}}},
		"metrics": []any{map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]any{"name": "monitoring"}}}},
		"egress":  []any{map[string]any{"ports": []any{map[string]any{"port": 5432}}}},
	}
	values["podAnnotations"] = map[string]any{"a": "b"}
	values["nodeSelector"] = map[string]any{"disk": "fast"}
	values["tolerations"] = []any{map[string]any{"key": "dedicated", "operator": "Exists"}}
	values["affinity"] = map[string]any{"nodeAffinity": map[string]any{}}
	return values
}

// objects are what a release is made of, each decoded into its type: a field that the
// type does not have, or that occurs twice, is an error.
type objects struct {
	deployment     *appsv1.Deployment
	services       map[string]*corev1.Service
	policy         *networkingv1.NetworkPolicy
	ingress        *networkingv1.Ingress
	budget         *policyv1.PodDisruptionBudget
	account        *corev1.ServiceAccount
	serviceMonitor *serviceMonitor
}

// serviceMonitor is the part of the Prometheus Operator's type that the chart uses.
type serviceMonitor struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Metadata   map[string]any `json:"metadata"`
	Spec       struct {
		JobLabel string `json:"jobLabel"`
		Selector struct {
			MatchLabels map[string]string `json:"matchLabels"`
		} `json:"selector"`
		Endpoints []struct {
			Port     string `json:"port"`
			Path     string `json:"path"`
			Interval string `json:"interval"`
		} `json:"endpoints"`
	} `json:"spec"`
}

func render(t *testing.T, c *chart.Chart, values map[string]any) (*objects, error) {
	t.Helper()
	capabilities := chartutil.DefaultCapabilities.Copy()
	all, err := chartutil.ToRenderValues(c, values, chartutil.ReleaseOptions{Name: "spring", Namespace: "sports", Revision: 1, IsInstall: true}, capabilities)
	if err != nil {
		return nil, err
	}
	files, err := engine.Render(c, all)
	if err != nil {
		return nil, err
	}
	o := &objects{services: map[string]*corev1.Service{}}
	for name, text := range files {
		if path.Ext(name) != ".yaml" {
			continue
		}
		for _, document := range regexp.MustCompile(`(?m)^---$`).Split(text, -1) {
			if err := o.decode(document); err != nil {
				return nil, fmt.Errorf("%s: %w\n%s", name, err, document)
			}
		}
	}
	return o, nil
}

// into decodes as strictly as the API server does, with letter case.
func into[T any](text string, dst **T) error {
	if *dst != nil {
		return fmt.Errorf("there are two of %T", *dst)
	}
	*dst = new(T)
	data, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		return err
	}
	wrong, err := kjson.UnmarshalStrict(data, *dst)
	return errors.Join(append(wrong, err)...)
}

func (o *objects) decode(text string) error {
	var head struct{ APIVersion, Kind string }
	if err := yaml.Unmarshal([]byte(text), &head); err != nil {
		return err
	}
	switch head.APIVersion + " " + head.Kind {
	case " ":
		return nil
	case "apps/v1 Deployment":
		return into(text, &o.deployment)
	case "v1 Service":
		var s *corev1.Service
		err := into(text, &s)
		o.services[s.Name] = s
		return err
	case "v1 ServiceAccount":
		return into(text, &o.account)
	case "networking.k8s.io/v1 NetworkPolicy":
		return into(text, &o.policy)
	case "networking.k8s.io/v1 Ingress":
		return into(text, &o.ingress)
	case "policy/v1 PodDisruptionBudget":
		return into(text, &o.budget)
	case "monitoring.coreos.com/v1 ServiceMonitor":
		return into(text, &o.serviceMonitor)
	}
	return fmt.Errorf("%s %s is not expected", head.APIVersion, head.Kind)
}

func loadChart(t *testing.T) *chart.Chart {
	t.Helper()
	c, err := loader.Load(chartFolder)
	require.NoError(t, err)
	return c
}

func TestChartIsLinted(t *testing.T) {
	for name, values := range map[string]map[string]any{"the least": installed(), "everything": everything()} {
		found := lint.AllWithKubeVersion(chartFolder, values, "sports", &chartutil.DefaultCapabilities.KubeVersion)
		for _, m := range found.Messages {
			if m.Severity >= support.WarningSev {
				t.Errorf("%s: %v", name, m)
			}
		}
	}
}

// TestChartRunsACluster holds what the chart renders to what a cluster of nodes needs.
func TestChartRunsACluster(t *testing.T) {
	c := loadChart(t)
	for name, values := range map[string]map[string]any{"the least": installed(), "everything": everything()} {
		t.Run(name, func(t *testing.T) {
			o, err := render(t, c, values)
			require.NoError(t, err)
			d, pod := o.deployment, o.deployment.Spec.Template.Spec
			require.Equal(t, "spring-paceboard", d.Name)
			require.GreaterOrEqual(t, *d.Spec.Replicas, int32(2))
			require.Zero(t, d.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue())
			require.Len(t, pod.Containers, 1)
			container := &pod.Containers[0]

			environ := map[string]string{}
			for _, e := range container.Env {
				require.NotContains(t, environ, e.Name)
				environ[e.Name] = e.Value
			}
			given, _ := values["settings"].(map[string]any)
			for name, value := range given {
				require.Equal(t, fmt.Sprint(value), environ[name])
			}
			delay, within := seconds(t, environ["SHUTDOWN_DELAY"]), seconds(t, environ["SHUTDOWN_TIMEOUT"])
			require.Less(t, delay, within)
			require.Greater(t, *pod.TerminationGracePeriodSeconds, within, "it is not killed before it has ended")
			require.Nil(t, container.Lifecycle, "the program drains by itself")
			require.Greater(t, delay, int64(container.ReadinessProbe.PeriodSeconds*container.ReadinessProbe.FailureThreshold), "that it is not ready is noticed")
			known := settingsOfTheProgram(t)
			for name := range maps.Keys(environ) {
				if name != "POD_IP" && name != "GOMEMLIMIT" {
					require.True(t, known(name), name)
				}
			}

			if name == "the least" {
				require.Equal(t, "paceboard", container.EnvFrom[0].SecretRef.Name)
			} else {
				require.Empty(t, container.EnvFrom, "both at once are refused")
				mount, volume := container.VolumeMounts[2], pod.Volumes[2]
				require.Equal(t, mount.Name, volume.Name)
				require.Equal(t, "paceboard", volume.Secret.SecretName)
				require.Zero(t, *volume.Secret.DefaultMode&0o004, "others may not read it")
				for i, key := range []string{"DATABASE_URL", "SUPABASE_JWT_SECRET"} {
					require.Equal(t, key, volume.Secret.Items[i].Key)
					require.Equal(t, path.Join(mount.MountPath, volume.Secret.Items[i].Path), environ[key+"_FILE"])
				}
			}
			require.Equal(t, "paceboard-nodes", pod.Volumes[0].Secret.SecretName)
			require.Equal(t, path.Dir(environ["CLUSTER_KEY"]), container.VolumeMounts[0].MountPath)
			require.True(t, *pod.SecurityContext.RunAsNonRoot)
			require.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type)
			require.True(t, *container.SecurityContext.ReadOnlyRootFilesystem)
			require.False(t, *container.SecurityContext.AllowPrivilegeEscalation)
			require.Equal(t, []corev1.Capability{"ALL"}, container.SecurityContext.Capabilities.Drop)
			require.False(t, *pod.AutomountServiceAccountToken)
			require.Equal(t, o.account.Name, pod.ServiceAccountName)

			ports := map[string]int32{}
			for _, p := range container.Ports {
				ports[p.Name] = p.ContainerPort
			}
			require.Equal(t, map[string]int32{"http": 8081, "nodes": 7946, "metrics": 9100}, ports)
			for _, probe := range []*corev1.Probe{container.StartupProbe, container.LivenessProbe, container.ReadinessProbe} {
				require.Equal(t, "http", probe.HTTPGet.Port.String())
			}
			require.Equal(t, "/health/ready", container.ReadinessProbe.HTTPGet.Path)
			require.Equal(t, "/health/live", container.LivenessProbe.HTTPGet.Path)

			labels := d.Spec.Template.Labels
			require.Subset(t, labels, d.Spec.Selector.MatchLabels)
			require.Subset(t, labels, o.budget.Spec.Selector.MatchLabels)
			require.Equal(t, 1, o.budget.Spec.MaxUnavailable.IntValue())
			require.Subset(t, labels, o.policy.Spec.PodSelector.MatchLabels)
			require.Len(t, o.services, 2)
			for _, s := range o.services {
				require.Subset(t, labels, s.Spec.Selector)
				for _, p := range s.Spec.Ports {
					require.Contains(t, ports, p.TargetPort.String())
				}
			}
			require.Len(t, o.policy.Spec.Ingress, 3)
			nodes := o.policy.Spec.Ingress[1]
			require.Equal(t, "nodes", nodes.Ports[0].Port.String())
			require.Subset(t, labels, nodes.From[0].PodSelector.MatchLabels, "the others reach it")
			if name == "the least" {
				require.Equal(t, "registry.example.com/paceboard:1.2.3", container.Image)
				require.Nil(t, o.serviceMonitor)
				require.Nil(t, o.ingress)
				return
			}
			require.Equal(t, "registry.example.com/paceboard@sha256:"+strings.Repeat("a", 64), container.Image)
			require.Contains(t, o.policy.Spec.PolicyTypes, networkingv1.PolicyTypeEgress)
			require.Len(t, o.policy.Spec.Egress, 3)
			scraped := o.services["spring-paceboard-metrics"]
			require.Subset(t, scraped.Labels, o.serviceMonitor.Spec.Selector.MatchLabels)
			require.Equal(t, scraped.Spec.Ports[0].Name, o.serviceMonitor.Spec.Endpoints[0].Port)
			require.Equal(t, "paceboard", scraped.Labels[o.serviceMonitor.Spec.JobLabel], "the job of the alerts")
			require.Equal(t, "spring-paceboard", o.ingress.Spec.Rules[0].HTTP.Paths[0].Backend.Service.Name)
		})
	}
}

// TestChartRefusesMistakes plants them.
func TestChartRefusesMistakes(t *testing.T) {
	c := loadChart(t)
	for name, change := range map[string]struct {
		value any
		says  string
	}{
		"existingSecrets": {map[string]any{"settings": "", "nodes": "n"}, "settings"},
		"image":           {map[string]any{"repository": ""}, "repository"},
		"settings":        {map[string]any{"SUPABASE_JWT_SECRET": "x"}, "SUPABASE_JWT_SECRET"},
		"shutdown":        {map[string]any{"delaySeconds": 30, "timeoutSeconds": 30}, "must be more"},
		"ingress":         {map[string]any{"enabled": true}, "ingress.host"},
		"replicas":        {3, "replicas"},
	} {
		values := installed()
		values[name] = change.value
		_, err := render(t, c, values)
		require.ErrorContains(t, err, change.says, name)
	}
	values := installed()
	values["existingSecrets"] = map[string]any{"settings": "s", "nodes": "n", "asFiles": []any{"jwt-secret"}}
	_, err := render(t, c, values)
	require.ErrorContains(t, err, "asFiles", "a setting's name is no such key")
	for field, text := range map[string]string{
		"unknown field":      "apiVersion: policy/v1\nkind: PodDisruptionBudget\nspec: {maxunavailable: 1}\n",
		"already set in map": "apiVersion: policy/v1\nkind: PodDisruptionBudget\nspec: {maxUnavailable: 1, maxUnavailable: 2}\n",
	} {
		require.ErrorContains(t, (&objects{}).decode(text), field)
	}
}

func seconds(t *testing.T, text string) (n int64) {
	t.Helper()
	_, err := fmt.Sscanf(text, "%ds", &n)
	require.NoError(t, err)
	return n
}

// settingsOfTheProgram tells which settings there are.
func settingsOfTheProgram(t *testing.T) func(name string) bool {
	t.Helper()
	cmd := exec.Command("go", "run", "./cmd/paceboard", "serve", "--help")
	cmd.Dir = "../.."
	help, err := cmd.Output()
	require.NoError(t, err)
	return func(name string) bool {
		if strings.Contains(string(help), "  --"+strings.ReplaceAll(strings.ToLower(name), "_", "-")+" ") {
			return true
		}
		value, isFile := strings.CutSuffix(name, "_FILE")
		_, inFiles, _ := strings.Cut(string(help), "NAME_FILE")
		return isFile && regexp.MustCompile(`\b`+value+`[,.]`).MatchString(inFiles)
	}
}
