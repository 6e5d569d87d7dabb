# Everything is one command. Two matter: `make lab` to learn, `make test` to prove.
# On Windows, where make is rare, README.md gives the same steps as three commands.

PYTHON   ?= python3
VENV     ?= .venv
PORT     ?= 8888
# Passed on to JupyterLab (for example LAB_ARGS=--no-browser), to pip and to pytest.
LAB_ARGS ?=
PIP_ARGS ?=
ARGS     ?=
# One process per core; on a big machine eight are enough.
WORKERS  ?= logical
# TIMING=yes adds the tests that measure time: on a shared machine they mean little.
TIMING   ?= no
# The CUDA version that nvidia-smi shows.
CUDA     ?= 12

python   := $(VENV)/bin/python
pip      := $(python) -m pip --disable-pip-version-check
pytest   := $(python) -m pytest
parallel := -n $(WORKERS) --maxprocesses 8
notebook := notebooks/00_start.ipynb
# JupyterLab refuses to run as root (a container, a hosted machine) unless told.
as_root  := $(if $(filter 0,$(shell id -u)),--allow-root)

# Tests that run side by side share the cores, so each keeps to one thread.
one_thread := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
# A student's notebook may have more: the last bits of a training differ then.
THREADS  ?= 1
threads  := OMP_NUM_THREADS=$(THREADS) OPENBLAS_NUM_THREADS=$(THREADS) \
            MKL_NUM_THREADS=$(THREADS)

.DEFAULT_GOAL := help
.PHONY: help lab test test-unit test-notebooks notebooks lint format bench \
        gpu-bench gpu-test browser-test parity mutation docs constraints clean
.PHONY: again
.NOTPARALLEL:

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' \
	    $(firstword $(MAKEFILE_LIST))

lab: $(VENV)/.ready  ## open the course in JupyterLab
	$(python) -m jupyterlab $(as_root) --port=$(PORT) \
	    --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/$(notebook) \
	    $(LAB_ARGS)

test: lint test-unit test-notebooks  ## prove it: lint, unit tests, every notebook

test-unit: $(VENV)/.ready  ## the unit tests and the examples in docstrings
	$(one_thread) $(pytest) tests dlcourse tools --doctest-modules -m "not timing" \
	    $(parallel) $(ARGS)
	[ $(TIMING) = no ] || $(pytest) tests -m timing $(ARGS) \
	    || [ $$? -eq 5 ] # 5: ARGS leaves none of them

test-notebooks: $(VENV)/.ready  ## run every notebook and compare what it prints
	$(threads) $(pytest) notebooks --nbval --nbval-current-env \
	    --nbval-sanitize-with tools/nbval.cfg --nbval-cell-timeout 180 \
	    $(parallel) --dist loadscope $(ARGS)

notebooks: $(VENV)/.ready  ## execute all notebooks and solutions in place
	$(one_thread) $(python) -m tools.execute_notebooks $(ARGS)

lint: $(VENV)/.ready  ## check style, notebooks too
	$(python) -m ruff check
	$(python) -m ruff format --check

format: $(VENV)/.ready  ## repair style
	$(python) -m ruff check --fix
	$(python) -m ruff format

bench: $(VENV)/.ready  ## time the framework (beside others, where installed)
	$(python) -m benchmarks $(ARGS)

gpu-bench: $(VENV)/.ready-gpu-cuda$(CUDA)  ## time it on a GPU, CUDA=12 or 13
	$(python) -m benchmarks --device gpu $(ARGS)

gpu-test: $(VENV)/.ready-gpu-cuda$(CUDA)  ## the tests that need a GPU, CUDA=12 or 13
	$(pytest) tests/gpu $(ARGS)

browser-test: $(VENV)/.ready-browser  ## JupyterLab in headless Chromium
	$(pytest) tests/browser $(ARGS)

parity: $(VENV)/.ready-parity  ## the same numbers as Keras and PyTorch
	KERAS_BACKEND=torch $(pytest) tests/parity $(ARGS)

mutation: $(VENV)/.ready  ## break the engine on purpose: does a test notice?
	$(python) -m tools.mutate $(ARGS)

docs: $(VENV)/.ready-docs  ## the reference of every public name, in build/docs
	$(python) -m pdoc --math --docformat markdown -o build/docs dlcourse

constraints:  ## pin the newest versions anew, in constraints.txt
	$(PYTHON) tools/pin_constraints.py

clean:  ## remove the environment and every cache
	rm -rf $(VENV) build dist artifacts .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---------------------------------------------------------------- the environment
# The stamp .ready is written last and says for which folder: an environment half made,
# moved, or left without its Python is made again.

ifneq ($(CURDIR),$(shell test -x $(python) && cat $(VENV)/.ready 2>/dev/null))
$(VENV)/.ready: again
endif

$(VENV)/.ready: pyproject.toml constraints.txt jupyter/dlcourse.json5
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "Python 3.11 or newer is needed; '$(PYTHON)' is not." >&2; \
	    echo "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(python) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || { \
	    rm -rf $(VENV); \
	    echo "Python cannot make a virtual environment." >&2; \
	    echo "On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(pip) install -c constraints.txt $(PIP_ARGS) -e '.[test]'
	@echo "$(CURDIR)" > $@

$(VENV)/.ready-%: $(VENV)/.ready
	$(pip) install -c constraints.txt $(PIP_ARGS) -e '.[$*]'
	@touch $@
