"""Scores of clusterings: agreement with known groups, precision and recall of clusters, quality, stability.

A clustering is an int array (n,) of cluster numbers from 0, where -1 is noise. Known groups are an int array (n,) as
well, where -1 means that the group of this row is not known.
"""

import math
from collections.abc import Sequence

import numpy as np

NOISE = -1
_SILHOUETTE_ROWS = 5000  # rows that a silhouette is computed on, sampled beyond
DBCV_ROWS = 5000  # DBCV compares all pairs within a cluster


def sizes(labels: np.ndarray) -> np.ndarray:
    """Returns the number of rows of each cluster, int (clusters,)."""
    return np.bincount(labels[labels >= 0])


def noise_share(labels: np.ndarray) -> float:
    """Returns the share of rows that are noise; NaN for no rows."""
    return float(np.mean(labels == NOISE)) if len(labels) else math.nan


def agreement(labels: np.ndarray, known: np.ndarray) -> tuple[float, float]:
    """Returns the adjusted Rand index (ARI) and the adjusted mutual information (AMI) with the known groups.

    Rows that are noise or whose group is not known are left out; NaN if fewer than two rows are left.
    """
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    scored = (labels >= 0) & (known >= 0)
    if scored.sum() < 2:
        return math.nan, math.nan
    pair = known[scored], labels[scored]
    return float(adjusted_rand_score(*pair)), float(adjusted_mutual_info_score(*pair))


def precision_recall(labels: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns precision and recall of each cluster, float (clusters,), as defined in an EPFL thesis on visual links.

    With ``max`` the largest number of rows of one known group in the cluster, precision is (max - 1) / (size - 1) and
    recall is max / (rows of that group); if several groups have as many, the one with the highest recall counts. The
    size counts rows with a known group. The rows of a group count everywhere, also as noise. A cluster with fewer than
    two rows of known groups has no score: NaN.
    """
    counts = _contingency(labels, known)
    size, largest = counts.sum(1), counts.max(1, initial=0)
    rows = np.bincount(known[known >= 0], minlength=counts.shape[1])
    main = np.where(counts == largest[:, None], rows, rows.max(initial=0) + 1).min(1, initial=rows.max(initial=0) + 1)
    scored = size >= 2
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(scored, (largest - 1) / (size - 1), np.nan)
        recall = np.where(scored, largest / main, np.nan)
    return precision, recall


def novelty(labels: np.ndarray, known: np.ndarray) -> tuple[int, int, int]:
    """Returns how many known groups grew, how many rows were added to them, and how many clusters are entirely new.

    A group grew if a cluster holds at least two of its rows, more than of any other group, and also rows whose group
    is not known: these rows were added to it. A cluster is entirely new if it has no row of a known group.
    """
    counts = _contingency(labels, known)
    unknown = np.bincount(labels[(labels >= 0) & (known < 0)], minlength=len(counts))
    new = int(((counts.sum(1) == 0) & (unknown > 0)).sum())
    best = counts.max(1, initial=0)
    extended = (best >= 2) & ((counts == best[:, None]).sum(1) == 1) & (unknown > 0)
    groups = {int(np.argmax(row)) for row in counts[extended]}
    return len(groups), int(unknown[extended].sum()), new


def share_together(labels: np.ndarray, pairs: np.ndarray) -> float:
    """Returns the share of pairs, int (p, 2) row numbers, whose rows are in one cluster; NaN for no pairs."""
    return float(together(labels, pairs).mean()) if len(pairs) else math.nan


def together(labels: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Returns which pairs, int (p, 2) row numbers, are in one cluster, bool (p,). Noise is in no cluster."""
    first, second = labels[pairs[:, 0]], labels[pairs[:, 1]]
    return (first == second) & (first >= 0)


def silhouette(vectors: np.ndarray, labels: np.ndarray, seed: int = 0) -> float:
    """Returns the mean silhouette of the clustered rows of ``vectors`` (n, d), Euclidean (Rousseeuw 1987).

    Computed on a sample of 5,000 rows if there are more. NaN if fewer than two clusters are in it.
    """
    from sklearn.metrics import silhouette_score

    rows = np.flatnonzero(labels >= 0)
    if len(rows) > _SILHOUETTE_ROWS:
        rows = np.random.default_rng(seed).choice(rows, _SILHOUETTE_ROWS, replace=False)
    cluster_count = len(np.unique(labels[rows]))
    if not 2 <= cluster_count < len(rows):
        return math.nan
    return float(silhouette_score(vectors[rows], labels[rows]))


def dbcv(vectors: np.ndarray, labels: np.ndarray) -> float:
    """Returns the density-based validity index, -1 to 1 (Moulavi et al. 2014), as the hdbscan package computes it.

    NaN above ``DBCV_ROWS`` rows, with fewer than two clusters, or if the package finds no value.
    """
    if len(vectors) > DBCV_ROWS or len(sizes(labels)) < 2:
        return math.nan
    from hdbscan.validity import validity_index

    try:
        with np.errstate(all="ignore"):
            value = float(validity_index(vectors.astype(np.float64), labels.astype(np.int64)))
    except ValueError:  # for example, all rows of a cluster are the same
        return math.nan
    return value if math.isfinite(value) else math.nan


def stability(labels: np.ndarray, resamples: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    """Returns the mean adjusted Rand index between a clustering and those of resamples.

    Each resample is row numbers (m,) and their clusters (m,). Noise counts as one more cluster.
    """
    from sklearn.metrics import adjusted_rand_score

    return float(np.mean([adjusted_rand_score(labels[rows], again) for rows, again in resamples]))


def cliffs(values: Sequence[int], counts: Sequence[int]) -> list[tuple[int, int]]:
    """Returns the pairs of positions between which a small change of a parameter changes the clusters too much.

    ``values`` are those of the parameter, ascending, and ``counts`` the numbers of clusters. A change is small if it
    is at most a doubling; it is too much if more than half of the clusters disappear or appear.
    """
    pairs = zip(range(len(values)), range(1, len(values)), strict=False)
    return [
        (a, b)
        for a, b in pairs
        if values[b] <= 2 * values[a] and abs(counts[a] - counts[b]) > max(counts[a], counts[b]) / 2
    ]


def diversity(counts: np.ndarray) -> float:
    """Returns the Gini-Simpson index of counts per value: the chance that two random rows differ, 0 if all agree."""
    total = counts.sum()
    return float(1 - np.square(counts / total).sum()) if total else math.nan


def rounded(value: float, digits: int = 3) -> float | None:
    """Returns a score for a report; None if it is not defined (NaN)."""
    return None if math.isnan(value) else round(float(value), digits)


def _contingency(labels: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Returns how many rows of each known group each cluster has, int (clusters, groups)."""
    scored = (labels >= 0) & (known >= 0)
    groups = int(known.max(initial=-1)) + 1
    counts = np.zeros((int(labels.max(initial=-1)) + 1, groups), np.int64)
    np.add.at(counts, (labels[scored], known[scored]), 1)
    return counts
