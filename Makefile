# Two commands matter: `make demo` and `make test`. Both set up all that they need.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
export COALITION_STATE_FOLDER ?= .state

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/demo-ready ## Load a real grocer's quarter into a coalition of eleven, and serve it (ARGS=--full: the year)
	@$(BIN)/coalition demo $(ARGS)

test: .venv/test-ready ## Run the whole suite on real servers (ARGS=... go to pytest)
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadscope $(ARGS)

check: .venv/test-ready ## Run the static checks: style, types, floors, exported schemas
	@echo "Checking style, types, floors and exported schemas"
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports
	@$(BIN)/coalition schema export && git diff --exit-code -- 'schema/*.graphql' docs/refusals.md
	@$(BIN)/coalition schema changes

bench: .venv/test-ready ## Measure: make bench NAME=ledger
	@$(BIN)/python -m bench.$(NAME)

migration: .venv/test-ready ## Draft the next migration: make migration NAME="Say what it does"
	@$(BIN)/alembic revision --autogenerate -m "$(NAME)"

lock: .venv/test-ready ## Compile requirements/*.txt anew from pyproject.toml
	@$(BIN)/pip install --quiet uv
	@scripts/lock

clean: ## Remove the virtual environment and the demo's database
	rm -rf .venv $(COALITION_STATE_FOLDER)

.venv/bin/python:
	@scripts/make-venv "$(PYTHON)"

.venv/demo-ready: requirements/run.txt requirements/data.txt pyproject.toml | .venv/bin/python
	@echo "Installing what the service needs"
	@$(BIN)/pip install --quiet --require-hashes --no-deps -r requirements/run.txt -r requirements/data.txt
	@scripts/install-self
	@touch $@

.venv/test-ready: requirements/test.txt .venv/demo-ready
	@echo "Installing what the tests need"
	@$(BIN)/pip install --quiet --require-hashes --no-deps -r requirements/test.txt
	@scripts/system-packages postgresql-15 chromium fonts-dejavu-core
	@touch $@

.PHONY: help demo test check bench migration lock clean
