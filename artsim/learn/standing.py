"""What annotations are to a feature or a model: trained on, or new, and how new."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from artsim.archive import Archive
from artsim.learn.annotations import Annotations
from artsim.learn.contenders import Contender
from artsim.learn.folds import KINDS, NEW_ANNOTATIONS, NEW_GROUPS, NEW_IMAGES
from artsim.learn.model import Model
from artsim.learn.train_plan import TRAINING, VALIDATION, VERIFICATION, groups_by

UNTRAINED = "untrained"  # what every annotation is to features that nothing was trained for
LEVELS = ("seen", "validation", *KINDS, UNTRAINED)  # each is newer than the one before
_SEEN, _VALIDATION, _NEW_ANNOTATION, _NEW_IMAGES, _NEW_GROUPS, _UNTRAINED = range(len(LEVELS))
_OF_SPLIT = {"random": NEW_ANNOTATIONS, "image-disjoint": NEW_IMAGES, "group-disjoint": NEW_GROUPS}


@dataclass(frozen=True)
class Tested:
    """How the folds of a cross-validation ranked n annotations: ``rank`` and ``before`` training, float64 (n,).

    NaN where no fold tested an annotation. ``folds`` is how many folds there were.
    """

    rank: np.ndarray
    before: np.ndarray
    folds: int


@dataclass(frozen=True)
class Standing:
    """``level``, int (n,): the place in LEVELS of each annotation; ``tested``: its cross-validation, by kind."""

    level: np.ndarray
    tested: dict[str, Tested] = field(default_factory=dict)

    def at_least(self, kind: str) -> np.ndarray:
        """Which annotations have a held-out rank of a kind: new ones of this kind or a newer one; bool (n,)."""
        return (self.level >= LEVELS.index(kind)) | self._cross_validated(kind)

    def exactly(self, kind: str) -> np.ndarray:
        """Which annotations have a held-out rank of just this kind; bool (n,)."""
        return (self.level == LEVELS.index(kind)) | self._cross_validated(kind)

    def _cross_validated(self, kind: str) -> np.ndarray:
        tested = self.tested.get(kind)
        return np.zeros(len(self.level), bool) if tested is None else ~np.isnan(tested.rank)


def standing(archive: Archive, contender: Contender, annotations: Annotations, metric: str) -> Standing:
    """What annotations are to a contender. An annotation counts as what it is to the model that knows most of it.

    Ranks of a cross-validation are used if the contender's vectors are those of the cross-validated model, and if it
    measured by the same ``metric``.
    """
    level = np.full(len(annotations), _UNTRAINED)
    for model in contender.models:
        level = np.minimum(level, _level(archive, model, annotations))
    tested = contender.tested
    if tested is None or tested.held_out is None or tested_by(tested) != metric:
        return Standing(level)
    return Standing(level, _tested(tested.held_out, annotations))


def tested_by(model: Model) -> str | None:
    """The distance by which a model was cross-validated; None without a cross-validation."""
    return None if model.held_out is None else model.card["recipe"]["distance"]


def _level(archive: Archive, model: Model, annotations: Annotations) -> np.ndarray:
    """The place in LEVELS of each annotation, to one model; int (n,).

    Annotations that the model lists are what they were in its training. Another one is seen if a listed one has the
    same anchor and positive; otherwise its anchor and positive decide.
    """
    ids, roles = (model.rows[name].to_pylist() for name in ("annotation_id", "role"))
    listed = dict(zip(ids, roles, strict=True))
    pairs = {
        frozenset(images[:2]): known
        for known in (VALIDATION, TRAINING)
        for images, role in zip(model.rows["images"].to_pylist(), roles, strict=True)
        if role == known
    }
    split = model.card.get("split", {}).get("kind")
    verification = LEVELS.index(_OF_SPLIT[split]) if split in _OF_SPLIT else None
    levels = {TRAINING: _SEEN, VALIDATION: _VALIDATION}
    found = _newness(archive, model, annotations)
    for row, (one, nine) in enumerate(zip(annotations.annotation_id, annotations.images, strict=True)):
        role = listed.get(one) or pairs.get(frozenset(nine[:2]))
        if role in levels:
            found[row] = levels[role]
        elif role == VERIFICATION and verification is not None:
            found[row] = verification
    return found


def _newness(archive: Archive, model: Model, annotations: Annotations) -> np.ndarray:
    """How new the anchor and the positive of each annotation are to a model; int (n,)."""
    known = model.training_images()
    pairs = annotations.images[:, :2]
    new_images = np.array([known.isdisjoint(pair) for pair in pairs], bool)
    found = np.where(new_images, _NEW_IMAGES, _NEW_ANNOTATION)
    column = model.card.get("split", {}).get("by")
    if column and new_images.any() and _all_in_catalog(archive, sorted(known)):
        groups = groups_by(archive, column, sorted(known.union(*map(set, pairs[new_images]))))
        known_groups = {groups[one] for one in known if one in groups}
        new_groups = np.array([known_groups.isdisjoint(groups[one] for one in pair if one in groups) for pair in pairs])
        found[new_images & new_groups] = _NEW_GROUPS
    return found


def _all_in_catalog(archive: Archive, ids: list[str]) -> bool:
    """Whether the catalog has all these ids: a model from another archive may know groups that nobody can see here."""
    rows = archive.table("catalog").find(ids, ["id"])
    return rows is not None and len(set(rows["id"].to_pylist())) == len(ids)


def _tested(held_out: pa.Table, annotations: Annotations) -> dict[str, Tested]:
    """The cross-validation of some annotations, by kind; ``held_out`` as model.HELD_OUT has it."""
    place = {one: row for row, one in enumerate(annotations.annotation_id)}
    found = {}
    for kind in KINDS:
        rows = held_out.filter(pa.compute.equal(held_out["kind"], kind))
        rank, before = np.full((2, len(annotations)), np.nan)
        for row in rows.to_pylist():
            if row["annotation_id"] in place:
                at = place[row["annotation_id"]]
                rank[at], before[at] = row["rank"], row["before"]
        if not np.isnan(rank).all():
            found[kind] = Tested(rank, before, len(set(rows["fold"].to_pylist())))
    return found
