# `make demo` and `make test` set everything up by themselves; they need Python 3.11+ and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_EXTRAS := cpu
TEST_EXTRAS := cpu,dev,leaderboard,ray,solvers,tasks,torch
# A file's tests stay in one process, as they share what is expensive to make. A process that a hung test ended is replaced once.
# Files go in the order of their names: by number of tests, those that take longest would be begun last, and one core stand idle.
SPREAD := --numprocesses 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 1
CORE_TESTS := $(addprefix tests/,graphs models problems stats util)

.PHONY: demo test check coverage board lint clean
demo: $(VENV)/.for-demo  ## a graph of real language models answers, methods search for better ones, and are compared
	$(BIN)/ttgbench demo

test: lint  ## everything that continuous integration runs, on two cores
	$(BIN)/python -m pytest $(SPREAD)

check: lint  ## lint, types and the tests of the core: no model, no browser, no sandbox
	$(BIN)/python -m pytest $(SPREAD) -m "not models and not slow" $(CORE_TESTS)

coverage: $(VENV)/.for-test  ## which lines the tests reach in their own process
	$(BIN)/python -m pytest $(SPREAD) --cov=ttgbench --cov-report=term:skip-covered

board: $(VENV)/.for-test  ## the reference methods on the shipped suites, verified, and the page that shows them; needs bubblewrap
	$(BIN)/python benchmark/reference/make.py
	$(BIN)/ttgbench leaderboard --results runs/reference/board

lint: $(VENV)/.for-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir .site  # --quiet would not count warnings

clean:
	rm -rf $(VENV) .site build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis runs
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.for-demo: EXTRAS = $(DEMO_EXTRAS)
$(VENV)/.for-test: EXTRAS = $(TEST_EXTRAS)
$(VENV)/.for-demo $(VENV)/.for-test: $(VENV)/bin/python pyproject.toml constraints.txt benchmark/hatch_build.py
	@if command -v uv >/dev/null 2>&1; then \
	  uv pip install --python $(BIN)/python --quiet -c constraints.txt -e '.[$(EXTRAS)]'; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$(EXTRAS)]'; \
	fi
	@touch $@

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
