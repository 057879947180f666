"""Groups of duplicates: each image of a group agrees with the group's representative, not only with another member."""

from collections.abc import Callable

import numpy as np


def grouped(
    pairs: np.ndarray, scores: np.ndarray, rank: np.ndarray, least: float, check: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the representative of each of n rows, -1 outside of groups, and the confidences: int64, float64 (n,).

    ``pairs`` are rows, int64 (p, 2), with the agreement ``scores``, (p,). The representative of a connected component
    is its row of lowest ``rank``, (n,). Each other row stays in its group only if its agreement with the representative
    is ``least`` or more; ``check`` computes the agreement of pairs that have none yet. The rows that remain are grouped
    again, so one wrong pair does not join two groups. A confidence is the agreement with the representative; the
    representative has the best of its group.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(rank)
    representative_of, confidence = np.full(count, -1), np.zeros(count)
    score_by_pair = {(int(min(pair)), int(max(pair))): float(score) for pair, score in zip(pairs, scores, strict=True)}
    edges = pairs[scores >= least]
    while len(edges):
        graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
        component = connected_components(graph, directed=False)[1]
        rows = np.unique(edges)
        rows = rows[np.lexsort((rank[rows], component[rows]))]
        starts = np.flatnonzero(np.diff(component[rows], prepend=-1))
        first = np.repeat(rows[starts], np.diff(np.append(starts, len(rows))))
        representative_pairs = np.sort(np.column_stack([first, rows])[first != rows], axis=1)
        missing = np.array(
            [pair for pair in representative_pairs.tolist() if tuple(pair) not in score_by_pair], np.int64
        ).reshape(-1, 2)
        if len(missing):
            score_by_pair |= {
                (i, j): float(score) for (i, j), score in zip(missing.tolist(), check(missing), strict=True)
            }
        for row, representative in zip(rows.tolist(), first.tolist(), strict=True):
            score = score_by_pair.get((min(row, representative), max(row, representative)), 0.0)
            if row != representative and score >= least:
                representative_of[row] = representative_of[representative] = representative
                confidence[row] = score
                confidence[representative] = max(confidence[representative], score)
        done = representative_of >= 0
        done[rows[starts]] = True  # a representative with whom no one agrees is in no group
        edges = edges[~done[edges].any(axis=1)]
    return representative_of, confidence
