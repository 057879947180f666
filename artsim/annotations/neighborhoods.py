"""Finds the nearest artworks of some anchors in a feature space: of their own value and of other values."""

import numpy as np
import pyarrow as pa

from artsim.runtime import progress
from artsim.space.features import Space

_NEAREST = 50  # artworks of each kind, to draw annotations from
_AT_ONCE = 4096  # anchors per pass over the vectors; their nearest so far are in memory


def with_vectors(space: Space) -> pa.Array:
    """The ids of all artworks whose vector is finite."""
    return pa.array(
        [artwork for ids, vectors in space.blocks() for artwork in ids[np.isfinite(vectors).all(axis=1)]], pa.string()
    )


def neighbourhoods(
    space: Space, ids: pa.Array, value: np.ndarray, pool: np.ndarray, anchors: np.ndarray
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Returns for each anchor the nearest artworks of its pool by cosine distance: of its own value, and of others.

    Artworks are numbers: positions in ``ids``, ``value`` and ``pool``. The vectors are read as a stream.
    """
    place = {artwork: index for index, artwork in enumerate(ids.to_pylist())}
    nearest = {}
    for start in range(0, len(anchors), _AT_ONCE):
        batch = anchors[start : start + _AT_ONCE]
        for anchor, alike, others in zip(batch.tolist(), *_nearest(space, ids, place, value, pool, batch), strict=True):
            nearest[anchor] = alike, others
    return nearest


def _nearest(
    space: Space, ids: pa.Array, place: dict[str, int], value: np.ndarray, pool: np.ndarray, anchors: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    queries = _unit(space.find(ids.take(pa.array(anchors)).to_pylist()))
    empty = np.zeros((len(anchors), 0))
    best = [(empty.astype(np.float32), empty.astype(np.int64)) for _ in range(2)]
    stream = ({"ids": block_ids, "vectors": vectors, "rows": len(block_ids)} for block_ids, vectors in space.blocks())
    for block in progress(stream, len(ids), "artworks compared"):
        at = np.array([place.get(artwork, -1) for artwork in block["ids"]])
        vectors, at = block["vectors"][at >= 0], at[at >= 0]
        close = queries @ _unit(vectors).T
        close[(pool[anchors][:, None] != pool[at]) | (anchors[:, None] == at)] = -np.inf
        alike = value[anchors][:, None] == value[at]
        best = [
            _kept(scores, artworks, np.where(mask, close, -np.inf), at)
            for (scores, artworks), mask in zip(best, (alike, ~alike), strict=True)
        ]
    (alike_scores, alike_artworks), (other_scores, other_artworks) = best
    return _there(alike_scores, alike_artworks), _there(other_scores, other_artworks)


def _kept(scores: np.ndarray, whom: np.ndarray, new: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keeps the nearest of the best so far and the new ones, in no particular order."""
    scores = np.concatenate([scores, new], axis=1)
    whom = np.concatenate([whom, np.broadcast_to(at, new.shape)], axis=1)
    if scores.shape[1] <= _NEAREST:
        return scores, whom
    top = np.argpartition(scores, -_NEAREST, axis=1)[:, -_NEAREST:]
    return np.take_along_axis(scores, top, 1), np.take_along_axis(whom, top, 1)


def _there(scores: np.ndarray, whom: np.ndarray) -> list[np.ndarray]:
    return [np.sort(artworks[mask]) for artworks, mask in zip(whom, scores > -np.inf, strict=True)]


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
