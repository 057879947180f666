"""How well positions on a plane keep the neighbors of vectors."""

import numpy as np

from artsim.metrics.distance import distances


def trustworthiness(vectors: np.ndarray, positions: np.ndarray, k: int = 10, metric: str = "cosine") -> float:
    """Returns the trustworthiness of positions, (n, 2), for vectors, (n, d): 1 is perfect.

    It falls with every artwork among the k nearest on the plane that is not among the k nearest by vector, the more the
    farther that one is by rank (Venna and Kaski, 2001, as in scikit-learn). ``k`` must be less than n / 2.
    """
    from sklearn.manifold import trustworthiness as score

    table = distances(vectors, vectors, metric)
    np.fill_diagonal(table, 0.0)
    undefined = ~np.isfinite(table)
    table[undefined] = 2 * np.max(table, where=~undefined, initial=0.0) + 1  # beyond all others
    return float(score(np.maximum(table, 0.0), positions, n_neighbors=k, metric="precomputed"))


def knn_recall(vectors: np.ndarray, positions: np.ndarray, k: int = 10, metric: str = "cosine") -> float:
    """Returns the mean share of the k nearest by vector, (n, d), that are among the k nearest on the plane, (n, 2).

    Equal distances are ordered by row.
    """
    near, shown = (_nearest(table, k) for table in ((vectors, metric), (positions, "euclidean")))
    return float(np.mean([len(set(a) & set(b)) / len(a) for a, b in zip(near.tolist(), shown.tolist(), strict=True)]))


def _nearest(rows: tuple[np.ndarray, str], k: int) -> np.ndarray:
    table = np.nan_to_num(distances(rows[0], rows[0], rows[1]), nan=np.inf)
    np.fill_diagonal(table, np.inf)
    return np.argsort(table, axis=1, kind="stable")[:, : min(k, len(table) - 1)]
