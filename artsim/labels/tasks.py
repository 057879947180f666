"""Columns of the catalog as tasks: the labels to learn and the label of each artwork."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from artsim.annotations.known_groups import catalog_columns, check_source
from artsim.archive import Archive, UserError
from artsim.labels.options import LabelsOptions
from artsim.labels.periods import period_names, periods

DATE = "date"
LEVEL = ">"  # between the columns of a task with levels
LONGEST = 200  # characters of a label; a longer value is a text, not a label
_MAX_LABELS = 2000  # labels of a task
_DEEPEST = 6  # levels of a column
_LONGEST_PATH = 20 * LONGEST * _DEEPEST  # characters of a value with levels; a longer one is a text


@dataclass(frozen=True)
class Task:
    """A column with ``labels``, c texts, in the order of their frequency (periods: of time).

    ``targets``, bool (n, c), marks the labels of each artwork: one, or with a separator several. A row without a mark
    has no label. ``left_out`` counts the artworks of each label that too few artworks have.

    A task that subdivides the one before it, as subtypes do types, has ``parents``, int (c,): the number of the type of
    each label. An artwork with a subtype has its type. A type without subtypes is a label of the subtypes, without
    artworks.
    """

    name: str
    labels: tuple[str, ...]
    targets: np.ndarray
    has_several: bool
    left_out: dict[str, int]
    parents: np.ndarray | None = None

    def of_rows(self, rows: np.ndarray) -> "Task":
        """Returns the task of some artworks, rows int (m,) or bool (n,)."""
        return replace(self, targets=self.targets[rows])

    @property
    def known(self) -> np.ndarray:
        """The rows with a label, int64 (m,)."""
        return np.flatnonzero(self.targets.any(axis=1))


def columns_of(options: LabelsOptions) -> list[str]:
    """Returns the catalog columns, and date, that the options name, each once."""
    return list(dict.fromkeys(column for text in options.columns or () for column in levels_of(text)))


def levels_of(text: str) -> list[str]:
    """Returns the columns of a task: several if it has levels, such as type>style."""
    return text.split(LEVEL)


def check_columns(options: LabelsOptions) -> None:
    """Raises ``UserError`` unless all columns can be learned and grouped by."""
    every = [column for text in dict.fromkeys(options.columns or ()) for column in levels_of(text)]
    for column in every:
        if column != DATE:
            _check(column, "columns")
        if every.count(column) > 1:
            raise UserError(f"`columns` {' '.join(options.columns or ())}: {column} is given twice")
    _check(options.group_by, "group_by")


def read_tasks(archive: Archive, ids: np.ndarray, options: LabelsOptions) -> tuple[list[Task], np.ndarray]:
    """Returns the tasks of artworks, ids object (n,), and the group of each artwork, int64 (n,).

    Each level of a column is a task, which follows that of the level above. An artwork without a value of `group_by` is
    a group of its own. Raises ``UserError`` if a column has fewer than two labels that occur `min_count` times, or more
    than 2,000, or if `level_separator` separates nothing.
    """
    columns = columns_of(options)
    stored = [column for column in columns if column != DATE]
    years = ["year_from", "year_to"] if DATE in columns else []
    frame = catalog_columns(archive, ids, list(dict.fromkeys([*stored, *years, options.group_by])))
    separator = options.level_separator
    if separator is not None and all(len(_split(frame[column], separator)) < 2 for column in stored):
        raise UserError(f"`level_separator` {separator}: no value of {', '.join(columns)} has a second level")
    tasks = [task for text in dict.fromkeys(options.columns or ()) for task in _tasks(frame, text, options)]
    return tasks, _groups(frame, options.group_by)


def with_levels(tasks: Sequence[Task]) -> list[list[Task]]:
    """Returns each task that stands by itself together with those that subdivide it, in the order of the levels."""
    out: list[list[Task]] = []
    for task in tasks:
        if task.parents is None:
            out.append([task])
        else:
            out[-1].append(task)
    return out


def strata(tasks: Sequence[Task]) -> np.ndarray:
    """Returns what folds are stratified by, bool (n, k): the first mark of a row is its label in the first task.

    That is the label of the lowest level that the artwork has, or of the next task if it has none.
    """
    return np.concatenate([task.targets for levels in with_levels(tasks) for task in reversed(levels)], axis=1)


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


def _tasks(frame: pd.DataFrame, text: str, options: LabelsOptions) -> list[Task]:
    """Returns the task of a column, or a task for each of its levels."""
    columns = levels_of(text)
    names, values = columns, [_values(frame, column, options) for column in columns]
    if options.level_separator is not None and columns[0] != DATE:
        values = _split(frame[columns[0]], options.level_separator)
        names = [columns[0], *(f"{columns[0]}-{level}" for level in range(2, len(values) + 1))]
    if len(values) > 1:  # so that a label cannot look like one of another level
        values = [[[label.replace(LEVEL, "›") for label in row] for row in level] for level in values]
    tasks = [_task(names[0], values[0], options)]
    for name, own in zip(names[1:], values[1:], strict=True):
        task = _subdivision(name, tasks[-1], own, options)
        if task is None:
            if len(columns) == 1:
                break  # deeper levels are too rare
            raise UserError(
                f"`columns` {text}: no label of {tasks[-1].name} has two labels of {name} that occur `min_count` "
                f"{options.min_count} times; lower it or learn {name} by itself"
            )
        tasks.append(task)
    return tasks


def _values(frame: pd.DataFrame, column: str, options: LabelsOptions) -> list[list[str]]:
    """Returns the labels of each artwork in a column."""
    if column != DATE:
        return [_labels(value, options.separator) for value in frame[column]]
    first, last = (frame[name].to_numpy(np.float64, na_value=np.nan) for name in ("year_from", "year_to"))
    return [[period] if period else [] for period in periods(first, last, options.date_edges)]


def _split(values: pd.Series, separator: str) -> list[list[list[str]]]:
    """Returns the labels of each level, at most six; a level without a letter or digit ends a value."""
    levels: list[list[list[str]]] = [[[] for _ in values]]
    for row, value in enumerate(values):
        if isinstance(value, str) and len(value) > _LONGEST_PATH:
            continue
        parts = value.split(separator)[:_DEEPEST] if isinstance(value, str) else [value]
        for level, part in enumerate(parts):
            if (label := tidy(part)) is None:
                break
            if level == len(levels):
                levels.append([[] for _ in values])
            levels[level][row] = [label]
    return levels


def _task(name: str, values: list[list[str]], options: LabelsOptions) -> Task:
    counts = Counter(label for labels in values for label in labels)
    kept = [label for label, count in counts.most_common() if count >= options.min_count]
    kept = sorted(kept, key=_order(name, options, counts))
    if not 2 <= len(kept) <= _MAX_LABELS:
        problem = (
            f"only {len(kept)} labels occur" if len(kept) < 2 else f"{len(kept):,} labels are too many; they occur"
        )
        remedy = "lower" if len(kept) < 2 else "raise"
        raise UserError(
            f"`columns` {name}: {problem} `min_count` {options.min_count} times among the {len(values):,} artworks "
            f"with a vector; {remedy} it or choose another column"
        )
    number = {label: position for position, label in enumerate(kept)}
    targets = np.zeros((len(values), len(kept)), bool)
    for row, labels in enumerate(values):
        targets[row, [number[label] for label in labels if label in number]] = True
    left_out = {label: count for label, count in counts.most_common() if label not in number}
    return Task(name, tuple(kept), targets, options.separator is not None and name != DATE, left_out)


def _subdivision(name: str, above: Task, values: list[list[str]], options: LabelsOptions) -> Task | None:
    """Returns the task of the labels, such as "painting > landscape", within those of the task above.

    A label above that has fewer than two frequent labels below is not divided. Returns None if none is. Raises
    ``UserError`` if there are more than 2,000 labels.
    """
    has_type, types = np.asarray(above.targets.any(axis=1)), above.targets.argmax(axis=1)
    pairs = [(int(types[row]), labels[0]) if labels and has_type[row] else None for row, labels in enumerate(values)]
    counts = Counter(pair for pair in pairs if pair is not None)
    frequent = [pair for pair, count in counts.items() if count >= options.min_count]
    divided = Counter(parent for parent, _ in frequent)
    kept = {pair for pair in frequent if divided[pair[0]] > 1}
    if not kept:
        return None
    labels, parents = list[str](), list[int]()
    number: dict[tuple[int, str], int] = {}
    for parent, label_above in enumerate(above.labels):
        below = [label for of, label in kept if of == parent]
        below.sort(key=_order(name, options, Counter({label: counts[parent, label] for label in below})))
        for label in below:
            number[parent, label] = len(labels)
            labels.append(_path(label_above, label))
            parents.append(parent)
        if not below:
            labels.append(label_above)
            parents.append(parent)
    if len(labels) > _MAX_LABELS:
        raise UserError(f"`columns` {name}: {len(labels):,} labels are too many; raise `min_count` {options.min_count}")
    targets = np.zeros((len(values), len(labels)), bool)
    for row, pair in enumerate(pairs):
        if pair in number:
            targets[row, number[pair]] = True
    left_out = {
        _path(above.labels[parent], label): count
        for (parent, label), count in counts.most_common()
        if (parent, label) not in number
    }
    return Task(name, tuple(labels), targets, has_several=False, left_out=left_out, parents=np.array(parents))


def _path(label_above: str, label: str) -> str:
    return f"{label_above} {LEVEL} {label}"


def _labels(value: object, separator: str | None) -> list[str]:
    parts = [value] if separator is None or not isinstance(value, str) else value[:_MAX_LABELS].split(separator)
    return list(dict.fromkeys(label for label in map(tidy, parts) if label is not None))


def _order(column: str, options: LabelsOptions, counts: Counter[str]) -> Callable[[str], tuple[int, str]]:
    """The key by which labels are sorted: periods by time, others by frequency, most frequent first."""
    if column == DATE:
        places = {name: place for place, name in enumerate(period_names(options.date_edges))}
        return lambda label: (places[label], label)
    return lambda label: (-counts[label], label)
