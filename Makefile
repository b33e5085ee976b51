# `make test` is all a newcomer needs. Everything is installed into $(VENV), nothing outside it.
PYTHON ?= python3
VENV ?= .venv
DEMO_VENV ?= .venv-demo
PARALLEL ?= 2

ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
DEMO_BIN := $(DEMO_VENV)/Scripts
else
BIN := $(VENV)/bin
DEMO_BIN := $(DEMO_VENV)/bin
endif
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow check install clean

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | sort

demo: $(DEMO_VENV)/.installed  ## install the hospital part alone, and show it on a digital patient
	rm -rf build/demo
	$(DEMO_BIN)/ctpet demo -o build/demo

$(DEMO_VENV)/.installed: pyproject.toml constraints.txt $(shell find ctpet checkpoints -type f -name '*.*')
	$(PYTHON) -m venv $(DEMO_VENV)
	$(DEMO_BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt .
	touch $@

test: $(INSTALLED) check  ## install into a fresh environment, check the code, run the tests
	$(BIN)/python -m pytest -n $(PARALLEL) --dist loadgroup -m "not slow"

test-slow: $(INSTALLED)  ## whole trainings, installations, browsers: the tests that take longer
	$(BIN)/python -m pytest -n $(PARALLEL) --dist loadgroup -m slow

check: $(INSTALLED)  ## lint, format, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

install: $(INSTALLED)  ## the environment for development

$(INSTALLED): pyproject.toml constraints.txt
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev,train,cluster,web]"
	touch $@

clean:  ## remove the environment and caches
	rm -rf $(VENV) $(DEMO_VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
