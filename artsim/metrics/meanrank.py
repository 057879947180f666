"""Meanrank: the mean rank of the positive among the candidates; with seven negatives 1 is perfect, 4.5 is chance."""

import numpy as np

from artsim.metrics.interval import Score, mean_score
from artsim.metrics.ranks import ranks


def meanrank(vectors: np.ndarray, judged: np.ndarray, metric: str = "cosine", seed: int = 0) -> Score:
    """The mean of ``ranks`` with its 95% bootstrap interval over annotations.

    ``vectors`` is (m, d); ``judged``, int (n, 1 + k), holds row numbers of it: anchor, positive, the other candidates.
    """
    return mean_score(ranks(vectors, judged, metric), seed)
