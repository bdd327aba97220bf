# Weft's verbs. Each installs what it lacks, once, into a cache outside the repository, and says so.
# The CI runs `make test` and nothing else.

SHELL := /usr/bin/env bash
.DEFAULT_GOAL := help
LAB := cargo run --quiet --package lab --
WEFT := cargo run --quiet --package weft --

.PHONY: help demo test check wasm bench fuzz lab-up lab-down new-plugin release

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## limit real requests in a real Envoy, and show what came back
	@scripts/demo

test: ## the whole test ladder, from laws to a real mesh
	@scripts/ladder

check: ## format, lints, documentation, dependencies: the ladder's first rung
	@scripts/ladder check

wasm: ## build every plugin to target/wasm/NAME.wasm
	@$(LAB) install wasm-target wasm-opt
	@$(WEFT) plugin build

bench: ## what each plugin costs per request, and what weft takes on a large cluster
	@scripts/bench

fuzz: ## fuzz each parser for SECONDS_EACH seconds (default 600)
	@scripts/fuzz $(or $(SECONDS_EACH),600)

lab-up: ## start a registry and a Kubernetes cluster with Istio on this machine
	@$(LAB) up registry cluster istio
	@$(LAB) status

lab-down: ## stop them without a trace
	@$(LAB) down --all

new-plugin: ## make plugins/NAME from the template (NAME=geo-fence)
	@scripts/new-plugin "$(NAME)"

release: ## weft and every module, with checksums, in dist/
	@scripts/release
