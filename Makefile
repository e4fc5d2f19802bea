# make demo   install, run the main job with embedded defaults, and say which page to open
# make test   install and pass every test
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.installed-runtime
DEVELOP := $(VENV)/.installed-develop

.PHONY: help demo up test lint unit e2e postgres chaos evening bench clean

help:
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "make needs $(PYTHON); name yours: make PYTHON=python3"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment; on Debian: apt install python3-venv"; exit 1; }

$(RUNTIME): requirements.txt constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt 2> >(grep -v '^WARNING: Location' >&2)
	@touch $@

$(DEVELOP): requirements-dev.txt requirements.txt constraints.txt | $(RUNTIME)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt 2> >(grep -v '^WARNING: Location' >&2)
	@touch $@

demo: $(RUNTIME)  ## crawl the demo shop (or SHOP=http://…), index it, and open the search
	@exec $(BIN)/python manage.py demo $(if $(SHOP),--shop "$(SHOP)") $(if $(PORT),--port $(PORT)) $(DEMO_ARGS)

up: $(RUNTIME)  ## run web, workers, schedule and broker on this machine
	@exec $(BIN)/python manage.py up $(if $(PORT),--port $(PORT))

test: $(DEVELOP)  ## every check and every test
	tools/test.sh

lint: $(DEVELOP)  ## ruff, mypy --strict, import rules
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

unit: $(DEVELOP)  ## the fast tests only
	$(BIN)/python -m pytest -m "not e2e and not chaos and not crawl and not encoder" -q

e2e: $(DEVELOP)  ## the tests that drive a browser
	$(BIN)/python -m pytest -m e2e -q

chaos: $(DEVELOP)  ## kill -9 of worker, crawl child, web and broker in the middle of their work
	$(BIN)/python -m pytest -m chaos -q -s --timeout=3600

evening: $(DEVELOP)  ## fill a catalog from shops, feed, image search, list and folder at once; kill a worker
	$(BIN)/python -m pytest tests/chaos/test_evening.py -m chaos -q -s --timeout=3600

postgres: $(DEVELOP)  ## the tests of database behaviour again, on PostgreSQL
	$(BIN)/python -m tests.on_postgres

bench: $(DEVELOP)  ## the speed figures, as ratios within one run
	$(BIN)/python -m benchmarks

clean:  ## throw away what was installed and all local data (asks first)
	@read -p "Delete $(VENV) and var/ (catalog, photos, index)? [y/N] " yes; [ "$$yes" = y ] && rm -rf $(VENV) var
