# Every target sets up what it needs; `make` alone lists them.
# `make check fast VENV=.venv-3.13 PYTHONS=3.13` does the same on another Python.
VENV    := .venv
PYTHONS :=
PYTHON  := $(VENV)/bin/python
READY   := $(VENV)/.ready
TYPED   := $(wildcard src/actum src/pytest_actum examples scripts tests/typing)
ARGS    :=
# The tests wait for processes most of the time. Those of one file run in order; WORKERS=0 runs all in this process.
WORKERS := 2
PYTEST   = $(PYTHON) -m pytest -n $(WORKERS) --dist loadfile

.DEFAULT_GOAL := help
.PHONY: release help setup check test fast format lock docs demo faults postgres-15 pgbouncer bench bench-objects kill-objects clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY)  ## create .venv with everything that requirements.lock lists

$(READY): requirements.lock pyproject.toml scripts/bootstrap
	@VENV="$(VENV)" PYTHONS="$(PYTHONS)" sh scripts/bootstrap
	@touch $@

check: $(READY)  ## formatting, lint, types, their completeness, and import contracts
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/ruff check
	$(VENV)/bin/mypy $(TYPED)
	$(VENV)/bin/pyright --warnings --pythonpath $(PYTHON)
	$(PYTHON) scripts/type_completeness.py
	$(VENV)/bin/lint-imports

test: $(READY)  ## all tests; ARGS="-k name" for some of them
	$(PYTEST) $(ARGS)

fast: $(READY)  ## the fast tests
	$(PYTEST) -m "not slow and not on_demand" $(ARGS)

format: $(READY)  ## format the code and fix what ruff can fix
	$(VENV)/bin/ruff check --fix-only
	$(VENV)/bin/ruff format

lock: $(READY)  ## update requirements.lock from pyproject.toml
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(VENV)/bin/uv pip compile --quiet --upgrade --universal \
		--generate-hashes --python-version 3.11 --all-extras --group dev pyproject.toml -o requirements.lock

docs: $(READY)  ## the documentation as a site, in build/site
	$(PYTHON) -m sphinx --fail-on-warning --keep-going --quiet -b html -d build/trees docs build/site

demo: $(READY)  ## documents read by OCR and found by their words; ONCE=1 ends after that
	$(PYTHON) -m examples.documents $(if $(ONCE),--once)

faults: $(READY)  ## the fault tests that take minutes; ACTUM_SEED=… repeats one, ACTUM_KILLS=… kills as often
	$(PYTHON) -m pytest tests/faults tests/workflows -m on_demand -rA $(ARGS)

POSTGRES_TESTS := tests/journal/test_postgres.py tests/database/test_postgres.py tests/examples/test_bank_on_postgres.py

postgres-15: $(READY)  ## the PostgreSQL suites on Debian's PostgreSQL 15
	ACTUM_POSTGRES=15 $(PYTHON) -m pytest $(POSTGRES_TESTS) tests/engine/test_postgres_session.py $(ARGS)

pgbouncer: $(READY)  ## the PostgreSQL suites through Debian's PgBouncer, without and with direct=
	ACTUM_POSTGRES=15 ACTUM_POOLER=transaction $(PYTHON) -m pytest $(POSTGRES_TESTS) $(ARGS)
	ACTUM_POSTGRES=15 ACTUM_POOLER=direct $(PYTHON) -m pytest $(POSTGRES_TESTS) $(ARGS)
	$(PYTHON) -m pytest tests/engine/test_pgbouncer.py -m on_demand -rs $(ARGS)

bench: $(READY)  ## the benchmarks
	$(PYTHON) -m benchmarks $(ARGS)

bench-objects: $(READY)  ## the figures of Durable Objects, on a workerd from npm
	$(PYTHON) -m benchmarks.durable_objects $(ARGS)

kill-objects: $(READY)  ## workerd killed under load twenty times; SEED=7 for another order
	KILLS=20 $(PYTHON) -m pytest tests/faults/test_killed_objects.py $(ARGS)

release: $(READY)  ## build and try what is to be published, in dist; the upload is yours
	$(PYTHON) scripts/release.py

clean:  ## remove what the other targets made
	rm -rf .venv .venv-* .tools .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
