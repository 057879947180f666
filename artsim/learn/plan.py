"""The plan of a training: which annotations train, validate and test, and which images mining may draw from.

It is made once, at the start of a run, and stored with it: later annotations and images don't change a resumed
training.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from artsim.annotations.annotations import Annotations, read_annotations
from artsim.annotations.artworks import open_to_everyone
from artsim.annotations.links import RELATED, components, read_links
from artsim.annotations.links_as_annotations import link_annotations
from artsim.annotations.splits import split
from artsim.archive import CATALOG, Archive, UserError
from artsim.encoders.model import ROLES
from artsim.space.sample import sample

_log = logging.getLogger(__name__)

IN_FOLDS = "folds"  # the split that trains on everything, scored by cross-validation
SPLIT = TRAINING, VALIDATION, TEST = "training", "validation", "verification"
COUNTS = ("annotations", "without_vector", "crossing", *SPLIT)  # keys of ``Plan.counts``
_MAX_EXCLUDED = 0.1  # of the annotations that a split may exclude without a warning
_POOL_SIZE = 20_000  # images that mining draws from: enough to contain hard ones, few enough for each worker's memory


@dataclass(frozen=True)
class Plan:
    """``rows`` (schema ``ROLES``): the annotations and their roles; ``counts``: how many were found, lost, assigned."""

    rows: pa.Table
    counts: dict[str, Any]

    def images(self, role: str) -> np.ndarray:
        """Returns the nine images of each annotation of a role; object (n, 9)."""
        mask = pa.compute.equal(self.rows["role"], role)
        images = self.rows.filter(mask)["images"].to_pylist()
        return np.array(images, dtype=object).reshape(len(images), 9)

    def held_out(self) -> list[str]:
        """Returns the images of the validation and test sets, sorted."""
        return sorted({image_id for role in (VALIDATION, TEST) for image_id in self.images(role).flat})


def make_plan(
    archive: Archive,
    usable: Callable[[Iterable[str]], Collection[str]],
    *,
    annotators: Sequence[str] | None,
    links: bool,
    kind: str,
    column: str | None,
    seed: int,
    public_only: bool,
) -> Plan:
    """Reads annotations (or links as annotations), drops those with an image that is not ``usable``, and splits them.

    With the ``kind`` "folds", all of them train. Otherwise a fifth is the test set and a fifth of the remaining ones
    the validation set, both by a split of the same ``kind``, with groups by a ``column`` of the catalog. Raises a user
    error if there are too few annotations.
    """
    if kind == "group-disjoint" and column is None:
        raise UserError("`split` group-disjoint: `split_by` must name the catalog column that holds the groups")
    if links:
        pairs = read_links(archive)[0]
        annotations = link_annotations(archive, usable(set(pairs.flat)), seed)
    else:
        annotations = read_annotations(archive, annotators)
    if public_only:
        annotations = open_to_everyone(archive, annotations)
    total = len(annotations)
    if not total:
        raise UserError("`archive`: it has no annotations yet; add some with jobs.annotations")
    known = set(usable(annotations.ids()))
    annotations = annotations.take(np.array([known.issuperset(image_ids) for image_ids in annotations.images], bool))
    if without_vector := total - len(annotations):
        message = (
            f"{without_vector} of {total} annotations have an image without a vector (missing, failed, or not finite)"
        )
        if len(annotations) < 2:
            raise UserError(
                f"{message}, which leaves too few; run jobs.extract, or see jobs.status for what failed there"
            )
        _log.warning("%s and are left out", message)
    groups = groups_by(archive, column, annotations.ids().tolist()) if column else None
    if groups is not None and not groups:
        raise UserError(f"`split_by` {column}: no annotated image has a value there; choose another column")
    if kind == IN_FOLDS:
        if len(annotations) < 2:
            raise UserError(f"{len(annotations)} annotation can't be cross-validated; add more with jobs.annotations")
        counts = {"annotations": total, "without_vector": total - len(annotations), "crossing": 0}
        return Plan(_rows(annotations, TRAINING), {**counts, **dict.fromkeys(SPLIT, 0), TRAINING: len(annotations)})
    learning, test = split(annotations, kind, seed=seed, groups=groups)
    inner = annotations.take(learning)
    training, validation = split(inner, kind, seed=seed + 1, groups=groups)
    by_role = {
        TRAINING: inner.take(training),
        VALIDATION: inner.take(validation),
        TEST: annotations.take(test),
    }
    rows = pa.concat_tables([_rows(subset, role) for role, subset in by_role.items()])
    counts = {role: len(subset) for role, subset in by_role.items()}
    excluded = {"without_vector": total - len(annotations), "crossing": len(annotations) - len(rows)}
    if excluded["crossing"] > len(annotations) * _MAX_EXCLUDED:
        _log.warning(
            "%d of %d annotations are excluded because they overlap the test or validation set of the %s split; %d "
            "remain for training. Annotations drawn from one pool each (annotations simulate `pools`) are not excluded",
            excluded["crossing"],
            len(annotations),
            kind,
            counts[TRAINING],
        )
    return Plan(rows, {"annotations": total, **excluded, **counts})


def count_annotations(archive: Archive, annotators: Sequence[str] | None, public_only: bool) -> int:
    """Returns how many annotations a training would find now."""
    annotations = read_annotations(archive, annotators)
    return len(open_to_everyone(archive, annotations) if public_only else annotations)


def groups_by(archive: Archive, column: str, ids: Sequence[str]) -> dict[str, str]:
    """Returns the value of a catalog column for each of these ids that has one."""
    if column not in CATALOG.names:
        raise UserError(f"`split_by` {column}: unknown catalog column; choose one of {', '.join(CATALOG.names)}")
    if column == "id":
        raise UserError("`split_by` id: each artwork would be its own group; use `split` image-disjoint")
    rows = archive.table("catalog").find(ids, ["id", column])
    pairs = [] if rows is None else zip(rows["id"].to_pylist(), rows[column].to_pylist(), strict=True)
    return {image_id: str(value) for image_id, value in pairs if value not in (None, "")}


def anchor_units(archive: Archive, anchors: Sequence[str], column: str | None) -> np.ndarray:
    """Returns the unit of each annotation, int (n,): its anchor, or the anchor's value of ``column`` if it has one.

    Scores of one unit are not independent, so bootstraps and tests resample whole units.
    """
    groups = groups_by(archive, column, sorted(set(anchors))) if column else {}
    names = [f"group {groups[anchor]}" if anchor in groups else f"image {anchor}" for anchor in anchors]
    return np.unique(names, return_inverse=True)[1]


def related_groups(archive: Archive, column: str | None, ids: Sequence[str]) -> np.ndarray:
    """Returns a code for each id's group of related items, by links or a column's value: int64 (m,), -1 for none."""
    pairs = read_links(archive, RELATED)[0]
    if column:
        values = groups_by(archive, column, ids)
        same = [  # a value is a node that connects its images
            (image_id, f"\0{value}") for image_id, value in values.items()
        ]
        pairs = np.concatenate([pairs, np.array(same, dtype=object).reshape(-1, 2)])
    known = components(pairs)
    return np.array([known.get(image_id, -1) for image_id in ids], np.int64)


def pool_sample(archive: Archive, usable: Callable[[Iterable[str]], Collection[str]], seed: int) -> list[str]:
    """Returns a seeded sample of the archive's usable images for mining, sorted."""
    catalog, rng = archive.table("catalog"), np.random.default_rng(seed)
    partitions = [(shard, partition) for shard in range(archive.shards) for partition in catalog.parts(shard)]

    def read(shard: int, partition: str) -> list[str]:
        ids: list[str] = catalog.read(shard, partition, ["id"])["id"].to_pylist()
        return ids

    drawn = np.array(
        [artwork_id for ids in sample(partitions, read, len, _POOL_SIZE, rng) for artwork_id in ids], object
    )
    return sorted(usable(rng.permutation(drawn)[:_POOL_SIZE]))


def without_related(archive: Archive, column: str | None, sample: Sequence[str], held_out: Sequence[str]) -> list[str]:
    """Returns the ids of a sample that are neither held out nor related to held-out images."""
    if not sample or not held_out:
        return list(sample)
    ids = sorted(set(sample).difference(held_out))
    group = related_groups(archive, column, [*ids, *held_out])
    held_out_groups = set(group[len(ids) :].tolist()) - {-1}
    return [image_id for image_id, code in zip(ids, group.tolist(), strict=False) if code not in held_out_groups]


def _rows(annotations: Annotations, role: str) -> pa.Table:
    columns = [annotations.annotation_id.tolist(), annotations.images.tolist(), [role] * len(annotations)]
    return pa.table(columns, schema=ROLES)
