# make demo     run the main job on a small shop, in a virtual environment of its own
# make test     everything that CI runs: make check, after installing what it needs
# make check    format, lint, types, import contract, README, tests with coverage
# make servers  install the Java runtime and PostgreSQL that some tests need, where they are missing
# make golden   write the golden files anew (look at the difference before you commit it)

PYTHON ?= python3
DEMO := .demo
VENV := .venv
BIN := $(VENV)/bin
unexport PYTHONDONTWRITEBYTECODE  # with it, every process that a test starts would compile the package anew

.PHONY: demo test check servers golden clean

demo: $(DEMO)/venv/installed
	rm -rf $(DEMO)/out
	$(DEMO)/venv/bin/clientier run examples/shop/transactions.csv -c examples/shop/clientier.yaml -o $(DEMO)/out
	@echo
	@echo "The lists are in $(DEMO)/out:"
	@echo "  actions/key.csv     whom to contact first, why, how, by whom, by when"
	@echo "  customers.csv       every customer: metrics, scores, tier, gap, reason"
	@echo "  legend.md           the tiers on one page, in plain words"

$(DEMO)/venv/installed: pyproject.toml $(shell find src configs -type f 2>/dev/null)
	$(PYTHON) -m venv $(DEMO)/venv
	$(DEMO)/venv/bin/python -m pip install --quiet --disable-pip-version-check .
	touch $@

test: servers $(VENV)/installed
	$(MAKE) check

servers:
	tests/servers

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

check:
	$(BIN)/ruff format --check src tests benchmarks examples
	$(BIN)/ruff check src tests benchmarks examples
	$(BIN)/mypy
	$(BIN)/lint-imports
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/cog --check README.md
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --cov --cov-report=term:skip-covered

golden: $(VENV)/installed
	$(BIN)/python tests/golden.py

clean:
	rm -rf $(DEMO) $(VENV)
