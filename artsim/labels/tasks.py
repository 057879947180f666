"""Columns of the catalog as tasks: the labels to learn and the label of each artwork."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from artsim.annotations.known_groups import catalog_columns, check_source
from artsim.archive import Archive, UserError
from artsim.labels.options import LabelsOptions
from artsim.labels.periods import period_names, periods

DATE = "date"
LONGEST = 200  # characters of a label; a longer value is a text, not a label
_MAX_LABELS = 2000  # labels of a task


@dataclass(frozen=True)
class Task:
    """A column with ``labels``, c texts, in the order of their frequency (periods: of time).

    ``targets``, bool (n, c), marks the labels of each artwork: one, or with a separator several. A row without a mark
    has no label. ``left_out`` counts the artworks of each label that too few artworks have.
    """

    name: str
    labels: tuple[str, ...]
    targets: np.ndarray
    has_several: bool
    left_out: dict[str, int]

    @property
    def known(self) -> np.ndarray:
        """The rows with a label, int64 (m,)."""
        return np.flatnonzero(self.targets.any(axis=1))


def check_columns(options: LabelsOptions) -> None:
    """Raises ``UserError`` unless all columns can be learned and grouped by."""
    for column in options.columns or ():
        if column != DATE:
            _check(column, "columns")
    _check(options.group_by, "group_by")


def read_tasks(archive: Archive, ids: np.ndarray, options: LabelsOptions) -> tuple[list[Task], np.ndarray]:
    """Returns the tasks of artworks, ids object (n,), and the group of each artwork, int64 (n,).

    An artwork without a value of `group_by` is a group of its own. Raises ``UserError`` if a column has fewer than two
    labels that occur `min_count` times, or more than 2,000.
    """
    columns = dict.fromkeys(options.columns or ())
    stored = [column for column in columns if column != DATE]
    years = ["year_from", "year_to"] if DATE in columns else []
    frame = catalog_columns(archive, ids, list(dict.fromkeys([*stored, *years, options.group_by])))
    tasks = [_task(frame, column, options) for column in columns]
    return tasks, _groups(frame, options.group_by)


def group_numbers(archive: Archive, ids: np.ndarray, column: str) -> np.ndarray:
    """Returns the group of each artwork, int64 (n,). An artwork without a value is a group of its own."""
    return _groups(catalog_columns(archive, ids, [column]), column)


def _groups(frame: pd.DataFrame, column: str) -> np.ndarray:
    groups = np.asarray(pd.factorize(frame[column].map(tidy))[0], np.int64)
    alone = np.flatnonzero(groups < 0)
    groups[alone] = groups.max(initial=-1) + 1 + np.arange(len(alone))
    return groups


def tidy(value: object) -> str | None:
    """Returns a value as a label: text on one line.

    Returns None if it is missing, holds no letter or digit (such as "?"), or is longer than 200 characters.
    """
    if value is None or value != value:
        return None
    text = " ".join(str(value)[: 20 * LONGEST].split())
    is_label = len(text) <= LONGEST and len(str(value)) <= 20 * LONGEST and any(map(str.isalnum, text))
    return text if is_label else None


def _check(column: str, option: str) -> None:
    check_source(column, option)
    if column == "links":
        raise UserError(f"`{option}` links: must be a column of the catalog")


def _task(frame: pd.DataFrame, column: str, options: LabelsOptions) -> Task:
    if column == DATE:
        first, last = (frame[name].to_numpy(np.float64, na_value=np.nan) for name in ("year_from", "year_to"))
        values = [[period] if period else [] for period in periods(first, last, options.date_edges)]
    else:
        values = [_labels(value, options.separator) for value in frame[column]]
    counts = Counter(label for labels in values for label in labels)
    kept = [label for label, count in counts.most_common() if count >= options.min_count]
    kept = sorted(kept, key=_order(column, options, counts))
    if not 2 <= len(kept) <= _MAX_LABELS:
        problem = (
            f"only {len(kept)} labels occur" if len(kept) < 2 else f"{len(kept):,} labels are too many; they occur"
        )
        remedy = "lower" if len(kept) < 2 else "raise"
        raise UserError(
            f"`columns` {column}: {problem} `min_count` {options.min_count} times among the {len(frame):,} artworks "
            f"with a vector; {remedy} it or choose another column"
        )
    number = {label: position for position, label in enumerate(kept)}
    targets = np.zeros((len(values), len(kept)), bool)
    for row, labels in enumerate(values):
        targets[row, [number[label] for label in labels if label in number]] = True
    left_out = {label: count for label, count in counts.most_common() if label not in number}
    return Task(column, tuple(kept), targets, options.separator is not None and column != DATE, left_out)


def _labels(value: object, separator: str | None) -> list[str]:
    parts = [value] if separator is None or not isinstance(value, str) else value[:_MAX_LABELS].split(separator)
    return list(dict.fromkeys(label for label in map(tidy, parts) if label is not None))


def _order(column: str, options: LabelsOptions, counts: Counter[str]) -> Callable[[str], tuple[int, str]]:
    """The key by which labels are sorted: periods by time, others by frequency, most frequent first."""
    if column == DATE:
        places = {name: place for place, name in enumerate(period_names(options.date_edges))}
        return lambda label: (places[label], label)
    return lambda label: (-counts[label], label)
