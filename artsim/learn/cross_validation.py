"""Cross-validates a training before the released model is trained on everything: its scores and number of epochs.

Each fold of a head is one Ray task. Finished folds are stored, so an interrupted run repeats only the others.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from safetensors.torch import save

from artsim import runtime
from artsim.archive import Archive, UserError
from artsim.archive.damaged_files import intact_tensors
from artsim.encoders.model import HELD_OUT
from artsim.learn.epochs import Epoch, Trainer, epochs
from artsim.learn.experiment import Experiment, Learner
from artsim.learn.fold_plan import Fold, kind_name, kinds_of, make_folds
from artsim.learn.plan import Plan
from artsim.learn.recipe import Recipe
from artsim.learn.workers import resources_of_head_task
from artsim.metrics.interval import as_json, mean_score, paired_difference
from artsim.metrics.meanrank import ranks

_log = logging.getLogger(__name__)

_REMEDY = "remove it and run the same command again to repeat this fold"
_NEGATIVES = 7
_MIN_UNITS = 5  # an interval needs this many groups or images of anchors


@dataclass(frozen=True)
class CrossValidation:
    """The result of a cross-validation.

    ``rows`` (of ``model.HELD_OUT``): each annotation as ranked by the fold that had not seen it; ``epochs``: how many
    the final training takes; ``history``: the mean history of the folds; ``folds``: how many folds tested each kind.
    """

    rows: pa.Table
    epochs: int
    history: list[Epoch]
    folds: dict[str, int]


@dataclass(frozen=True)
class FoldHistory:
    """A fold's training: after each epoch the ``loss``, (e,), and the rank of each positive, float64 (e, v).

    ``unseen``, (e, v), are the ranks among only those negatives that training never saw.
    """

    loss: np.ndarray
    ranks: np.ndarray
    unseen: np.ndarray

    def best_epoch(self) -> int:
        """The first epoch, counted from 1, with the lowest meanrank."""
        return int(self.ranks.mean(1).argmin()) + 1

    def at(self, epoch: int) -> int:
        """The index of an epoch, or of the last one if the fold was stopped before it."""
        return min(epoch, len(self.loss)) - 1


def cross_validate(
    archive: Archive, folder: str, learner: Learner, plan: Plan, experiment: Experiment, sample: Sequence[str]
) -> CrossValidation:
    """Trains and tests a head on each fold of each kind of a plan, on Ray; stores finished folds in ``folder``.

    Each fold of the deciding kind is trained until it no longer improves. The final training takes the median of their
    best epochs. Scoring a fold at its own best epoch would flatter it, so each is scored at the median of the others'.
    The folds of other kinds are then trained for as many epochs as the final training. ``sample``: images that may be
    mined.
    """
    all_folds = make_folds(archive, folder, plan, experiment, kinds_of(experiment), sample=sample)
    shared = learner.shared_data(all_folds.ids, experiment.recipe, experiment.seed)
    kinds = list(dict.fromkeys(fold.kind for fold in all_folds.folds))
    folds_by_kind = {kind: [fold for fold in all_folds.folds if fold.kind == kind] for kind in kinds}
    histories: dict[str, list[FoldHistory]] = {}
    recipe, count = experiment.recipe, 0
    for kind in kinds:
        learners = [
            learner.trainer(
                shared,
                fold.training,
                fold.with_unseen_only(),
                recipe,
                experiment.seed,
                all_folds.groups,
                fold.pool,
            )
            for fold in folds_by_kind[kind]
        ]
        histories[kind] = _fold_histories(archive, f"{folder}/folds/{kind}", learners, recipe, experiment.seed, kind)
        if not count:
            count = round(float(np.median([history.best_epoch() for history in histories[kind]])))
            recipe = replace(recipe, epochs=count, patience=count)
    main_histories = histories[kinds[0]]
    before = learner.untrained_vectors(all_folds.ids)
    rows = []
    for kind in kinds:
        for number, (fold, history) in enumerate(zip(folds_by_kind[kind], histories[kind], strict=True)):
            epoch = count
            if kind == kinds[0]:
                others = [other.best_epoch() for index, other in enumerate(main_histories) if index != number]
                epoch = round(float(np.median(others)))
            at = history.at(epoch)
            untrained = ranks(before, fold.validation, recipe.distance)
            rows.append(held_out_rows(plan, fold, number, history.ranks[at], history.unseen[at], untrained))
    tested = {kind: len(folds_by_kind[kind]) for kind in kinds}
    return CrossValidation(pa.concat_tables(rows), count, _history(main_histories, experiment.seed), tested)


def scores(cross_validation: CrossValidation, seed: int) -> dict[str, Any]:
    """The scores of each kind for the card: before and after training, the gain, and among unseen negatives only."""
    return {kind: _score(cross_validation, kind, seed) for kind in cross_validation.folds}


def _score(cross_validation: CrossValidation, kind: str, seed: int) -> dict[str, Any]:
    """Scores one kind; intervals are over groups or images of anchors, since annotations of one are dependent."""
    rows = cross_validation.rows.filter(pa.compute.equal(cross_validation.rows["kind"], kind))
    rank, before, unseen, ahead = (
        rows[name].to_numpy().astype(np.float64) for name in ("rank", "before", "unseen", "ahead_unseen")
    )
    unit = rows["unit"].to_numpy()
    has_unseen = unseen > 0
    rank_among_unseen = 1 + _NEGATIVES * ahead[has_unseen] / unseen[has_unseen]
    return {
        "seen": False,
        "folds": cross_validation.folds[kind],
        "before": _mean(before, unit, seed),
        "after": _mean(rank, unit, seed),
        "gain": as_json(paired_difference(before, rank, seed, unit)),
        "negatives_unseen": round(float(unseen.mean()), 3),
        "unseen_only": _mean(rank_among_unseen, unit[has_unseen], seed),
    }


def _mean(values: np.ndarray, unit: np.ndarray, seed: int) -> dict[str, float | None]:
    """The mean with its interval over units, as JSON; without an interval if there are too few units."""
    units = np.unique(unit, return_inverse=True)[1]
    score = mean_score(values, seed, units)
    too_few = len(values) and units.max() + 1 < _MIN_UNITS
    return as_json(replace(score, low=-np.inf, high=np.inf) if too_few else score)


def log_scores(scores: dict[str, Any]) -> None:
    """Logs a line for each kind in the ``scores`` of a cross-validation."""
    for kind, score in scores.items():
        after, before = score["after"], score["before"]
        interval = "" if after["low"] is None else f" [{after['low']:.2f}, {after['high']:.2f}]"
        _log.info(
            "%s: meanrank %.2f%s, untrained %.2f%s; %d annotations, %d folds",
            kind_name(kind),
            after["value"],
            interval,
            before["value"],
            _significance(score["gain"]),
            after["n"],
            score["folds"],
        )


def _significance(gain: dict[str, float | None]) -> str:
    """Returns in words whether a gain over the untrained vectors is certain; nothing if there is no test."""
    value, p = gain["value"], gain["p"]
    if value is None or p is None:
        return ""
    if p >= 0.05:
        return f" (no clear difference, p={p:.2f}; more annotations may tell)"
    return f" ({'better' if value > 0 else 'worse'}, {'p<0.001' if p < 0.001 else f'p={p:.3f}'})"


def held_out_rows(
    plan: Plan, fold: Fold, number: int, rank: np.ndarray, among_unseen: np.ndarray, before: np.ndarray
) -> pa.Table:
    """A fold's rows of ``model.HELD_OUT`` from ranks, (v,): of all, among unseen negatives only, and untrained."""
    names = plan.rows["annotation_id"].take(pa.array(fold.rows))
    size = len(names)
    columns = [
        names,
        pa.array([fold.kind] * size),
        pa.array(np.full(size, number, np.int32)),
        pa.array(rank),
        pa.array(before),
        pa.array(fold.unseen().sum(1).astype(np.int8)),
        pa.array(among_unseen - 1),
        pa.array(fold.unit),
    ]
    return pa.table(columns, schema=HELD_OUT)


def _history(folds: Sequence[FoldHistory], seed: int) -> list[Epoch]:
    """The mean loss of the folds after each epoch, and the meanrank on all that they test.

    A fold that stopped keeps its last values.
    """
    mean_history: list[Epoch] = []
    for epoch in range(1, max(len(history.loss) for history in folds) + 1):
        indices = [history.at(epoch) for history in folds]
        ranks_of_all = [history.ranks[index] for history, index in zip(folds, indices, strict=True)]
        score = mean_score(np.concatenate(ranks_of_all), seed)
        figures = {"meanrank": score.value, "low": score.low, "high": score.high}
        loss = float(np.mean([history.loss[index] for history, index in zip(folds, indices, strict=True)]))
        mean_history.append({"epoch": epoch, "loss": loss, **figures})
    return mean_history


def _fold_histories(
    archive: Archive, folder: str, trainers: Sequence[Any], recipe: Recipe, seed: int, kind: str
) -> list[FoldHistory]:
    """The history of each fold: read from the folder, or trained now."""
    paths = [f"{folder}-{number}.safetensors" for number in range(len(trainers))]
    missing = [number for number, path in enumerate(paths) if not archive.store.exists(path)]

    def finished() -> Iterator[dict[str, int]]:
        yield {"rows": len(trainers) - len(missing)}
        for number, result in _task_results({number: trainers[number] for number in missing}, recipe, seed):
            if isinstance(result, UserError):
                raise result
            tensors = {name: torch.tensor(array) for name, array in vars(result).items()}
            with archive.store.replace(paths[number]) as draft:
                Path(draft).write_bytes(save(tensors))
            yield {"rows": 1}

    for _ in runtime.progress(finished(), len(trainers), f"folds of {kind_name(kind)}"):
        pass
    return [_read(archive, path) for path in paths]


def _task_results(
    trainers: Mapping[int, Any], recipe: Recipe, seed: int
) -> Iterator[tuple[int, FoldHistory | UserError]]:
    """Yields what the tasks of some folds return, as they finish."""
    import ray

    runtime.wait_for({"CPU": 1})
    remote: Any = ray.remote(_train_fold)
    task = remote.options(**resources_of_head_task())
    running = {task.remote(make, recipe, seed): number for number, make in trainers.items()}
    while running:
        (ref,), _ = ray.wait(list(running))
        yield running.pop(ref), ray.get(ref)


def _read(archive: Archive, path: str) -> FoldHistory:
    tensors = intact_tensors(archive.store, path, of="run", remedy=_REMEDY)
    try:
        return FoldHistory(**{name: tensor.numpy() for name, tensor in tensors.items()})
    except TypeError as error:
        raise UserError(f"{archive.store.address(path)}: not a stored fold; {_REMEDY}") from error


class _Recorder:
    """A learner that keeps its ranks of each epoch; only those of whole annotations decide when to stop."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer, self.measure = trainer, trainer.measure
        self.ranks: list[np.ndarray] = []
        self.train_epoch, self.restore = trainer.train_epoch, trainer.restore

    def validate(self) -> np.ndarray:
        self.ranks.append(self._trainer.validate())
        return self.ranks[-1][: len(self.ranks[-1]) // 2]

    def state(self) -> dict[str, Any]:
        return {}  # an interrupted fold starts over

    def tensors(self) -> dict[str, torch.Tensor]:
        return {}


def _train_fold(make: Any, recipe: Recipe, seed: int) -> FoldHistory | UserError:
    """The Ray task that trains a fold. Returns, rather than raises, an error that a retry would not fix."""
    torch.set_num_threads(1)
    try:
        recorder, history = _Recorder(make()), list[Epoch]()
        for progress in epochs(recorder, recipe, seed):
            history = progress.history
    except UserError as user_error:
        return user_error
    except np.linalg.LinAlgError as error:
        return UserError(f"the head can't be fitted to these features and annotations: {error}")
    all_ranks = np.stack(recorder.ranks)
    count = all_ranks.shape[1] // 2
    return FoldHistory(
        np.array([epoch["loss"] for epoch in history]), all_ranks[:, :count].copy(), all_ranks[:, count:].copy()
    )
