"""Years as periods: before the first edge, from each edge to the next, and from the last edge on."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

_MAX_YEARS = 100  # years; a date that is less precise has no period


def period_names(edges: Sequence[int]) -> list[str]:
    """Returns the names of the periods between ascending years: ``before 1350``, ``1350-1449``, ``1450 and after``."""
    between = [f"{first}-{second - 1}" for first, second in pairwise(edges)]
    return [f"before {edges[0]}", *between, f"{edges[-1]} and after"]


def periods(year_from: np.ndarray, year_to: np.ndarray, edges: Sequence[int]) -> list[str | None]:
    """Returns the period of the middle of each date, from years (n,), float with NaN for none.

    If one of the years is missing, the other counts for both. A date of more than 100 years has no period.
    """
    first = np.where(np.isnan(year_from), year_to, year_from)
    last = np.where(np.isnan(year_to), year_from, year_to)
    middle = np.floor((first + last) / 2)
    known = ~np.isnan(middle) & (np.abs(last - first) <= _MAX_YEARS)
    names = period_names(edges)
    numbers = np.searchsorted(np.asarray(edges), np.where(known, middle, 0), side="right")
    return [names[number] if is_known else None for number, is_known in zip(numbers, known, strict=True)]
