.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check
QUICK = $(wildcard tests/unit tests/property tests/contract tests/golden)
SLOW = $(wildcard tests/integration tests/e2e)
# Two at a time: only what needs no Kafka cluster, whose tests measure time.
TWO = -n 2 --dist loadfile

.PHONY: help setup demo check lint kernels test bench lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: .venv/ready ## Create .venv with everything the project needs

# Not byte-compiled: of 1.5 GB most is never imported, and what is compiles at its first import.
# What builds comes first: so it is locked, too, and no second environment is made for it.
.venv/ready: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tierfeed needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	@echo 'setting up .venv: about 100 packages, about a minute'
	@$(PYTHON) -m venv .venv
	@$(PIP) install --quiet --no-compile --constraint requirements.lock hatchling editables
	@$(PIP) install --quiet --no-compile --constraint requirements.lock --no-build-isolation --editable '.[test]'
	@touch $@

demo: .venv/ready ## Run the whole line once on the shipped tape and print a summary
	@$(BIN)/tierfeed demo

check: .venv/ready ## The quick gate: format, lint, types, import contracts, all tests that need no Kafka cluster
	@$(MAKE) --no-print-directory --jobs 2 lint kernels
	$(BIN)/pytest $(TWO) $(QUICK)

lint: .venv/ready ## Format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Beside lint, and once: else each of two test processes would compile them.
kernels: .venv/ready ## Compile the kernels, where that is not done yet
	$(BIN)/tierfeed stream warm

test: check ## Everything, on real Kafka and real ClickHouse
	$(BIN)/pytest $(TWO) -m 'not kafka' $(SLOW)
	$(BIN)/pytest --durations=25 -m kafka $(SLOW)

bench: .venv/ready ## Side by side with stock Faust, Quix Streams and Kafka Streams; writes bench/RESULTS.md
	$(BIN)/python -m bench

# Run it with the oldest Python supported: what only older ones need is then in the lock, too, and does no harm elsewhere.
lock: ## Resolve every dependency anew, newest versions, into requirements.lock
	@rm -rf build/lock && mkdir -p build && $(PYTHON) -m venv build/lock
	@build/lock/bin/python -m pip --disable-pip-version-check install --quiet --dry-run --ignore-installed \
		--report build/lock/report.json '.[test]' hatchling editables
	@$(PYTHON) -c 'import json, sys; \
		found = (row["metadata"] for row in json.load(sys.stdin)["install"] if "is_direct" not in row or not row["is_direct"]); \
		print("# Every package, exactly, for Python 3.11 to 3.13. Written by `make lock`; not to be edited by hand."); \
		print(*sorted((row["name"] + "==" + row["version"] for row in found), key=str.lower), sep="\n")' \
		< build/lock/report.json > build/lock/requirements.lock
	@mv build/lock/requirements.lock requirements.lock
	@rm -rf build/lock
	@echo 'requirements.lock is written; `make test` sets .venv up with it'

clean: ## Remove the environment, the embedded data and what the tools left behind
	rm -rf .venv .tierfeed build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache bench/target
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
