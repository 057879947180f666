"""The positions of linked artworks in a whole archive, and the retrieval scores of these positions."""

from collections.abc import Iterable, Mapping

import numpy as np
from scipy.stats import rankdata

from artsim.metrics.distance import ahead, distances, rounding
from artsim.metrics.interval import Score, mean_score

CUTS = (20, 50, 100, 200, 400)  # the k of recall@k
MEASURES = ("mean position", "median position", "best position", "mAP", *(f"recall@{cut}" for cut in CUTS))

_CELLS = 1 << 22  # distances held at a time


def positions(
    blocks: Iterable[tuple[np.ndarray, np.ndarray]],
    ids: np.ndarray,
    vectors: np.ndarray,
    pairs: np.ndarray,
    metric: str = "cosine",
) -> np.ndarray:
    """The position of each linked artwork among all others by distance to its query: float64 (p,), 1 is the nearest.

    ``blocks`` are ids and vectors (b, d) of the whole archive. ``ids``, (m,), and ``vectors``, (m, d), are those of the
    pairs; ``pairs``, int (p, 2), holds row numbers of them: the query and the artwork to find. The query itself is no
    candidate. Ties take the average position; an artwork without a distance (a NaN vector) comes last.
    """
    queries, row = np.unique(pairs[:, 0], return_inverse=True)
    index_of: Mapping[str, int] = {identifier: index for index, identifier in enumerate(ids)}
    bound = np.empty(len(pairs))
    for number, query in enumerate(queries):
        of_query = np.flatnonzero(row == number)
        bound[of_query] = distances(vectors[[query]], vectors[pairs[of_query, 1]], metric)[0]
    slack = rounding(vectors.shape[1]) * (1.0 if metric == "cosine" else np.abs(bound))
    out, seen = np.ones(len(pairs)), 0
    for names, matrix in blocks:
        seen += len(names)
        known = np.array([index_of.get(identifier, -1) for identifier in names], np.int64)
        step = max(_CELLS // max(len(pairs), 1), 1)
        for start in range(0, len(names), step):
            indices = known[start : start + step]
            candidate_distances = distances(vectors[queries], matrix[start : start + step], metric)[row]
            # neither counts as nearer than itself
            candidate_distances[(indices == pairs[:, :1]) | (indices == pairs[:, 1:])] = np.nan
            out += ahead(candidate_distances, bound, slack)
    return np.where(np.isnan(bound), seen - 1, out)


def retrieval(pairs: np.ndarray, ranked_positions: np.ndarray, groups: np.ndarray, seed: int = 0) -> dict[str, Score]:
    """Computes the scores in ``MEASURES``, each a mean over queries with its 95% interval.

    ``pairs`` and ``ranked_positions``, (p,), are the input and output of ``positions``; ``groups``, int (m,), is the
    cluster of every id. Queries of one cluster are not independent, so the bootstrap draws clusters. A query with
    several linked artworks contributes the mean, the median and the best of their positions, the average precision, and
    the share of positions up to each cut.
    """
    queries, row = np.unique(pairs[:, 0], return_inverse=True)
    rows = []
    for number in range(len(queries)):
        of_query = ranked_positions[row == number]
        precision = rankdata(of_query) / of_query  # share of linked artworks up to each position; ties share a rank
        recalls = [(of_query <= cut).mean() for cut in CUTS]
        rows.append([of_query.mean(), np.median(of_query), of_query.min(), precision.mean(), *recalls])
    values = np.array(rows).reshape(-1, len(MEASURES))
    clusters = np.unique(groups[queries], return_inverse=True)[1]
    return {name: mean_score(values[:, index], seed, clusters) for index, name in enumerate(MEASURES)}
