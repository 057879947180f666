"""Compares features and models on links: where linked artworks rank among the whole archive."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from artsim.annotations.links import POSITIVE, components, read_links
from artsim.archive import Archive, UserError, is_public_domain
from artsim.evaluate.systems import System, without_vector
from artsim.metrics.interval import Score
from artsim.metrics.retrieval import positions, retrieval
from artsim.space.features import Block


@dataclass(frozen=True)
class LinksRow:
    """The figures of ``retrieval`` for one system, on held-out and on seen queries.

    A query is seen if its cluster has an image that any of the systems was trained on. A field is None if there are no
    such queries.
    """

    label: str
    note: str
    held_out: dict[str, Score] | None
    seen: dict[str, Score] | None


def compare_links(
    archive: Archive, entries: Sequence[System], *, metric: str = "cosine", seed: int = 0, public_only: bool = False
) -> tuple[list[LinksRow], dict[str, int]]:
    """Uses every artwork with a positive link as a query and ranks its linked artworks among all others.

    Returns a row for each entry, and counts of links, queries and clusters. Clusters are the connected components of
    all positive links. Raises a user error if no link has vectors for both ends in all entries.
    """
    comparable_links, cluster, left_out = _links(archive, entries, public_only)
    ids = sorted({image_id for pair in comparable_links for image_id in pair})
    index_of = {image_id: index for index, image_id in enumerate(ids)}
    forward_pairs = np.array([[index_of[image_id] for image_id in pair] for pair in comparable_links])
    pairs = np.concatenate([forward_pairs, forward_pairs[:, ::-1]])
    groups = np.array([cluster[image_id] for image_id in ids])
    trained_on = set().union(*(model.training_images() for entry in entries for model in entry.models))
    seen_images = np.array([image_id in trained_on for image_id in ids])
    seen = np.isin(groups, groups[seen_images])[pairs[:, 0]]
    rows = []
    for entry in entries:
        blocks = entry.source.blocks()
        if public_only:
            blocks = _public_blocks(archive, blocks)
        link_positions = positions(blocks, np.array(ids, dtype=object), entry.source.find(ids), pairs, metric)
        held_out, seen_scores = (
            retrieval(pairs[mask], link_positions[mask], groups, seed) if mask.any() else None for mask in (~seen, seen)
        )
        rows.append(LinksRow(entry.label, entry.note, held_out, seen_scores))
    counts = {
        "links": len(comparable_links),
        "left_out": left_out,
        "queries": len(ids),
        "seen_queries": len(np.unique(pairs[seen, 0])),
        "clusters": len(np.unique(groups)),
    }
    return rows, counts


def _links(
    archive: Archive, entries: Sequence[System], public_only: bool
) -> tuple[list[tuple[str, str]], dict[str, int], int]:
    """Returns each comparable positive link once, the cluster of every id, and how many links are left out."""
    positive_links, _ = read_links(archive, POSITIVE)
    links = sorted({(min(pair), max(pair)) for pair in positive_links if pair[0] != pair[1]})
    if not links:
        raise UserError("`links`: the archive has no positive links; add some with jobs.annotations import `links`")
    cluster = components(np.array(links, dtype=object))
    missing = set().union(*(without_vector(archive, entry, list(cluster)) for entry in entries))
    if public_only:
        missing |= set(cluster) - _public(archive, list(cluster))
    comparable_links = [pair for pair in links if missing.isdisjoint(pair)]
    if not comparable_links:
        raise UserError(f"`links`: none of {len(links)} positive links is between two artworks that have a vector")
    return comparable_links, cluster, len(links) - len(comparable_links)


def _public_blocks(archive: Archive, blocks: Iterator[Block]) -> Iterator[Block]:
    for ids, vectors in blocks:
        public = _public(archive, ids.tolist())
        is_public = np.fromiter((image_id in public for image_id in ids), bool, len(ids))
        yield ids[is_public], vectors[is_public]


def _public(archive: Archive, ids: Sequence[str]) -> set[str]:
    rows = archive.table("catalog").find(ids, ["id", "rights"])
    return set() if rows is None else {row["id"] for row in rows.to_pylist() if is_public_domain(row["rights"])}
