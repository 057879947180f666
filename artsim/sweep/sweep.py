"""A sweep: searches the settings of a recipe on Ray Tune and writes the results as table, heat map and TOML.

All files are in ``sweeps/<name>``, each trial as it finishes; the same command resumes the sweep.
"""

import json
import logging
import time
from dataclasses import asdict
from typing import Any

from artsim import runtime
from artsim.archive import Archive, Keys, UserError
from artsim.archive.damaged_files import intact
from artsim.archive.valid_name import check_name
from artsim.failures import failures_of
from artsim.learn.experiment import (
    EXPERIMENT_KEYS,
    Experiment,
    MakeLearner,
    difference,
    load_or_make_plan,
    with_current_names,
)
from artsim.learn.fold_plan import Folds, kind_name, tuning_folds
from artsim.learn.heads.learner import covariance_of
from artsim.learn.plan import TRAINING
from artsim.learn.preflight import check_learns
from artsim.learn.workers import Workers, resources_of_head_task
from artsim.sweep.results import with_option_names, write_results
from artsim.sweep.search import search, stored_trials
from artsim.sweep.search_space import Space

_log = logging.getLogger(__name__)

_START_OVER = "`again` starts over"
_REPORT: Keys = {"best": dict, "trials": int, "annotations": dict}  # what sweep.json holds


def tune(
    archive: Archive,
    name: str,
    experiment: Experiment,
    make_learner: MakeLearner,
    space: Space,
    *,
    trials: int,
    folds: int,
    workers: Workers,
    again: bool,
) -> dict[str, Any]:
    """Searches the space around the recipe of ``experiment``; returns the run's share of the report.

    A sweep of this name that was started resumes, also with more ``trials`` than before. ``again`` starts over.
    Raises a user error if another run is working on it.
    """
    check_name(name)
    for option, value in (("`trials`", trials), ("`folds`", folds)):
        if value < 1:
            raise UserError(f"{option} {value}: must be 1 or more")
    with archive.lock(f"sweeps/{name}"):
        searched = {setting: vars(distribution) for setting, distribution in space.items()}
        settings = {**asdict(experiment), "space": searched, "folds": folds}
        folder = start_or_resume(archive, name, json.loads(json.dumps(settings)), again=again)
        stored = stored_trials(archive.store, folder)
        report = intact(archive.store, f"{folder}/sweep.json", of="sweep", remedy=_START_OVER, keys=_REPORT)
        if report and len(stored) >= trials:
            _log.info(
                "sweep %s already has %d trials; more `trials` continue it, `again` starts over", name, len(stored)
            )
            return {"rows_in": 0, "rows_out": 0, "rows_failed": 0, "done_before": True, **report}
        learner, plan = load_or_make_plan(archive, folder, experiment, make_learner)
        check_learns(learner, plan.images(TRAINING), experiment)
        tuning = tuning_folds(archive, folder, learner, plan, experiment, count=folds, may_mine="negatives" in space)
        started = time.monotonic()
        runtime.connect()
        runtime.wait_for({"CPU": 1})
        trainable, max_concurrent = _trainable(
            archive, folder, experiment, space, learner, tuning, workers, trials - len(stored)
        )
        results = search(
            trainable,
            space,
            trials=trials,
            epochs=experiment.recipe.epochs,
            seed=experiment.seed,
            store=archive.store,
            folder=folder,
            max_concurrent=max_concurrent,
        )
        seconds = time.monotonic() - started
        succeeded = [trial for trial in results if "error" not in trial]
        failed = results[len(succeeded) :]
        if not succeeded:
            raise RuntimeError(f"every trial failed; the first error was {failed[0]['error']}")
        trained = sum(trial["seconds"] for trial in succeeded[len(stored) :])
        report = {
            **write_results(archive, name, experiment, space, results, _folds_description(tuning)),
            "trials": len(succeeded),
            "annotations": {**plan.counts, "folds": [len(fold.validation) for fold in tuning.folds]},
        }
        archive.write_json(f"{folder}/sweep.json", report)
    return {
        "rows_in": len(results) - len(stored),
        "rows_out": len(succeeded) - len(stored),
        "rows_failed": len(failed),
        "failures": failures_of(trial["error"] for trial in failed),
        "done_before": False,
        **report,
        **(
            {"failed": [{**with_option_names(trial["setting"]), "error": trial["error"]} for trial in failed]}
            if failed
            else {}
        ),
        "seconds_search": round(seconds, 3),
        "seconds_training": round(trained, 3),  # summed over all trials
        "orchestration": round(1 - trained / (seconds * (max_concurrent or runtime.cpus())), 3),
    }


def _folds_description(tuning: Folds) -> str:
    tested = sum(len(fold.validation) for fold in tuning.folds)
    return f"{len(tuning.folds)} folds ({kind_name(tuning.folds[0].kind)}), {tested} annotations"


def start_or_resume(archive: Archive, name: str, settings: dict[str, Any], *, again: bool) -> str:
    """Returns the sweep's folder, where its settings are stored. Raises a user error if it has different ones.

    ``settings`` are those of ``EXPERIMENT_KEYS`` and others, as JSON stores them.
    """
    folder = f"sweeps/{name}"
    stored_settings = (
        with_current_names(
            intact(archive.store, f"{folder}/asked.json", of="sweep", remedy=_START_OVER, keys=EXPERIMENT_KEYS)
        )
        if not again
        else None
    )
    if stored_settings not in (None, settings) and not again:
        raise UserError(
            f"`name` {name}: was started with {difference(stored_settings, settings)}; "
            "choose another `name`, or `again` to start over"
        )
    if stored_settings is None or again:
        archive.remove(folder)
        archive.write_json(f"{folder}/asked.json", settings)
    return folder


def _trainable(
    archive: Archive,
    folder: str,
    experiment: Experiment,
    space: Space,
    learner: Any,
    tuning: Folds,
    workers: Workers,
    missing: int,
) -> tuple[Any, int | None]:
    """Returns what Ray Tune runs, with the data that trials share, and how many run at a time; None: all that fit."""
    import ray.tune

    from artsim.sweep.trials import HeadTrial, StartBarrier, finetune_trial

    parameters: dict[str, Any] = {"groups": tuning.groups, "recipe": experiment.recipe, "seed": experiment.seed}
    if "finetune" in experiment.inputs:
        parameters |= {"learner": learner, "ids": tuning.ids, "fold": tuning.folds[0], "workers": workers}
        shared = ray.tune.with_parameters(finetune_trial, store=archive.store, folder=f"{folder}/_trials", **parameters)
        return ray.tune.with_resources(shared, {"cpu": 0}), 1
    needs_covariance = "head" in space or experiment.recipe.head == "discriminant"
    parameters["total"] = covariance_of(learner.space, experiment.seed) if needs_covariance else None
    start: Any = ray.remote(StartBarrier)
    parameters["start"] = start.options(**runtime.beside_driver()).remote(min(runtime.cpus(), missing))
    shared = ray.tune.with_parameters(
        HeadTrial, vectors=learner.untrained_vectors(tuning.ids), folds=tuning.folds, **parameters
    )
    head_resources = resources_of_head_task()
    return ray.tune.with_resources(shared, {"cpu": head_resources["num_cpus"], "gpu": head_resources["num_gpus"]}), None
