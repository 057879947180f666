"""Assigns new artworks to existing clusters, one by one: an artwork does not depend on others that come with it."""

from itertools import pairwise

import numpy as np

NEIGHBORS = 5  # rank of the neighbor whose distance is a row's core distance
_MEMBERS = 20_000  # members of a larger cluster that stand for all of them
_CELLS = 1 << 25  # distances held at a time


def assign(new: np.ndarray, vectors: np.ndarray, labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """Returns the cluster of each new vector (m, d), int32 (m,), from those of the clustered vectors (n, d).

    The core distance of a vector is its distance to its fifth nearest member of a cluster, itself excluded. The mutual
    reachability of two vectors is the largest of their core distances and their distance, as in HDBSCAN. The radius of
    a cluster is the largest mutual reachability between a member and the member that it reaches best, so that each
    member lies within the radius. A new vector joins the cluster whose members it reaches best, if that is within the
    cluster's radius; otherwise it is noise (-1). Clusters above 20,000 members are represented by a sample.
    """
    best = np.full(len(new), np.inf, np.float32)
    chosen = np.full(len(new), -1, np.int32)
    rng = np.random.default_rng(seed)
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(labels.max(initial=-1) + 2))
    for cluster, (start, stop) in enumerate(pairwise(starts)):
        rows = order[start:stop]
        if len(rows) > _MEMBERS:
            rows = rng.choice(rows, _MEMBERS, replace=False)
        if len(rows) < 2:
            continue
        members = vectors[rows]
        core = _nearest(members, members, None, itself=True)
        radius = _nearest(members, members, core, itself=True).max()
        reach = _nearest(new, members, core, itself=False)
        nearer = reach < best
        best[nearer], chosen[nearer] = reach[nearer], np.where(reach[nearer] <= radius, cluster, -1)
    return chosen


def _nearest(queries: np.ndarray, members: np.ndarray, core: np.ndarray | None, *, itself: bool) -> np.ndarray:
    """Returns the core distance of each query if ``core`` is None, else its smallest mutual reachability; (m,).

    ``core`` are the core distances of the members; ``itself`` says that the queries are the members.
    """
    k = min(NEIGHBORS, len(members) - itself)
    out = np.empty(len(queries), np.float32)
    step = max(_CELLS // len(members), 1)
    for start in range(0, len(queries), step):
        distances = _distances(queries[start:][:step], members)
        if itself:
            own = np.arange(len(distances))
            distances[own, start + own] = np.inf
        at_core = np.partition(distances, k - 1, axis=1)[:, k - 1]
        if core is not None:
            distances = np.maximum(np.maximum(distances, core), at_core[:, None])
            at_core = distances.min(1)
        out[start:][:step] = at_core
    return out


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    from scipy.spatial.distance import cdist

    return cdist(a, b).astype(np.float32)
