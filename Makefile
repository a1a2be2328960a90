# make demo   writes made-up recordings, trains on them, evaluates, and says where to look
# make test   checks the code and runs the quick tests: five minutes at most on two cores
# make page   checks the report's page: types and format by Node, and its tests in Chromium and Firefox
# make soak   runs the long tests: kills, two processes by torchrun, fuzzing at full size, benchmarks; warns of slower code
#
# PYTHON is the Python that makes the environment, VENV the folder it is made in:
#   make test PYTHON=python3.12 VENV=/tmp/htvae

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)

.PHONY: demo test page soak

demo: $(VENV)/.installed
	$(BIN)/python -m htvae demo

# Two processes with one thread each; a file's tests stay together, so that its fixtures are made once.
test: export OMP_NUM_THREADS ?= 1
test: $(VENV)/.installed-dev
	$(BIN)/python -m ruff check
	$(BIN)/python -m pytest -n 2 --dist loadfile

page: export OMP_NUM_THREADS ?= 1
page: export HTVAE_BROWSERS ?= required
page: $(VENV)/.installed-dev
	npx --yes --package typescript@5.9 -- tsc -p src/htvae/app/page
	npx --yes prettier@3.8 --print-width 110 --check "src/htvae/app/page/*.js"
	$(BIN)/python -m pytest -n 2 --dist loadfile -m browser

soak: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m soak
	$(BIN)/python benchmarks/guard.py

# Files that say what was installed, so that it is installed once, and again after a change of the dependencies.
$(VENV)/.installed: pyproject.toml requirements.txt | $(BIN)
	$(BIN)/python -m pip install --quiet -r requirements.txt
	@echo installed > $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)
	$(BIN)/python -m pip install --quiet -e ".[dev]"
	@echo installed > $@

$(BIN):
	$(PYTHON) -m venv $(VENV)
