# make repro: set-up and the whole pipeline.  make test: set-up and the tests.  The rest is below.

PYTHON ?= python3
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
READY := $(VENV)/.ready

.PHONY: setup repro test check ui bench calibrate pins audit faults fuzz remotes

# No file is installed whose hash requirements/ does not have, but torch. --no-deps: everything is listed there.
INSTALL := $(VENV)/bin/pip install --quiet --no-deps --no-build-isolation --use-pep517
HASHED := $(INSTALL) --require-hashes --requirement

setup: $(READY)  ## a virtual environment with the pinned dependencies

$(READY): pyproject.toml constraints.txt requirements/base.txt requirements/cuda.txt | $(VENV)/bin/pip
	sed -n '/^setuptools==/,/[^\\]$$/p' requirements/base.txt > $(VENV)/setuptools.txt   # it builds what has no wheel
	$(HASHED) $(VENV)/setuptools.txt
	$(HASHED) requirements/base.txt
	$(INSTALL) --constraint constraints.txt torch
	@if $(VENV)/bin/pip check | grep -q '^torch .*triton'; then echo $(HASHED) requirements/cuda.txt && $(HASHED) requirements/cuda.txt; fi
	$(INSTALL) --editable .
	@$(VENV)/bin/pip check >$(VENV)/check.txt || { cat $(VENV)/check.txt >&2; exit 1; }
	$(VENV)/bin/hansard-bias plots-page
	@test -e .git || dvc config --local core.no_scm true   # a downloaded archive: everything but `dvc exp` works
	@touch $@

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "hansard-bias: $$($(PYTHON) --version) found, expected Python 3.11 or newer; set PYTHON=python3.11" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

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

# Tools stand beside the environment, not in it: an audit must not change what it audits.
$(VENV)/%/.ready: requirements/%.txt | $(VENV)/bin/pip
	rm -rf $(@D)
	$(HASHED) $< --target $(@D)
	@touch $@

pins: $(VENV)/tools/.ready  ## requirements/ anew, after a change in constraints.txt (asks the package index)
	$(VENV)/bin/python tools/pins.py $(VENV)/tools/bin/uv

# --strict: a package that cannot be asked for fails; then one line says so, and that nothing was audited.
audit: setup $(VENV)/tools/.ready  ## known vulnerabilities of the pinned versions (asks pypi.org), and their licences
	PYTHONPATH=$(VENV)/tools python tools/licences.py
	@PYTHONPATH=$(VENV)/tools python -m pip_audit --strict --requirement constraints.txt --no-deps --disable-pip \
	  --progress-spinner off 2>$(VENV)/audit.txt || { ! grep -q '^ERROR' $(VENV)/audit.txt || \
	  sed -n '/^ERROR/{s/^ERROR:[^:]*:/hansard-bias: not audited, the index gives no advisories: /p;q}' $(VENV)/audit.txt >&2; exit 1; }

remotes: setup  ## DVC's remotes in a bucket (s3://) or on a server (ssh://)
	$(HASHED) requirements/remotes.txt

calibrate: setup  ## is the instrument sound? A pipeline of its own; then the page, which shows the result
	dvc repro calibration/dvc.yaml
	dvc repro --single-item --force report

faults: setup  ## kills, full disks, damaged files and more against the whole pipeline: an hour and a half, with a table at its end
	python tests/faults/campaign.py

MINUTES ?= 60
fuzz: setup $(VENV)/fuzz/.ready  ## looks for files that break a reader: `make fuzz MINUTES=10`; what it finds lies in .fuzz/found
	PYTHONPATH=$(VENV)/fuzz python tests/fuzz/campaign.py --minutes $(MINUTES)

bench: setup  ## archives, training, scoring and statistics against peers and theory: an hour, with nothing else running
	python benchmarks/corpora.py
	python benchmarks/train.py
	python benchmarks/memory.py
	python benchmarks/score.py
	python benchmarks/pairs.py
	python benchmarks/companion.py
	python benchmarks/matrix.py
	python benchmarks/coverage.py
	python benchmarks/scale.py
