"""Reads records kept as JSON: one object a line, a list of them, one a file, or a folder of such files.

Values inside an object are reached by dotted names (``production.0.creator``). What the columns mean is not known here.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, islice
from typing import Any

import pyarrow as pa

from artsim.archive import Store
from artsim.sources.columns import SPEAKING, plain_name
from artsim.sources.documents import Document, documents
from artsim.sources.record import CHUNK_ROWS, Records, Reject, clean

_ENVELOPES = ("items", "results", "records", "data", "objects", "artObjects")  # where APIs put the rows of an answer

_Object = tuple[str, dict[str, Any]]


def read_objects(store: Store, wanted: list[str], size: int = CHUNK_ROWS) -> Iterator[Records]:
    """Batches of at most ``size`` objects below a file or folder; a column for each key and each ``wanted`` name.

    Texts stay, other plain values become text, lists of plain values are joined by "; ", and whatever is nested stays
    JSON. Objects whose keys speak of other things come in batches of their own: a folder may hold several kinds of
    answers. A file or line that is no JSON object is rejected.
    """
    stream = _objects(store)
    while some := list(islice(stream, size)):
        rejects = [item for item in some if isinstance(item, Reject)]
        shapes: dict[frozenset[str], list[_Object]] = defaultdict(list)
        for item in some:
            if not isinstance(item, Reject):
                shapes[_shape(tuple(item[1]))].append(item)
        there = [
            name for name in wanted if any(_reach(value, name) is not None for _, value in chain(*shapes.values()))
        ]
        for objects in shapes.values():
            yield _records(objects, there, rejects)
            rejects = []
        if rejects:
            yield _records([], there, rejects)


@lru_cache(maxsize=4096)
def _shape(keys: tuple[str, ...]) -> frozenset[str]:
    return SPEAKING.intersection(map(plain_name, keys))


def _records(objects: list[_Object], wanted: list[str], rejects: list[Reject]) -> Records:
    names = list(dict.fromkeys([*(key for _, value in objects for key in value), *wanted]))
    columns = {name: [_reach(value, name) for _, value in objects] for name in names}
    nested = frozenset(name for name, values in columns.items() if any(map(_is_nested, values)))
    table = pa.table({clean(name): _texts(values) for name, values in columns.items()})
    return Records(table, pa.array([where for where, _ in objects], pa.string()), rejects, nested)


def _objects(store: Store) -> Iterator[_Object | Reject]:
    for document in documents(store):
        if isinstance(document, Reject):
            yield document
            continue
        where, values = document.where, _rows(document)
        for number, value in enumerate(values, 1):
            place = (f"{where}#{number}" if len(values) > 1 else where) if where else str(number)
            yield (place, value) if isinstance(value, dict) else Reject.of(place, "no JSON object", value)


def _rows(document: Document) -> list[Any]:
    """The rows of a document: of a list, of the list in an API's answer, or the one object that it is."""
    value = document.value
    if document.is_line:
        return [value]
    if isinstance(value, dict):
        return next((value[key] for key in _ENVELOPES if _is_list_of_objects(value.get(key))), [value])
    return value if isinstance(value, list) else [value]


def _reach(value: Any, name: str) -> Any:
    """The value of a key, or else at the end of a dotted name."""
    if isinstance(value, dict) and name in value:
        return value[name]
    for key in name.split("."):
        if isinstance(value, list) and key.isdecimal():
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(one, dict | list) for one in value))


def _texts(values: list[Any]) -> pa.Array:
    texts = [_text(value) for value in values]
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:  # JSON can spell halves of characters that no file can hold
        return pa.array([text if text is None else text.encode("utf-8", "replace").decode() for text in texts])


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and not _is_nested(value):
        return "; ".join(text for one in value if (text := _text(one))) or None
    return json.dumps(value, ensure_ascii=False) if value != {} else None
