"""The methods of clustering, each a function of vectors and parameters, with the number of rows that it can take."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from artsim.clusters.constraints import Constraints
from artsim.clusters.vectors import COLUMNS
from artsim.errors import UserError

_MIN_SAMPLES = 5
_REPEATABLE_ROWS = 5000  # up to this many rows, fast_hdbscan's repeatable search is used; it takes three times as long
_EPS_ROWS = 2000  # rows that the default `eps` is measured on
_EXACT_ROWS = 2000  # up to this many rows, a constrained tree is built from all pairs
_GRAPH_NEIGHBORS = 64  # beyond, it is built from a graph of this many neighbors
_TRIMMING_STEPS = 100
_LIMITS = {"optics": 50_000, "ward": 20_000, "spectral": 20_000, "dbscan": 200_000}


@dataclass
class Clustering:
    """The cluster of each row, int32 (n,), -1 for noise; by method, the strength of membership, float32 (n,).

    Clusters are numbered by size, the largest is 0. ``notes`` say what was approximated or chosen.
    """

    labels: np.ndarray
    probability: np.ndarray | None = None
    notes: list[str] = field(default_factory=list)


def check_rows(method: str, rows: int, parameters: dict[str, Any]) -> None:
    """Raises ``UserError`` if a method can't cluster so many rows, or so few with these parameters."""
    limit = _LIMITS.get(method)
    if limit and rows > limit:
        raise UserError(
            f"`method` {method}: takes at most {limit:,} artworks, there are {rows:,}; use hdbscan or kmeans, or "
            "cluster a part with `within`"
        )
    for name in ("min_cluster_size", "min_samples", "k"):
        if parameters.get(name, 0) >= rows:
            raise UserError(f"`{name}` {parameters[name]}: must be less than the {rows:,} artworks")


def cluster(
    method: str,
    parameters: dict[str, Any],
    vectors: np.ndarray,
    *,
    raw: np.ndarray | None = None,
    seed: int = 0,
    constraints: Constraints | None = None,
) -> Clustering:
    """Clusters vectors, float32 (n, d), by Euclidean distance. EVoC takes ``raw`` (n, c) by cosine instead."""
    check_rows(method, len(vectors), parameters)
    if method == "hdbscan" and constraints is not None:
        clustering = _constrained_hdbscan(vectors, constraints, **parameters)
    else:
        chosen = raw if method == "evoc" and raw is not None else vectors
        clustering = _METHODS[method](chosen, seed, **parameters)
    clustering.labels = _by_size(clustering.labels)
    return clustering


def _hdbscan(
    vectors: np.ndarray, seed: int, min_cluster_size: int, selection: str, min_samples: int | None = None
) -> Clustering:
    from fast_hdbscan import HDBSCAN

    model = HDBSCAN(
        min_cluster_size=min_cluster_size,
        min_samples=min_samples,
        cluster_selection_method=selection,
        reproducible=len(vectors) <= _REPEATABLE_ROWS,
    ).fit(vectors)
    notes = []
    if len(vectors) > _REPEATABLE_ROWS:
        notes.append("hdbscan: on several cores, runs may differ where distances are equal")
    if vectors.shape[1] > COLUMNS:
        notes.append(f"hdbscan: above {COLUMNS} columns the tree is approximate")
    return Clustering(model.labels_, model.probabilities_.astype(np.float32), notes)


def _constrained_hdbscan(
    vectors: np.ndarray,
    constraints: Constraints,
    min_cluster_size: int,
    selection: str,
    min_samples: int | None = None,
) -> Clustering:
    """HDBSCAN of merged rows with weights; only Kruskal's algorithm keeps rejected pairs apart.

    Trees that a rejected pair keeps apart are joined at an infinite distance, where a cluster may still span several of
    them: it is cut down to its part in one tree, the rest becomes noise. Merged rows that would be noise, but are as
    many as a cluster needs, become a cluster of their own.
    """
    from fast_hdbscan import HDBSCAN
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    means, rows = constraints.means(vectors), constraints.groups
    needed = min_samples or min_cluster_size
    if 2 * max(needed, min_cluster_size) >= len(vectors) or rows < 3:
        raise UserError(f"`min_cluster_size` {min_cluster_size}: with `constraints`, must be below half of the rows")
    neighbors = rows - 1 if rows <= _EXACT_ROWS else min(max(_GRAPH_NEIGHBORS, 2 * needed), rows - 1)
    model = HDBSCAN(
        min_cluster_size=min_cluster_size,
        min_samples=min_samples,
        cluster_selection_method=selection,
        algorithm="kruskal",
        knn_k=neighbors,
        cannot_link=constraints.cannot_link(),
    ).fit(means, sample_weight=constraints.weights())
    edges = np.asarray(model._min_spanning_tree)
    edges = edges[np.isfinite(edges[:, 2]), :2].astype(np.int64)
    tree = connected_components(coo_array((np.ones(len(edges)), edges.T), shape=(rows, rows)), directed=False)[1]
    labels = _keep_heaviest_component(model.labels_.astype(np.int64), tree, constraints.weights(), min_cluster_size)
    probability = np.where(labels >= 0, model.probabilities_, 0).astype(np.float32)
    noise_groups = np.flatnonzero((labels < 0) & (constraints.weights() >= min_cluster_size))
    labels[noise_groups], probability[noise_groups] = labels.max(initial=-1) + 1 + np.arange(len(noise_groups)), 1
    notes = [f"hdbscan with constraints: {len(vectors) - rows:,} rows merged into others"]
    if neighbors < rows - 1:
        notes.append(f"hdbscan with constraints: the tree is of the {neighbors} nearest neighbors, not of all pairs")
    return Clustering(labels[constraints.group], probability[constraints.group], notes)


def _keep_heaviest_component(labels: np.ndarray, tree: np.ndarray, weights: np.ndarray, least: int) -> np.ndarray:
    """Returns the labels with each cluster cut down to its heaviest part in one tree, if that weighs ``least``."""
    labels = labels.copy()
    for label in range(labels.max(initial=-1) + 1):
        rows = np.flatnonzero(labels == label)
        parts = np.bincount(tree[rows], weights[rows])
        if np.count_nonzero(parts) > 1:
            kept = (tree[rows] == parts.argmax()) & (parts.max() >= least)
            labels[rows[~kept]] = -1
    return labels


def _optics(vectors: np.ndarray, seed: int, min_cluster_size: int, min_samples: int = _MIN_SAMPLES) -> Clustering:
    from sklearn.cluster import OPTICS

    with np.errstate(all="ignore"):
        return Clustering(
            OPTICS(min_samples=max(min_samples, 2), min_cluster_size=min_cluster_size).fit_predict(vectors)
        )


def _dbscan(vectors: np.ndarray, seed: int, eps: float | None = None, min_samples: int = _MIN_SAMPLES) -> Clustering:
    from sklearn.cluster import DBSCAN
    from sklearn.neighbors import NearestNeighbors

    notes = []
    if eps is None:
        rows = np.random.default_rng(seed).permutation(len(vectors))[:_EPS_ROWS]
        nearest = NearestNeighbors(n_neighbors=min(min_samples + 1, len(vectors))).fit(vectors)
        neighbor_distances, _ = nearest.kneighbors(vectors[rows])
        eps = float(np.median(neighbor_distances[:, -1]))
        notes.append(f"dbscan: eps {eps:.4g}, the median distance to neighbor {min_samples}")
    return Clustering(DBSCAN(eps=max(eps, 1e-12), min_samples=min_samples).fit_predict(vectors), notes=notes)


def _kmeans(vectors: np.ndarray, seed: int, k: int) -> Clustering:
    return Clustering(_fitted_kmeans(vectors, seed, k).labels_)


def _fitted_kmeans(vectors: np.ndarray, seed: int, k: int) -> Any:
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=3, random_state=seed).fit(vectors)


def _trimmed_kmeans(vectors: np.ndarray, seed: int, k: int, outliers: float) -> Clustering:
    """k-means-- (Chawla and Gionis 2013): the rows farthest from their center are set aside before centers move."""
    from sklearn.metrics import pairwise_distances_argmin_min

    centers = _fitted_kmeans(vectors, seed, k).cluster_centers_
    trimmed_count = int(outliers * len(vectors))
    labels = np.full(len(vectors), -1)
    for _ in range(_TRIMMING_STEPS):
        nearest, distance = pairwise_distances_argmin_min(vectors, centers)
        nearest[np.argsort(distance, kind="stable")[len(vectors) - trimmed_count :]] = -1
        if (nearest == labels).all():
            break
        labels = nearest
        inside = labels >= 0
        counts = np.bincount(labels[inside], minlength=k)
        sums = np.stack([np.bincount(labels[inside], column, minlength=k) for column in vectors[inside].T], axis=1)
        centers = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centers).astype(np.float32)
    return Clustering(labels)


def _ward(vectors: np.ndarray, seed: int, k: int | None = None, threshold: float | None = None) -> Clustering:
    from scipy.cluster.hierarchy import fcluster, linkage

    tree = linkage(vectors, "ward")
    if k is not None:
        return Clustering(fcluster(tree, k, "maxclust") - 1)
    return Clustering(fcluster(tree, threshold, "distance") - 1)


def _spectral(vectors: np.ndarray, seed: int, k: int) -> Clustering:
    import warnings

    from sklearn.cluster import SpectralClustering

    model = SpectralClustering(
        k,
        affinity="nearest_neighbors",
        n_neighbors=min(15, len(vectors)),
        random_state=seed,
        assign_labels="cluster_qr",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a graph in several parts still has clusters
        return Clustering(model.fit_predict(vectors))


def _evoc(vectors: np.ndarray, seed: int, min_cluster_size: int) -> Clustering:
    from evoc import EVoC

    model = EVoC(base_min_cluster_size=min_cluster_size, random_state=seed).fit(vectors)
    strength = np.asarray(model.membership_strengths_, np.float32)
    return Clustering(np.asarray(model.labels_), strength, ["evoc: takes the vectors before the reduction"])


_METHODS: dict[str, Callable[..., Clustering]] = {
    "hdbscan": _hdbscan,
    "optics": _optics,
    "dbscan": _dbscan,
    "kmeans": _kmeans,
    "trimmed-kmeans": _trimmed_kmeans,
    "ward": _ward,
    "spectral": _spectral,
    "evoc": _evoc,
}


def _by_size(labels: np.ndarray) -> np.ndarray:
    """Returns the labels numbered by size, the largest first; of equal sizes, the one that occurs first."""
    unique_labels, first, size = np.unique(labels[labels >= 0], return_index=True, return_counts=True)
    order = np.lexsort((first, -size))
    number = np.full(int(labels.max(initial=-1)) + 2, -1, np.int32)  # the last place is for -1
    number[unique_labels[order]] = np.arange(len(unique_labels))
    return number[labels]
