"""Describes each cluster: exemplars, frequent values of the catalog, variances, terms that set its titles apart."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from artsim.annotations.known_groups import catalog_columns
from artsim.archive import Archive
from artsim.metrics.clusters import diversity, rounded
from artsim.text.terms import distinctive_terms

_EXEMPLARS = 5
_FREQUENT = 3  # values of a column
_TERMS = 5
_TITLE = 300  # characters of a title that are read
_PERIOD = 50  # years
_COLUMNS = ("title", "artist", "style", "location", "year_from", "year_to")
# "Rembrandt (follower of)", "Workshop of Rembrandt": the artist is Rembrandt, the attribution is the whole text
_QUALIFIER = re.compile(
    r"\([^)]*\)|^\W*(possibly |probably )?(attributed to|(work)?shop of|studio of|circle of|follower of|followers of"
    r"|school of|manner of|style of|imitator of|copy after|copy of|after)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Exemplars:
    """``main``, int (clusters,), is the row of each cluster's exemplar; ``all`` are the rows of up to five of each.

    ``distance``, float32 (n,), is the distance of each row to the main exemplar of its cluster; NaN for noise.
    """

    main: np.ndarray
    all: list[np.ndarray]
    distance: np.ndarray


def exemplars(vectors: np.ndarray, labels: np.ndarray) -> Exemplars:
    """Returns the exemplars of each cluster of ``vectors`` (n, d).

    The main one is the member nearest to the mean of the cluster. Each other one is the member farthest from those
    chosen before, among the half of the members that is nearest to the mean, so that they are typical but not alike.
    """
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(labels.max(initial=-1) + 2))
    distance = np.full(len(labels), np.nan, np.float32)
    main, exemplar_rows = [], []
    for start, stop in pairwise(starts):
        rows = order[start:stop]
        members = vectors[rows]
        to_mean = np.linalg.norm(members - members.mean(0, dtype=np.float64), axis=1)
        core = np.argsort(to_mean, kind="stable")[: max((len(rows) + 1) // 2, 1)]
        chosen = [core[0]]
        nearest = np.linalg.norm(members[core] - members[core[0]], axis=1)
        while len(chosen) < min(_EXEMPLARS, len(core)) and nearest.max() > 0:
            chosen.append(core[nearest.argmax()])
            nearest = np.minimum(nearest, np.linalg.norm(members[core] - members[chosen[-1]], axis=1))
        distance[rows] = np.linalg.norm(members - members[core[0]], axis=1)
        main.append(rows[core[0]])
        exemplar_rows.append(rows[chosen])
    return Exemplars(np.array(main, np.int64), exemplar_rows, distance)


def describe(archive: Archive, ids: np.ndarray, labels: np.ndarray, exemplars: Exemplars) -> list[dict[str, Any]]:
    """Returns the description of each cluster, in their order, as ``_clusters.json`` stores it.

    ``variances`` are for sorting: ``year`` is a standard deviation in years; ``artist``, ``attribution`` and ``place``
    are the chance that two random members differ. The attribution is the artist with words such as "workshop of". Of
    artists, styles and periods, those of two or more members are listed.
    """
    frame = catalog_columns(archive, ids, _COLUMNS).reset_index(drop=True)
    frame["cluster"] = labels
    frame = frame[frame["cluster"] >= 0]
    frame["year"] = frame[["year_from", "year_to"]].astype(float).mean(axis=1)
    for name in ("artist", "style", "location"):
        text = frame[name].astype("string").str.strip()
        frame[name] = text.where(text != "")
    frame["attribution"] = frame["artist"]
    frame["artist"] = frame["attribution"].map(_without_qualifier, na_action="ignore")
    first = frame["year"] // _PERIOD * _PERIOD
    frame["period"] = [None if np.isnan(year) else f"{year:.0f}–{year + _PERIOD - 1:.0f}" for year in first]
    counts = {
        name: frame.groupby(["cluster", name], sort=True).size()
        for name in ("artist", "style", "period", "attribution", "location")
    }
    years = frame.groupby("cluster")["year"].std(ddof=0)
    terms = title_terms(frame["title"], frame["cluster"], len(exemplars.main))
    size = np.bincount(labels[labels >= 0], minlength=len(exemplars.main))
    return [
        {
            "cluster": cluster,
            "size": int(size[cluster]),
            "exemplars": [str(ids[row]) for row in exemplars.all[cluster]],
            "artists": _frequent(counts["artist"], cluster),
            "styles": _frequent(counts["style"], cluster),
            "periods": _frequent(counts["period"], cluster),
            "variances": {
                "year": rounded(years.get(cluster, np.nan), 4),
                "artist": rounded(diversity(_counts(counts["artist"], cluster)), 4),
                "attribution": rounded(diversity(_counts(counts["attribution"], cluster)), 4),
                "place": rounded(diversity(_counts(counts["location"], cluster)), 4),
            },
            "terms": terms[cluster],
        }
        for cluster in range(len(exemplars.main))
    ]


def title_terms(titles: pd.Series, clusters: pd.Series, count: int) -> list[list[str]]:
    """Returns up to five terms that set the titles of each of ``count`` clusters apart, best first."""
    text = titles.fillna("").astype(str).str.slice(0, _TITLE).groupby(clusters).agg("\n".join)
    return distinctive_terms(text.reindex(range(count), fill_value="").tolist(), _TERMS)


def _without_qualifier(name: str) -> str:
    return " ".join(_QUALIFIER.sub(" ", name).split()) or name


def _counts(counts: pd.Series, cluster: int) -> np.ndarray:
    try:
        return counts.loc[cluster].to_numpy()
    except KeyError:
        return np.empty(0, np.int64)


def _frequent(counts: pd.Series, cluster: int) -> list[dict[str, Any]]:
    try:
        values = counts.loc[cluster]
    except KeyError:
        return []
    best = values[values > 1].sort_values(ascending=False, kind="stable")[:_FREQUENT]
    return [{"value": str(value), "count": int(count)} for value, count in best.items()]
