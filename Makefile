# make app opens the app, make test runs the tests; both set everything up first. Needs Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2# test files side by side; each worker computes on one core

.PHONY: app test check fuzz bench study clean

app: $(VENV)/.app
	$(BIN)/estitchup app

test: $(VENV)/.dev
	$(BIN)/pytest --numprocesses=$(WORKERS) --dist=loadfile

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

study: $(VENV)/.dev
	$(BIN)/python -m benchmarks.study

fuzz: $(VENV)/.dev
	ESTITCHUP_FUZZ=10000 $(BIN)/pytest tests/corpus/test_fuzz.py

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/encoding.py
	$(BIN)/python benchmarks/store.py
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/step.py
	$(BIN)/python benchmarks/threshold.py
	$(BIN)/python benchmarks/predict.py
	$(BIN)/python benchmarks/understanding.py
	$(BIN)/python benchmarks/reading.py

# A stamp is older than the requirements when they changed: then pip runs again, and only then.
$(VENV)/.app: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("estitchup needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --requirement requirements.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.app requirements-dev.txt requirements-oracles.txt
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	$(BIN)/pip install --quiet --no-deps --requirement requirements-oracles.txt
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
