"""Exact search: the k nearest or farthest of a stream of vectors, for a few queries or for many."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from artsim.archive import UserError
from artsim.metrics.distance import METRICS
from artsim.space.features import Block

_CHUNK = 8192  # vectors compared at a time


@dataclass(frozen=True)
class Nearest:
    """The k best of each of q queries, best first: ids (object) and distances (float64), both of shape (q, k).

    A query with fewer results ends with None at distance NaN.
    """

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
    allowed: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Nearest:
    """Finds the k nearest (or farthest) vectors of ``blocks`` to each query, float32 of shape (q, d).

    ``but_not``, object of shape (q,), is an id that each query leaves out, usually its own. ``allowed`` takes the ids
    of a block and returns which of them each query may find, bool of shape (q, n). Distances are those of scipy's cdist
    in float64; ties are ordered by id. Vectors for which the metric is undefined come last, at infinity
    (minus infinity with ``farthest``). The result has fewer than k columns if there are fewer vectors. Raises
    ``UserError`` if k is less than 1 or the metric is not in ``METRICS``.
    """
    check_query(k, metric)
    sign = -1.0 if farthest else 1.0
    keep = k if but_not is None else k + 1
    best = [(np.empty(0, dtype=object), np.empty(0)) for _ in queries]
    for names, matrix in _chunks(blocks):
        rough, slack = _rough(queries, matrix, metric)
        ranks = np.where(np.isnan(rough), np.inf, sign * rough)
        may = np.ones(ranks.shape, bool) if allowed is None else allowed(names)
        ranks[~may] = np.inf
        last = min(keep, len(names)) - 1
        bounds = np.partition(ranks, last, axis=1)[:, last] + slack
        for index, (query, row, bound) in enumerate(zip(queries, ranks, bounds, strict=True)):
            candidates = np.flatnonzero((row <= bound) & may[index])  # all that can be among the best, with all ties
            exact = cdist(query[None], matrix[candidates], metric)[0]
            exact[np.isnan(exact)] = sign * np.inf
            ids, distances = best[index]
            best[index] = _best(np.hstack([ids, names[candidates]]), np.hstack([distances, exact]), keep, sign)
    width = max((len(ids) for ids, _ in best), default=0)
    all_ids = np.full((len(queries), width), None, dtype=object)
    all_distances = np.full((len(queries), width), np.nan)
    for index, (ids, distances) in enumerate(best):
        all_ids[index, : len(ids)], all_distances[index, : len(ids)] = ids, distances
    return Nearest(all_ids, all_distances) if but_not is None else _without(all_ids, all_distances, but_not, k)


def check_query(k: int, metric: str) -> None:
    """Raises ``UserError`` if k is less than 1 or the metric is not in ``METRICS``."""
    if k < 1:
        raise UserError(f"`k` {k}: must be 1 or more")
    if metric not in METRICS:
        raise UserError(f"`metric` {metric}: choose one of {', '.join(METRICS)}")


def _without(ids: np.ndarray, distances: np.ndarray, but_not: np.ndarray, k: int) -> Nearest:
    """Removes each query's own id; all rows get the same length."""
    kept = [np.flatnonzero(row != own)[:k] for row, own in zip(ids, but_not, strict=True)]
    width = min((len(places) for places in kept), default=0)
    places = np.array([row[:width] for row in kept], dtype=np.intp).reshape(len(ids), width)
    return Nearest(np.take_along_axis(ids, places, axis=1), np.take_along_axis(distances, places, axis=1))


def _chunks(blocks: Iterable[Block]) -> Iterator[Block]:
    """Joins blocks to at least ``_CHUNK`` rows, so that matrix products are efficient."""
    waiting: list[Block] = []
    for block in blocks:
        waiting.append(block)
        if sum(len(names) for names, _ in waiting) >= _CHUNK:
            yield np.concatenate([names for names, _ in waiting]), np.concatenate([matrix for _, matrix in waiting])
            waiting = []
    if waiting:
        yield np.concatenate([names for names, _ in waiting]), np.concatenate([matrix for _, matrix in waiting])


def _best(ids: np.ndarray, distances: np.ndarray, k: int, sign: float) -> tuple[np.ndarray, np.ndarray]:
    order = np.lexsort((ids.astype(str), sign * distances))[:k]
    return ids[order], distances[order]


def _rough(queries: np.ndarray, matrix: np.ndarray, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Computes approximate distances of shape (q, n), by a matrix product for cosine and euclidean metrics.

    They equal the exact ones up to float32 rounding and a monotone function. Also returns for each query the gap within
    which two of them may be in the wrong order: twice the error of a float32 dot product, n u sum |x y| (Higham,
    Accuracy and Stability of Numerical Algorithms, section 3.1).
    """
    rounding = (matrix.shape[1] + 16) * np.finfo(np.float32).eps
    if metric == "cosine":
        return 1.0 - _unit(queries) @ _unit(matrix).T, np.full(len(queries), rounding)
    if metric in ("euclidean", "sqeuclidean"):
        squares = np.einsum("ij,ij->i", matrix, matrix)
        longest = float(np.sqrt(np.max(squares, where=np.isfinite(squares), initial=0.0)))
        rough = squares[None, :] - 2.0 * (queries @ matrix.T)
        return rough, rounding * longest * (longest + 2.0 * np.linalg.norm(queries, axis=1))
    return cdist(queries, matrix, metric), np.zeros(len(queries))


def _unit(matrix: np.ndarray) -> np.ndarray:
    """Rows of unit length; NaN for a row of zeros, which has no direction."""
    with np.errstate(invalid="ignore"):
        return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
