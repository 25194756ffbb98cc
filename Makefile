# Makegood: `make help` lists what there is. Needs only Python 3.11+, make and git; run as root it installs what else is missing.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
# Every process that a command or a test starts would compile all modules anew where this is set.
export PYTHONDONTWRITEBYTECODE :=

VENV := .venv
BIN := $(VENV)/bin
SCANNERS := .venv-scanners
FLASK := $(BIN)/flask --app wsgi
PORT ?= 8000
HOST ?= 127.0.0.1
STAMPS := $(VENV)/.stamps
PO := $(wildcard app/translations/*/LC_MESSAGES/*.po)
APT := DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends
# One worker more than processors: tests wait for PostgreSQL, Chromium and other processes a third of their time.
PROCESSORS := $(shell nproc 2>/dev/null || echo 2)
PYTEST := $(BIN)/python -m pytest --dist worksteal -n

# The first Python from 3.11 on that is there.
PYTHON := $(shell for name in python3 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v "$$name"; break; }; done)

# $(call packages,NAMES): install missing Debian packages as root, otherwise say the one command.
define packages
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing$(1) …"; \
		apt-get update -q >/dev/null && $(APT)$(1) >/dev/null; \
	else \
		echo "Missing packages. Run this once, then try again:"; \
		echo "  sudo apt-get install -y$(1)"; \
		exit 1; \
	fi
endef

# $(call install,LOCKFILE,ENVIRONMENT): exactly the packages of a hashed lock, by uv where there is one.
define install
	if command -v uv >/dev/null; then \
		UV_PYTHON_DOWNLOADS=never uv pip install -q --python $(2)/bin/python --require-hashes -r $(1); \
	else \
		$(2)/bin/python -m pip --version >/dev/null 2>&1 || $(2)/bin/python -m ensurepip >/dev/null; \
		$(2)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r $(1); \
	fi
endef

# $(call environment,FOLDER): an empty one.
define environment
	if command -v uv >/dev/null; then \
		UV_PYTHON_DOWNLOADS=never uv venv -q --python "$(PYTHON)" $(1); \
	else \
		if ! "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null; then $(call packages, python3-venv); fi; \
		"$(PYTHON)" -m venv --clear $(1); \
	fi
endef

# $(call pango,ENVIRONMENT): what prints letters as PDF; without it everything else works.
define pango
	if ! $(1)/bin/python -c 'from ctypes import CDLL; CDLL("libpangoft2-1.0.so.0")' 2>/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then $(call packages, libpango-1.0-0 libpangoft2-1.0-0); \
		else echo "Letters as PDF need: sudo apt-get install -y libpango-1.0-0 libpangoft2-1.0-0"; fi; \
	fi
endef

.PHONY: help run setup setup-tests upgrade translations setup-scanners test quick soak scan check bench clean

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: $(STAMPS)/runtime $(STAMPS)/translations  ## Serve the demo company on http://127.0.0.1:8000 (PORT=… changes it)
	@exec $(FLASK) serve --prepare --host $(HOST) --port $(PORT)

setup: $(STAMPS)/runtime $(STAMPS)/translations upgrade  ## Environment in .venv and database, nothing else

upgrade: $(STAMPS)/runtime
	@$(FLASK) db upgrade

setup-tests: $(STAMPS)/tests $(STAMPS)/translations
	@missing=""; \
	[ -n "$${MAKEGOOD_TEST_POSTGRES:-}" ] || [ -x "$${PG_BINDIR:-/nowhere}/initdb" ] || command -v initdb >/dev/null \
		|| ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	command -v chromium-headless-shell >/dev/null \
		|| { [ "$$(id -u)" = 0 ] && [ -x /usr/bin/chromium ] && $(APT) chromium-headless-shell >/dev/null 2>&1; } \
		|| [ -x /usr/bin/chromium ] || missing="$$missing chromium-headless-shell"; \
	if [ -n "$$missing" ]; then $(call packages,$$missing); fi

test: setup-tests  ## Everything that tests need, then all tests
	@MAKEGOOD_TEST_EXAMPLES=$${MAKEGOOD_TEST_EXAMPLES:-50} $(PYTEST) $$(( $(PROCESSORS) + 1 )) -m "not soak" $(ARGS)

# Rules, actions and the architecture, on SQLite; what goes through pages, files, the API, other processes or a whole company is left
# to `make test`.
QUICK := $(addprefix --ignore=tests/,api attachments audit/test_attacks.py audit/test_replay.py messages portal customers/test_actions.py \
	customers/test_merge.py demo home insights/test_measures.py insights/test_outcomes.py insights/test_proposals.py insights/test_rollups.py \
	insights/test_shadow.py insights/test_simulation.py insights/test_spend.py intake journeys notifications ops \
	people/test_certificates.py people/test_sign_in.py promises reviews) \
	$(addprefix --ignore-glob=*/,*commands.py *pages.py test_authority.py test_check_backs.py test_checkpoints.py test_claims.py \
	test_conditions.py test_drafts.py test_duplicates.py test_editor.py test_evidence.py test_explain.py test_files.py test_machine.py test_mail.py test_outgoing.py test_packs.py test_parallel*.py test_pay*.py \
	test_precedents.py test_random_policies.py test_receipts.py test_reconcile.py test_redress.py test_rerun.py test_routes.py test_schema.py test_search.py \
	test_special.py test_stateful.py test_steps.py test_stripe*.py test_sweep.py test_thirty_days.py test_translations.py test_versions.py \
	test_appeals.py test_asking.py test_batch.py test_calendar*.py test_links.py test_never_twice.py test_searches.py test_second_factor.py \
	test_servicenow_faults.py test_streams.py test_surveys.py test_turns.py)

quick: setup-tests  ## The tests that take less than a minute
	@MAKEGOOD_TEST_DATABASES=sqlite MAKEGOOD_TEST_EXAMPLES=$${MAKEGOOD_TEST_EXAMPLES:-10} $(PYTEST) $(PROCESSORS) -q \
		-m "not soak and not slow and not browser" $(QUICK) $(ARGS)

soak: setup-tests  ## The same tests at their full counts, and the scanners
	@MAKEGOOD_TEST_EXAMPLES=$${MAKEGOOD_TEST_EXAMPLES:-10000} $(PYTEST) $$(( $(PROCESSORS) + 1 )) -o timeout=3600 $(ARGS)
	@MAKEGOOD_TEST_EXAMPLES=$${MAKEGOOD_TEST_EXAMPLES:-10000} $(MAKE) scan

scan: setup-tests  ## The scanners alone, with short bounds
	@$(MAKE) -k setup-scanners || echo "Not every scanner could be installed; what is missing is NOT RUN below, and that is no success."
	@$(BIN)/python -m tests.scanners

setup-scanners: $(SCANNERS)/source.stamp $(SCANNERS)/web.stamp
	@missing=""; [ -x /usr/bin/sqlmap ] || command -v sqlmap >/dev/null || missing="$$missing sqlmap"; \
	if [ -n "$$missing" ]; then $(call packages,$$missing); fi

check: setup-tests  ## Linters, types, import contract, committed secrets, known holes in packages (NOT RUN offline)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache | grep -vE '[╔╗╚╝║═▶◀─│]'
	@$(BIN)/djlint app --lint --quiet
	@$(BIN)/vulture
	@$(BIN)/python -m tests.scanners.leaks
	@$(BIN)/python -m tests.scanners.advisories

bench: setup-tests  ## Benchmarks, one JSON line each
	@$(BIN)/python -m tests.bench
	@for db in sqlite postgresql; do $(BIN)/python -m tests.bench.authority --db $$db || exit 1; done
	@$(BIN)/python -m tests.bench.authority --past
	@$(BIN)/python -m tests.bench.clocks
	@$(BIN)/python -m tests.bench.approvals
	@$(BIN)/python -m tests.bench.overview

clean:  ## Remove the environments; the database stays
	@rm -rf $(VENV) $(SCANNERS)

translations: $(STAMPS)/translations

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed."; exit 1; }
	@$(call environment,$(VENV))

$(STAMPS)/runtime: requirements.txt | $(BIN)/python
	@echo "Installing the packages of requirements.txt …"
	@$(call install,requirements.txt,$(VENV))
	@$(call pango,$(VENV))
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/tests: tests/requirements.txt | $(BIN)/python
	@echo "Installing the packages of tests/requirements.txt …"
	@$(call install,tests/requirements.txt,$(VENV))
	@$(call pango,$(VENV))
	@mkdir -p $(STAMPS) && touch $@ $(STAMPS)/runtime

# Two environments: the scanners' own packages do not fit together.
$(SCANNERS)/%.stamp: tests/scanners/%.txt
	@echo "Installing the packages of $< …"
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed."; exit 1; }
	@rm -rf $(SCANNERS)/$* && mkdir -p $(SCANNERS)
	@$(call environment,$(SCANNERS)/$*)
	@$(call install,$<,$(SCANNERS)/$*)
	@touch $@

$(STAMPS)/translations: $(PO) | $(BIN)/python
	@[ -x $(BIN)/pybabel ] || $(MAKE) $(STAMPS)/runtime
	@if [ -n "$(PO)" ]; then $(BIN)/pybabel -q compile -d app/translations; fi
	@mkdir -p $(STAMPS) && touch $@
