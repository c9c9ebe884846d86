# Every target first sees to it that the packages of package-lock.json are installed.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# npm itself runs on the system's Node; everything else on the Node 24 that npm ci puts into .bin.
system_path := $(PATH)
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
stamp := node_modules/.balto-installed
bundle := node_modules/.balto-bundled

.PHONY: help setup run test fuzz build lint lint-fix format gen bench bench-faults bench-scale bench-streams install-hooks clean

help: ## Say what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "make %-14s %s\n", $$1, $$2 }'

setup: $(stamp) $(bundle) ## Install the packages and Node 24, bundle the data plane

$(stamp): package-lock.json
	@PATH='$(system_path)' npm ci --no-audit --no-fund --loglevel=error
	@node scripts/require-node.js
	@node scripts/warm-cache.js
	@touch $@

# What balto serve starts; where sources are newer, it starts them instead.
$(bundle): $(stamp) scripts/bundle-data-plane.js $(shell find artifact dataplane -name '*.ts')
	@node scripts/bundle-data-plane.js
	@touch $@

run: setup ## Start the demo backends, then balto on configs/
	@node examples/run.ts

test: setup ## Every check and test; ends with "N passed, N failed"
	@node scripts/test.js

fuzz: setup ## Fuzz the parsers of HTTP for FUZZ_SECONDS (300)
	@node test/fuzz/main.ts

build: setup ## Compile the published package into dist/
	@npm run --silent build

lint: setup ## Lint with types
	@npm run --silent lint

lint-fix: setup ## Lint and mend what can be mended
	@npm run --silent lint:fix

format: setup ## Format the whole repository
	@npm run --silent format

gen: setup ## Write the generated files anew
	@npm run --silent gen

bench: setup ## Run the benchmarks
	@node bench/main.ts

bench-faults: setup ## Try backends that misbehave behind Balto, nginx, HAProxy and Caddy
	@node bench/faults/main.ts

bench-scale: setup ## Compile and serve 1,000 to 100,000 services, beside others
	@node bench/scale/main.ts

bench-streams: setup ## TCP streams of Balto beside HAProxy and nginx
	@node bench/stream/proxies.ts

install-hooks: setup ## Let git run .githooks/
	@git config core.hooksPath .githooks

clean: ## Remove everything made: packages, build, reports
	rm -rf node_modules dist coverage .vitest
