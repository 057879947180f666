"""How new annotations are to a feature or a model: trained on, held out or unseen."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from artsim.annotations.annotations import Annotations
from artsim.annotations.folds import KINDS, NEW_ANNOTATIONS, NEW_GROUPS, NEW_IMAGES
from artsim.archive import Archive
from artsim.encoders.model import Model
from artsim.evaluate.systems import System
from artsim.learn.plan import TEST, TRAINING, VALIDATION, groups_by

UNTRAINED = "untrained"  # the level of every annotation for features that were not trained
LEVELS = ("seen", "validation", *KINDS, UNTRAINED)  # each is newer than the one before
_SEEN, _VALIDATION, _NEW_ANNOTATION, _NEW_IMAGES, _NEW_GROUPS, _UNTRAINED = range(len(LEVELS))
_OF_SPLIT = {"random": NEW_ANNOTATIONS, "image-disjoint": NEW_IMAGES, "group-disjoint": NEW_GROUPS}


@dataclass(frozen=True)
class FoldRanks:
    """How the folds of a cross-validation ranked n annotations: ``rank`` after and ``before`` training, float64 (n,).

    NaN where no fold tested an annotation. ``folds`` is the number of folds.
    """

    rank: np.ndarray
    before: np.ndarray
    folds: int


@dataclass(frozen=True)
class Novelty:
    """``level``, int (n,): the index in ``LEVELS`` of each annotation; ``tested``: its cross-validation, by kind."""

    level: np.ndarray
    tested: dict[str, FoldRanks] = field(default_factory=dict)

    def at_least(self, kind: str) -> np.ndarray:
        """Returns which annotations have a held-out rank of this kind or a newer one; bool (n,)."""
        return (self.level >= LEVELS.index(kind)) | self._cross_validated(kind)

    def exactly(self, kind: str) -> np.ndarray:
        """Returns which annotations have a held-out rank of exactly this kind; bool (n,)."""
        return (self.level == LEVELS.index(kind)) | self._cross_validated(kind)

    def _cross_validated(self, kind: str) -> np.ndarray:
        tested = self.tested.get(kind)
        return np.zeros(len(self.level), bool) if tested is None else ~np.isnan(tested.rank)


def novelty(archive: Archive, system: System, annotations: Annotations, metric: str) -> Novelty:
    """Returns how new annotations are to a system. Of several models, the one that knows an annotation best decides.

    Ranks of a cross-validation are used if the system's vectors are those of the cross-validated model and ``metric``
    is the distance that it was measured by.
    """
    level = np.full(len(annotations), _UNTRAINED)
    for model in system.models:
        level = np.minimum(level, _level(archive, model, annotations))
    tested = system.tested
    if tested is None or tested.held_out is None or distance_of_folds(tested) != metric:
        return Novelty(level)
    return Novelty(level, _tested(tested.held_out, annotations))


def distance_of_folds(model: Model) -> str | None:
    """Returns the distance by which a model was cross-validated; None without a cross-validation."""
    return None if model.held_out is None else model.card["recipe"]["distance"]


def _level(archive: Archive, model: Model, annotations: Annotations) -> np.ndarray:
    """Returns the index in ``LEVELS`` of each annotation for one model; int (n,).

    An annotation that the model lists has its role in training. Any other takes the role of a training or validation
    annotation with the same anchor and positive; if there is none, its anchor and positive decide.
    """
    ids, roles = (model.rows[name].to_pylist() for name in ("annotation_id", "role"))
    role_of = dict(zip(ids, roles, strict=True))
    pairs = {
        frozenset(images[:2]): known_role
        for known_role in (VALIDATION, TRAINING)
        for images, role in zip(model.rows["images"].to_pylist(), roles, strict=True)
        if role == known_role
    }
    split = model.card.get("split", {}).get("kind")
    test_level = LEVELS.index(_OF_SPLIT[split]) if split in _OF_SPLIT else None
    levels = {TRAINING: _SEEN, VALIDATION: _VALIDATION}
    level = _level_by_images(archive, model, annotations)
    for row, (annotation_id, image_ids) in enumerate(zip(annotations.annotation_id, annotations.images, strict=True)):
        role = role_of.get(annotation_id) or pairs.get(frozenset(image_ids[:2]))
        if role in levels:
            level[row] = levels[role]
        elif role == TEST and test_level is not None:
            level[row] = test_level
    return level


def _level_by_images(archive: Archive, model: Model, annotations: Annotations) -> np.ndarray:
    """Returns how new the anchor and the positive of each annotation are to a model; int (n,)."""
    trained_images = model.training_images()
    pairs = annotations.images[:, :2]
    new_images = np.array([trained_images.isdisjoint(pair) for pair in pairs], bool)
    level = np.where(new_images, _NEW_IMAGES, _NEW_ANNOTATION)
    column = model.card.get("split", {}).get("by")
    if column and new_images.any() and _all_in_catalog(archive, sorted(trained_images)):
        groups = groups_by(archive, column, sorted(trained_images.union(*map(set, pairs[new_images]))))
        known_groups = {groups[image_id] for image_id in trained_images if image_id in groups}
        new_groups = np.array(
            [known_groups.isdisjoint(groups[image_id] for image_id in pair if image_id in groups) for pair in pairs]
        )
        level[new_images & new_groups] = _NEW_GROUPS
    return level


def _all_in_catalog(archive: Archive, ids: list[str]) -> bool:
    """Returns whether the catalog has all these ids: groups of images from another archive are unknown here."""
    rows = archive.table("catalog").find(ids, ["id"])
    return rows is not None and len(set(rows["id"].to_pylist())) == len(ids)


def _tested(held_out: pa.Table, annotations: Annotations) -> dict[str, FoldRanks]:
    """Returns the cross-validation of these annotations, by kind; ``held_out`` has the schema ``model.HELD_OUT``."""
    row_of = {annotation_id: row for row, annotation_id in enumerate(annotations.annotation_id)}
    tested = {}
    for kind in KINDS:
        rows = held_out.filter(pa.compute.equal(held_out["kind"], kind))
        rank, before = np.full((2, len(annotations)), np.nan)
        for row in rows.to_pylist():
            if row["annotation_id"] in row_of:
                index = row_of[row["annotation_id"]]
                rank[index], before[index] = row["rank"], row["before"]
        if not np.isnan(rank).all():
            tested[kind] = FoldRanks(rank, before, len(set(rows["fold"].to_pylist())))
    return tested
