"""Finds the nearest artworks of some anchors in a feature space: of their own value and of other values."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from artsim.runtime import progress
from artsim.space.features import Block, Space
from artsim.space.search import search

_NEAREST = 50  # artworks of each kind, to draw annotations from
_AT_ONCE = 4096  # anchors per pass over the vectors; their nearest so far are in memory


def with_vectors(space: Space) -> pa.Array:
    """The ids of all artworks that have a vector."""
    return pa.array([artwork for ids, _ in space.blocks() for artwork in ids], pa.string())


def neighborhoods(
    space: Space, ids: pa.Array, value: np.ndarray, pool: np.ndarray, anchors: np.ndarray
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Returns for each anchor the nearest artworks of its pool by cosine distance: of its own value, and of others.

    Artworks are numbers: positions in ``ids``, ``value`` and ``pool``. The vectors are read as a stream, once for each
    of the two kinds.
    """
    number = {artwork: index for index, artwork in enumerate(ids.to_pylist())}
    nearest: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for start in range(0, len(anchors), _AT_ONCE):
        batch = anchors[start : start + _AT_ONCE]
        queries = space.find(ids.take(pa.array(batch)).to_pylist())

        def nearest_of(own_value: bool, batch: np.ndarray = batch, queries: np.ndarray = queries) -> list[np.ndarray]:
            def allowed(names: np.ndarray) -> np.ndarray:
                positions = np.array([number.get(name, -1) for name in names])
                in_pool = (pool[batch][:, None] == pool[positions]) & (positions >= 0) & (batch[:, None] != positions)
                return in_pool & ((value[batch][:, None] == value[positions]) == own_value)

            rows = search(_with_progress(space, len(ids)), queries, _NEAREST, allowed=allowed).ids
            return [np.sort([number[name] for name in row if name is not None]).astype(np.int64) for row in rows]

        nearest |= dict(zip(batch.tolist(), zip(nearest_of(True), nearest_of(False), strict=True), strict=True))
    return nearest


def _with_progress(space: Space, count: int) -> Iterator[Block]:
    stream = ({"ids": ids, "vectors": vectors, "rows": len(ids)} for ids, vectors in space.blocks())
    for block in progress(stream, count, "artworks compared"):
        yield block["ids"], block["vectors"]
