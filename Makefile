# `make run` and `make test` install what they need (Scripts/bootstrap prints it first); everything lands in .build and .data.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test simulate nightly bench check format build clean

# Compiler processes at once.
JOBS ?= $(shell nproc)
# A scratch path a configuration: sharing one would recompile everything at each change between them.
DEBUG := --scratch-path .build/debug-build --jobs $(JOBS)
RELEASE := --configuration release --scratch-path .build/release-build --jobs $(JOBS)
# Tests at once: most of them wait for services and browsers of their own, which share the processors.
TEST_WIDTH ?= $(shell echo $$((3 * $$(nproc))))
# Whole platforms at once, each with a browser.
PLATFORM_WIDTH ?= $(shell echo $$((2 * $$(nproc))))
# Seconds after which the whole run is ended; each test has a limit of ten minutes of its own.
TEST_LIMIT ?= 1200
PLATFORMS := FaultTests|EndToEndTests|DeploymentTests
TESTS = timeout --foreground --kill-after=30 $(TEST_LIMIT) swift test $(DEBUG) --skip-build \
	--experimental-maximum-parallelization-width $(or $(2),$(TEST_WIDTH))
# What failed is said again at the end, where a reader of a long log looks first.
tests = $(TESTS) $(1) 2>&1 | tee .build/tests.log || { printf '\nWhat failed:\n'; grep -E '^(✘|↳)|error:|Fatal' .build/tests.log; exit 1; }
PERSONA_DATA_DIR ?= $(CURDIR)/.data
export PERSONA_DATA_DIR

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  make %-8s %s\n' "$$name" "$$text"; done

run: build ## Start the platform with its demonstration; ARGS=--once does the main job and ends
	@exec "$$(swift build $(RELEASE) --show-bin-path)/persona" up --main-job $(ARGS)

build: ## Build the release of the executable `persona`
	@Scripts/bootstrap run
	@swift build $(RELEASE) --product persona --static-swift-stdlib

# Whole platforms come last, and alone: they are killed and started again, and their deadlines are their own.
test: ## Run the tests; FILTER=regex runs those whose name matches
	@Scripts/bootstrap test
	@swift build $(DEBUG) --build-tests
	@$(call tests,$(if $(FILTER),--filter '$(FILTER)',--skip '$(PLATFORMS)'))
	@$(if $(FILTER),true,$(call tests,--filter '$(PLATFORMS)',$(PLATFORM_WIDTH)))

nightly: TEST_LIMIT = 14400
nightly: ## Kill processes for as long as it takes; KILLS=n
	@Scripts/bootstrap test
	@swift build $(DEBUG) --build-tests
	@export PERSONA_TEST_KILLS=$(or $(KILLS),1000); $(call tests,--filter KillSeriesTests)

bench: build ## Measure; ONLY=name runs one measurement
	@Scripts/bootstrap bench
	@swift build $(RELEASE) --product OrchestratorBench
	@swift build $(RELEASE) --product SandboxBench
	@Scripts/bench $(ONLY)

simulate: ## Run worlds of seeds against the orchestrator; SEEDS=n, FROM=seed, or SEED=seed with its trace
	@swift build $(RELEASE) --product simulate
	@"$$(swift build $(RELEASE) --show-bin-path)/simulate" $(if $(SEED),--seed $(SEED) --verbose,--seeds $(or $(SEEDS),200000) --from $(or $(FROM),1))

check: ## Format, lint, layers, sizes, links, and a build in which warnings are errors
	@Scripts/bootstrap run
	@swift format lint --strict --recursive --parallel Package.swift Sources Tests
	@Scripts/check-layers
	@Scripts/check-sources
	@swift build $(DEBUG)

format: ## Rewrite the sources in the house format
	@swift format --in-place --recursive --parallel Package.swift Sources Tests

clean: ## Remove what was built; the data in .data stay
	@rm -rf .build
