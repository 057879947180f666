"""One held-out fold instead of cross-validation, for backbones: fine-tuning once takes hours, five times takes days."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from artsim.archive import Archive, Keys, UserError
from artsim.archive.damaged_files import intact, intact_table
from artsim.encoders.model import Model
from artsim.learn.cross_validation import CrossValidation, held_out_rows
from artsim.learn.curves import live
from artsim.learn.epochs import best_epoch
from artsim.learn.experiment import Experiment, Learner
from artsim.learn.fold_plan import kinds_of, make_folds
from artsim.learn.plan import Plan
from artsim.learn.ray_train import run
from artsim.learn.workers import Workers
from artsim.metrics.meanrank import ranks

_log = logging.getLogger(__name__)

_SUMMARY_KEYS: Keys = {"epochs": int, "history": list, "kind": str}
_REMEDY = "remove it and run the same command again to repeat the held-out fold"


def hold_out(
    archive: Archive,
    folder: str,
    learner: Learner,
    plan: Plan,
    experiment: Experiment,
    sample: Sequence[str],
    workers: Workers,
) -> CrossValidation:
    """Trains on all but one fold. Half of what the fold tests chooses the epoch, the other half gives the score.

    Stores the result in ``folder`` and reuses it. Raises a user error if no fold can be held out.
    """
    table, summary = f"{folder}/held_out.parquet", f"{folder}/held_out.json"
    result = intact(archive.store, summary, of="run", remedy=_REMEDY, keys=_SUMMARY_KEYS)
    if result is None or not archive.store.exists(table):
        result = _train_fold(archive, folder, table, learner, plan, experiment, sample, workers)
        archive.write_json(summary, result)
    rows = intact_table(archive.store, table, of="run", remedy=_REMEDY)
    return CrossValidation(rows, result["epochs"], result["history"], {result["kind"]: 1})


def _train_fold(
    archive: Archive,
    folder: str,
    table: str,
    learner: Learner,
    plan: Plan,
    experiment: Experiment,
    sample: Sequence[str],
    workers: Workers,
) -> dict[str, Any]:
    recipe, seed = experiment.recipe, experiment.seed
    all_folds = make_folds(archive, folder, plan, experiment, kinds_of(experiment), sample=sample)
    fold = next((candidate for candidate in all_folds.folds if len(candidate.rows) > 1), None)
    if fold is None:
        raise UserError(
            "too few annotations to hold out a fold; add more with jobs.annotations, or use `split` random, "
            "which works with few"
        )
    _log.info(
        "fine-tuning holds out one fold instead of five: %d annotations, half to choose the epoch, half to score",
        len(fold.rows),
    )
    halves = np.array_split(np.random.default_rng(seed).permutation(len(fold.rows)), 2)
    choosing, scoring = (
        replace(fold, validation=fold.validation[half], rows=fold.rows[half], unit=fold.unit[half]) for half in halves
    )
    shared = learner.shared_data(all_folds.ids, recipe, seed)
    make = learner.trainer(shared, fold.training, choosing.validation, recipe, seed, all_folds.groups, fold.pool)
    fold_folder = f"{folder}/fold"
    outcome = run(
        make,
        recipe,
        workers=workers,
        store=archive.store,
        folder=fold_folder,
        seed=seed,
        show=live(archive.store, fold_folder),
    )
    card = {**learner.card(), "recipe": asdict(recipe)}
    after = Model("fold", card, {**outcome.best, **learner.kept_tensors()}, plan.rows).vectors(archive, all_folds.ids)
    metric = recipe.distance
    rows = held_out_rows(
        plan,
        scoring,
        0,
        ranks(after, scoring.validation, metric),
        ranks(after, scoring.unseen_only(), metric),
        ranks(learner.untrained_vectors(all_folds.ids), scoring.validation, metric),
    )
    with archive.store.replace(table) as draft:
        pq.write_table(rows, draft)
    return {"epochs": best_epoch(outcome.history) + 1, "history": outcome.history, "kind": fold.kind}
