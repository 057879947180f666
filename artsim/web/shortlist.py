"""Candidates of a search from the approximate index that ``jobs.neighbors`` keeps in the archive."""

import logging
from threading import Lock

import numpy as np
import pyarrow as pa

from artsim.archive import UserError
from artsim.space.features import Space
from artsim.space.index import Index, load_current
from artsim.web.collection import Collection

_log = logging.getLogger(__name__)


class Shortlist:
    """The index of a space, with the number of the artwork that each of its keys stands for; -1 if it isn't shown."""

    def __init__(self, index: Index, collection: Collection) -> None:
        self._index = index
        self._numbers = collection.numbers(pa.array(index.ids, pa.string()))
        self._lock = Lock()  # a graph of usearch serves one caller at a time

    def numbers(self, query: np.ndarray, count: int) -> np.ndarray:
        """Returns the numbers of about the ``count`` artworks nearest to a query, float32 (d,); fewer are shown."""
        with self._lock:
            keys = self._index.nearest(np.asarray(query, np.float32)[None], count)[0]
        numbers = self._numbers[keys]
        return numbers[numbers >= 0]


def shortlist(collection: Collection, features: str) -> Shortlist | None:
    """Returns the shortlist of features; None if the archive has no index of them, or an older one."""
    try:
        index = load_current(Space(collection.archive, [features]), "cosine")
    except UserError as error:
        _log.warning("searching without an index: %s", error)
        return None
    return Shortlist(index, collection) if index else None
