"""Tables kept as one JSON object: rows by their id, or columns by their name."""

from collections.abc import Callable
from typing import Any

from artsim.sources.columns import ID_NAMES, plain_name
from artsim.sources.opened import spoken

_TRIED = 20  # objects that are looked at


def by_key(value: dict[str, Any], is_about: Callable[[str], bool]) -> list[Any] | None:
    """The rows of an object that has each under its id, beside nothing but what ``is_about`` the whole.

    A row without an id gets its key as one. None if the object is not of this kind.
    """
    rows = {key: one for key, one in value.items() if isinstance(one, dict)}
    if len(rows) < len(value):
        rows = {key: one for key, one in rows.items() if not is_about(key)}
        if not all(is_about(key) for key in value if key not in rows):
            return None
    has_numbers = all(map(_has_number, rows))
    if len(rows) < (1 if has_numbers else 2) or spoken(rows) or not _are_rows(list(rows.values()), has_numbers):
        return None
    return [one if ID_NAMES.intersection(map(plain_name, one)) else {"id": key, **one} for key, one in rows.items()]


def by_column(value: dict[str, Any]) -> list[Any] | None:
    """The rows of an object that has each column's values as a list, or by the number of the row; or the columns' names
    beside lists of values, as pandas writes all of these.

    None if the object is not of this kind.
    """
    names, rows = value.get("columns"), value.get("data")
    if isinstance(names, list) and all(isinstance(name, str) for name in names) and rows and isinstance(rows, list):
        is_table = all(isinstance(row, list) and len(row) == len(names) for row in rows)
        return [dict(zip(names, row, strict=True)) for row in rows] if is_table else None
    if len(value) < 2 or not spoken(value):
        return None
    if all(isinstance(one, list) and len(one) > 1 for one in value.values()):  # lists of one may be one row
        columns = [dict(enumerate(one)) for one in value.values()]
    elif all(isinstance(one, dict) and all(map(_has_number, one)) for one in value.values()):
        columns = list(value.values())
    else:
        return None
    keys = list(columns[0])
    is_nested = any(isinstance(one, list | dict) for column in columns for one in column.values())
    if not keys or is_nested or any(list(one) != keys for one in columns):
        return None
    return [{name: column[key] for name, column in zip(value, columns, strict=True)} for key in keys]


def _has_number(key: str) -> bool:
    return any(map(str.isdecimal, key))


def _are_rows(objects: list[dict[str, Any]], has_numbers: bool) -> bool:
    """Whether objects are alike, and each says something that a catalogue has."""
    some = [one for one in objects[:_TRIED] if one]
    if not some or not all(spoken(one) >= (1 if has_numbers else 2) for one in some):
        return has_numbers and len(some) > 1 and all(set(one) == set(some[0]) and len(one) > 1 for one in some)
    return bool(set.intersection(*map(set, some)))
