"""The k best of many vectors for many queries: candidates by matrix products, order by exact distances.

A distance is the squared euclidean one, of unit vectors for cosine. A product of centered float32 vectors gives it up
to a bounded rounding error. For each query, only the vectors that this error allows among the k best are compared in
float64.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from artsim.metrics.vectors import unit_length

BY_PRODUCT = ("cosine", "euclidean", "sqeuclidean")
_ROWS = 1024  # queries compared at a time
_GROUPS = 128  # groups of columns, at least; only those with a small minimum are looked through
_PAIRS = 1 << 11  # pairs whose float64 vectors fit into a processor's cache


@dataclass
class Best:
    """The best so far of some queries, ordered by query, then distance, then id: flat arrays of shape (m,)."""

    query_rows: np.ndarray
    ids: np.ndarray
    distances: np.ndarray

    def merged(self, query_rows: np.ndarray, ids: np.ndarray, distances: np.ndarray, keep: int) -> "Best":
        """Returns the ``keep`` best of each query among these and others. Equal distances are ordered by id."""
        query_rows, ids = np.concatenate([self.query_rows, query_rows]), np.concatenate([self.ids, ids])
        distances = np.concatenate([self.distances, distances])
        order = np.lexsort((distances, query_rows))
        tied = (query_rows[order][1:] == query_rows[order][:-1]) & (distances[order][1:] == distances[order][:-1])
        if tied.any():
            rows = np.flatnonzero(np.isin(query_rows, query_rows[order][1:][tied]))
            ranks = np.zeros(len(query_rows), np.int64)
            ranks[rows] = np.unique(ids[rows].astype(str) if ids.dtype == object else ids[rows], return_inverse=True)[1]
            order = np.lexsort((ranks, distances, query_rows))
        query_rows = query_rows[order]
        kept = np.arange(len(query_rows)) - np.searchsorted(query_rows, query_rows) < keep
        return Best(query_rows[kept], ids[order[kept]], distances[order[kept]])


class KBest:
    """Finds the ``keep`` best of chunks of vectors for some queries, float32 (q, d).

    ``sign`` is -1 for the farthest. ``zero_distance`` is the cosine distance to and from a vector of zeros. Undefined
    distances rank last.
    """

    def __init__(self, queries: np.ndarray, keep: int, metric: str, *, sign: float, zero_distance: float) -> None:
        self.metric, self.keep, self.sign, self.zero_distance = metric, keep, sign, zero_distance
        self.queries = _points(queries, metric)
        self.center = self.queries.mean(axis=0) if len(queries) else np.zeros(queries.shape[1])
        self.slices = [slice(start, start + _ROWS) for start in range(0, len(queries), _ROWS)]
        self.best: list[Best | None] = [None] * len(self.slices)

    def add(self, ids: np.ndarray, matrix: np.ndarray, allowed: np.ndarray | None = None) -> None:
        """Compares a chunk: ids (n,) and vectors, float32 (n, d); ``allowed``, bool (q, n), says who may find what."""
        points = _points(matrix, self.metric)
        rough = _Float32Distances(points, self.center) if self.metric in BY_PRODUCT else None
        for number, rows in enumerate(self.slices):
            queries, best = self.queries[rows], self.best[number]
            block, slack, offset = self._block(queries, points, rough)
            if allowed is not None:
                block[~allowed[rows]] = np.inf
            limits = np.full(len(queries), np.inf)
            if best is not None:
                last = np.bincount(best.query_rows, minlength=len(queries)).cumsum() - 1
                full = np.bincount(best.query_rows, minlength=len(queries)) >= self.keep
                limits[full] = self._squared(best.distances[last[full]]) - offset[full]
            query_rows, columns = _candidates(block, min(self.keep, len(ids)), limits, slack)
            if allowed is not None:
                is_allowed = allowed[rows][query_rows, columns]
                query_rows, columns = query_rows[is_allowed], columns[is_allowed]
            exact = self._exact(queries, points, query_rows, columns) if rough else block[query_rows, columns]
            if best is None:
                best = Best(query_rows[:0], ids[:0], exact[:0])
            self.best[number] = best.merged(query_rows, ids[columns], exact, self.keep)

    def counts(self) -> np.ndarray:
        """Returns the number of results of each query, int64 (q,)."""
        sizes = [len(self.queries[rows]) for rows in self.slices]
        parts = [
            np.zeros(size, np.int64) if best is None else np.bincount(best.query_rows, minlength=size)
            for size, best in zip(sizes, self.best, strict=True)
        ]
        return np.concatenate([np.empty(0, np.int64), *parts])

    def results(self, width: int, dtype: type = object) -> tuple[np.ndarray, np.ndarray]:
        """Returns ids of this type and distances, float64, of shape (q, width); missing results are None and NaN."""
        ids: np.ndarray = np.zeros((len(self.queries), width), dtype)
        ids[...] = None if dtype is object else 0
        distances = np.full(ids.shape, np.nan)
        for rows, best in zip(self.slices, self.best, strict=True):
            if best is not None:
                places = np.arange(len(best.query_rows)) - np.searchsorted(best.query_rows, best.query_rows)
                kept = places < width
                cells = (best.query_rows[kept] + rows.start, places[kept])
                ids[cells], distances[cells] = best.ids[kept], self.sign * best.distances[kept]
        return ids, distances

    def _block(
        self, queries: np.ndarray, points: np.ndarray, rough: "_Float32Distances | None"
    ) -> tuple[np.ndarray, ...]:
        """Returns ranks (q, n), the error of their differences (q,), and what each query's squared distances lack."""
        zeros = np.zeros(len(queries))
        if rough is None or not rough.is_finite(queries):
            block = self.sign * cdist(queries, points, "sqeuclidean" if rough else self.metric)
            block[np.isnan(block)] = np.inf
            return block, zeros + (1e-12 * np.max(block, where=np.isfinite(block), initial=0.0) if rough else 0), zeros
        block, slack, offset = rough(queries, self.sign)
        if self.metric == "cosine":
            is_zero_vector = ~np.asarray(points.any(axis=1))
            if is_zero_vector.any():
                extra = self.sign * (2 * self.zero_distance - 1)
                block[:, is_zero_vector] = np.inf if np.isinf(extra) else block[:, is_zero_vector] + extra
            block[~queries.any(axis=1)] = 0  # the same distance to everything
        return block, slack, offset

    def _exact(
        self, queries: np.ndarray, points: np.ndarray, query_rows: np.ndarray, columns: np.ndarray
    ) -> np.ndarray:
        """Returns the signed distance of each pair of a query and a point, float64 (m,); infinite if undefined."""
        out = np.empty(len(query_rows))
        for start in range(0, len(query_rows), _PAIRS):
            pairs = slice(start, start + _PAIRS)
            gaps = points[columns[pairs]] - queries[query_rows[pairs]]
            out[pairs] = np.einsum("ij,ij->i", gaps, gaps)
        if self.metric == "sqeuclidean":
            return self.sign * out
        if self.metric == "euclidean":
            return self.sign * np.sqrt(out)
        defined = np.asarray(queries.any(axis=1))[query_rows] & np.asarray(points.any(axis=1))[columns]
        return np.where(defined, self.sign * out / 2, np.inf if np.isinf(self.zero_distance) else self.zero_distance)

    def _squared(self, distances: np.ndarray) -> np.ndarray:
        """Returns signed distances as signed squared distances, or as they are if the metric is no product."""
        if self.metric == "euclidean":
            return self.sign * np.square(distances)
        return 2 * distances if self.metric == "cosine" else distances


class _Float32Distances:
    """Squared euclidean distances of queries to points (n, d), up to a constant of each query, in float32."""

    def __init__(self, points: np.ndarray, center: np.ndarray) -> None:
        self.center = center
        with np.errstate(over="ignore"):
            self.vectors = (points - center).astype(np.float32)
            self.squares = np.einsum("ij,ij->i", self.vectors, self.vectors)
        self.longest = float(self.squares.max()) ** 0.5

    def is_finite(self, queries: np.ndarray) -> bool:
        """Whether nothing overflows in float32."""
        with np.errstate(over="ignore"):
            length = float(np.square(queries - self.center).sum(axis=1).max(initial=0.0)) ** 0.5
        return bool(self.longest * self.longest + 2 * self.longest * length < np.finfo(np.float32).max / 8)

    def __call__(self, queries: np.ndarray, sign: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns signed values (q, n), the gap within which two may be in the wrong order, and the constants (q,).

        The gap is twice the error of a float32 dot product, n u sum |x y| (Higham, Accuracy and Stability of Numerical
        Algorithms, section 3.1).
        """
        centered_queries = queries - self.center
        offset = np.einsum("ij,ij->i", centered_queries, centered_queries)
        block = (-2 * sign * centered_queries).astype(np.float32) @ self.vectors.T
        block += np.float32(sign) * self.squares
        rounding = (centered_queries.shape[1] + 16) * np.finfo(np.float32).eps
        slack = rounding * (self.longest * (self.longest + 2 * np.sqrt(offset)) + offset)
        return block, slack, sign * offset


def _points(vectors: np.ndarray, metric: str) -> np.ndarray:
    """Returns vectors as float64 (n, d), of unit length for cosine."""
    values = vectors.astype(np.float64)
    return unit_length(values) if metric == "cosine" else values


def _candidates(block: np.ndarray, keep: int, limits: np.ndarray, slack: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns row and column of every value, (q, n), that is below its row's limit or may be among the ``keep`` lowest.

    Instead of sorting, the columns are dealt into groups: the ``keep``-th lowest minimum of a group is at least the
    ``keep``-th lowest value, and only groups with a low minimum are looked through.
    """
    row_count, column_count = block.shape
    groups = max(_GROUPS, 4 * keep)
    size = column_count // groups
    if size < 2:
        bound = np.partition(block, keep - 1, axis=1)[:, keep - 1]
        query_rows, chosen = np.nonzero(block <= (np.minimum(bound, limits) + slack)[:, None])
        return query_rows, chosen
    grouped_block = block[:, : size * groups].reshape(row_count, size, groups)
    minima = grouped_block.min(axis=1)
    bound = np.partition(minima, keep - 1, axis=1)[:, keep - 1]
    limits = np.minimum(bound, limits) + slack
    query_rows, chosen = np.nonzero(minima <= limits[:, None])
    inside, positions_in_group = np.nonzero(grouped_block[query_rows, :, chosen] <= limits[query_rows][:, None])
    tail_rows, tail_columns = np.nonzero(block[:, size * groups :] <= limits[:, None])
    columns = positions_in_group * groups + chosen[inside]
    return np.concatenate([query_rows[inside], tail_rows]), np.concatenate([columns, tail_columns + size * groups])
