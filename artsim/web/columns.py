"""Columns of the collection as arrays, one entry per artwork: categories as codes, numbers as floats."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artsim.web.collection import Collection

_LABELS = {"year_from": "Year", "year_to": "Year (latest)", "rights": "Rights", "collection": "Collection"}
_CATEGORIES = ("artist", "style", "type", "technique", "location", "school", "collection", "rights")
_NUMBERS = ("year_from", "year_to")
_TEXTS = ("title", "date_text")
_MAX_VALUES = 65_534  # values of a category that a code of 16 bits can tell apart


@dataclass(frozen=True)
class Category:
    """``codes``, uint16 (n,): 0 is missing, code i means ``values[i - 1]``. The most frequent value comes first."""

    codes: np.ndarray
    values: list[str]
    counts: list[int]


class Columns:
    """The columns of a collection that have values."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self.category = lru_cache(maxsize=32)(self._category)
        self.number = lru_cache(maxsize=8)(self._number)
        self.categories = [name for name in _CATEGORIES if self.category(name).values]
        if "collection" in self.categories and len(self.category("collection").values) < 2:
            self.categories.remove("collection")
        self.numbers = [name for name in _NUMBERS if np.isfinite(self.number(name)).any()]

    def described(self) -> list[dict[str, Any]]:
        """Name, label, kind and number of values of each column."""
        rows, described = self._collection.rows, list[dict[str, Any]]()
        for name in self.categories:
            category = self.category(name)
            count = int(np.count_nonzero(category.codes))
            described.append(
                {"name": name, "label": label(name), "kind": "category", "count": count, "values": len(category.values)}
            )
        for name in self.numbers:
            count = int(np.isfinite(self.number(name)).sum())
            described.append({"name": name, "label": label(name), "kind": "number", "count": count})
        for name in _TEXTS:
            if count := len(rows) - rows[name].null_count:
                described.append({"name": name, "label": label(name), "kind": "text", "count": count})
        return described

    def _category(self, name: str) -> Category:
        rows = self._collection.rows
        if name == "collection":
            return category_of(pc.list_element(pc.split_pattern(rows["id"], ":", max_splits=1), 0))
        return category_of(rows[name])

    def _number(self, name: str) -> np.ndarray:
        """A column as float32 (n,), NaN where it has no value."""
        return np.asarray(pc.fill_null(pc.cast(self._collection.rows[name], pa.float32()), np.nan), np.float32)


def category_of(column: pa.ChunkedArray) -> Category:
    """Codes of a column of texts. White space around a text doesn't count, an empty text is missing."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    encoded = encoded.unify_dictionaries().combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0) if encoded.num_chunks else pa.array([], encoded.type)
    texts = [" ".join((text or "").split()) for text in encoded.dictionary.to_pylist()]
    indices = np.asarray(pc.fill_null(encoded.indices, -1)).astype(np.int64)
    counts: dict[str, int] = {}
    for text, count in zip(texts, np.bincount(indices + 1, minlength=len(texts) + 1)[1:].tolist(), strict=True):
        if text and count:
            counts[text] = counts.get(text, 0) + count
    values = sorted(counts, key=lambda text: (-counts[text], text))[:_MAX_VALUES]
    code = {text: number for number, text in enumerate(values, 1)}
    codes = np.array([0, *(code.get(text, 0) for text in texts)], np.uint16)
    return Category(codes[indices + 1], values, [counts[text] for text in values])


def merged(count: int, parts: Iterable[tuple[np.ndarray, pa.ChunkedArray]]) -> pa.ChunkedArray:
    """One text per artwork, from parts of a table: numbers of artworks and their texts."""
    texts = np.full(count, None, object)
    for numbers, column in parts:
        texts[numbers] = column.to_pylist()
    return pa.chunked_array([pa.array(texts, pa.string())])


def label(name: str) -> str:
    """The name of a column for people."""
    return _LABELS.get(name, name.replace("_", " ").capitalize())
