"""The folds of a plan as rows of vectors, for the cross-validation of jobs.train and for the trials of jobs.tune."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from artsim.archive import Archive
from artsim.learn.annotations import Annotations
from artsim.learn.folds import FOLDS, KINDS, NEW_GROUPS, NEW_IMAGES, cut
from artsim.learn.model import ROLES
from artsim.learn.question import Learner, Question
from artsim.learn.splits import folds
from artsim.learn.train_plan import (
    IN_FOLDS,
    TRAINING,
    VALIDATION,
    VERIFICATION,
    Plan,
    groups_by,
    pool_sample,
    relatives,
    without_relatives,
)


@dataclass(frozen=True)
class Fold:
    """One fold of a kind (see folds.KINDS; of a strict split the kind is the split's), in rows of vectors.

    ``training``, int (n, 9), -1 in place of a negative that is held out; ``validation``, int (v, 9); ``rows``, int
    (v,): the rows of the plan that are validated; ``unit``, int (v,): see folds.Fold; ``pool``, int (p,): what may be
    mined.
    """

    kind: str
    training: np.ndarray
    validation: np.ndarray
    rows: np.ndarray
    unit: np.ndarray
    pool: np.ndarray

    def unseen(self) -> np.ndarray:
        """Which negatives of the validation training never sees, bool (v, 7)."""
        return ~np.isin(self.validation[:, 2:], np.union1d(self.training, self.pool))

    def alone(self) -> np.ndarray:
        """The validation without the negatives that training sees, int (v, 9), -1 in their place."""
        found = self.validation.copy()
        found[:, 2:][~self.unseen()] = -1
        return found

    def twice(self) -> np.ndarray:
        """The validation, and then the validation ``alone``, int (2v, 9)."""
        return np.concatenate([self.validation, self.alone()])


@dataclass(frozen=True)
class Folds:
    """The ``ids`` of the images, sorted; the folds by places in them; the images' known groups, int (m,), -1: none."""

    ids: list[str]
    folds: list[Fold]
    groups: np.ndarray


def main_kind(question: Question) -> str:
    """The kind of folds that decides: epochs are chosen by it, and sweeps are scored by it."""
    return NEW_GROUPS if question.split_by else NEW_IMAGES


def kinds_of(question: Question) -> list[str]:
    """All kinds of folds that a model is scored by, the deciding one first."""
    main = main_kind(question)
    return [main, *(kind for kind in KINDS if kind != main and (kind != NEW_GROUPS or question.split_by))]


def make_folds(
    archive: Archive,
    pupil: Learner,
    plan: Plan,
    question: Question,
    kinds: Sequence[str],
    *,
    count: int = FOLDS,
    mines: bool,
) -> Folds:
    """Cuts a plan of ``--split folds`` into folds of each kind. Kinds that no fold can test are missing.

    ``mines``: whether negatives are mined, which needs a pool.
    """
    column = question.split_by
    names = plan.images(TRAINING)
    used = sorted(set(names.flat))
    place = {one: index for index, one in enumerate(used)}
    judged = np.vectorize(place.__getitem__, otypes=[np.int64])(names)
    groups = _codes(groups_by(archive, column, used), used) if column else None
    sample = pool_sample(archive, pupil.usable, question.seed) if mines else []
    ids = sorted({*used, *sample})
    at = np.searchsorted(np.array(ids, dtype=object), np.array(used, dtype=object))
    made = []
    for kind in kinds:
        for fold in cut(judged, kind, count=count, seed=question.seed, groups=groups):
            held_out = [one for one, held in zip(used, fold.held_out, strict=True) if held]
            training = np.where(fold.training < 0, -1, at[fold.training])
            pool = _places(without_relatives(archive, column, sample, held_out), ids)
            seen = np.unique(training[training >= 0])
            mined = np.union1d(seen, pool) if mines else seen
            made.append(Fold(kind, training, at[judged[fold.test]], fold.test, fold.unit, mined))
    return Folds(ids, made, relatives(archive, column, ids))


def strict_folds(archive: Archive, pupil: Learner, plan: Plan, question: Question, *, count: int, mines: bool) -> Folds:
    """Cuts what a strict split learns from; one fold is the plan's own, trained and validated as jobs.train does."""
    plans = [plan] if count == 1 else _refolded(archive, plan, question, count)
    column = question.split_by
    sample = pool_sample(archive, pupil.usable, question.seed) if mines else []
    pools = [without_relatives(archive, column, sample, one.held_out()) for one in plans]
    learned = {one for some in plans for role in (TRAINING, VALIDATION) for one in some.images(role).flat}
    ids = sorted(learned.union(*pools))
    made = []
    for one, pool in zip(plans, pools, strict=True):
        names, held = one.images(TRAINING), one.images(VALIDATION)
        mined = _places(np.union1d(names, pool), ids)
        shape = _places(names.flat, ids).reshape(names.shape), _places(held.flat, ids).reshape(held.shape)
        made.append(Fold(question.split, *shape, np.empty(0, np.int64), np.empty(0, np.int64), mined))
    return Folds(ids, made, relatives(archive, column, ids))


def tuning_folds(archive: Archive, pupil: Learner, plan: Plan, question: Question, *, count: int, mines: bool) -> Folds:
    """The folds that a sweep is scored on. ``mines``: whether some trial may mine, even if the recipe does not."""
    mines = mines or question.recipe.negatives != "own"
    if question.split != IN_FOLDS:
        return strict_folds(archive, pupil, plan, question, count=count, mines=mines)
    for kind in kinds_of(question):
        found = make_folds(archive, pupil, plan, question, [kind], count=count if count > 1 else FOLDS, mines=mines)
        if found.folds:
            return Folds(found.ids, found.folds[:count], found.groups)
    return found


def _codes(values: dict[str, str], ids: Sequence[str]) -> np.ndarray:
    """A number from 0 for the value of each id, -1 for none; int (m,)."""
    number = {value: code for code, value in enumerate(sorted(set(values.values())))}
    return np.array([number[values[one]] if one in values else -1 for one in ids], np.int64)


def _places(some: Iterable[str], ids: Sequence[str]) -> np.ndarray:
    return np.searchsorted(np.array(ids, dtype=object), np.array(list(some), dtype=object)).astype(np.int64)


def _refolded(archive: Archive, plan: Plan, question: Question, count: int) -> list[Plan]:
    """The plan once for each fold, with other annotations for validation."""
    rows = plan.rows.to_pylist()
    learning = [row for row in rows if row["role"] != VERIFICATION]
    verification = [row for row in rows if row["role"] == VERIFICATION]
    images = np.array([row["images"] for row in learning], dtype=object)
    names = np.array([row["annotation_id"] for row in learning], dtype=object)
    annotations = Annotations(names, names, images, names)  # only their images count here
    groups = groups_by(archive, question.split_by, annotations.ids().tolist()) if question.split_by else None
    made = []
    for parts in folds(annotations, question.split, count=count, seed=question.seed, groups=groups):
        cut_rows = [
            {**learning[row], "role": role}
            for role, some in zip((TRAINING, VALIDATION), parts, strict=True)
            for row in some.tolist()
        ]
        made.append(Plan(pa.Table.from_pylist([*cut_rows, *verification], schema=ROLES), {}))
    return made
