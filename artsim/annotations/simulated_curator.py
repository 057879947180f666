"""A simulated curator who judges by a column of the catalog: annotations for tests without a person."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artsim.annotations.annotations import add_annotations, check_annotator
from artsim.annotations.artworks import artwork_rows, with_images
from artsim.annotations.near_candidates import neighborhoods, with_vectors
from artsim.annotations.options import AnnotationsOptions
from artsim.archive import CATALOG, Archive, UserError
from artsim.space.features import Space

_COUNT = 1000  # annotations, by default
_POOLS = 5  # by default
_NEGATIVES = 7
_COLUMNS = [name for name in CATALOG.names if name not in ("id", "metadata")]

# of an anchor: artworks of its value, artworks of other values
CandidatesOf = Callable[[int], tuple[np.ndarray, np.ndarray]]


def simulate(archive: Archive, options: AnnotationsOptions) -> dict[str, Any]:
    """Adds annotations whose positive shares the anchor's value in the column ``by``.

    The negatives have other values. With probability ``noise`` the positive is any other artwork. In the mode ``near``,
    positive and negatives are drawn from the anchor's neighborhood in ``features``, otherwise from all artworks. The
    artworks (or whole groups of the column ``pool_by``) are divided into ``pools``. The images of an annotation come
    from one pool, so that splits between pools exclude none. Artworks without a value are not drawn; once images were
    scraped, artworks without an image aren't either. Returns the run's share of the report. Raises a user error if the
    archive has too few artworks.
    """
    assert options.annotator is not None and options.by is not None
    annotator, by, noise, seed = options.annotator, options.by, options.noise, options.seed
    features, pool_by = options.features, options.pool_by
    count, mode, pools = options.n or _COUNT, options.mode or "random", options.pools or _POOLS
    check_annotator(annotator)
    _check(by, count, noise, mode, features, pools, pool_by)
    space = Space(archive, features, seed) if mode == "near" else None
    drawable = with_vectors(space) if space else with_images(archive)
    ids, value, group = _drawable(archive, by, pool_by, drawable, options.public_only)
    pool = _pools(group, pools, np.random.default_rng([seed, 0]), pool_by)
    rng = np.random.default_rng([seed, 1])
    anchors = rng.choice(_anchors(value, pool, by, pools, noise), count)
    members = [np.flatnonzero(pool == number) for number in range(pools)]
    if space:
        neighbors = neighborhoods(space, ids, value, pool, np.unique(anchors))
        candidates_of: CandidatesOf = neighbors.__getitem__
    else:
        candidates_of = _from_whole_pool(value, pool, members)
    drawn_rows = [
        _draw_images(anchor, *candidates_of(anchor), members[pool[anchor]], noise, rng) for anchor in anchors.tolist()
    ]
    image_ids = ids.take(pa.array(np.array(drawn_rows).ravel())).to_pylist()
    added = add_annotations(archive, annotator, [image_ids[i : i + 9] for i in range(0, len(image_ids), 9)], mode)
    return {
        "rows_in": count,
        "rows_out": added,
        "rows_failed": 0,
        "rows_there": count - added,
        "annotator": annotator,
        "images": len(set(image_ids)),
        "values": int(value.max()) + 1,
        "pools": [len(artworks) for artworks in members],
    }


def _check(
    by: str, count: int, noise: float, mode: str, features: Sequence[str], pools: int, pool_by: str | None
) -> None:
    for option, column in (("`by`", by), ("`pool_by`", pool_by)):
        if column is not None and column not in _COLUMNS:
            raise UserError(f"{option} {column}: unknown column; choose one of {', '.join(_COLUMNS)}")
    if count < 1:
        raise UserError(f"`n` {count}: must be 1 or more")
    if not 0 <= noise <= 1:
        raise UserError(f"`noise` {noise}: must be between 0 and 1")
    if pools < 1:
        raise UserError(f"`pools` {pools}: must be 1 or more")
    if mode not in ("random", "near"):
        raise UserError(f"`mode` {mode}: simulate does not support it, only draw does; choose one of random, near")
    if mode == "near" and not features:
        raise UserError("`features`: `mode` near needs it to find artworks that are near each other")
    if mode != "near" and features:
        raise UserError(f"`features`: `mode` {mode} does not use it; use `mode` near")


def _drawable(
    archive: Archive, by: str, pool_by: str | None, drawable: pa.Array | None, public_only: bool
) -> tuple[pa.Array, np.ndarray, np.ndarray]:
    """Returns the ids of the artworks with a value, the codes of their values, and the codes of their groups.

    An artwork without a group is a group of its own.
    """
    tables = []
    for rows in artwork_rows(
        archive, list(dict.fromkeys([by, *([pool_by] if pool_by else [])])), public_only=public_only
    ):
        rows = rows.filter(pc.is_valid(_texts(rows[by])))
        if drawable is not None:
            rows = rows.filter(pc.is_in(rows["id"], value_set=drawable))
        tables.append(rows)
    rows = pa.concat_tables(tables) if tables else None
    if not rows:
        raise UserError(
            f"`by` {by}: no artwork {'with an image or vector ' if drawable is not None else ''}"
            "has a value in this column"
        )
    value = _numbers(_texts(rows[by]))
    if not value.any():
        raise UserError(
            f"`by` {by}: all artworks have the same value, {rows[by][0]}; choose a column with several values"
        )
    group_codes = np.arange(len(rows))
    if pool_by:
        group = _numbers(_texts(rows[pool_by]))
        group_codes = np.where(group < 0, group_codes + len(rows), group)
    return rows["id"].combine_chunks(), value, np.unique(group_codes, return_inverse=True)[1]


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Returns the values as text; an empty text becomes null."""
    texts = column.cast(pa.string())
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """Returns a code from 0 for each value, -1 for null."""
    codes = column.combine_chunks().dictionary_encode().indices
    return pc.fill_null(codes, -1).to_numpy(zero_copy_only=False).astype(np.int64)


def _pools(group: np.ndarray, pools: int, rng: np.random.Generator, pool_by: str | None) -> np.ndarray:
    """Returns the pool of each artwork. Groups are assigned in random order, each to the smallest pool."""
    sizes = np.bincount(group)
    if len(sizes) < pools:
        unit = f"{len(sizes)} values in {pool_by}" if pool_by else f"{len(sizes)} artworks"
        raise UserError(f"`pools` {pools}: there are only {unit}; use fewer pools")
    pool_sizes = np.zeros(pools, np.int64)
    pool_of_group = np.empty(len(sizes), np.int64)
    for number in rng.permutation(len(sizes)):
        pool_of_group[number] = pool_sizes.argmin()
        pool_sizes[pool_of_group[number]] += sizes[number]
    return pool_of_group[group]


def _anchors(value: np.ndarray, pool: np.ndarray, by: str, pools: int, noise: float) -> np.ndarray:
    """Returns the artworks whose pool has another one of their value and enough of other values.

    Raises a user error if there are none.
    """
    pool_and_value = pool * (value.max() + 1) + value
    same_value, pool_size = np.bincount(pool_and_value)[pool_and_value], np.bincount(pool)[pool]
    needed = _NEGATIVES + (noise > 0)  # a positive drawn as noise may be one of them
    anchors = np.flatnonzero((same_value >= 2) & (pool_size - same_value >= needed))
    if not len(anchors):
        raise UserError(
            f"`by` {by}: none of {pools} pools has two artworks of one value and {needed} of other values; "
            f"there are {len(value)} artworks with {value.max() + 1} values; use fewer `pools` or another column"
        )
    return anchors


def _from_whole_pool(value: np.ndarray, pool: np.ndarray, members: Sequence[np.ndarray]) -> CandidatesOf:
    """Returns a function of an anchor: the others of its pool with its value, and those with other values."""

    def candidates_of(anchor: int) -> tuple[np.ndarray, np.ndarray]:
        in_pool = members[pool[anchor]]
        same_value = value[in_pool] == value[anchor]
        return in_pool[same_value & (in_pool != anchor)], in_pool[~same_value]

    return candidates_of


def _draw_images(
    anchor: int, same_value: np.ndarray, others: np.ndarray, pool: np.ndarray, noise: float, rng: np.random.Generator
) -> np.ndarray:
    positive = rng.choice(same_value)
    if rng.random() < noise:
        positive = rng.choice(pool[pool != anchor])
        others = others[others != positive]
    return np.array([anchor, positive, *rng.choice(others, _NEGATIVES, replace=False)])
