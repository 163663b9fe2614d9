# From a clone to the course: `make book` to read it, `make test` to see it proven.
# `make help` lists everything; CONTRIBUTING.md says how to add to the course, ARCHITECTURE.md what it is made of.

PYTHON ?= python3
PORT   ?= 8000

BIN   := .venv/bin
READY := .venv/.ready
export PATH := $(CURDIR)/$(BIN):$(PATH)
# NumPy's matrix products are small here: a second thread mostly waits, and on a busy machine long.
export OPENBLAS_NUM_THREADS ?= 1

# The edition's day is that of the last commit: one text gives one book, whenever it is built. It is told to the
# builder alone: pip, too, would heed it, and write byte code that is slower to import.
DATED = SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || date +%s)}

# Python 3.11 to 3.13, with the venv module: the first of these that has both.
CANDIDATES := $(PYTHON) python3.13 python3.12 python3.11
SUITABLE   := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
ROOTED     := $(if $(filter 0,$(shell id -u)),--allow-root)

# The book is whole when nothing here is younger than the beginning of its last faultless build. What a build would
# compile is compiled before: a new folder of byte code makes the folder around it younger. It holds where the part
# that runs in the page came from: where that could not be had, the next run asks again.
WHOLE     := _build/.whole
PYODIDE   := $${CNNKIT_PYODIDE-fetched}
ASIDE     := -name '.?*' -o -name __pycache__ -o -name _build -o -name node_modules -o -name dist
UNCHANGED := [ -e _build/html/index.html ] && [ $(WHOLE) -nt $(READY) ] && \
  [ "$$(cat $(WHOLE))" = "$(PYODIDE)" ] && { [ -z "$(PYODIDE)" ] || [ -e _build/html/live ]; } && \
  [ -z "$$(find . \( $(ASIDE) \) -prune -o -cnewer $(WHOLE) -print | head -1)" ]

.DEFAULT_GOAL := help
.PHONY: help book page links serve lab exercise widget test test-all tests lint format assignments grade student-bundle dist audit pdf benchmarks rehearsal lock chromium clean

help:  ## list what make can do here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 18

book: $(READY) writable  ## build the site: _build/html/index.html
	@if $(UNCHANGED); then echo "Nothing has changed since the last build."; else \
	  rm -f $(WHOLE); python -m compileall -q cnnkit _ext; echo "$(PYODIDE)" > $(WHOLE).begun; \
	  $(DATED) jupyter-book build -W --keep-going --all . && mv $(WHOLE).begun $(WHOLE) || { echo; \
	  echo "Stopped: the book is not finished: mend the warnings above (each names its page), then run 'make book' again."; exit 1; }; fi
	@echo "The book is ready: $(CURDIR)/_build/html/index.html"

serve: book  ## build the site and serve it on http://localhost:8000 (PORT=...)
	@echo "Reading at http://localhost:$(PORT) - stop with Ctrl-C"
	@python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

lab: $(READY)  ## open the chapters as notebooks in JupyterLab
	@JUPYTER_CONFIG_PATH="$(CURDIR)/.jupyter:$$JUPYTER_CONFIG_PATH" \
	  jupyter lab $(ROOTED) --LabApp.default_url=/lab/tree/chapters/01-pixels.md $(LAB)

page: $(READY) writable  ## build one page again, and what leads to it: make page PAGE=chapters/01-pixels
	@[ -f "$(PAGE).md" ] || { echo "Stopped: there is no page $(PAGE).md: write make page PAGE=chapters/01-pixels"; exit 1; }; touch $(PAGE).md && $(DATED) jupyter-book build -W --keep-going .

exercise: assignments  ## judge every answer to one exercise: make exercise NAME=02-convolution
	@python -m pytest tests/grading/test_assignments.py tests/checks/test_causes.py -k "$(NAME) or $(subst -,_,$(NAME))"

widget: $(READY) writable  ## show one widget alone in a page: make widget NAME=pixel_inspector
	@python -m cnnkit.widgets $(NAME)

tests: $(READY)  ## run some tests: make tests TESTS="tests/core -k conv2d"
	@python -m pytest $(TESTS)

test: MARKED := -m "not slow"
test: test-all  ## check style, build the book, run the tests, but for those marked slow

# Four workers, even on two cores: browsers and kernels wait a good part of the time.
test-all: lint book chromium bubblewrap  ## check style, build the book, run every test, as CI does
	@CNNKIT_BOOK_IS_BUILT=1 python -m pytest -n 4 --dist worksteal $(MARKED) $(TESTS)

lint: $(READY) writable  ## the style of Python and scripts, the types, which floor imports which
	@ruff check . && ruff format --check . && mypy
	@npx --no-install biome check --log-level=error
	@lint-imports --no-logo --cache-dir _build/imports

format: $(READY)  ## let ruff and biome tidy the code
	@ruff check --fix . && ruff format . && npx --no-install biome check --write

assignments: $(READY)  ## exercises/ from solutions/
	@python -m cnnkit assignments

grade: $(READY) bubblewrap  ## grade submitted/*/NAME and write feedback/: make grade NAME=01-pixels
	@python -m cnnkit grade $(NAME)

student-bundle: $(READY)  ## dist/cnn-course-student.zip: what students get, no solutions
	@python -m cnnkit student-bundle

pdf: book chromium  ## print the whole book: _build/html/from-one-pixel.pdf
	@$(DATED) python _ext/pdf.py

dist: pdf  ## dist/: the site, the book as a PDF, the notebooks, the package, what students get, their checksums
	@python _ext/dist.py

audit: book chromium  ## axe and Lighthouse over every page: _build/audit.md (AUDIT="--runs 3 index")
	@[ tests/audit/node_modules -nt tests/audit/package-lock.json ] || { \
	  npm ci --prefix tests/audit --no-progress --loglevel=error >/dev/null && touch tests/audit/node_modules || { \
	  echo "Stopped: npm could not finish: check the network connection, then run make again."; exit 1; }; }
	@python tests/support/audit.py $(AUDIT)

links: $(READY) writable  ## ask every outside link whether it answers: _build/links.md (needs the network)
	@jupyter-book build . --builder linkcheck; status=$$?; python tests/support/links.py; exit $$status

benchmarks: $(READY)  ## list the measurements, then measure the site: benchmarks/results/*.json
	@grep '^|' benchmarks/README.md
	@python benchmarks/site.py

rehearsal: $(READY)  ## run every measurement once, on little; nothing is recorded
	@for script in convolution export_live_network "gpu --device cpu" grading image_preparation live mnist_numpy site \
	  train_loop_overhead train_photos train_pretrained "train_small --data digits" train_speed; do \
	  set -- $$script; python benchmarks/$$1.py $${2:+$$2 $$3} --quick || exit 1; done

lock:  ## refresh constraints.txt: newest versions that pyproject.toml allows (torch stays)
	@rm -rf _build/lock && "$(PYTHON)" -m venv _build/lock
	@_build/lock/bin/python -m pip install -q $$(grep '^torch==' constraints.txt)
	@_build/lock/bin/python -m pip install -q ".[all]"
	@{ echo "# The exact versions that the course is tested with; 'make lock' writes this file."; \
	  _build/lock/bin/python -m pip freeze --exclude cnnkit | sed -E 's/ @ .*//; s/^(torch==[0-9.]+)\+.*/\1/'; } > constraints.new
	@mv constraints.new constraints.txt && rm -rf _build/lock && npm update --no-progress
	@npm update --no-progress --package-lock-only --prefix tests/audit

clean:  ## remove what was built; `rm -rf .venv node_modules` removes what was installed
	@rm -rf _build dist

# ---- what the targets above stand on -------------------------------------------------------

.PHONY: writable
writable:
	@mkdir -p _build 2>/dev/null; test -w _build || { \
	  echo "Stopped: the folder _build cannot be written: give yourself the right to (chmod -R u+w _build), or delete it, then run make again."; exit 1; }

# One sentence for each way an install goes wrong; the next run goes on from there.
$(READY): pyproject.toml constraints.txt package-lock.json
	@for python in $(CANDIDATES); do \
	  "$$python" -c '$(SUITABLE)' 2>/dev/null && { found="$$python"; break; }; done; \
	if [ -z "$$found" ]; then \
	  if "$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; \
	  then echo "Stopped: this Python has no venv module: install it (Debian and Ubuntu: apt-get install python3-venv), then run make again."; \
	  else echo "Stopped: the course needs Python 3.11, 3.12 or 3.13 and found none: install one, or name it: make PYTHON=/path/to/python3.12 book"; fi; \
	  exit 1; fi; \
	[ -x $(BIN)/pip ] && $(BIN)/python -c '$(SUITABLE)' 2>/dev/null || "$$found" -m venv --clear .venv || { \
	  echo "Stopped: the folder .venv could not be made: see the line above, then run make again."; exit 1; }
	@echo "Installing the course into .venv (a few minutes, once) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt torch && \
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e ".[all]" || { \
	  echo "Stopped: pip could not finish: check the network connection, then run make again; what has arrived is kept."; exit 1; }
	@npm ci --no-progress --loglevel=error >/dev/null || { \
	  echo "Stopped: npm could not finish: check the network connection, then run make again."; exit 1; }
	@touch $@

chromium:
	@command -v chromium chromium-browser google-chrome >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing Chromium for the tests of pages and widgets (apt-get) ..."; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else echo "No Chromium here: the browser tests will be skipped. To run them too: sudo apt-get install chromium"; fi

.PHONY: bubblewrap
bubblewrap:
	@command -v bwrap >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing bubblewrap, in which students' code runs (apt-get) ..."; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends bubblewrap >/dev/null; \
	else echo "No bubblewrap here: grading needs it, and its tests are skipped. To have it: sudo apt-get install bubblewrap"; fi
