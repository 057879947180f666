"""The folds of a plan as rows of vectors, for the cross-validation of jobs.train and for the trials of jobs.tune."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from artsim.archive import Archive, Mistake
from artsim.learn.annotations import Annotations
from artsim.learn.folds import FOLDS, KINDS, NEW_GROUPS, cut
from artsim.learn.intact import intact
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

_log = logging.getLogger(__name__)

_SAID = {
    "new_annotations": "new annotations of known images",
    "new_images": "new images",
    "new_groups": "new groups",
}


def said(kind: str) -> str:
    """A kind of folds, or a strict split, in words."""
    return _SAID.get(kind, kind)


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


def kinds_of(question: Question) -> list[str]:
    """All kinds of folds that a model is scored by; the first that can be tested decides."""
    return [kind for kind in reversed(KINDS) if kind != NEW_GROUPS or question.split_by]


def make_folds(
    archive: Archive,
    folder: str,
    plan: Plan,
    question: Question,
    kinds: Sequence[str],
    *,
    count: int = FOLDS,
    sample: Sequence[str] = (),
) -> Folds:
    """Cuts a plan of ``--split folds`` into folds of each kind, the same when a run in ``folder`` goes on.

    ``sample``: images that may be mined. A kind of which there are not two folds is left out, with a warning. Mistake
    if none is left.
    """
    column = question.split_by
    names = plan.images(TRAINING)
    used = sorted(set(names.flat))
    place = {one: index for index, one in enumerate(used)}
    judged = np.vectorize(place.__getitem__, otypes=[np.int64])(names)
    groups = _codes(_kept_groups(archive, folder, column, used), used) if column else None
    ids = sorted({*used, *sample})
    at = np.searchsorted(np.array(ids, dtype=object), np.array(used, dtype=object))
    made = []
    for kind in kinds:
        parts = cut(judged, kind, count=count, seed=question.seed, groups=groups)
        if len(parts) < 2:
            _log.warning("%s: too few annotations to test it in two folds; no score of it", said(kind))
            continue
        for fold in parts:
            held_out = [one for one, held in zip(used, fold.held_out, strict=True) if held]
            training = np.where(fold.training < 0, -1, at[fold.training])
            pool = _places(without_relatives(archive, column, sample, held_out), ids)
            mined = np.union1d(training[training >= 0], pool)
            made.append(Fold(kind, training, at[judged[fold.test]], fold.test, fold.unit, mined))
    if not made:
        raise Mistake(
            "the annotations can't be cross-validated: nearly all are of one anchor and positive; "
            "jobs.annotations makes more"
        )
    return Folds(ids, made, relatives(archive, column, ids))


def _kept_groups(archive: Archive, folder: str, column: str, ids: Sequence[str]) -> dict[str, str]:
    """The group of each image that has one, as it was when the run in ``folder`` began."""
    path = f"{folder}/groups.json"
    kept = intact(archive.store, path, of="run", remedy="remove its folder, and the same command begins anew")
    if kept is None:
        kept = groups_by(archive, column, ids)
        archive.write_json(path, kept)
    return dict(kept)


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


def tuning_folds(
    archive: Archive, folder: str, pupil: Learner, plan: Plan, question: Question, *, count: int, mines: bool
) -> Folds:
    """The folds that a sweep is scored on. ``mines``: whether some trial may mine, even if the recipe does not."""
    mines = mines or question.recipe.negatives != "own"
    if question.split != IN_FOLDS:
        return strict_folds(archive, pupil, plan, question, count=count, mines=mines)
    sample = pool_sample(archive, pupil.usable, question.seed) if mines else []
    many = count if count > 1 else FOLDS
    found = make_folds(archive, folder, plan, question, kinds_of(question), count=many, sample=sample)
    main = [fold for fold in found.folds if fold.kind == found.folds[0].kind]
    return Folds(found.ids, main[:count], found.groups)


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
