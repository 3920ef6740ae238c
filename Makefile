# One command each; all they need is Python 3.11 or newer and make.
PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
  BIN := $(VENV)/Scripts
else
  BIN := $(VENV)/bin
endif
AUDIT := .audit
AUDIT_BIN := $(subst $(VENV),$(AUDIT),$(BIN))
PIP := $(BIN)/python -m pip --disable-pip-version-check
READY := $(VENV)/.ready
DEMO ?= demo

.PHONY: demo test lint lock wheelhouse audit clean gallery

demo: $(DEMO)/forecast.toml  ## the main job on the built-in sample; prints the path of the page
	$(BIN)/forecast run --workspace $(DEMO)

$(DEMO)/forecast.toml: | $(READY)
	$(BIN)/forecast init $(DEMO) --demo

gallery: $(READY)  ## the pictures of docs/gallery.md, from the built-in sample
	$(BIN)/python docs/make_gallery.py

# One thread of linear algebra for each process: they would only wait for each other.
test: export OMP_NUM_THREADS = 1
test: export OPENBLAS_NUM_THREADS = 1
# Each process would compile the package anew if none kept what it compiled.
test: export PYTHONDONTWRITEBYTECODE =
test: $(READY)  ## all tests
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

lint: $(READY)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c "import sys; sys.exit('Python 3.11 or newer is needed, this is ' + sys.version.split()[0] + '. Name one: make PYTHON=python3.12') if sys.version_info < (3, 11) else None"
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP) install --quiet --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	$(BIN)/python -c "import pathlib; pathlib.Path('$(READY)').touch()"

lock:  ## renew requirements.lock (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url --no-annotate --extra dev -o requirements.lock pyproject.toml

wheelhouse: $(READY)  ## gather every wheel that a machine without a network needs
	$(PIP) download --quiet --require-hashes -r requirements.lock -d wheelhouse
	$(PIP) wheel --quiet --no-deps --no-build-isolation -w wheelhouse .

audit:  ## known weaknesses of the locked versions (asks an advisory database on the network)
	$(PYTHON) -m venv --clear $(AUDIT)
	$(AUDIT_BIN)/python -m pip --disable-pip-version-check install --quiet pip-audit
	$(AUDIT_BIN)/python -m pip_audit -r requirements.lock --no-deps --disable-pip --strict

clean:
	$(PYTHON) -c "import shutil; [shutil.rmtree(p, True) for p in ('$(VENV)', '$(AUDIT)', '$(DEMO)', 'build', 'dist', 'wheelhouse')]"
