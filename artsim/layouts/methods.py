"""Maps vectors to positions on a plane, by UMAP, t-SNE, PaCMAP, LocalMAP or PCA."""

import logging
import warnings
from typing import Any

import numpy as np

from artsim.errors import UserError
from artsim.layouts.options import METHODS
from artsim.metrics.vectors import unit_length
from artsim.space.graph import knn_graph

__all__ = ["METHODS", "NEIGHBORS", "coordinates"]

NEIGHBORS = {"umap": 15, "tsne": 30, "pacmap": 10, "localmap": 10}  # the defaults of the libraries

_MIN_VECTORS = 10  # fewer vectors than this have no neighborhoods to preserve
_PAIRWISE = {"cosine": "euclidean", "euclidean": "euclidean", "cityblock": "manhattan"}  # PaCMAP's names


def coordinates(
    vectors: np.ndarray,
    method: str,
    *,
    seed: int = 0,
    metric: str = "cosine",
    neighbors: int | None = None,
    min_dist: float = 0.1,
    labels: np.ndarray | None = None,
) -> np.ndarray:
    """Returns a position on the plane for each of these vectors, float32 (n, d): float32 (n, 2).

    ``method`` is one of ``METHODS``. ``neighbors`` is the number of neighbors (t-SNE: the perplexity); the default is
    the one of each method in ``NEIGHBORS``. UMAP alone uses ``min_dist`` and ``labels``, int (n,), the class of each
    vector, -1 if unknown. Fewer than 10 vectors are mapped by PCA. UMAP and t-SNE use exact neighbors. All methods
    run on one core, so that the same seed gives the same positions. Raises ``UserError`` for PaCMAP with a metric that
    it lacks.

    Sources: McInnes, Healy and Melville, UMAP, 2018; van der Maaten and Hinton, Visualizing data using t-SNE, 2008, as
    in Poličar, Stražar and Zupan, openTSNE, 2019; Wang, Huang, Rudin and Shaposhnik, PaCMAP, 2021; Wang, Sun, Huang
    and Rudin, LocalMAP, 2025.
    """
    vectors = np.ascontiguousarray(vectors, np.float32)
    rows = unit_length(vectors) if metric == "cosine" else vectors
    if method == "pca" or len(vectors) < _MIN_VECTORS:
        return _pca(rows, seed)
    n_neighbors = min(neighbors or NEIGHBORS[method], len(vectors) - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the one core and the missing search index, both intended
        if method == "umap":
            return _umap(vectors, seed, metric, max(n_neighbors, 2), min_dist, labels)
        if method == "tsne":
            return _tsne(vectors, rows, seed, metric, n_neighbors)
        return _pacmap(rows, seed, metric, n_neighbors, local=method == "localmap")


def _pca(rows: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.decomposition import PCA

    count = min(2, *rows.shape)
    positions = PCA(count, random_state=seed).fit_transform(rows) if len(rows) > 1 else np.zeros((len(rows), 0))
    return np.pad(positions, ((0, 0), (0, 2 - positions.shape[1]))).astype(np.float32)


def _umap(
    vectors: np.ndarray, seed: int, metric: str, n_neighbors: int, min_dist: float, labels: np.ndarray | None
) -> np.ndarray:
    import umap

    indices, distances = knn_graph(vectors, n_neighbors - 1, metric)
    itself = np.arange(len(vectors))[:, None]  # UMAP counts a vector among its own neighbors
    graph = (
        np.hstack([itself, indices]).astype(np.int32),
        np.hstack([np.zeros(itself.shape), distances]).astype(np.float32),
    )
    # The graph has the distances. UMAP checks the name of the metric and does not know all of ours.
    named = metric if metric in ("cosine", "euclidean") else "euclidean"
    fitted = umap.UMAP(
        n_neighbors=n_neighbors, min_dist=min_dist, random_state=seed, n_jobs=1, precomputed_knn=graph, metric=named
    )
    return np.asarray(fitted.fit_transform(vectors, labels), np.float32)


def _tsne(vectors: np.ndarray, rows: np.ndarray, seed: int, metric: str, perplexity: int) -> np.ndarray:
    from openTSNE import TSNE
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.initialization import pca
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    logging.getLogger("openTSNE").setLevel(logging.WARNING)
    perplexity = max(min(perplexity, (len(vectors) - 1) // 3), 1)
    indices, distances = knn_graph(vectors, 3 * perplexity, metric)
    affinities = PerplexityBasedNN(perplexity=perplexity, knn_index=PrecomputedNeighbors(indices, distances))
    fitted = TSNE(perplexity=perplexity, random_state=seed, n_jobs=1)
    start: Any = pca(rows, random_state=seed)
    return np.asarray(fitted.fit(affinities=affinities, initialization=start), np.float32)


def _pacmap(rows: np.ndarray, seed: int, metric: str, n_neighbors: int, *, local: bool) -> np.ndarray:
    if metric not in _PAIRWISE:
        raise UserError(f"`metric` {metric}: PaCMAP and LocalMAP take {', '.join(_PAIRWISE)}")
    logging.getLogger("faiss").setLevel(logging.WARNING)  # it names each library that it can't load
    logging.getLogger("pacmap.pacmap").setLevel(logging.ERROR)  # it warns that there is a seed
    import pacmap

    kind = pacmap.LocalMAP if local else pacmap.PaCMAP
    fitted = kind(n_neighbors=n_neighbors, distance=_PAIRWISE[metric], random_state=seed)
    return np.asarray(fitted.fit_transform(rows), np.float32)
