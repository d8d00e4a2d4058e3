# 日知 Rizhi. `make` alone says what there is.

PORT ?= 8000
DATA ?= var
DEMO ?= 1
# How many processes run the tests.
JOBS ?= auto
# Noto Serif CJK, of which `make font` cuts the font of pictures.
NOTO ?= /usr/share/fonts/opentype/noto/NotoSerifCJK-Bold.ttc
# What pytest is told besides, e.g. ARGS="-k clock"
ARGS ?=
# Which pages `make gallery` takes, by name, or modules `make mutants`; none: all
ONLY ?=
# `make simulate-study`: how many learners, one size after the other.
LEARNERS ?= 1000 10000 100000
# `make torture`: how often something is killed, the seed of its dice (none: drawn), on which database.
KILLS ?= 500
SEED ?=
ON ?= postgresql
# `make fuzz`: how many requests and forms each kind of person sends.
FUZZ ?= 2000
# `make fuzz-payments`: how many random schedules of people, time and faults (200).
# `make mutants`: how many mutants, drawn (all); which files of tests are asked (all).
N ?=
BY ?=

BIN := .venv/bin
DEBUG_OF_DEMO := $(if $(filter 0,$(DEMO)),0,1)
SITE := PORT="$(PORT)" DATA="$(DATA)" DEMO="$(DEMO)" DEBUG="$(DEBUG_OF_DEMO)"
# In order (no worksteal): tests with real transactions leave the tables empty and come last.
SHARED := -n $(JOBS) --maxprocesses 4
# The commands of the documents take minutes: they run in `make docs`.
PYTEST := $(BIN)/python -m pytest $(SHARED) --ignore tests/house/test_docs.py
CODE := platform courses payments tests manage.py

.DEFAULT_GOAL := help
.PHONY: help run reset test test-services test-browser check lint fmt types imports migrations \
	translations docs lighthouse gallery bench simulate-study torture fuzz fuzz-payments mutants probe lock font released \
	test-upgrade runtime dev

help:
	@echo "make run            the site with its demo on http://localhost:8000 (PORT=, DATA=, DEMO=0)"
	@echo "make reset          begins anew: empties the data folder (DATA=, RESET=yes)"
	@echo "make test           the tests on SQLite (ARGS=)"
	@echo "make test-services  the tests on PostgreSQL and Redis (DATABASE_URL=, REDIS_URL=)"
	@echo "make test-browser   the journeys in chromium"
	@echo "make check          everything below, then the three above"
	@echo "make lint types imports migrations translations docs"
	@echo "make fmt            puts the code in the house's format"
	@echo "make lock           locks the requirements anew (needs uv)"
	@echo "make test-upgrade   a revision's own tests on today's tables (REV=; the last tag)"
	@echo "make released       writes down which migrations are released"
	@echo "make font           cuts the font of pictures anew (needs uv; NOTO=)"
	@echo "make lighthouse     Lighthouse's scores, held to our goals (needs Node and chromium)"
	@echo "make bench          requests a second beside two floors (needs wrk; ONLY=, ROUNDS=)"
	@echo "make simulate-study  what a learner costs as they grow (LEARNERS=, on PostgreSQL)"
	@echo "make torture        kills the site under load, 500 times (KILLS=, SEED=, ON=sqlite)"
	@echo "make fuzz           bad input to every address and form, for longer (FUZZ=)"
	@echo "make fuzz-payments  random schedules of buying and faults end equal to Stripe (N=)"
	@echo "make probe          asks the sandbox and Stripe the same (STRIPE_TEST_SECRET_KEY=)"
	@echo "make mutants        plants faults in payments, tells which no test notices (ONLY=, BY=, N=, SEED=)"
	@echo "make gallery        pictures of every page in docs/gallery (needs chromium; ONLY=)"

run:
	@python=$$(platform/bin/venv --find) && "$$python" platform/bin/preflight "$(PORT)" "$(DATA)" "$(DEMO)"
	@platform/bin/venv runtime
	@$(SITE) exec $(BIN)/python manage.py start

reset:
	@DATA="$(DATA)" RESET="$(RESET)" platform/bin/reset

test: dev
	@$(PYTEST) $(ARGS)

test-services: dev
	@DATABASE_URL="$(DATABASE_URL)" REDIS_URL="$(REDIS_URL)" platform/bin/with-services \
		$(PYTEST) $(ARGS)

test-browser: dev
	@platform/bin/with-browser $(BIN)/python -m pytest -o addopts="--strict-markers --strict-config -q" \
		$(SHARED) tests/journeys $(ARGS)

check: lint types imports migrations translations docs test test-services test-browser fuzz-payments

lint: dev
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)

fmt: dev
	@$(BIN)/ruff check --fix $(CODE)
	@$(BIN)/ruff format $(CODE)

types: dev
	@DEBUG=1 $(BIN)/mypy platform courses payments tests

imports: dev
	@PYTHONPATH=.:platform $(BIN)/lint-imports --no-cache

migrations: dev
	@DEBUG=1 $(BIN)/python manage.py makemigrations --check --dry-run

translations: dev
	@DEBUG=1 $(BIN)/python manage.py compile_translations
	@$(BIN)/python -m pytest tests/house/test_translations.py

docs: dev
	@$(BIN)/python -m pytest $(SHARED) --dist worksteal tests/house/test_docs.py

lighthouse: dev
	@platform/bin/with-browser platform/bin/with-node $(BIN)/python -m tests.proof.lighthouse

bench: dev
	@DATABASE_URL="$(DATABASE_URL)" REDIS_URL="$(REDIS_URL)" platform/bin/with-services \
		$(BIN)/python -m tests.bench

gallery: dev
	@ONLY="$(ONLY)" platform/bin/with-browser $(BIN)/python -m tests.proof.gallery

simulate-study: dev
	@DATABASE_URL="$(DATABASE_URL)" REDIS_URL="$(REDIS_URL)" LEARNERS="$(LEARNERS)" platform/bin/with-services \
		$(BIN)/python -m tests.proof.simulate_study

torture: dev
	@KILLS="$(KILLS)" SEED="$(SEED)" ON="$(ON)" $(BIN)/python -m tests.torture

fuzz: dev
	@FUZZ="$(FUZZ)" $(BIN)/python -m pytest -n $(JOBS) --maxprocesses 4 tests/fuzz $(ARGS)

fuzz-payments: dev
	@SCHEDULES="$(or $(N),200)" LOG_LEVEL=CRITICAL $(BIN)/python -m pytest -s tests/payments/test_schedules.py $(ARGS)

probe: dev
	@STRIPE_TEST_SECRET_KEY="$(STRIPE_TEST_SECRET_KEY)" $(BIN)/python -m pytest -rs tests/probe $(ARGS)

mutants: dev
	@ONLY="$(ONLY)" BY="$(BY)" N="$(N)" SEED="$(SEED)" $(BIN)/python -m tests.mutants

lock:
	@for each in "" -scale -dev; do uv pip compile --quiet --universal --python-version 3.12 \
		--generate-hashes --no-header --no-emit-index-url \
		requirements$$each.in -o requirements$$each.txt || exit; done

released: dev
	@$(BIN)/python -m tests.proof.released

test-upgrade: dev
	@$(BIN)/python -m tests.proof.upgrade "$(or $(REV),$(shell git describe --tags --abbrev=0 2>/dev/null))"

font:
	@uv run --quiet --no-project --with fonttools courses/fonts/make.py "$(NOTO)"

dev:
	@platform/bin/venv dev

runtime:
	@platform/bin/venv runtime
