"""Exact search: the k nearest or farthest of a stream of vectors, for a few queries or for many."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from artsim.archive import UserError
from artsim.metrics.distance import METRICS
from artsim.space.exact import KBest
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
    keep = k if but_not is None else k + 1
    best = KBest(queries, keep, metric, sign=-1.0 if farthest else 1.0, zero_distance=np.inf)
    for names, matrix in chunks(blocks):
        best.add(names, matrix, None if allowed is None else allowed(names))
    width = int(best.counts().max(initial=0))
    ids, distances = best.results(width)
    return Nearest(ids, distances) if but_not is None else _without(ids, distances, but_not, k)


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


def chunks(blocks: Iterable[Block], rows: int = _CHUNK) -> Iterator[Block]:
    """Joins blocks to at least ``rows`` rows, so that matrix products are efficient."""
    waiting: list[Block] = []
    for block in blocks:
        waiting.append(block)
        if sum(len(names) for names, _ in waiting) >= rows:
            yield np.concatenate([names for names, _ in waiting]), np.concatenate([matrix for _, matrix in waiting])
            waiting = []
    if waiting:
        yield np.concatenate([names for names, _ in waiting]), np.concatenate([matrix for _, matrix in waiting])
