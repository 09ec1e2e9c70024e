# Custos. `make` alone explains every target.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONPATH := $(CURDIR):$(CURDIR)/platform
DATA ?=
FILE ?= custos.dump
T ?= tests
comma := ,
COVERED := $(subst $() ,$(comma),governance/gate.py governance/judging.py governance/four_eyes.py governance/audit/ledger.py \
  governance/policies/* governance/rules/*)
BENCHMARKS := runtimes engine gate audit edge search_request enrolment detect_parallel stopping rekognition moratorium

.PHONY: help install run demo test check format lint types imports migrations unit coverage fuzz fuzz-rest screenshots bench models vendor lock clean manage backup restore

help: ## Explain every target
	@echo "Custos: face recognition in which access is governed."
	@echo
	@grep -hE '^[a-z%-]+:.*?## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'
	@echo
	@echo "Variables: PORT=8001 CUSTOS_HOME=var-two (run), T=tests/audit (unit), DATA=folder (bench-accuracy), PYTHON=python3.12"

install: $(VENV)/.dev ## Build .venv with everything that tests and checks need

run: $(VENV)/.base ## Start everything: services, models, demo world, web, worker; Ctrl-C stops it
	@$(BIN)/python -m instance run

demo: $(VENV)/.base ## Play the demonstration in an instance of its own and say what happens
	@$(BIN)/python -m instance demo

test: check ## What CI runs: formatting, lint, types, import contracts, migrations, and the whole suite
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not long" $(T)

check: install models lint types imports migrations ## Everything of `make test` but the suite

lint:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djlint --quiet --check --lint platform tenants/templates governance/templates governance/vetting/templates
	$(BIN)/typos

types:
	$(BIN)/mypy

imports:
	$(BIN)/lint-imports

migrations:
	CUSTOS_ENV=test $(BIN)/python manage.py makemigrations --check --dry-run --skip-checks

format: install ## Format the code and apply safe fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

unit: install models ## The fast part of the suite; T=tests/audit for a part of it
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow and not long" $(T)

coverage: install models ## Measure the gate, the rules, four-eyes and the ledger: every branch must be tested
	$(BIN)/coverage run --branch --source=governance -m pytest -n 0 -m "not slow and not long" tests/governance tests/audit
	$(BIN)/coverage report --show-missing --fail-under=100 --include="$(COVERED)"

fuzz: install models ## Send ten thousand mutated requests to the Rekognition edge (minutes)
	$(BIN)/python -m pytest -m long tests/rekognition

screenshots: install models ## Take the pictures of docs/images anew, of a demo world of its own (needs chromium)
	$(BIN)/python -m tests.e2e.screenshots

fuzz-rest: install models ## Hold a running instance against its OpenAPI document, by thousands of made-up requests (minutes)
	$(BIN)/python -m pytest -s -m long tests/e2e/test_schema_live.py

models: $(VENV)/.base ## Fetch and verify the model weights
	@$(BIN)/python manage.py fetch_models

vendor: $(VENV)/.base ## Fetch the style sheets of the pages anew, by digest (needs npm; they are in the repository)
	@$(BIN)/python manage.py vendor_assets

bench: install models ## Run every benchmark that needs no data of its own; results in var/bench/
	@worst=0; for name in $(BENCHMARKS); do \
	  echo "== $$name"; $(BIN)/python benchmarks/$$name.py || { code=$$?; [ $$code -gt $$worst ] && worst=$$code; true; }; \
	done; exit $$worst

bench-%: install models ## Run one benchmark, for example bench-gate, or bench-accuracy DATA=folder
	@$(BIN)/python benchmarks/$(subst -,_,$*).py $(if $(DATA),--data "$(DATA)")

backup: $(VENV)/.base ## Write the database into a file, also while it runs: make backup FILE=/safe/custos.dump
	@$(BIN)/python -m instance backup "$(FILE)"

restore: $(VENV)/.base ## Put a backup in the place of a stopped instance's database: make restore FILE=…
	@$(BIN)/python -m instance restore "$(FILE)"

manage: $(VENV)/.base ## Run a management command on the instance that runs here: make manage C="audit verify"
	@$(BIN)/python -m instance manage $(C)

# Extras stay in the locks: pip 23 otherwise asks for `coverage[toml]` anew, and refuses the newest for want of a hash.
lock: install ## Write the hashed locks of requirements/ anew
	@for name in base dev prod; do \
	  $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header \
	    requirements/$$name.in -o requirements/$$name.txt; done

clean: ## Remove the environment, caches and everything under var/ except downloads in your cache folder
	if [ -f var/instance-id ] && [ "$$(id -u)" = 0 ]; then rm -rf "/var/lib/custos-$$(cat var/instance-id)"; fi
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The environment: rebuilt only when a lock changes.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Custos needs Python 3.11 or later; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: requirements/base.txt | $(BIN)/python
	@echo "Installing what Custos needs (the first time takes a few minutes) …"
	@$(BIN)/python -m pip install --quiet --progress-bar on --disable-pip-version-check --require-hashes -r requirements/base.txt || \
	  { echo "The installation failed. Check the network, then run the same command again."; exit 1; }
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.base pyproject.toml | $(BIN)/python
	@echo "Installing what tests and checks need …"
	@$(BIN)/python -m pip install --quiet --progress-bar on --disable-pip-version-check --require-hashes -r requirements/dev.txt || \
	  { echo "The installation failed. Check the network, then run the same command again."; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
