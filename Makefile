SHELL := bash
.SHELLFLAGS := -eo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
BACKEND ?= tensorflow
BIN := .venv/bin
YOURS := _build/yours
STRICT := --all -W -n --keep-going --toc "$(CURDIR)/_toc.yml"
CHROMIUM ?= $(firstword $(shell command -v chromium chromium-browser google-chrome))
REPOSITORY := $(shell sed -n 's/^  url: "\(.*\)".*/\1/p' _config.yml)
PRINT = --headless $(if $(filter 0,$(shell id -u)),--no-sandbox) --disable-gpu \
  --user-data-dir="$$PWD/_build/chromium" --no-pdf-header-footer
PDF := _build/pdf/wssl.pdf
# Chromium ends with an error after some warnings, so what counts is the file.
PRINT_BOOK = "$(CHROMIUM)" $(PRINT) --generate-pdf-document-outline \
  --print-to-pdf="$$PWD/$(PDF)" "file://$$PWD/_build/singlehtml/index.html" \
  2> _build/pdf/chromium.log || true; \
  test -s $(PDF) || { cat _build/pdf/chromium.log; exit 1; }
SLIDES := _build/slides/wssl.pdf
STUDIES ?= book/studies

WANTED := $(shell sed -n 's/^requires-python = "\(.*\)"$$/\1/p' pyproject.toml)
SUPPORTED = import sys; v = sys.version_info[:2]; \
  low, high = ([*map(int, b.strip("<>=").split("."))] for b in "$(WANTED)".split(",")); \
  sys.exit(not low <= [*v] < high)
ORIGIN = import sys; print(sys.base_prefix, *sys.version_info)
# .venv is made anew if it is not there, its interpreter is gone or not supported, it was moved (the
# commands in it name their interpreter by its whole path), or another PYTHON is asked for.
UNFIT := $(shell if .venv/bin/python -c '$(SUPPORTED)' && \
  head -n 3 .venv/bin/pip | grep -qF "$(CURDIR)/.venv/bin/python" && \
  $(if $(filter file,$(origin PYTHON)),true,[ "$$(.venv/bin/python -c '$(ORIGIN)')" = "$$($(PYTHON) -c '$(ORIGIN)')" ]); \
  then :; else echo unfit; fi 2> /dev/null)

.PHONY: help unfit install book reference stale html pdf slides demo format check test test-fast test-slow test-browser \
  test-jax bench faults mutants lock audit clean

help:
	@echo 'make book       install, run the study at the quick preset, build your edition'
	@echo 'make format     correct the style of the code where this is possible automatically'
	@echo 'make test       install, lint, type check and run all tests except the slow ones'
	@echo 'make test-fast  the tests without long training and without building pages'
	@echo 'make test-slow  the slow tests: benchmarks, workers, pages that train'
	@echo 'make test BACKEND=jax  the tests that depend on a backend, as if TensorFlow were not installed'
	@echo 'make html       build the reference edition from the committed files'
	@echo 'make pdf        print the reference edition as one PDF; needs Chromium'
	@echo 'make slides     ten slides of the reference edition as a PDF; needs Chromium'
	@echo 'make reference  run the notebooks again for the reference edition; some: ONLY="06 12"'
	@echo 'make stale      show which pages and records are out of date'
	@echo 'make demo       take or train the networks of the page "Try it" for make html; within an hour'
	@echo 'make test-browser  check every page in a browser'
	@echo 'make test-jax   check that JAX agrees with TensorFlow'
	@echo 'make bench      print the speed of training as ratios'
	@echo 'make faults     kill commands at random moments, fill their disk, and compare the results'
	@echo 'make mutants    make small changes in the code and count how many the tests detect'
	@echo 'make lock       resolve requirements.lock again from pyproject.toml'
	@echo 'make audit      check the pinned packages for known vulnerabilities, and list them'
	@echo 'make clean      remove everything that the commands above built'

install: .venv/installed

.venv/installed: requirements.lock pyproject.toml $(UNFIT)
ifdef UNFIT
	@$(PYTHON) -c '$(SUPPORTED)' || { echo "Python $(WANTED) is needed; $(PYTHON) is" \
	  "$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' || echo missing):" \
	  'make PYTHON=/path/to/python ...'; exit 1; }
	$(PYTHON) -m venv --clear .venv
endif
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $@

book: install
	rm -rf $(YOURS)/book
	mkdir -p $(YOURS)
	cp -RL book $(YOURS)/book
	rm -f $(YOURS)/book/studies/*.ipynb
	WSSL_RESULTS="$$PWD/$(YOURS)/results" $(BIN)/wssl study --preset quick
	WSSL_RESULTS="$$PWD/$(YOURS)/results" \
	  $(BIN)/python -m wssl.book.notebooks --output $(YOURS)/book/studies -p preset quick
	WSSL_RESULTS="$$PWD/$(YOURS)/results" \
	  $(BIN)/python -m wssl.book.demo --preset quick --output $(YOURS)/packed && \
	  cp -R $(YOURS)/packed $(YOURS)/book/_demo/ || \
	  echo 'The page "Try it" is built without its networks; the next make book tries again.'
	WSSL_RESULTS="$$PWD/$(YOURS)/results" $(BIN)/jupyter-book build $(YOURS)/book $(STRICT)
	@$(BIN)/python -m wssl.book.slides $(YOURS)/book/studies --summary
	@echo "Your edition: open $$PWD/_build/html/index.html"

reference: install
	WSSL_RESULTS="$$PWD/results" $(BIN)/python -m wssl.book.notebooks --output book/studies \
	  -p preset desktop -p dataset open-faces-2 --repository "$(REPOSITORY)" \
	  $(ONLY)
	$(BIN)/python -m wssl.book.slides book/studies --picture book/_static/answer.png

stale: install
	WSSL_RESULTS="$$PWD/results" $(BIN)/wssl study --stale

html: install
	$(BIN)/jupyter-book build book/ $(STRICT)
	@echo "The reference edition: open $$PWD/_build/html/index.html"

pdf: install
	@test -n "$(CHROMIUM)" || { echo 'Chromium or Google Chrome is needed to print the book:' \
	  'install one, or name it: make pdf CHROMIUM=/path/to/chromium'; exit 1; }
	$(BIN)/jupyter-book build book/ --builder singlehtml $(STRICT)
	mkdir -p $(dir $(PDF))
	rm -f $(PDF)
	$(PRINT_BOOK)
	$(BIN)/python book/_extensions/pdf.py $(PDF) --contents _build/singlehtml/index.html
	$(PRINT_BOOK)
	$(BIN)/python book/_extensions/pdf.py $(PDF)
	@echo "The book as one PDF: $$PWD/$(PDF)"

slides: install
	@test -n "$(CHROMIUM)" || { echo 'Chromium or Google Chrome is needed to print the slides:' \
	  'install one, or name it: make slides CHROMIUM=/path/to/chromium'; exit 1; }
	$(BIN)/python -m wssl.book.slides $(STUDIES) --output _build/slides/wssl.html
	rm -f $(SLIDES)
	"$(CHROMIUM)" $(PRINT) --print-to-pdf="$$PWD/$(SLIDES)" \
	  "file://$$PWD/_build/slides/wssl.html" 2> _build/slides/chromium.log || true
	@test -s $(SLIDES) || { cat _build/slides/chromium.log; exit 1; }
	@echo "Ten slides: $$PWD/$(SLIDES)"

demo: install
	$(BIN)/python -m wssl.book.demo $(if $(PRESET),--preset $(PRESET))

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: $(if $(filter tensorflow,$(BACKEND)),check,install)
	KERAS_BACKEND=$(BACKEND) $(BIN)/pytest -n 2 --dist loadfile -m 'not slow'

test-fast: install
	$(BIN)/pytest -n 2 --dist loadfile -m 'not slow and not build'

test-slow: install
	$(BIN)/pytest -n 2 --dist loadgroup -m slow

test-browser: html
	$(BIN)/pytest tests/browser

test-jax: install
	$(BIN)/pytest tests/backends

bench: install
	@for script in training layers onednn compiling naive input prepare memory cluster jobs; do \
	  $(BIN)/python benchmarks/$$script.py --record benchmarks/records/$$script.json; done
	$(BIN)/python benchmarks/naive.py --without-avx512 --record benchmarks/records/naive_avx2.json

faults: install
	$(BIN)/python benchmarks/faults.py --record benchmarks/faults.json

mutants: install
	$(PYTHON) -m venv _build/mutants/tools
	_build/mutants/tools/bin/python -m pip install --quiet --disable-pip-version-check cosmic-ray==8.7.0
	_build/mutants/tools/bin/python benchmarks/mutants.py --python $(BIN)/python \
	  --record benchmarks/mutants.json

lock: install
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --all-extras \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  --output-file requirements.lock pyproject.toml

# The audit tools have an environment of their own, so that they are not audited themselves.
audit:
	$(PYTHON) -m venv --clear _build/audit/tools
	_build/audit/tools/bin/python -m pip install --quiet --disable-pip-version-check \
	  pip-audit==2.10.1 cyclonedx-bom==7.5.0
	_build/audit/tools/bin/cyclonedx-py requirements --pyproject pyproject.toml \
	  --output-reproducible --output-file _build/audit/bill-of-materials.json requirements.lock
	_build/audit/tools/bin/pip-audit --strict --disable-pip --require-hashes \
	  --progress-spinner off --requirement requirements.lock

clean:
	rm -rf .venv _build .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
