"""The rows inside an answer: APIs wrap them in envelopes, alone, as lists, or page after page, at various depths."""

import re
from typing import Any, NamedTuple

from artsim.sources.columns import IMAGE_NAMES, plain_name
from artsim.sources.image_column import is_image_word
from artsim.sources.keyed import by_column, by_key
from artsim.sources.nested import paths
from artsim.sources.opened import INSIDE, is_image, opened, service_of, spoken
from artsim.sources.synonyms import WEAK
from artsim.sources.values import Kind, kind_of

_DEEPEST = 6
_TRIED = 20  # rows of a list that are looked at
_RECORD = 3  # known columns make an object a row, whatever it lists
_ALIKE = 0.5  # of the keys of two lists are the same, so that they list the same things

# Where answers keep their rows, the likelier names first.
_KEYS = ("items", "results", "records", "data", "objects", "artObjects", "bindings", "rows", "hits", "docs", "response",
         "artObject", "record", "object", "works", "artworks", "value", "@graph", "features", "edges")  # fmt: skip
_ABOUT = re.compile(
    r"count|total|response|header|page|size|limit|offset|next|prev|first|last|status|success|took|start|found|info|meta|link|message"
    r"|error|elapsed|version|config|facet|context|cursor|query|request|time|type|kind|license|licence|batchcomplete"
)


_STRONG = frozenset(IMAGE_NAMES) - WEAK  # names under which any address is an image


class _List(NamedTuple):
    """Rows that were found in an envelope."""

    rank: tuple[int, int, int]
    rows: list[Any]


def rows_of(value: Any, is_line: bool = False) -> list[Any]:
    """The rows of a JSON value: of a list, of the lists in an API's answer or in pages of it, or the one object it is.

    What an answer lists are rows unless the object that lists them is a row itself: one with more columns of a
    catalogue than they have, or with an image of its own. A line (``is_line``) is one of many. A bare address is a row
    with an image.
    """
    is_alone = not (is_line or isinstance(value, list))
    values = value if isinstance(value, list) and not is_line else [value]
    return [opened(row, service_of(one)) for one in values for row in _rows(one, is_alone)]


def _rows(value: Any, is_alone: bool) -> list[Any]:
    """The rows of one answer, which is alone, or one of several pages or rows."""
    if isinstance(value, list) and _is_rows(value):
        return value
    if not isinstance(value, dict) or (not is_alone and spoken(value) >= _RECORD and not by_column(value)):
        return [value]
    rows = by_column(value) or _listed(value, is_alone)
    if rows is not None:
        return rows
    return [] if _is_empty(value, is_alone) else [_inner_object(value, is_alone)]


def _listed(value: dict[str, Any], is_alone: bool, depth: int = 0) -> list[Any] | None:
    """The rows that an envelope lists at whatever depth; None if it is none."""
    if depth > _DEEPEST:
        return None
    if rows := by_key(value, _is_about):
        return rows
    found = []
    for key, inner in value.items():
        rows = _richer(inner, is_alone, depth) if isinstance(inner, list) and _is_rows(inner) else None
        if isinstance(inner, dict):
            rows = _listed(inner, is_alone, depth + 1)
        if rows and _are_rows(value, key, rows, is_alone):
            rank = _KEYS.index(key) if key in _KEYS else len(_KEYS)
            found.append(_List((-rank, _most_spoken(rows), len(rows)), rows))
    if not found:
        return None
    best = max(found, key=lambda one: one.rank)
    return [row for one in found if one is best or _are_alike(one.rows, best.rows) for row in one.rows]


def _richer(values: list[Any], is_alone: bool, depth: int) -> list[Any]:
    """A list of objects, or what they list themselves, if that says more: answers by category have a list of lists."""
    inner = [row for one in values if isinstance(one, dict) for row in _listed(one, is_alone, depth + 1) or []]
    return inner if _most_spoken(inner) > _most_spoken(values) else values


def _are_rows(value: dict[str, Any], key: str, rows: list[Any], is_alone: bool) -> bool:
    """Whether what an object lists under a key are the rows of a catalogue, and not a part of the one row it is."""
    beside = {name: one for name, one in value.items() if name != key}
    own, said, is_known = spoken(beside), _most_spoken(rows), key in _KEYS
    is_envelope = all(_is_about(name) or one in (None, "", [], {}) for name, one in beside.items())
    if is_image_word(key) and not is_envelope:
        return False
    if said == 0:
        several = len(rows) > 1
        is_list = is_known and (isinstance(value[key], list) or several)
        return own == 0 and ((is_envelope and (is_list or several)) or (is_alone and is_list))
    has_images = any(map(_has_image, rows[:_TRIED]))
    is_without = has_images and not _has_image(beside)  # the object itself has no image, and what it lists has
    more = 1 if is_known or own == 0 else 2
    if is_alone:
        return said >= own + (0 if is_without and own and said >= _RECORD else more) and (
            own <= 1 or is_known or is_without
        )
    if not is_envelope and ((own and not (is_known and is_without)) or not (is_known or has_images) or said == 1):
        return False
    return said >= own + more


def _inner_object(value: dict[str, Any], is_alone: bool) -> dict[str, Any]:
    """The one row that an envelope holds; the value itself if it is no envelope."""
    for _ in range(_DEEPEST):
        known = [value[key] for key in _KEYS if is_alone and key not in INSIDE and isinstance(value.get(key), dict)]
        inside = [one for one in value.values() if isinstance(one, dict)]
        if len(value) == 1 and inside and INSIDE.isdisjoint(value):
            known = inside
        better = [one for one in known if _deep(one) > spoken(value)]
        if not better:
            break
        value = max(better, key=spoken)
    return value


def _deep(value: dict[str, Any], depth: int = 0) -> int:
    """How many columns are known in an object, or in the one object that it holds."""
    inside = [one for one in value.values() if isinstance(one, dict)]
    is_wrapped = len(value) == 1 and inside and depth < _DEEPEST
    return max(spoken(value), _deep(inside[0], depth + 1) if is_wrapped else 0)


def _is_empty(value: dict[str, Any], is_alone: bool) -> bool:
    """Whether an envelope lists nothing."""
    if is_alone:
        lists = any(value.get(key) == [] for key in _KEYS)
        return lists and spoken(value) == 0 and not any(map(is_image, value.values()))
    names = [key for key in _KEYS if value.get(key) == []]
    return bool(names) and all(_is_about(name) for name in value if name not in names)


def _is_about(key: str) -> bool:
    """Whether a key beside the rows of an answer is one about the answer: a count, the next page."""
    return bool(_ABOUT.search(key.lower()))


def _is_rows(values: list[Any]) -> bool:
    some = values[:_TRIED]
    return bool(some) and (all(isinstance(one, dict) for one in some) or all(map(is_image, some)))


def _most_spoken(rows: list[Any]) -> int:
    return max((spoken(opened(row, None)) for row in rows[:_TRIED]), default=0)


def _are_alike(rows: list[Any], others: list[Any]) -> bool:
    one, other = _names(rows), _names(others)
    return len(one & other) >= _ALIKE * max(len(one | other), 1)


def _names(rows: list[Any]) -> set[str]:
    flat = [opened(row, None) for row in rows[:_TRIED]]
    return {key for row in flat if isinstance(row, dict) for key in row}


def _has_image(row: Any) -> bool:
    """Whether an object has an address that is an image's, at whatever depth."""
    if not isinstance(row, dict):
        return is_image(row)
    if any(is_image(one) and (plain_name(key) in _STRONG or not _is_address(one)) for key, one in row.items()):
        return True
    return any(isinstance(one, str) and kind_of(one) is Kind.IMAGE for _, one in paths(row))


def _is_address(value: str) -> bool:
    return kind_of(value) is Kind.ADDRESS
