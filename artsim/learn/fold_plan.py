"""The folds of a plan as row numbers of vectors, for cross-validation in jobs.train and trials in jobs.tune."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from artsim.annotations.annotations import Annotations
from artsim.annotations.folds import FOLDS, KINDS, NEW_GROUPS, cut
from artsim.annotations.splits import disjoint_splits
from artsim.archive import Archive, UserError
from artsim.archive.damaged_files import intact
from artsim.encoders.model import ROLES
from artsim.learn.experiment import Experiment, Learner
from artsim.learn.plan import (
    IN_FOLDS,
    TEST,
    TRAINING,
    VALIDATION,
    Plan,
    groups_by,
    pool_sample,
    related_groups,
    without_related,
)

_log = logging.getLogger(__name__)

_KIND_NAMES = {
    "new_annotations": "new annotations of known images",
    "new_images": "new images",
    "new_groups": "new groups",
}


def kind_name(kind: str) -> str:
    """Returns the name of a kind of folds, or of a strict split, for messages."""
    return _KIND_NAMES.get(kind, kind)


@dataclass(frozen=True)
class Fold:
    """One fold in rows of vectors. ``kind`` is one of ``folds.KINDS``, or the kind of a strict split.

    ``training``, int (n, 9), has -1 in place of a held-out negative. ``validation`` is int (v, 9). ``rows``, int (v,),
    are the rows of the plan that are validated. ``unit``, int (v,), is as in ``folds.Fold``. ``pool``, int (p,), is
    what may be mined.
    """

    kind: str
    training: np.ndarray
    validation: np.ndarray
    rows: np.ndarray
    unit: np.ndarray
    pool: np.ndarray

    def unseen(self) -> np.ndarray:
        """Returns which validation negatives training never sees, bool (v, 7)."""
        return ~np.isin(self.validation[:, 2:], np.union1d(self.training, self.pool))

    def unseen_only(self) -> np.ndarray:
        """Returns the validation with -1 in place of the negatives that training sees, int (v, 9)."""
        masked = self.validation.copy()
        masked[:, 2:][~self.unseen()] = -1
        return masked

    def with_unseen_only(self) -> np.ndarray:
        """Returns the validation followed by ``unseen_only()``, int (2v, 9)."""
        return np.concatenate([self.validation, self.unseen_only()])


@dataclass(frozen=True)
class Folds:
    """The sorted ``ids`` of the images, the ``folds`` as positions in them, and known groups, int (m,), -1 for none."""

    ids: list[str]
    folds: list[Fold]
    groups: np.ndarray


def kinds_of(experiment: Experiment) -> list[str]:
    """Returns all kinds of folds that a model is scored by; the first that can be tested is the main one."""
    return [kind for kind in reversed(KINDS) if kind != NEW_GROUPS or experiment.split_by]


def make_folds(
    archive: Archive,
    folder: str,
    plan: Plan,
    experiment: Experiment,
    kinds: Sequence[str],
    *,
    count: int = FOLDS,
    sample: Sequence[str] = (),
) -> Folds:
    """Cuts a plan of the split ``folds`` into folds of each kind; a resumed run in ``folder`` gets the same folds.

    ``sample`` lists images that may be mined. A kind with fewer than two folds is left out with a warning. Raises a
    user error if no kind is left.
    """
    column = experiment.split_by
    names = plan.images(TRAINING)
    used = sorted(set(names.flat))
    place = {image_id: index for index, image_id in enumerate(used)}
    judged = np.vectorize(place.__getitem__, otypes=[np.int64])(names)
    groups = _codes(_kept_groups(archive, folder, column, used), used) if column else None
    ids = sorted({*used, *sample})
    positions = np.searchsorted(np.array(ids, dtype=object), np.array(used, dtype=object))
    plan_folds = []
    for kind in kinds:
        cut_folds = cut(judged, kind, count=count, seed=experiment.seed, groups=groups)
        if len(cut_folds) < 2:
            _log.warning("%s: too few annotations for two folds; it gets no score", kind_name(kind))
            continue
        for fold in cut_folds:
            held_out = [image_id for image_id, held in zip(used, fold.held_out, strict=True) if held]
            training = np.where(fold.training < 0, -1, positions[fold.training])
            pool = _positions(without_related(archive, column, sample, held_out), ids)
            mined = np.union1d(training[training >= 0], pool)
            plan_folds.append(Fold(kind, training, positions[judged[fold.test]], fold.test, fold.unit, mined))
    if not plan_folds:
        raise UserError(
            "the annotations can't be cross-validated: nearly all have the same anchor and positive; "
            "add more with jobs.annotations"
        )
    return Folds(ids, plan_folds, related_groups(archive, column, ids))


def _kept_groups(archive: Archive, folder: str, column: str, ids: Sequence[str]) -> dict[str, str]:
    """Returns the group of each image that has one, as of the start of the run in ``folder``."""
    path = f"{folder}/groups.json"
    remedy = "remove its folder and run the same command again to start over"
    kept = intact(archive.store, path, of="run", remedy=remedy)
    if kept is None:
        kept = groups_by(archive, column, ids)
        archive.write_json(path, kept)
    return dict(kept)


def strict_folds(
    archive: Archive, learner: Learner, plan: Plan, experiment: Experiment, *, count: int, may_mine: bool
) -> Folds:
    """Cuts the training data of a strict split; a single fold is the plan's own, trained as jobs.train does."""
    plans = [plan] if count == 1 else _fold_plans(archive, plan, experiment, count)
    column = experiment.split_by
    sample = pool_sample(archive, learner.usable, experiment.seed) if may_mine else []
    pools = [without_related(archive, column, sample, fold_plan.held_out()) for fold_plan in plans]
    learning_images = {
        image for fold_plan in plans for role in (TRAINING, VALIDATION) for image in fold_plan.images(role).flat
    }
    ids = sorted(learning_images.union(*pools))
    plan_folds = []
    for fold_plan, pool in zip(plans, pools, strict=True):
        names, held = fold_plan.images(TRAINING), fold_plan.images(VALIDATION)
        mined = _positions(np.union1d(names, pool), ids)
        indices = _positions(names.flat, ids).reshape(names.shape), _positions(held.flat, ids).reshape(held.shape)
        plan_folds.append(Fold(experiment.split, *indices, np.empty(0, np.int64), np.empty(0, np.int64), mined))
    return Folds(ids, plan_folds, related_groups(archive, column, ids))


def tuning_folds(
    archive: Archive, folder: str, learner: Learner, plan: Plan, experiment: Experiment, *, count: int, may_mine: bool
) -> Folds:
    """Returns the folds that score a sweep. ``may_mine``: some trial may mine, even if the recipe does not."""
    may_mine = may_mine or experiment.recipe.negatives != "own"
    if experiment.split != IN_FOLDS:
        return strict_folds(archive, learner, plan, experiment, count=count, may_mine=may_mine)
    sample = pool_sample(archive, learner.usable, experiment.seed) if may_mine else []
    cut_count = count if count > 1 else FOLDS
    all_folds = make_folds(archive, folder, plan, experiment, kinds_of(experiment), count=cut_count, sample=sample)
    main = [fold for fold in all_folds.folds if fold.kind == all_folds.folds[0].kind]
    return Folds(all_folds.ids, main[:count], all_folds.groups)


def _codes(values: dict[str, str], ids: Sequence[str]) -> np.ndarray:
    """Returns a number from 0 for the value of each id, -1 for no value; int (m,)."""
    number = {value: code for code, value in enumerate(sorted(set(values.values())))}
    return np.array([number[values[image_id]] if image_id in values else -1 for image_id in ids], np.int64)


def _positions(image_ids: Iterable[str], ids: Sequence[str]) -> np.ndarray:
    return np.searchsorted(np.array(ids, dtype=object), np.array(list(image_ids), dtype=object)).astype(np.int64)


def _fold_plans(archive: Archive, plan: Plan, experiment: Experiment, count: int) -> list[Plan]:
    """Returns one plan per fold; each has other annotations for validation."""
    rows = plan.rows.to_pylist()
    learning_rows = [row for row in rows if row["role"] != TEST]
    test_rows = [row for row in rows if row["role"] == TEST]
    images = np.array([row["images"] for row in learning_rows], dtype=object)
    names = np.array([row["annotation_id"] for row in learning_rows], dtype=object)
    annotations = Annotations(names, names, images, names)  # only the images matter here
    groups = groups_by(archive, experiment.split_by, annotations.ids().tolist()) if experiment.split_by else None
    plans = []
    for cut_folds in disjoint_splits(annotations, experiment.split, count=count, seed=experiment.seed, groups=groups):
        cut_rows = [
            {**learning_rows[row], "role": role}
            for role, fold_rows in zip((TRAINING, VALIDATION), cut_folds, strict=True)
            for row in fold_rows.tolist()
        ]
        plans.append(Plan(pa.Table.from_pylist([*cut_rows, *test_rows], schema=ROLES), {}))
    return plans
