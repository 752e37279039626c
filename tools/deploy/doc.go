// Package deploy holds deploy/ to what the tools that will read it say of it: Helm of
// the chart, Kubernetes' types of what it renders, Compose of the compose files, and
// BuildKit of the Dockerfile. It has tests only, and needs neither a cluster nor an
// engine. What can be run for real is run by the tests of cmd/paceboard.
package deploy
