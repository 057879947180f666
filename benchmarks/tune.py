"""A sweep of 64 trials over m and m2 on 3,000 annotations: how long it takes, and how much of that is orchestration.

The peer is a pool of bare processes, one per core, that trains the same settings on the same folds for as many epochs
as the sweep did, without Ray, Optuna or ASHA. Vectors and annotations are made up, as many and as long as those of
efficientnet_lite0 on people-art, unless --archive names real ones.
"""

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from artsim.annotations.annotations import add_annotations
from artsim.archive import Archive, features
from artsim.learn.experiment import Experiment
from artsim.learn.fold_plan import tuning_folds
from artsim.learn.heads.learner import HeadLearner, covariance_of
from artsim.learn.plan import IN_FOLDS, make_plan
from artsim.learn.recipe import Recipe
from artsim.sweep.trials import HeadTrial
from benchmarks.claims import Claim, conclude
from jobs.tune import job

FEATURE, IMAGES, DIMENSION, KINDS, POOLS, ANNOTATIONS = "efficientnet_lite0", 2934, 1280, 40, 5, 3000


def make_archive(uri: str) -> None:
    """Images of 40 kinds in 5 pools; an annotation's images share a pool, its anchor and positive share a kind."""
    rng = np.random.default_rng(0)
    archive = Archive.create(uri, 4)
    ids = [f"made:{number}" for number in range(IMAGES)]
    kind, pool = rng.integers(KINDS, size=IMAGES), rng.integers(POOLS, size=IMAGES)
    vectors = rng.normal(size=(IMAGES, DIMENSION)) + 0.25 * rng.normal(size=(KINDS, DIMENSION))[kind]
    schema, of = features(DIMENSION), archive.shard_of(ids)
    for shard in range(archive.shards):
        rows = [{"id": ids[row], "vector": vectors[row].tolist()} for row in np.flatnonzero(of == shard)]
        archive.table(f"features/{FEATURE}", schema).write(shard, "p0", pa.Table.from_pylist(rows, schema=schema))
    annotations: list[list[str]] = []
    while len(annotations) < ANNOTATIONS:
        anchor = rng.integers(IMAGES)
        near = np.flatnonzero((pool == pool[anchor]) & (kind == kind[anchor]) & (np.arange(IMAGES) != anchor))
        far = np.flatnonzero((pool == pool[anchor]) & (kind != kind[anchor]))
        if len(near):
            annotations.append([ids[row] for row in (anchor, rng.choice(near), *rng.choice(far, 7, replace=False))])
    add_annotations(archive, "made", annotations, "random")


_trial = HeadTrial.__new__(HeadTrial)  # a plain object without Tune; one per process, as in the sweep


def _receive(shared: dict[str, Any]) -> None:
    _trial.setup({}, **shared)


def _train(trial: dict[str, Any]) -> float:
    """Trains a trial's setting for the same number of epochs, without Tune; returns its meanrank."""
    _trial.reset_config(trial["setting"])
    while (report := _trial.step())["epochs"] < trial["epochs"]:
        pass
    return report["meanrank"]


def bare_seconds(archive: Archive, recipe: Recipe, trials: list[dict[str, Any]]) -> float:
    """Wall seconds of a pool for the trials, including its start."""
    learner = HeadLearner(archive, [FEATURE], False, 0, None)
    configuration = Experiment({}, recipe, None, False, IN_FOLDS, None, 0, False)
    plan = make_plan(
        archive,
        learner.usable,
        annotators=None,
        links=False,
        kind=configuration.split,
        column=None,
        seed=0,
        public_only=False,
    )
    cut = tuning_folds(archive, "sweeps/_bare", learner, plan, configuration, count=3, may_mine=False)
    total = covariance_of(learner.space, 0)
    shared = {"vectors": learner.untrained_vectors(cut.ids), "folds": cut.folds, "groups": cut.groups, "total": total}
    started = time.perf_counter()
    context = multiprocessing.get_context("spawn")
    with context.Pool(os.cpu_count(), _receive, ({**shared, "recipe": recipe, "seed": 0},)) as pool:
        scores = pool.map(_train, trials, chunksize=1)
    seconds = time.perf_counter() - started
    assert np.allclose(scores, [trial["meanrank"] for trial in trials], atol=0.05), "the trainings differ"
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="8 trials")
    parser.add_argument("--archive", help=f"an archive with features {FEATURE} and annotations (default: create one)")
    options = parser.parse_args()
    trials = 8 if options.quick else 64
    with tempfile.TemporaryDirectory() as folder:
        uri = options.archive or f"{folder}/archive"
        if not options.archive:
            make_archive(uri)
        name = f"benchmark-{os.getpid()}"
        report = job.run(["--archive", uri, "--features", FEATURE, "--name", name, "--trials", str(trials)])
        kept = [json.loads(path.read_text()) for path in sorted(Path(uri, "sweeps", name, "trials").glob("*.json"))]
        bare = bare_seconds(Archive.open(uri), Recipe(loss="triplet"), kept)
        Archive.open(uri).remove(f"sweeps/{name}")
    seconds, epochs = report["seconds"], sum(trial["epochs"] for trial in kept)
    print(f"{trials} trials, {epochs} epochs of 3 folds: {seconds:.0f} s, bare {bare:.0f} s; best {report['best']}")
    print(f"orchestration by the trials' own clocks: {report['orchestration']:.0%}")
    peer = f"a pool of {os.cpu_count()} bare processes, the same settings, folds and epochs"
    claims = [Claim("orchestration, % of the time", 100 * (1 - bare / seconds), 30, peer, at_least=False)]
    if not options.quick:
        claims.insert(0, Claim("64 trials, 3,000 annotations, minutes", seconds / 60, 1, "none", at_least=False))
    conclude("tune", claims)


if __name__ == "__main__":
    main()
