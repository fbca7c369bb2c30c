# make repro: set-up and the whole pipeline.  make test: set-up and the tests.  The rest is below.

PYTHON ?= python3
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
READY := $(VENV)/.ready

.PHONY: setup repro test check ui bench calibrate audit faults

setup: $(READY)  ## a virtual environment with the pinned dependencies

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "hansard-bias: $$($(PYTHON) --version) found, expected Python 3.11 or newer; set PYTHON=python3.11" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	$(VENV)/bin/hansard-bias plots-page
	@test -e .git || dvc config --local core.no_scm true   # a downloaded archive: everything but `dvc exp` works
	@touch $@

repro: setup  ## bring everything up to date and print the result
	@hansard-bias check
	dvc repro
	@hansard-bias verify
	@hansard-bias summary

test: setup  ## the tests, a file at a time in each of two processes
	pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

check: setup  ## style, types, architecture
	ruff check .
	ruff format --check .
	mypy
	pytest tests/test_architecture.py

ui: setup  ## MLflow on http://127.0.0.1:5000
	@hansard-bias ui

# In an environment of its own: an audit must not change what it audits. --strict: a package that cannot be asked for fails.
audit: setup  ## known vulnerabilities of the pinned versions (asks pypi.org), and their licences
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/pip install --quiet pip-audit==2.10.1
	python tests/licences.py
	$(VENV)/audit/bin/pip-audit --strict --requirement constraints.txt --no-deps --disable-pip --progress-spinner off

calibrate: setup  ## is the instrument sound? A pipeline of its own; then the page, which shows the result
	dvc repro calibration/dvc.yaml
	dvc repro --single-item --force report

faults: setup  ## kills, full disks, damaged files and more against the whole pipeline: an hour, with a table at its end
	python tests/faults/campaign.py

bench: setup  ## archives, training, scoring and statistics against peers and theory: an hour, with nothing else running
	python benchmarks/corpora.py
	python benchmarks/train.py
	python benchmarks/memory.py
	python benchmarks/score.py
	python benchmarks/matrix.py
	python benchmarks/coverage.py
