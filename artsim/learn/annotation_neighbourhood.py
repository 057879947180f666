"""What lies around some artworks in a space of features: the nearest of their own value and the nearest of others."""

import numpy as np
import pyarrow as pa

from artsim.cluster import progress
from artsim.features import Space

_NEAREST = 50  # of either kind: a neighbourhood to draw from
_AT_ONCE = 4096  # anchors, for each of which the nearest so far are in memory


def with_vectors(space: Space) -> pa.Array:
    """The ids of all artworks whose vector is made of numbers."""
    return pa.array(
        [one for ids, vectors in space.blocks() for one in ids[np.isfinite(vectors).all(axis=1)]], pa.string()
    )


def neighbourhoods(
    space: Space, ids: pa.Array, value: np.ndarray, pool: np.ndarray, anchors: np.ndarray
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """By anchor: the nearest artworks of its pool by cosine distance, of its own value and of others.

    Artworks are numbers, places in ``ids``, ``value`` and ``pool``. The vectors are read as a stream.
    """
    place = {one: index for index, one in enumerate(ids.to_pylist())}
    found = {}
    for start in range(0, len(anchors), _AT_ONCE):
        some = anchors[start : start + _AT_ONCE]
        for anchor, alike, others in zip(some.tolist(), *_nearest(space, ids, place, value, pool, some), strict=True):
            found[anchor] = alike, others
    return found


def _nearest(
    space: Space, ids: pa.Array, place: dict[str, int], value: np.ndarray, pool: np.ndarray, anchors: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    queries = _unit(space.find(ids.take(pa.array(anchors)).to_pylist()))
    nobody = np.zeros((len(anchors), 0))
    best = [(nobody.astype(np.float32), nobody.astype(np.int64)) for _ in range(2)]
    stream = ({"ids": some, "vectors": vectors, "rows": len(some)} for some, vectors in space.blocks())
    for block in progress(stream, len(ids), "artworks looked at"):
        at = np.array([place.get(one, -1) for one in block["ids"]])
        vectors, at = block["vectors"][at >= 0], at[at >= 0]
        close = queries @ _unit(vectors).T
        close[(pool[anchors][:, None] != pool[at]) | (anchors[:, None] == at)] = -np.inf
        alike = value[anchors][:, None] == value[at]
        best = [
            _kept(scores, whom, np.where(mask, close, -np.inf), at)
            for (scores, whom), mask in zip(best, (alike, ~alike), strict=True)
        ]
    (alike_scores, alike_whom), (other_scores, other_whom) = best
    return _there(alike_scores, alike_whom), _there(other_scores, other_whom)


def _kept(scores: np.ndarray, whom: np.ndarray, new: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of those so far and new ones, in no order."""
    scores = np.concatenate([scores, new], axis=1)
    whom = np.concatenate([whom, np.broadcast_to(at, new.shape)], axis=1)
    if scores.shape[1] <= _NEAREST:
        return scores, whom
    top = np.argpartition(scores, -_NEAREST, axis=1)[:, -_NEAREST:]
    return np.take_along_axis(scores, top, 1), np.take_along_axis(whom, top, 1)


def _there(scores: np.ndarray, whom: np.ndarray) -> list[np.ndarray]:
    return [np.sort(some[mask]) for some, mask in zip(whom, scores > -np.inf, strict=True)]


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
