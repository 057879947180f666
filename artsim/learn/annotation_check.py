"""What is to be known of all annotations and links of an archive before somebody learns from them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive import Archive
from artsim.learn.annotation_agreement import agreement
from artsim.learn.annotation_works import open_to_everyone
from artsim.learn.annotations import Annotations, read_annotations
from artsim.learn.links import NEGATIVE, POSITIVE, components, read_links

_SHOWN = 20  # examples in the report


def check(archive: Archive, *, annotators: Sequence[str] | None, public_only: bool) -> dict[str, Any]:
    """Counts by annotator, images that are gone or lack a vector, repeats, agreement; and what links there are.

    An annotation fails if the catalog lacks one of its images. The run's share of the report.
    """
    annotations = read_annotations(archive, annotators)
    if public_only:
        annotations = open_to_everyone(archive, annotations)
    ids = annotations.ids().tolist()
    gone = set(ids) - _known(archive, ids)
    failed = sum(not gone.isdisjoint(nine) for nine in annotations.images)
    without = {name: set(ids) - _described(archive, name, ids) for name in archive.names("features")}
    return {
        "rows_in": len(annotations),
        "rows_out": len(annotations) - failed,
        "rows_failed": failed,
        "failures": {"an image is not in the catalog": failed} if failed else {},
        "annotators": dict(Counter(annotations.annotator.tolist()).most_common()),
        "modes": dict(Counter(annotations.mode.tolist()).most_common()),
        "images": len(ids),
        "gone": _shown(gone),
        "without_vector": {name: _shown(missing) for name, missing in without.items()},
        "repeats": _shown(_repeats(annotations)),
        **agreement(archive, annotations),
        "links": _links(archive),
    }


def _repeats(annotations: Annotations) -> list[str]:
    """The annotations of which the same person had said the same before."""
    seen, repeats = set(), []
    for row, nine in enumerate(annotations.images):
        said = annotations.annotator[row], frozenset(nine), frozenset(nine[:2])  # which two belong together
        if said in seen:
            repeats.append(f"{annotations.annotator[row]}: {nine[0]} with {nine[1]} ({annotations.annotation_id[row]})")
        seen.add(said)
    return repeats


def _links(archive: Archive) -> dict[str, Any]:
    pairs, verdicts = read_links(archive)
    positive = components(pairs[[verdict in POSITIVE for verdict in verdicts]])
    said: dict[frozenset[str], set[str]] = defaultdict(set)
    for pair, verdict in zip(pairs, verdicts, strict=True):
        said[frozenset(pair)].add(verdict)
    contradictions = [sorted(pair) for pair, all_of in said.items() if all_of & POSITIVE and all_of & NEGATIVE]
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
    found = archive.table("catalog").find(ids, ["id"])
    return set() if found is None else set(found["id"].to_pylist())


def _described(archive: Archive, name: str, ids: Sequence[str]) -> set[str]:
    """Those of the ids that have a vector."""
    asked, found = pa.array(ids, pa.string()), set()
    for rows in archive.table(f"features/{name}").scan(["id", "error"]):
        mask = pc.and_(pc.is_in(rows["id"], value_set=asked), pc.is_null(rows["error"]))
        found.update(rows["id"].filter(mask).to_pylist())
    return found


def _shown(things: Collection[Any]) -> dict[str, Any]:
    return {"count": len(things), "some": sorted(things)[:_SHOWN]}
