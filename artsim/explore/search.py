"""Exact search: the k nearest or farthest of a stream of vectors, for a few queries or for many."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from artsim.archive import Mistake
from artsim.features import Block

METRICS = (
    "braycurtis",
    "canberra",
    "chebyshev",
    "cityblock",
    "correlation",
    "cosine",
    "euclidean",
    "jensenshannon",
    "minkowski",
    "sqeuclidean",
)
_CHUNK = 8192  # vectors compared at a time
_SPARE = 8  # more candidates of a chunk than k: the rounding of a product costs no true neighbour its place


@dataclass(frozen=True)
class Nearest:
    """For each of q queries its k best, best first: ids (object) and distances (float64), both of shape (q, k)."""

    ids: np.ndarray
    distances: np.ndarray


def search(
    blocks: Iterable[Block],
    queries: np.ndarray,
    k: int,
    *,
    metric: str = "cosine",
    farthest: bool = False,
    but_not: np.ndarray | None = None,
) -> Nearest:
    """The k nearest (or farthest) vectors of ``blocks`` to each query, float32 of shape (q, d).

    ``but_not``, object of shape (q,): an id that each query leaves out, itself mostly. Distances are those of scipy's
    cdist in float64; ties go by id. Fewer than k columns come back when there are fewer vectors. Mistake for a metric
    that is not in METRICS.
    """
    if metric not in METRICS:
        raise Mistake(f"--metric {metric}: there are {', '.join(METRICS)}")
    sign = -1.0 if farthest else 1.0
    keep = k if but_not is None else k + 1
    ids = np.empty((len(queries), 0), dtype=object)
    distances = np.empty((len(queries), 0))
    for names, matrix in _chunks(blocks):
        rough = sign * _rough(queries, matrix, metric)
        some = np.argpartition(rough, min(keep + _SPARE, len(names)) - 1, axis=1)[:, : keep + _SPARE]
        pairs = zip(queries.astype(np.float64), some, strict=True)
        exact = np.array([cdist(query[None], matrix[row], metric)[0] for query, row in pairs])
        exact[np.isnan(exact)] = sign * np.inf  # a metric that these vectors are no input for
        ids, distances = _best(np.hstack([ids, names[some]]), np.hstack([distances, exact]), keep, sign)
    return Nearest(ids, distances) if but_not is None else _without(ids, distances, but_not, k)


def _without(ids: np.ndarray, distances: np.ndarray, but_not: np.ndarray, k: int) -> Nearest:
    """Takes each query's own id away; all rows end equally long."""
    kept = [np.flatnonzero(row != own)[:k] for row, own in zip(ids, but_not, strict=True)]
    width = min((len(places) for places in kept), default=0)
    places = np.array([row[:width] for row in kept], dtype=np.intp).reshape(len(ids), width)
    return Nearest(np.take_along_axis(ids, places, axis=1), np.take_along_axis(distances, places, axis=1))


def _chunks(blocks: Iterable[Block]) -> Iterator[Block]:
    """Blocks put together to at least _CHUNK rows, for matrix products worth their name."""
    waiting: list[Block] = []
    for block in blocks:
        waiting.append(block)
        if sum(len(names) for names, _ in waiting) >= _CHUNK:
            yield np.concatenate([names for names, _ in waiting]), np.concatenate([matrix for _, matrix in waiting])
            waiting = []
    if waiting:
        yield np.concatenate([names for names, _ in waiting]), np.concatenate([matrix for _, matrix in waiting])


def _best(ids: np.ndarray, distances: np.ndarray, k: int, sign: float) -> tuple[np.ndarray, np.ndarray]:
    order = np.lexsort((ids.astype(str), sign * distances), axis=1)[:, :k]
    return np.take_along_axis(ids, order, axis=1), np.take_along_axis(distances, order, axis=1)


def _rough(queries: np.ndarray, matrix: np.ndarray, metric: str) -> np.ndarray:
    """Distances up to float32 rounding and a monotone function; by a matrix product where one will do."""
    if metric == "cosine":
        return 1.0 - _unit(queries) @ _unit(matrix).T
    if metric in ("euclidean", "sqeuclidean"):
        return np.einsum("ij,ij->i", matrix, matrix)[None, :] - 2.0 * (queries @ matrix.T)
    return cdist(queries, matrix, metric)


def _unit(matrix: np.ndarray) -> np.ndarray:
    return matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-12)
