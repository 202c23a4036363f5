# Vellum. "make help" lists what there is. Only Python 3.11 is needed beforehand.
PYTHON ?= python3
VENV := .venv/bin/python
PORT ?= 8000
DEMO ?= 1
export PORT

.PHONY: help setup run test bench check screens soak messages

help:  ## List the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup:  ## Make the environment alone: packages, front end, translations
	@$(PYTHON) scripts/setup.py test

run:  ## Start Vellum on http://localhost:$(PORT) with demo data (DEMO=0: empty)
	@$(PYTHON) scripts/setup.py run
	@$(VENV) manage.py migrate --verbosity 0
	@$(VENV) manage.py collect_static
	@if [ "$(DEMO)" != "0" ]; then $(VENV) manage.py demo; fi
	@exec $(VENV) -m portal.run

test: setup  ## Everything: checks, all tests, a real browser
	@$(VENV) scripts/test.py

check:  ## Format, lint, types, migrations: seconds
	@$(VENV) -m ruff format --check --quiet .
	@$(VENV) -m ruff check --quiet .
	@DATA_DIR=$${TMPDIR:-/tmp}/vellum-check $(VENV) manage.py makemigrations --check --dry-run --verbosity 0
	@$(VENV) -m mypy --no-error-summary archive portal

bench: setup  ## The benchmarks, as a table and as bench.json (FULL=1: a million rows and 4 GiB)
	@$(VENV) -m tests.bench

screens: setup  ## Screenshots of every page into screens/
	@$(VENV) -m tests.browser.screens

soak: setup  ## Long runs: SOAK_KILLS=200 kills among random commands, SOAK_SECONDS=60 of writers, full disks
	@$(VENV) -m pytest tests -q -s -m soak

messages:  ## Collect translatable texts
	@$(VENV) manage.py makemessages -l de --no-location --no-obsolete --ignore node_modules --ignore tests \
		--ignore static --ignore staticfiles --ignore data
