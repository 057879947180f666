"""Checks all annotations and links of an archive before a training uses them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from artsim.annotations.agreement import agreement
from artsim.annotations.annotations import Annotations, read_annotations
from artsim.annotations.artworks import open_to_everyone
from artsim.annotations.links import NEGATIVE, POSITIVE, components, read_links
from artsim.archive import Archive

_MAX_LISTED = 20  # examples in the report


def check(archive: Archive, *, annotators: Sequence[str] | None, public_only: bool) -> dict[str, Any]:
    """Returns the run's part of the report.

    It has counts by annotator and mode, images that are missing or lack a vector, repeats, agreement, and links. An
    annotation fails if one of its images is not in the catalog.
    """
    annotations = read_annotations(archive, annotators)
    if public_only:
        annotations = open_to_everyone(archive, annotations)
    ids = annotations.ids().tolist()
    missing_ids = set(ids) - _known(archive, ids)
    failed = sum(not missing_ids.isdisjoint(image_ids) for image_ids in annotations.images)
    without_vector = {name: set(ids) - _ids_with_vector(archive, name, ids) for name in archive.names("features")}
    return {
        "rows_in": len(annotations),
        "rows_out": len(annotations) - failed,
        "rows_failed": failed,
        "failures": {"an image is not in the catalog": failed} if failed else {},
        "annotators": dict(Counter(annotations.annotator.tolist()).most_common()),
        "modes": dict(Counter(annotations.mode.tolist()).most_common()),
        "images": len(ids),
        "gone": _shown(missing_ids),
        "without_vector": {name: _shown(missing) for name, missing in without_vector.items()},
        "repeats": _shown(_repeats(annotations)),
        **agreement(archive, annotations),
        "links": _links(archive),
    }


def _repeats(annotations: Annotations) -> list[str]:
    """Lists annotations that repeat an earlier one: same annotator, same images, same matching pair."""
    seen, repeats = set(), []
    for row, image_ids in enumerate(annotations.images):
        matching_pair = frozenset(image_ids[:2])  # in either order
        key = annotations.annotator[row], frozenset(image_ids), matching_pair
        if key in seen:
            repeats.append(
                f"{annotations.annotator[row]}: {image_ids[0]} with {image_ids[1]} ({annotations.annotation_id[row]})"
            )
        seen.add(key)
    return repeats


def _links(archive: Archive) -> dict[str, Any]:
    pairs, verdicts = read_links(archive)
    positive = components(pairs[[verdict in POSITIVE for verdict in verdicts]])
    verdicts_of_pair: dict[frozenset[str], set[str]] = defaultdict(set)
    for pair, verdict in zip(pairs, verdicts, strict=True):
        verdicts_of_pair[frozenset(pair)].add(verdict)
    contradictions = [
        sorted(pair)
        for pair, pair_verdicts in verdicts_of_pair.items()
        if pair_verdicts & POSITIVE and pair_verdicts & NEGATIVE
    ]
    ids = sorted(set(pairs.flat))
    return {
        "count": len(pairs),
        "verdicts": dict(Counter(verdicts.tolist()).most_common()),
        "unknown": _shown(set(ids) - _known(archive, ids)),
        "contradictions": _shown(contradictions),
        "clusters": len(set(positive.values())),
        "clustered": len(positive),
    }


def _known(archive: Archive, ids: Sequence[str]) -> set[str]:
    rows = archive.table("catalog").find(ids, ["id"])
    return set() if rows is None else set(rows["id"].to_pylist())


def _ids_with_vector(archive: Archive, name: str, ids: Sequence[str]) -> set[str]:
    """The ids that have a vector."""
    wanted_ids, with_vector = pa.array(ids, pa.string()), set()
    for rows in archive.table(f"features/{name}").scan(["id", "error"]):
        mask = pc.and_(pc.is_in(rows["id"], value_set=wanted_ids), pc.is_null(rows["error"]))
        with_vector.update(rows["id"].filter(mask).to_pylist())
    return with_vector


def _shown(items: Collection[Any]) -> dict[str, Any]:
    return {"count": len(items), "some": sorted(items)[:_MAX_LISTED]}
