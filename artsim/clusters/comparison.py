"""The scores of a clustering, and the table that compares several."""

import math
from typing import Any

import numpy as np

from artsim.annotations.known_groups import LINKS, known_groups
from artsim.archive import Archive, UserError
from artsim.clusters.combinations import Combination
from artsim.clusters.constraints import linked_pairs
from artsim.clusters.methods import Clustering, cluster
from artsim.metrics.clusters import (
    agreement,
    cliffs,
    dbcv,
    noise_share,
    novelty,
    precision_recall,
    rounded,
    share_together,
    silhouette,
    sizes,
    stability,
)

_SHARE = 0.8  # of the rows in a resample
_DENSITY = ("hdbscan", "optics", "dbscan")  # methods that DBCV is meant for


def quality(
    clustering: Clustering,
    method: str,
    parameters: dict[str, Any],
    vectors: np.ndarray,
    raw: np.ndarray | None,
    seed: int,
    resample_count: int,
) -> dict[str, Any]:
    """Returns the scores of a clustering that need no known groups; None where a score is not defined.

    The stability clusters ``resample_count`` random shares of 80% of the rows again, without constraints.
    """
    labels = clustering.labels
    size = sizes(labels)
    scores: dict[str, Any] = {
        "clusters": len(size),
        "largest": int(size.max(initial=0)),
        "median": float(np.median(size)) if len(size) else None,
        "smallest": int(size.min()) if len(size) else 0,
        "noise": rounded(noise_share(labels)),
        "silhouette": rounded(silhouette(vectors, labels, seed)),
        "dbcv": rounded(dbcv(vectors, labels)) if method in _DENSITY else None,
        "stability": None,
    }
    least = max(parameters.get(name) or 0 for name in ("min_cluster_size", "min_samples", "k"))
    if resample_count and least < int(_SHARE * len(labels)):
        rng = np.random.default_rng(seed)
        resample_rows = [
            np.sort(rng.permutation(len(labels))[: int(_SHARE * len(labels))]) for _ in range(resample_count)
        ]
        resamples = [
            (rows, cluster(method, parameters, vectors[rows], raw=None if raw is None else raw[rows], seed=seed).labels)
            for rows in resample_rows
        ]
        scores["stability"] = rounded(stability(labels, resamples))
    return scores


def against_known(archive: Archive, ids: np.ndarray, labels: np.ndarray, against: str) -> dict[str, Any]:
    """Returns the scores of a clustering against links or a catalog column.

    ``precision`` and ``recall`` are means over the ``scored`` clusters, which have at least two artworks of
    known groups.
    """
    known = known_groups(archive, ids, against)
    if not (known >= 0).any():
        unit = "a link" if against == LINKS else "a value"
        raise UserError(f"`against` {against}: none of these artworks has {unit}")
    ari, ami = agreement(labels, known)
    precision, recall = precision_recall(labels, known)
    scored = ~np.isnan(precision)
    grown, added, new = novelty(labels, known)
    scores = {
        "ari": rounded(ari),
        "ami": rounded(ami),
        "precision": rounded(precision[scored].mean() if scored.any() else math.nan),
        "recall": rounded(recall[scored].mean() if scored.any() else math.nan),
        "scored": int(scored.sum()),
    }
    if (known < 0).any():
        scores |= {"groups_grown": grown, "artworks_added": added, "new_clusters": new}
    if against == LINKS:
        accepted, rejected, _ = linked_pairs(archive, ids)
        scores["accepted_together"] = rounded(share_together(labels, accepted))
        scores["rejected_apart"] = rounded(1 - share_together(labels, rejected))
    return scores


def comparison_row(combination: Combination, about: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Returns a row of the comparison table."""
    scores = {key: value for key, value in about["scores"].items() if not isinstance(value, dict)}
    return {"by": combination.title, **scores, **known, "name": combination.name}


def cliff_lines(combinations: list[Combination], clusters: list[int]) -> list[str]:
    """Returns a line for each small change of `min_cluster_size` that changes the clusters by more than half."""
    series: dict[str, list[tuple[int, int]]] = {}
    for combination, count in zip(combinations, clusters, strict=True):
        if "min_cluster_size" in combination.parameters:
            others = {key: value for key, value in combination.parameters.items() if key != "min_cluster_size"}
            title = Combination("", combination.method, others).title
            series.setdefault(title, []).append((combination.parameters["min_cluster_size"], count))
    lines = []
    for title, pairs in series.items():
        values, counts = zip(*sorted(pairs), strict=True)
        lines += [
            f"{title}: `min_cluster_size` {values[a]} gives {counts[a]} clusters, {values[b]} gives {counts[b]}"
            for a, b in cliffs(values, counts)
        ]
    return lines
