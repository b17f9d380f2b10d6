# Everything runs in .venv, which is made on first use and reused until pyproject.toml changes.
PYTHON ?= python3
RUN := .venv/bin/python -m
STAMP := .venv/.installed
TESTS_STAMP := .venv/.installed-tests
SCALING_STAMP := .venv/.installed-scaling
PYTEST := G3LITE_PROFILE=ci OMP_NUM_THREADS=1 $(RUN) pytest -p tests.helpers.quick_imports \
	tests notebooks --nbval-lax --nbval-current-env -n auto --maxprocesses 4 --dist loadfile

# The kernels of .venv come before any that the user has installed elsewhere.
export JUPYTER_PREFER_ENV_PATH := 1

.DEFAULT_GOAL := help
.PHONY: help tutorial test test-slow test-all notebooks artefacts clean
.NOTPARALLEL:

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

tutorial: $(STAMP) ## run the whole series on the embedded photos, print its tables, write build/
	@$(RUN) g3lite.cli run --output build
	@echo 'To read and change the notebooks:  .venv/bin/jupyter lab notebooks'

test: $(TESTS_STAMP) ## the quick tests, and the first notebook on the ci profile
	$(PYTEST) -m "not slow"

test-slow: $(SCALING_STAMP) ## a real server, killed runs, the wheel, and all other notebooks
	$(PYTEST) -m slow

test-all: test test-slow ## both, and what was skipped and why

notebooks: $(STAMP) ## write notebooks/*.ipynb from notebooks/source and execute them (cpu profile)
	$(RUN) g3lite.cli dev notebooks sync

artefacts: $(TESTS_STAMP) ## rebuild what is out of date in data/, and what depends on it
	$(RUN) g3lite.cli dev artefacts build

clean: ## remove .venv and build
	rm -rf .venv build

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'g3lite needs Python 3.11 or newer; "$(PYTHON)" is missing or older.'; \
		echo 'Name another one, for example: make PYTHON=python3.12 tutorial'; exit 1; } >&2
	@echo 'Installing g3lite and what it needs into .venv (minutes, about 7 GB) ...'
	@$(PYTHON) -m venv .venv
	@$(RUN) pip install --disable-pip-version-check --quiet -e '.[notebooks]'
	@touch $(STAMP)

$(TESTS_STAMP): $(STAMP)
	@$(RUN) pip install --disable-pip-version-check --quiet -e '.[notebooks,tests]'
	@touch $(TESTS_STAMP)

$(SCALING_STAMP): $(TESTS_STAMP)
	@$(RUN) pip install --disable-pip-version-check --quiet -e '.[notebooks,tests,scaling]'
	@touch $(SCALING_STAMP)
