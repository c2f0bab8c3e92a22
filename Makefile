# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
#
# Needs git, make and a supported Python, and nothing else.
# `make` lists the commands.

STACK ?= current
VENV ?= $(if $(filter current,$(STACK)),.venv,.venv-$(STACK))
PYTHON ?=
TORCH_INDEX ?=
METHODS ?=
DATA ?=
ARGS ?=

# Tests use one process a core, with one thread each: more threads make small
# tensors slower.
JOBS ?= 2
OMP_NUM_THREADS ?= $(if $(filter test test-slow,$(MAKECMDGOALS)),1,2)

BIN := $(VENV)/bin
export PYTHON TORCH_INDEX OMP_NUM_THREADS
# Passed on as they were typed: neither make nor the shell expands them.
override DATA := $(value DATA)
override METHODS := $(value METHODS)
export DATA METHODS

.DEFAULT_GOAL := help
.PHONY: help install quickstart test test-slow lint format docs sbom clean

help:
	@echo 'make install     install tested, pinned packages into $(VENV): 3 minutes and'
	@echo '                 the download of torch, a second when nothing has changed'
	@echo 'make quickstart  train a method, test it, restore faces and a photo, on a CPU'
	@echo 'make test        run the fast tests   make test-slow   run the others'
	@echo 'make lint        check the style      make format      apply the style'
	@echo 'make docs        write tables and model-index.yml from the metafiles'
	@echo 'make sbom        write sbom.json: what is installed, CycloneDX 1.6'
	@echo 'make clean       remove caches and builds, but no environments or results'
	@echo
	@echo 'Settings, for example make install STACK=classic:'
	@echo '  STACK        current (Python 3.11 or 3.12, torch 2.15), classic (Python'
	@echo '               3.10, torch 2.1), newest (NumPy 2, newest diffusers) or'
	@echo '               full (current with the ops of mmcv, compiled)'
	@echo '  PYTHON       Python to use (default: the first that fits)'
	@echo '  TORCH_INDEX  package index for torch, for example one without CUDA'
	@echo '  VENV         folder of the environment (default: .venv, .venv-STACK)'
	@echo '  METHODS      quickstart: these methods, as in METHODS=dic,elsface, or all'
	@echo '  DATA         quickstart: a folder with photos of your own'
	@echo '  JOBS         test, test-slow: number of processes (default: 2)'
	@echo '  ARGS         test, test-slow: options for pytest, as in ARGS="-k heatmap"'

install:
	@sh tools/setup/install.sh $(STACK) $(VENV)

quickstart: install
	@$(BIN)/python tools/quickstart.py \
		$(if $(METHODS),--methods "$$METHODS") $(if $(DATA),--data "$$DATA")

test: install
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m 'not slow' $(ARGS)

# On `newest`: only whether MMagic imports and every config works.
SLOW := $(if $(filter newest,$(STACK)),tests/test_compat tests/test_contract.py,-m slow)

test-slow: install
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(SLOW) \
		--trials=work_dirs/test-slow.md $(ARGS)

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

sbom: install
	@$(BIN)/python tools/setup/sbom.py sbom.json

clean:
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +
