"""Where in a whole archive the artworks stand that belong to a query, and what that is worth as figures."""

from collections.abc import Iterable, Mapping

import numpy as np
from scipy.stats import rankdata

from artsim.measure.distance import ahead, distances, rounding
from artsim.measure.interval import Score, mean_score

CUTS = (20, 50, 100, 200, 400)  # of recall
MEASURES = ("mean position", "median position", "best position", "mAP", *(f"recall@{cut}" for cut in CUTS))

_CELLS = 1 << 22  # distances held at a time


def positions(
    blocks: Iterable[tuple[np.ndarray, np.ndarray]],
    ids: np.ndarray,
    vectors: np.ndarray,
    pairs: np.ndarray,
    metric: str = "cosine",
) -> np.ndarray:
    """The position of an artwork among all others by distance to a query: float64 (p,), 1 is the nearest.

    ``blocks`` are the whole archive, ids and vectors (b, d) at a time; ``ids``, (m,), and ``vectors``, (m, d), those
    that the pairs are of; ``pairs``, int (p, 2), rows of them: query and the artwork looked for. The query itself is no
    candidate. Ties take the average position; what has no distance (a NaN vector) stands last.
    """
    queries, row = np.unique(pairs[:, 0], return_inverse=True)
    place: Mapping[str, int] = {one: index for index, one in enumerate(ids)}
    bound = np.empty(len(pairs))
    for number, query in enumerate(queries):
        mine = np.flatnonzero(row == number)
        bound[mine] = distances(vectors[[query]], vectors[pairs[mine, 1]], metric)[0]
    slack = rounding(vectors.shape[1]) * (1.0 if metric == "cosine" else np.abs(bound))
    out, seen = np.ones(len(pairs)), 0
    for names, matrix in blocks:
        seen += len(names)
        known = np.array([place.get(one, -1) for one in names], np.int64)
        step = max(_CELLS // max(len(pairs), 1), 1)
        for start in range(0, len(names), step):
            here = known[start : start + step]
            away = distances(vectors[queries], matrix[start : start + step], metric)[row]
            away[(here == pairs[:, :1]) | (here == pairs[:, 1:])] = np.nan  # neither stands before itself
            out += ahead(away, bound, slack)
    return np.where(np.isnan(bound), seen - 1, out)


def retrieval(pairs: np.ndarray, found: np.ndarray, groups: np.ndarray, seed: int = 0) -> dict[str, Score]:
    """The figures named in MEASURES, each a mean over queries with its 95% interval.

    ``pairs`` and ``found``, (p,), as ``positions`` takes and gives them; ``groups``, int (m,), the cluster of every id:
    queries of one cluster are no independent evidence, so the bootstrap draws clusters. Of a query's several linked
    artworks count the mean, the median and the best of their positions, the average precision, and the share of them
    that stands at a cut or before it.
    """
    queries, row = np.unique(pairs[:, 0], return_inverse=True)
    rows = []
    for number in range(len(queries)):
        mine = found[row == number]
        precision = rankdata(mine) / mine  # of those that stand so near, how many are linked; ties share
        recalls = [(mine <= cut).mean() for cut in CUTS]
        rows.append([mine.mean(), np.median(mine), mine.min(), precision.mean(), *recalls])
    values = np.array(rows).reshape(-1, len(MEASURES))
    clusters = np.unique(groups[queries], return_inverse=True)[1]
    return {name: mean_score(values[:, index], seed, clusters) for index, name in enumerate(MEASURES)}
