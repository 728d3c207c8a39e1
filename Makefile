# `make demo` and `make test` do all the set-up by themselves; they need Python 3.11+ and network.
.PHONY: help setup temporal demo demo-ui up test fuzz bench lint clean
SHELL := /bin/sh
PY := .venv/bin/python

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

setup: ## uv, packages and Temporal server, each brought when absent
	@./bootstrap.sh
	@UV=$$(./bootstrap.sh --uv) $(PY) -m runtime.temporal >/dev/null

demo: setup ## rehearse three fiscal years of real projects (DATA=folder, ARGS=...)
	@$(PY) starter.py demo $(if $(DATA),--data "$(DATA)") $(ARGS)

demo-ui: setup ## look at the demo's workflows in the Temporal UI
	@$(PY) starter.py ui

up: setup ## the system for people: Temporal with its UI, and a worker
	@$(PY) -m runtime.up

test: setup ## all tests
	@$(PY) -m tests.run $(ARGS)

fuzz: setup ## the API, every operation at every edge of its document: minutes
	@FUZZ=all $(PY) -m tests.run -q tests/integration/test_api.py -k whatever_is_sent $(ARGS)

bench: setup ## speed as ratios against floors measured beside it (ARGS="--quick", "--only records")
	@$(PY) -m bench $(ARGS)

lint: setup ## ruff and mypy
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy .

clean: ## remove what was made here, but not the stores in var/
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
