# Needs: Python 3.11 or later and make, nothing else.  `make demo` is the tour, `make test` the proof.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo up simulate book mutants chaos soak fuzz synth bench properties browser tidy check test clean

VENV := .venv
BIN := $(VENV)/bin
# The stamp carries the digest of the pins: same pins, nothing to do.
PINS := $(shell cat constraints.txt pyproject.toml hub/ops/kafka-jars.sha256 | sha256sum | cut -c1-16)
STAMP := $(VENV)/.setup-$(PINS)
# The newest first: `python3` may be older than what is installed beside it.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# The peers of the benchmarks want older packages than the hub: they have an environment of their own.
PEERS := .bench-venv
PEERS_STAMP := $(PEERS)/.setup-$(shell sha256sum bench/constraints.txt | cut -c1-16)
# The fake national MESH of the tests pins older packages too.
MESH := .mesh-venv
MESH_STAMP := $(MESH)/.setup-$(shell sha256sum tests/mesh/constraints.txt | cut -c1-16)
# So does the generator of clients, which a stack test of the OpenAPI runs.
CLIENTS := .client-venv
CLIENTS_STAMP := $(CLIENTS)/.setup
STARTED := $(shell date +%s)
ARGS ?=
# Some machines forbid Python to keep what it has compiled: every process would compile all of it anew.
export PYTHONDONTWRITEBYTECODE :=

help: ## Show this.
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(STAMP) ## Make .venv from the pinned, hashed packages and fetch Kafka; a no-op the second time.

$(STAMP): constraints.txt pyproject.toml hub/ops/kafka-jars.sha256
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed; none was found" >&2; exit 1; }
	@if [ -e "$(STAMP)" ]; then touch "$(STAMP)"; exit 0; fi; \
	tell() { while sleep 2; do echo "… $$1 ($$(($$(date +%s) - $(STARTED))) s)"; done & teller=$$!; }; \
	hush() { kill $$teller; wait $$teller 2>/dev/null || true; echo "✓ $$1 ($$(($$(date +%s) - $(STARTED))) s)"; }; \
	trap 'kill $${teller:-} 2>/dev/null || true' EXIT; \
	$(PYTHON) -m venv --clear $(VENV); \
	tell "packages"; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	hush "packages, each with its committed hash"
	@if [ ! -e "$(STAMP)" ]; then $(BIN)/hub fetch-kafka; rm -f $(VENV)/.setup-*; touch $(STAMP); fi

demo: $(STAMP) ## Play the stories on this machine and show where to look (ARGS="--until-done --json -").
	@$(BIN)/hub demo $(ARGS)

up: $(STAMP) ## Run everything on this machine, with durable data, until Ctrl-C.
	@$(BIN)/hub up

simulate: $(STAMP) ## Play every scenario on the pure core, or those in ARGS.
	@$(BIN)/hub simulate $(or $(ARGS),$(wildcard tests/scenarios/*.toml))

book: $(STAMP) ## Write docs/policy anew from the policy.
	@$(BIN)/hub policy book

mutants: $(STAMP) ## Take every row of the policy away in turn; a scenario must notice (ARGS="--only P29").
	@$(BIN)/hub policy mutants $(ARGS)

chaos: $(STAMP) ## The real stack under load and faults, against an auditor (ARGS="--events 150000 --seed 1").
	@$(BIN)/python -m tests.chaos $(ARGS)

soak: $(STAMP) ## Chaos for hours, with fresh seeds (ARGS="--hours 8 --json soak.jsonl").
	@$(BIN)/python -m tests.chaos --soak $(ARGS)

fuzz: $(STAMP) ## Ten million damaged bytes through each door (ARGS="--seed 2 --json fuzz.json").
	@$(BIN)/python -m tests.fuzz $(ARGS)

synth: $(STAMP) ## A synthetic year with faults, and how many of them the hub notices (ARGS="--pregnancies 2000").
	@$(BIN)/hub synth --out build/synthetic-year --faults --score $(ARGS)

bench: $(STAMP) $(PEERS_STAMP) ## Every figure of docs/performance.md, peers beside us (ARGS="--json bench.json").
	@$(BIN)/python -m bench $(ARGS)

$(PEERS_STAMP): bench/constraints.txt
	$(PYTHON) -m venv --clear $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bench/constraints.txt
	@touch $(PEERS_STAMP)

$(MESH_STAMP): tests/mesh/constraints.txt
	$(PYTHON) -m venv --clear $(MESH)
	$(MESH)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/mesh/constraints.txt
	@touch $(MESH_STAMP)

$(CLIENTS_STAMP): tests/web/client-constraints.txt
	$(PYTHON) -m venv --clear $(CLIENTS)
	$(CLIENTS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/web/client-constraints.txt
	@touch $(CLIENTS_STAMP)

properties: $(STAMP) ## Redaction and separation over 100,000 generated cases each (CASES=1000 for fewer).
	@CASES=$${CASES:-100000} $(BIN)/pytest -q tests/properties $(ARGS)

browser: ## Install Chromium by apt-get, for the test with a keyboard; a no-op where there is one.
	@for name in chromium chromium-browser google-chrome google-chrome-stable; do \
		if command -v $$name >/dev/null; then echo "✓ $$name is here"; exit 0; fi; done; \
	command -v apt-get >/dev/null || { echo "install Chromium by hand: there is no apt-get here" >&2; exit 1; }; \
	as=; if [ "$$(id -u)" != 0 ]; then as="sudo -n"; fi; \
	echo "… Chromium, some 100 MB"; \
	$$as apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	$$as apt-get install -qq --no-install-recommends chromium >/dev/null && echo "✓ Chromium is installed"

tidy: $(STAMP) ## Format, lint and types.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Tests that make up their own cases make a tenth of them here, and all of them in `make test`.
check: tidy ## Format, lint, types and the fast tests: before every commit.
	HUB_TEST_EFFORT=10 $(BIN)/pytest -q -n auto --dist worksteal -m "not stack and not long" $(ARGS)

test: tidy $(MESH_STAMP) ## Everything: all cases of the fast tests, the long ones, and those on a real Kafka.
	$(BIN)/pytest -q -n auto --dist worksteal -m "not stack" $(ARGS)
	$(BIN)/pytest -q -m stack $(ARGS)

clean: ## Take away .venv and what tools left; never a data folder.
	rm -rf $(VENV) $(PEERS) $(MESH) $(CLIENTS) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
