# `make demo` and `make test` set everything up by themselves; they need Python 3.11+ and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXTRAS := cpu,dev

.PHONY: demo test lint clean setup
setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt benchmark/hatch_build.py
	$(PYTHON) -m venv $(VENV)
	@if command -v uv >/dev/null 2>&1; then \
	  uv pip install --python $(BIN)/python --quiet -c constraints.txt -e '.[$(EXTRAS)]'; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$(EXTRAS)]'; \
	fi
	@touch $@

demo: setup  ## three search methods on two real language models, about five minutes on two cores
	$(BIN)/ttgbench demo

test: setup lint  ## everything that continuous integration runs
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis runs
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
