"""Finds the rows in an API's answer, which may wrap them singly, as lists or page by page, at various depths."""

import re
from typing import Any, NamedTuple

from artsim.sources.json_records.flatten import INSIDE, count_known_keys, is_image, opened, service_of
from artsim.sources.json_records.keyed_tables import by_column, by_key
from artsim.sources.json_records.nested_text import paths
from artsim.sources.tables.column_names import WEAK
from artsim.sources.tables.columns import IMAGE_NAMES, plain_name
from artsim.sources.tables.image_column import is_image_word
from artsim.sources.tables.value_kinds import Kind, kind_of

_MAX_DEPTH = 6
_SAMPLED_ROWS = 20  # rows of a list that are looked at
_RECORD = 3  # an object with this many known columns is a row, whatever it lists
_MIN_COMMON_KEYS = 0.5  # minimum share of common keys of two lists of the same kind of rows

# Keys under which answers keep their rows, the likeliest first.
_KEYS = ("items", "results", "records", "data", "objects", "artObjects", "bindings", "rows", "hits", "docs", "response",
         "artObject", "record", "object", "works", "artworks", "value", "@graph", "features", "edges")  # fmt: skip
_ABOUT = re.compile(
    r"count|total|response|header|page|size|limit|offset|next|prev|first|last|status|success|took|start|found|info|meta|link|message"
    r"|error|elapsed|version|config|facet|context|cursor|query|request|time|type|kind|license|licence|batchcomplete"
)


_STRONG = frozenset(IMAGE_NAMES) - WEAK  # column names under which any address counts as an image


class _List(NamedTuple):
    """Rows found in an envelope; the list with the highest ``rank`` is the best."""

    rank: tuple[int, int, int]
    rows: list[Any]


def rows_of(value: Any, is_line: bool = False) -> list[Any]:
    """Return the rows of a JSON value: of a list, of the lists in an API's answer or its pages, or a single object.

    Listed items are rows unless the object that lists them is a row itself: it then has more known columns than they
    have, or its own image. ``is_line`` marks a line, which is one of many. A bare address is a row with an image.
    """
    is_alone = not (is_line or isinstance(value, list))
    values = value if isinstance(value, list) and not is_line else [value]
    return [opened(row, service_of(item)) for item in values for row in _rows(item, is_alone)]


def _rows(value: Any, is_alone: bool) -> list[Any]:
    """Return the rows of one answer; ``is_alone`` is false for one of several pages or rows."""
    if isinstance(value, list) and _is_rows(value):
        return value
    if not isinstance(value, dict) or (not is_alone and count_known_keys(value) >= _RECORD and not by_column(value)):
        return [value]
    rows = by_column(value) or _listed(value, is_alone)
    if rows is not None:
        return rows
    return [] if _is_empty(value, is_alone) else [_inner_object(value, is_alone)]


def _listed(value: dict[str, Any], is_alone: bool, depth: int = 0) -> list[Any] | None:
    """Return the rows that an envelope lists at any depth, or None if the object is not an envelope."""
    if depth > _MAX_DEPTH:
        return None
    if rows := by_key(value, _is_about):
        return rows
    candidates = []
    for key, inner in value.items():
        rows = _richer(inner, is_alone, depth) if isinstance(inner, list) and _is_rows(inner) else None
        if isinstance(inner, dict):
            rows = _listed(inner, is_alone, depth + 1)
        if rows and _are_rows(value, key, rows, is_alone):
            rank = _KEYS.index(key) if key in _KEYS else len(_KEYS)
            candidates.append(_List((-rank, _max_known_keys(rows), len(rows)), rows))
    if not candidates:
        return None
    best = max(candidates, key=lambda candidate: candidate.rank)
    return [
        row
        for candidate in candidates
        if candidate is best or _are_alike(candidate.rows, best.rows)
        for row in candidate.rows
    ]


def _richer(values: list[Any], is_alone: bool, depth: int) -> list[Any]:
    """Return a list of objects, or the rows that they list if those have more known columns (rows by category)."""
    inner = [row for item in values if isinstance(item, dict) for row in _listed(item, is_alone, depth + 1) or []]
    return inner if _max_known_keys(inner) > _max_known_keys(values) else values


def _are_rows(value: dict[str, Any], key: str, rows: list[Any], is_alone: bool) -> bool:
    """Return whether the items under a key are catalog rows, not a part of the one row that the object is."""
    other_columns = {name: item for name, item in value.items() if name != key}
    own_columns, row_columns, is_known = count_known_keys(other_columns), _max_known_keys(rows), key in _KEYS
    is_envelope = all(_is_about(name) or item in (None, "", [], {}) for name, item in other_columns.items())
    if is_image_word(key) and not is_envelope:
        return False
    if row_columns == 0:
        several = len(rows) > 1
        is_list = is_known and (isinstance(value[key], list) or several)
        return own_columns == 0 and ((is_envelope and (is_list or several)) or (is_alone and is_list))
    has_images = any(map(_has_image, rows[:_SAMPLED_ROWS]))
    is_without = has_images and not _has_image(other_columns)  # only the listed items have images
    more = 1 if is_known or own_columns == 0 else 2
    if is_alone:
        return row_columns >= own_columns + (0 if is_without and own_columns and row_columns >= _RECORD else more) and (
            own_columns <= 1 or is_known or is_without
        )
    if not is_envelope and (
        (own_columns and not (is_known and is_without)) or not (is_known or has_images) or row_columns == 1
    ):
        return False
    return row_columns >= own_columns + more


def _inner_object(value: dict[str, Any], is_alone: bool) -> dict[str, Any]:
    """Return the one row that an envelope holds, or the value itself if it is not an envelope."""
    for _ in range(_MAX_DEPTH):
        known = [value[key] for key in _KEYS if is_alone and key not in INSIDE and isinstance(value.get(key), dict)]
        inside = [item for item in value.values() if isinstance(item, dict)]
        if len(value) == 1 and inside and INSIDE.isdisjoint(value):
            known = inside
        better = [item for item in known if _deep(item) > count_known_keys(value)]
        if not better:
            break
        value = max(better, key=count_known_keys)
    return value


def _deep(value: dict[str, Any], depth: int = 0) -> int:
    """Return the number of known columns of an object or of the one object that it wraps, whichever is larger."""
    inside = [item for item in value.values() if isinstance(item, dict)]
    is_wrapped = len(value) == 1 and inside and depth < _MAX_DEPTH
    return max(count_known_keys(value), _deep(inside[0], depth + 1) if is_wrapped else 0)


def _is_empty(value: dict[str, Any], is_alone: bool) -> bool:
    """Return whether an envelope lists nothing."""
    if is_alone:
        lists = any(value.get(key) == [] for key in _KEYS)
        return lists and count_known_keys(value) == 0 and not any(map(is_image, value.values()))
    names = [key for key in _KEYS if value.get(key) == []]
    return bool(names) and all(_is_about(name) for name in value if name not in names)


def _is_about(key: str) -> bool:
    """Return whether a key describes the answer and not its rows: a count, the next page."""
    return bool(_ABOUT.search(key.lower()))


def _is_rows(values: list[Any]) -> bool:
    sample = values[:_SAMPLED_ROWS]
    return bool(sample) and (all(isinstance(item, dict) for item in sample) or all(map(is_image, sample)))


def _max_known_keys(rows: list[Any]) -> int:
    return max((count_known_keys(opened(row, None)) for row in rows[:_SAMPLED_ROWS]), default=0)


def _are_alike(rows: list[Any], others: list[Any]) -> bool:
    names, other_names = _names(rows), _names(others)
    return len(names & other_names) >= _MIN_COMMON_KEYS * max(len(names | other_names), 1)


def _names(rows: list[Any]) -> set[str]:
    flat = [opened(row, None) for row in rows[:_SAMPLED_ROWS]]
    return {key for row in flat if isinstance(row, dict) for key in row}


def _has_image(row: Any) -> bool:
    """Return whether an object has an image address at any depth."""
    if not isinstance(row, dict):
        return is_image(row)
    if any(is_image(item) and (plain_name(key) in _STRONG or not _is_address(item)) for key, item in row.items()):
        return True
    return any(isinstance(item, str) and kind_of(item) is Kind.IMAGE for _, item in paths(row))


def _is_address(value: str) -> bool:
    return kind_of(value) is Kind.ADDRESS
