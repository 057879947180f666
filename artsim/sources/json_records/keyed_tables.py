"""Reads tables stored as one JSON object: rows keyed by id, or columns keyed by name."""

from collections.abc import Callable
from typing import Any

from artsim.sources.json_records.flatten import count_known_keys
from artsim.sources.tables.columns import ID_NAMES, plain_name

_SAMPLED_OBJECTS = 20  # objects inspected


def by_key(value: dict[str, Any], is_about: Callable[[str], bool]) -> list[Any] | None:
    """Return the rows of an object that maps ids to rows; None if the object is not of this kind.

    Other keys are allowed only if ``is_about`` accepts them (metadata). A row without an id gets its key as ``id``.
    """
    rows = {key: row for key, row in value.items() if isinstance(row, dict)}
    if len(rows) < len(value):
        rows = {key: row for key, row in rows.items() if not is_about(key)}
        if not all(is_about(key) for key in value if key not in rows):
            return None
    has_numbers = all(map(_has_number, rows))
    if (
        len(rows) < (1 if has_numbers else 2)
        or count_known_keys(rows)
        or not _are_rows(list(rows.values()), has_numbers)
    ):
        return None
    return [row if ID_NAMES.intersection(map(plain_name, row)) else {"id": key, **row} for key, row in rows.items()]


def by_column(value: dict[str, Any]) -> list[Any] | None:
    """Return the rows of an object that stores each column by name; None if the object is not of this kind.

    Accepts what pandas writes: per column a list of values, or values by row number; or ``columns`` with the names
    beside ``data`` with a list of values per row.
    """
    names, rows = value.get("columns"), value.get("data")
    if isinstance(names, list) and all(isinstance(name, str) for name in names) and rows and isinstance(rows, list):
        is_table = all(isinstance(row, list) and len(row) == len(names) for row in rows)
        return [dict(zip(names, row, strict=True)) for row in rows] if is_table else None
    if len(value) < 2 or not count_known_keys(value):
        return None
    # lists of one value may be a single row
    if all(isinstance(values, list) and len(values) > 1 for values in value.values()):
        columns = [dict(enumerate(values)) for values in value.values()]
    elif all(isinstance(values, dict) and all(map(_has_number, values)) for values in value.values()):
        columns = list(value.values())
    else:
        return None
    keys = list(columns[0])
    is_nested = any(isinstance(cell, list | dict) for column in columns for cell in column.values())
    if not keys or is_nested or any(list(column) != keys for column in columns):
        return None
    return [{name: column[key] for name, column in zip(value, columns, strict=True)} for key in keys]


def _has_number(key: str) -> bool:
    return any(map(str.isdecimal, key))


def _are_rows(objects: list[dict[str, Any]], has_numbers: bool) -> bool:
    """Whether objects look like rows: they share a key, and each has known column names.

    With ``has_numbers``, objects with the same keys are enough.
    """
    sample = [row for row in objects[:_SAMPLED_OBJECTS] if row]
    if not sample or not all(count_known_keys(row) >= (1 if has_numbers else 2) for row in sample):
        return has_numbers and len(sample) > 1 and all(set(row) == set(sample[0]) and len(row) > 1 for row in sample)
    return bool(set.intersection(*map(set, sample)))
