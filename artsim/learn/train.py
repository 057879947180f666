"""A training from the experiment configuration to a scored model in the archive; the model is trained on Ray Train.

While it runs, all files are in ``models/_<name>``; the same command resumes it.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from artsim import runtime
from artsim.archive import Archive, UserError
from artsim.archive.damaged_files import intact
from artsim.archive.valid_name import check_name
from artsim.encoders.model import FORMAT, Model
from artsim.encoders.model_card import check_card, check_trained
from artsim.learn.cross_validation import CrossValidation, cross_validate, log_scores, scores
from artsim.learn.curves import live, write_curves
from artsim.learn.epochs import Epoch, Progress, best_epoch
from artsim.learn.experiment import (
    EXPERIMENT_KEYS,
    Experiment,
    Learner,
    MakeLearner,
    difference,
    load_or_make_plan,
    with_current_names,
)
from artsim.learn.fold_plan import kind_name
from artsim.learn.held_out_fold import hold_out
from artsim.learn.plan import (
    IN_FOLDS,
    SPLIT,
    TEST,
    TRAINING,
    VALIDATION,
    Plan,
    anchor_units,
    count_annotations,
    pool_sample,
    related_groups,
    without_related,
)
from artsim.learn.preflight import check_learns
from artsim.learn.ray_train import run
from artsim.learn.recipe import Recipe
from artsim.learn.workers import Workers
from artsim.metrics.interval import as_json, mean_score, paired_difference
from artsim.metrics.meanrank import ranks

_log = logging.getLogger(__name__)

_START_OVER = "remove its folder and run the same command again to start over"
_CONFIGURATION = "asked.json"  # written last before training: once it exists, plan and pool are complete


def train(
    archive: Archive,
    name: str,
    experiment: Experiment,
    make_learner: MakeLearner,
    *,
    workers: Workers,
    again: bool,
) -> dict[str, Any]:
    """Trains ``models/<name>``, resumes it, or reports that it exists; returns the run's share of the report.

    ``make_learner`` is called with the kept tensors, or None at the start. ``again`` replaces a model that exists.
    Raises
    a user error if another run is training it.
    """
    check_name(name)
    with archive.lock(f"models/{name}"):
        return _train_or_resume(archive, name, experiment, make_learner, workers, again)


def _train_or_resume(
    archive: Archive, name: str, experiment: Experiment, make_learner: MakeLearner, workers: Workers, again: bool
) -> dict[str, Any]:
    folder, settings = f"models/_{name}", json.loads(json.dumps(asdict(experiment)))
    stored_settings = with_current_names(
        intact(archive.store, f"{folder}/{_CONFIGURATION}", of="run", remedy=_START_OVER, keys=EXPERIMENT_KEYS)
    )
    if stored_settings not in (None, settings) and not again:
        raise UserError(
            f"`name` {name}: was started with {difference(stored_settings, settings)}; "
            "choose another `name`, or `again` to start over"
        )
    if (
        stored_settings is None
        and not again
        and (card := intact(archive.store, f"models/{name}/card.json")) is not None
    ):
        return _existing_model(archive, name, experiment, settings, card)
    if stored_settings != settings:
        archive.remove(folder)
    learner, plan = load_or_make_plan(archive, folder, experiment, make_learner)
    check_learns(learner, plan.images(TRAINING), experiment)
    pool = _pool(archive, folder, experiment, learner, plan)
    archive.write_json(f"{folder}/{_CONFIGURATION}", settings)
    runtime.connect()
    cross_validation = (
        _cross_validated(archive, folder, experiment, learner, plan, pool, workers)
        if experiment.split == IN_FOLDS
        else None
    )
    recipe = experiment.recipe
    if cross_validation:
        recipe = replace(recipe, epochs=cross_validation.epochs, patience=cross_validation.epochs)
    outcome = _train(archive, folder, experiment, recipe, learner, plan, pool, workers)
    if cross_validation:  # the final training holds nothing out: report the history of the folds
        history, best, measured = (
            cross_validation.history,
            cross_validation.epochs - 1,
            kind_name(next(iter(cross_validation.folds))),
        )
        _log.info("trained on all %d annotations for %d epochs", plan.counts[TRAINING], cross_validation.epochs)
    else:
        history, best, measured = outcome.history, best_epoch(outcome.history), "validation"
        early = ", stopped early" * (len(history) < recipe.epochs)
        _log.info("%d epochs%s; the best was epoch %d", len(history), early, best + 1)
    model = _model(archive, name, experiment, settings, learner, plan, outcome, history, cross_validation)
    model.save(archive)
    title = f"{name}: {model.card['split']['training']} annotations"
    write_curves(archive.store, f"models/{name}", history, best, title, measured)
    archive.remove(folder)
    counts = plan.counts
    assigned = sum(counts[role] for role in SPLIT)
    without_vector = counts["without_vector"]
    row_counts = {
        "rows_in": counts["annotations"],
        "rows_out": assigned,
        "rows_failed": without_vector,
        "failures": {"an image without a vector": without_vector} if without_vector else {},
    }
    return {**row_counts, "done_before": False, **_model_fields(archive, name, model.card)}


def _existing_model(
    archive: Archive, name: str, experiment: Experiment, settings: dict[str, Any], card: dict[str, Any]
) -> dict[str, Any]:
    """Returns the report of an existing model. Warns if there are annotations that it was not trained on."""
    where = archive.store.address(f"models/{name}/card.json")
    check_card(card, where)
    check_trained(card, where)
    if (trained := with_current_names(card["asked"])) != settings:
        raise UserError(
            f"`name` {name}: was trained with {difference(trained, settings)}; "
            "choose another `name`, or `again` to start over"
        )
    trained_on = card["split"]["annotations"]
    new = (
        0
        if experiment.links
        else count_annotations(archive, experiment.annotators, experiment.public_only) - trained_on
    )
    if new > 0:
        _log.warning(
            "model %s already exists; %d annotations were added since and are not in the model (trained on %d); "
            "`again` trains it again on all of them",
            name,
            new,
            trained_on,
        )
    else:
        _log.info("model %s already exists; `again` trains it again", name)
    done = {"rows_in": 0, "rows_out": 0, "rows_failed": 0, "done_before": True, "annotations_new": max(new, 0)}
    return done | _model_fields(archive, name, card)


def _cross_validated(
    archive: Archive,
    folder: str,
    experiment: Experiment,
    learner: Learner,
    plan: Plan,
    pool: list[str],
    workers: Workers,
) -> CrossValidation:
    """Returns the result of cross-validation, or for a backbone that of one held-out fold."""
    if "finetune" in experiment.inputs:
        return hold_out(archive, folder, learner, plan, experiment, pool, workers)
    return cross_validate(archive, folder, learner, plan, experiment, pool)


def _pool(archive: Archive, folder: str, experiment: Experiment, learner: Learner, plan: Plan) -> list[str]:
    """Returns the images that mining draws from. They are stored, since the archive may grow before a run resumes."""
    if experiment.recipe.negatives == "own":
        return []
    path = f"{folder}/pool.json"
    kept = intact(archive.store, path, of="run", remedy=_START_OVER)
    if kept is not None and not (isinstance(kept, list) and all(isinstance(image_id, str) for image_id in kept)):
        raise UserError(f"{archive.store.address(path)}: damaged, not a list of ids; {_START_OVER}")
    if kept is None:
        sample = pool_sample(archive, learner.usable, experiment.seed)
        kept = without_related(archive, experiment.split_by, sample, plan.held_out())
        archive.write_json(path, kept)
    return kept


def _train(
    archive: Archive,
    folder: str,
    experiment: Experiment,
    recipe: Recipe,
    learner: Learner,
    plan: Plan,
    pool: list[str],
    workers: Workers,
) -> Progress:
    training, validation = plan.images(TRAINING), plan.images(VALIDATION)
    ids = sorted({*training.flat, *validation.flat, *pool})
    index_of = {image_id: index for index, image_id in enumerate(ids)}

    indices = np.vectorize(index_of.__getitem__, otypes=[np.int64])
    make = learner.trainer(
        learner.shared_data(ids, recipe, experiment.seed),
        indices(training),
        indices(validation),
        recipe,
        experiment.seed,
        related_groups(archive, experiment.split_by, ids),
        indices(np.union1d(training, pool)),
    )
    return run(
        make,
        recipe,
        workers=workers,
        store=archive.store,
        folder=folder,
        seed=experiment.seed,
        show=live(archive.store, folder),
    )


def _model(
    archive: Archive,
    name: str,
    experiment: Experiment,
    settings: dict[str, Any],
    learner: Learner,
    plan: Plan,
    outcome: Progress,
    history: list[Epoch],
    cross_validation: CrossValidation | None,
) -> Model:
    """Returns the model with its card: what it was made from, and its scores on seen and on held-out annotations."""
    best = best_epoch(outcome.history)
    card: dict[str, Any] = {
        "format": FORMAT,
        **learner.card(),
        "recipe": settings["recipe"],
        "split": {"kind": experiment.split, "by": experiment.split_by, "seed": experiment.seed, **plan.counts},
        "epochs": len(outcome.history),
        "best_epoch": best + 1,
        "history": history,
        "hashes": {"annotations": hashlib.sha256(json.dumps(plan.rows.to_pydict()).encode()).hexdigest()},
        "asked": settings,
    }
    model = Model(
        name, card, {**outcome.best, **learner.kept_tensors()}, plan.rows, cross_validation and cross_validation.rows
    )
    card["hashes"]["model"] = model.hash
    ids = sorted({image_id for image_ids in plan.rows["images"].to_pylist() for image_id in image_ids})
    before, after = learner.untrained_vectors(ids), model.vectors(archive, ids)
    card["dimension"] = after.shape[1]
    if cross_validation:
        seen = _role_scores(archive, plan, TRAINING, ids, before, after, experiment)
        held_out_scores = scores(cross_validation, experiment.seed)
        log_scores(held_out_scores)
        card["scores"] = {"seen": seen, **held_out_scores}
    else:
        card["scores"] = {role: _role_scores(archive, plan, role, ids, before, after, experiment) for role in SPLIT}
    return model


def _role_scores(
    archive: Archive,
    plan: Plan,
    role: str,
    ids: Sequence[str],
    before: np.ndarray,
    after: np.ndarray,
    experiment: Experiment,
) -> dict[str, Any]:
    """Returns the meanranks of one role before and after training, and the gain, each with n and its interval."""
    index_of = {image_id: index for index, image_id in enumerate(ids)}
    judged = np.array([[index_of[image_id] for image_id in image_ids] for image_ids in plan.images(role)])
    metric, seed = experiment.recipe.distance, experiment.seed
    old, new = ranks(before, judged, metric), ranks(after, judged, metric)
    column = experiment.split_by if experiment.split == "group-disjoint" else None
    units = anchor_units(archive, plan.images(role)[:, 0].tolist(), column)
    return {
        "seen": role != TEST,
        "before": as_json(mean_score(old, seed, units)),
        "after": as_json(mean_score(new, seed, units)),
        "gain": as_json(paired_difference(old, new, seed, units)),
    }


def _model_fields(archive: Archive, name: str, card: dict[str, Any]) -> dict[str, Any]:
    """Returns what a report says about a model."""
    shown = ("kind", "dimension", "split", "epochs", "best_epoch", "scores")
    model, picture = (archive.store.address(f"models/{name}{file}") for file in ("", "/curves.png"))
    return {"model": model, **{key: card[key] for key in shown}, "picture": picture}
