# Paceboard. `make` explains the targets.
SHELL := bash
.DEFAULT_GOAL := help
GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
BUILD := $(GO) build -trimpath -ldflags "-X main.Version=$(VERSION)"
# All targets, and programs that tests build, compile alike: each finds in the cache what others left there.
export GOFLAGS := $(filter-out -trimpath,$(GOFLAGS)) -trimpath
TOOL := $(GO) tool -modfile=tools/go.mod

# Whose tests take longest: they begin first, so that all end sooner.
LONGEST = ./cmd/paceboard ./persistence/postgres ./actors ./persistence/embedded ./http

# Measurements, and tests of which the race detector runs a few rounds, if any (internal/race).
WITHOUT_RACE = Counted|Overload|Million|Hours|PrizesArePaidOnce|AtInjectedPoints|ClusterIsDeployed|OneUserCannotFill|BudgetsRemember|WhatIsDueTogether|WhoMayInvite|OldInvitations|LifetimeIsMadeAnew|LifetimeAgrees|AgreesWithTheModel$$|MirrorAgrees|InTheSameScores

.PHONY: help demo demo-cluster test build lint fmt verify release fuzz soak bench bench-go bench-growth bench-live

help: ## explain the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build ## a server with a competition that moves, to look at
	bin/paceboard serve --dev --demo

demo-cluster: build ## three nodes, PostgreSQL and a proxy on this machine; the node that owns the board is killed again and again, and the page goes on
	$(GO) run ./cmd/democluster $(if $(PORT),-port $(PORT))

test: ## install what the tests need, and pass everything
	tools/install-test-needs
	$(GO) test -race -vet=off -parallel 3 -timeout 60m $(LONGEST) ./... # make lint vets
	$(GO) test -vet=off -run '$(WITHOUT_RACE)' -count 1 -v ./cmd/paceboard ./actors

build: ## build bin/paceboard
	$(BUILD) -o bin/paceboard ./cmd/paceboard

lint: ## hold the code to the house style
	$(TOOL) golangci-lint run ./...

fmt: ## format the code
	$(TOOL) golangci-lint fmt ./...

verify: ## check that generated files have not drifted, that files are no more entangled than they were, deploy/, and that releases are reproducible
	$(GO) mod tidy -diff
	cd tools && $(GO) test ./circles ./release && $(GO) run ./circles -check circles/bounds ..
	cd tools/deploy && $(GO) test ./... # Helm, Kubernetes, Compose and BuildKit are its own, so that they decide no linter's versions
	$(GO) test -run 'Drift|Example' ./config ./http ./web

release: ## build what is published of this version into dist/, for linux on amd64 and arm64
	cd tools && $(GO) run ./release -out ../dist

fuzz: ## fuzz every decoder for a minute each
	tools/fuzz 60s

soak: ## kill servers, nodes and the database for hours (SOAK=2h), check that nothing is lost, attack it, and explore the protocol of clusters
	SOAK=$${SOAK:-2h} $(GO) test -run 'Kill|Outage|ErasureIsFinished|PrizesArePaidOnce|Attack|Malformed|ClusterLoses|ClusterCuts|ClusterWith|ClusterFinds|ClusterRecovers|ClusterIsDeployed|ClusterStaysLive|ClusterPaysOnce|AtInjectedPoints|AlertsFire|BackupUnderLoad|RestoreOfAMillion|CostOfTraces|RollingRestart|UnitUnderSystemd|WebhooksThroughKills|LiveBoards' -timeout 0 -v ./cmd/paceboard
	SOAK=$${SOAK:-2h} $(GO) test -run Malformed -timeout 0 -v ./cluster/internal/link
	SOAK=$${SOAK:-2h} $(GO) test -run Protocol -timeout 0 -v ./cluster
	cd tools && SOAK=$${SOAK:-2h} $(GO) test -timeout 0 -v ./release
	SOAK=$${SOAK:-2h} FAULTS=all $(GO) test -run 'AgreesWithThe|DamageIsNeverSilent|PowerLoss|EveryIOFails|Conformance' -timeout 0 -v ./actors ./persistence/embedded ./persistence/memory ./persistence/postgres
	SOAK=$${SOAK:-2h} $(GO) test -run MutatedTokens -timeout 0 -v ./http
	$(GO) test -run SplitPoolModel -timeout 0 -v ./competition -pools 1000000

bench: ## measure against the front end's limit, PostgreSQL and Redis, in 10 minutes (ONLY=b,h: some parts; QUICK=1: does it work)
	$(GO) run ./benchmarks/harness -only '$(ONLY)' $(if $(QUICK),-quick)

bench-go: ## run the Go benchmarks, each once (SHORT=1: at smaller sizes)
	$(GO) test -vet=off -run '^$$' -bench . -benchtime 1x $(if $(SHORT),-short) ./...

bench-growth: ## measure how cost grows with participants, competitions, subscribers and the journal
	$(GO) run ./benchmarks/growth

bench-live: ## measure the latency and memory of 10,000 live subscribers
	$(GO) run ./benchmarks/live
	$(GO) test -run '^$$' -bench SubscriberMemory -benchtime 1x ./benchmarks -subscribers 100000
