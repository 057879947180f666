"""What a sweep works on: the annotations that jobs.train would learn from, cut into folds.

What jobs.train verifies on is left out: a sweep never sees it.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from artsim.archive import Archive
from artsim.learn.annotations import Annotations
from artsim.learn.model import ROLES
from artsim.learn.question import Learner, Question
from artsim.learn.splits import folds
from artsim.learn.train_plan import TRAINING, VALIDATION, VERIFICATION, Plan, draw_pool, groups_by, relatives


@dataclass(frozen=True)
class Fold:
    """Rows of vectors: ``training``, int (n, 9); ``validation``, int (v, 9); ``pool``, int (p,), what may be mined."""

    training: np.ndarray
    validation: np.ndarray
    pool: np.ndarray


@dataclass(frozen=True)
class Folds:
    """The ``ids`` of the images, sorted; the folds by places in them; the images' known groups, int (m,), -1: none."""

    ids: list[str]
    folds: list[Fold]
    groups: np.ndarray


def make_folds(archive: Archive, pupil: Learner, plan: Plan, question: Question, count: int, mines: bool) -> Folds:
    """Cuts what is learned from; one fold is the plan's own, trained and validated as jobs.train does.

    ``mines`` says that some trial may mine, even if the question's recipe does not.
    """
    mines = mines or question.recipe.negatives != "own"
    plans = [plan] if count == 1 else _refolded(archive, plan, question, count)
    column, seed = question.split_by, question.seed
    pools = [draw_pool(archive, pupil.usable, one, column, seed) if mines else [] for one in plans]
    learned = {one for some in plans for role in (TRAINING, VALIDATION) for one in some.images(role).flat}
    ids = sorted(learned.union(*pools))
    place = {one: index for index, one in enumerate(ids)}
    places = np.vectorize(place.__getitem__, otypes=[np.int64])
    made = []
    for one, pool in zip(plans, pools, strict=True):
        training = one.images(TRAINING)
        made.append(Fold(places(training), places(one.images(VALIDATION)), places(np.union1d(training, pool))))
    return Folds(ids, made, relatives(archive, column, ids))


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
        cut = [
            {**learning[row], "role": role}
            for role, some in zip((TRAINING, VALIDATION), parts, strict=True)
            for row in some.tolist()
        ]
        made.append(Plan(pa.Table.from_pylist([*cut, *verification], schema=ROLES), {}))
    return made
