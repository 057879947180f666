"""A query of the page: words, filters, years and a set; the artworks that match it, in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from artsim.archive import UserError
from artsim.web.filters import combined
from artsim.web.site import Site


@dataclass(frozen=True)
class Query:
    """What a person looks for; the fields are the parameters of ``/api/search`` and of the page's own address."""

    q: str = ""
    filter: Sequence[str] = ()
    years: str = ""
    set: str = ""


@dataclass(frozen=True)
class SearchResult:
    """``numbers``, int64 (m,), best first, and ``scores``, float32 (m,); counts of values by column."""

    numbers: np.ndarray
    scores: np.ndarray
    facets: dict[str, list[dict[str, Any]]]


def find(site: Site, query: Query, *, facets: bool = True) -> SearchResult:
    """Finds the artworks that match a query. Raises ``UserError`` for filters that make no sense."""
    masks = site.filters.by_column(query.filter)
    others = np.ones(len(site.collection), bool)
    numbers = np.arange(len(site.collection))
    scores = np.zeros(len(site.collection), np.float32)
    if query.q.strip():
        numbers, scores = site.words.find(" ".join(query.q.split())[:300])
        others = np.zeros(len(site.collection), bool)
        others[numbers] = True
    if query.years:
        others = others & site.filters.years(query.years)
    if query.set:
        others = others & site.filters.sets.mask(query.set)
    kept = combined(masks, others)[numbers]
    counts = site.filters.facets(masks, others) if facets else {}
    return SearchResult(numbers[kept], scores[kept], counts)


def years_of(first: int | None, last: int | None) -> str:
    """Returns the years as in an address; empty if there is no limit."""
    if first is not None and last is not None and first > last:
        raise UserError(f"year_from {first}: must not be after year_to {last}")
    return "" if first is None and last is None else f"{'' if first is None else first}-{'' if last is None else last}"
