# `make demo` and `make test` set everything up by themselves; they need Python 3.11+ and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_EXTRAS := cpu
TEST_EXTRAS := cpu,dev,leaderboard,ray,solvers,torch

.PHONY: demo test board lint clean
demo: $(VENV)/.for-demo  ## three search methods on two real language models, about five minutes on two cores
	$(BIN)/ttgbench demo

test: lint  ## everything that continuous integration runs
	$(BIN)/python -m pytest

board: $(VENV)/.for-test  ## the reference methods on the shipped suites, verified, and the page that shows them; needs bubblewrap
	$(BIN)/python benchmark/reference/make.py
	$(BIN)/ttgbench leaderboard --results runs/reference/board

lint: $(VENV)/.for-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis runs
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
