"""Filters of the collection: which artworks have given values, years or clusters, or are in a stored set."""

import contextlib
import re
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from artsim.archive import UserError
from artsim.web.columns import Category, Columns
from artsim.web.groups import Groups

_SETS = 1_000  # sets kept, the latest
_NAME = re.compile("[0-9a-f]{16}")  # of a set
_FACETS = 100  # values of a column whose counts are sent
_YEARS = re.compile(r"\s*(-?\d{1,6})?\s*[-–…]\s*(-?\d{1,6})?\s*")


class Filters:
    """Turns filters into masks, bool (n,).

    A filter is ``COLUMN:VALUE``, ``label/NAME/TASK:VALUE`` or ``cluster/NAME:NUMBER``. Values of the same column are
    alternatives; different columns must all match. An empty value means that there is none.
    """

    def __init__(self, count: int, columns: Columns, groups: Groups, sets: Path) -> None:
        self._count, self._columns, self._groups = count, columns, groups
        self.sets = Sets(count, sets)

    def by_column(self, filters: Sequence[str]) -> dict[str, np.ndarray]:
        """Returns the mask of each column that is filtered. Raises ``UserError`` for one that doesn't exist."""
        masks: dict[str, np.ndarray] = {}
        for text in filters:
            column, mark, value = text.partition(":")
            if not mark:
                raise UserError(f"filter {text[:100]}: must be COLUMN:VALUE")
            mask = self._mask(column, value)
            masks[column] = masks[column] | mask if column in masks else mask
        return masks

    def years(self, years: str) -> np.ndarray:
        """Returns which artworks may be of the years ``FROM-TO``; one of the two may be left out."""
        match = _YEARS.fullmatch(years)
        if match is None:
            raise UserError(f"years {years[:40]}: must be FROM-TO, as in 1500-1600")
        first, last = (
            float(text) if text else sign * np.inf for text, sign in zip(match.groups(), (-1, 1), strict=True)
        )
        numbers = {name: self._columns.number(name) for name in ("year_from", "year_to")}
        low = np.where(np.isnan(numbers["year_from"]), numbers["year_to"], numbers["year_from"])
        high = np.where(np.isnan(numbers["year_to"]), numbers["year_from"], numbers["year_to"])
        return np.asarray((low <= last) & (high >= first))

    def facets(self, masks: dict[str, np.ndarray], others: np.ndarray) -> dict[str, list[dict[str, Any]]]:
        """Counts the values of each category among the artworks that match everything but this column's own filter."""
        return {
            name: _counted(self._columns.category(name), _all([others, *_without(masks, name)]))
            for name in self._columns.categories
        }

    def _mask(self, column: str, value: str) -> np.ndarray:
        kind, _, name = column.partition("/")
        if kind == "cluster" and name:
            if name not in self._groups.cluster_names or not re.fullmatch(r"-?\d{1,9}", value):
                raise UserError(f"filter {column[:100]}:{value[:20]}: no such cluster")
            return np.asarray(self._groups.clusters(name) == int(value))
        if kind == "label" and name:
            table, _, task = name.partition("/")
            if task not in self._groups.labels.get(table, ()):
                raise UserError(f"filter {column[:100]}: no such label")
            return _equal(self._groups.label(table, task), value)
        if column not in self._columns.categories:
            raise UserError(
                f"filter {column[:100]}: no such column; choose one of {', '.join(self._columns.categories)}"
            )
        return _equal(self._columns.category(column), value)


class Sets:
    """Sets of artworks under short names: the same artworks have the same name.

    They are files on the local disk, which servers of the same archive on one machine share. The latest ``_SETS`` are
    kept, also after a restart, as long as neither the catalog nor an image changes.
    """

    def __init__(self, count: int, folder: Path) -> None:
        self._count, self._folder = count, folder

    def keep(self, numbers: Sequence[int]) -> str:
        """Stores a set and returns its name. Raises ``UserError`` for numbers that no artwork has."""
        kept = np.unique(np.array(numbers, np.int64)) if len(numbers) else np.empty(0, np.int64)
        if len(kept) and not 0 <= kept[0] <= kept[-1] < self._count:
            raise UserError(f"numbers: must be 0 to {self._count - 1}")
        kept = kept.astype(np.uint32)
        name = sha256(kept.tobytes()).hexdigest()[:16]
        path = self._folder / f"{name}.npy"
        if path.exists():
            path.touch()
            return name
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".tmp", delete=False) as draft:
            np.save(draft, kept)
        Path(draft.name).replace(path)
        latest = sorted(self._folder.glob("*.npy"), key=lambda file: file.stat().st_mtime)
        for old in latest[:-_SETS]:
            old.unlink(missing_ok=True)
        return name

    def numbers(self, name: str) -> np.ndarray:
        """The numbers of a set, uint32, sorted. Raises ``UserError`` if it isn't there any more."""
        if _NAME.fullmatch(name):
            with contextlib.suppress(FileNotFoundError):
                return np.asarray(np.load(self._folder / f"{name}.npy"))
        raise UserError(f"set {name[:40]}: no longer there; select its artworks again")

    def mask(self, name: str) -> np.ndarray:
        """The artworks of a set, bool (n,)."""
        mask = np.zeros(self._count, bool)
        mask[self.numbers(name)] = True
        return mask


def combined(masks: dict[str, np.ndarray], others: np.ndarray) -> np.ndarray:
    """Returns which artworks match everything."""
    return _all([others, *masks.values()])


def _all(masks: Sequence[np.ndarray]) -> np.ndarray:
    return masks[0] if len(masks) == 1 else np.logical_and.reduce(masks)


def _without(masks: dict[str, np.ndarray], name: str) -> list[np.ndarray]:
    return [mask for column, mask in masks.items() if column != name]


def _equal(category: Category, value: str) -> np.ndarray:
    if not value:
        return np.asarray(category.codes == 0)
    try:
        code = category.values.index(value) + 1
    except ValueError:
        return np.zeros(len(category.codes), bool)
    return np.asarray(category.codes == code)


def _counted(category: Category, mask: np.ndarray) -> list[dict[str, Any]]:
    counts = np.bincount(category.codes[mask], minlength=len(category.values) + 1)[1:]
    best = np.argsort(-counts, kind="stable")[:_FACETS]
    return [{"value": category.values[code], "count": int(counts[code])} for code in best if counts[code]]
