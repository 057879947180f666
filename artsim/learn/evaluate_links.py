"""Features and models compared on links: where in the whole archive that stands which people linked to a query."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from artsim.archive import Archive, Mistake, is_public_domain
from artsim.features import Block
from artsim.learn.contenders import Contender, without_vector
from artsim.learn.links import POSITIVE, components, read_links
from artsim.measure.interval import Score
from artsim.measure.retrieval import positions, retrieval


@dataclass(frozen=True)
class LinksRow:
    """What one contender finds: the figures of ``retrieval``, of the queries that were held out and of those seen.

    Seen are the queries of a cluster with an image that any of the contenders was trained on; None if there are none.
    """

    label: str
    note: str
    held_out: dict[str, Score] | None
    seen: dict[str, Score] | None


def compare_links(
    archive: Archive, entries: Sequence[Contender], *, metric: str = "cosine", seed: int = 0, public_only: bool = False
) -> tuple[list[LinksRow], dict[str, int]]:
    """Every artwork with a positive link is a query, what it is linked to is looked for among all others.

    A row for each entry, and how many there are of what. Clusters are connected components of all positive links.
    Mistake if there is no link whose both ends all entries have a vector of.
    """
    kept, cluster, left_out = _links(archive, entries, public_only)
    ids = sorted({one for pair in kept for one in pair})
    place = {one: index for index, one in enumerate(ids)}
    one_way = np.array([[place[one] for one in pair] for pair in kept])
    pairs = np.concatenate([one_way, one_way[:, ::-1]])
    groups = np.array([cluster[one] for one in ids])
    trained_on = set().union(*(model.training_images() for entry in entries for model in entry.models))
    seen_images = np.array([one in trained_on for one in ids])
    seen = np.isin(groups, groups[seen_images])[pairs[:, 0]]
    rows = []
    for entry in entries:
        blocks = entry.source.blocks()
        if public_only:
            blocks = _open_blocks(archive, blocks)
        found = positions(blocks, np.array(ids, dtype=object), entry.source.find(ids), pairs, metric)
        held_out, known = (
            retrieval(pairs[mask], found[mask], groups, seed) if mask.any() else None for mask in (~seen, seen)
        )
        rows.append(LinksRow(entry.label, entry.note, held_out, known))
    counts = {
        "links": len(kept),
        "left_out": left_out,
        "queries": len(ids),
        "seen_queries": len(np.unique(pairs[seen, 0])),
        "clusters": len(np.unique(groups)),
    }
    return rows, counts


def _links(
    archive: Archive, entries: Sequence[Contender], public_only: bool
) -> tuple[list[tuple[str, str]], dict[str, int], int]:
    """Each positive link once, if both its ends can be compared; the cluster of every id; how many are left out."""
    judged, _ = read_links(archive, POSITIVE)
    links = sorted({(min(pair), max(pair)) for pair in judged if pair[0] != pair[1]})
    if not links:
        raise Mistake("--links: the archive has no positive links; jobs.annotations import --links brings them")
    cluster = components(np.array(links, dtype=object))
    missing = set().union(*(without_vector(archive, entry, list(cluster)) for entry in entries))
    if public_only:
        missing |= set(cluster) - _public(archive, list(cluster))
    kept = [pair for pair in links if missing.isdisjoint(pair)]
    if not kept:
        raise Mistake(f"--links: none of {len(links)} positive links is between two artworks that have a vector")
    return kept, cluster, len(links) - len(kept)


def _open_blocks(archive: Archive, blocks: Iterator[Block]) -> Iterator[Block]:
    for ids, vectors in blocks:
        public = _public(archive, ids.tolist())
        keep = np.fromiter((one in public for one in ids), bool, len(ids))
        yield ids[keep], vectors[keep]


def _public(archive: Archive, ids: Sequence[str]) -> set[str]:
    rows = archive.table("catalog").find(ids, ["id", "rights"])
    return set() if rows is None else {row["id"] for row in rows.to_pylist() if is_public_domain(row["rights"])}
