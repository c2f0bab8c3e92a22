# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
#
# Needs git, make, a supported Python and a C++ compiler; nothing else has to
# be installed before. `make` alone says what there is.

STACK ?= current
VENV ?= $(if $(filter current,$(STACK)),.venv,.venv-$(STACK))
PYTHON ?=
TORCH_INDEX ?=
METHODS ?=
DATA ?=
ARGS ?=

# The tests: one process a core, one thread each; more make small tensors
# slower, not faster.
JOBS ?= 2
OMP_NUM_THREADS ?= $(if $(filter test test-slow,$(MAKECMDGOALS)),1,2)

BIN := $(VENV)/bin
export PYTHON TORCH_INDEX OMP_NUM_THREADS
# Handed to the shell as they were typed: neither it nor make reads them.
override DATA := $(value DATA)
override METHODS := $(value METHODS)
export DATA METHODS

.DEFAULT_GOAL := help
.PHONY: help install quickstart test test-slow lint format docs clean

help:
	@echo 'make install     environment in $(VENV), tested and pinned; 10-15 minutes the'
	@echo '                 first time, a second when nothing changed'
	@echo 'make quickstart  train, test and look at each method on faces, on a CPU'
	@echo 'make test        fast tests           make test-slow   the others'
	@echo 'make lint        style and spelling   make format      apply the style'
	@echo 'make docs        write the tables of the READMEs from the metafiles'
	@echo 'make clean       remove caches and builds (not environments, not results)'
	@echo
	@echo 'Settings, e.g. make install STACK=classic:'
	@echo '  STACK        current (Python 3.11 or 3.12, torch 2.15), classic (Python'
	@echo '               3.10, torch 2.1) or newest (NumPy 2, newest diffusers)'
	@echo '  PYTHON       the Python to use instead of the first that fits'
	@echo '  TORCH_INDEX  package index to take torch from, e.g. one without CUDA'
	@echo '  VENV         place of the environment: .venv, .venv-classic, .venv-newest'
	@echo '  METHODS      quickstart: only these methods, e.g. METHODS=dic'
	@echo '  DATA         quickstart: a folder with your own photos'
	@echo '  JOBS         test, test-slow: processes (2)'
	@echo '  ARGS         test, test-slow: more for pytest, e.g. ARGS="-k heatmap"'

install:
	@sh tools/setup/install.sh $(STACK) $(VENV)

quickstart: install
	@$(BIN)/python tools/quickstart.py \
		$(if $(METHODS),--methods "$$METHODS") $(if $(DATA),--data "$$DATA")

test: install
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m 'not slow' $(ARGS)

# On `newest`: does MMagic import, does every config keep its contract?
SLOW := $(if $(filter newest,$(STACK)),tests/test_compat tests/test_contract.py,-m slow)

test-slow: install
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(SLOW) $(ARGS)

lint: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/codespell
	@$(BIN)/python tools/docs/render_tables.py --check

format: install
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

docs: install
	@$(BIN)/python tools/docs/render_tables.py

clean:
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +
