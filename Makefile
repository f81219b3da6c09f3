.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup demo check test bench clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: .venv/ready ## Create .venv with everything the project needs

.venv/ready: pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tierfeed needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -c requirements.lock -e '.[test]'
	@touch $@

demo: .venv/ready ## Run the whole line once on the shipped tape and print a summary
	$(BIN)/tierfeed demo

check: .venv/ready ## The quick gate: format, lint, types, import contracts, unit and property tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/unit tests/property tests/contract tests/golden

test: check ## Everything, on real Kafka and real ClickHouse
	$(BIN)/pytest tests/integration tests/e2e

bench: .venv/ready ## Side-by-side benchmarks against stock Faust, Quix Streams and Kafka Streams
	$(BIN)/python -m bench

clean: ## Remove the environment and the embedded data
	rm -rf .venv .tierfeed
