"""Reads records stored as JSON: one object per line, a list of them, one per file, or a folder of such files.

Dotted names (``production.0.creator``) refer to values inside an object. This module does not interpret the columns.
"""

import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from artsim.archive import Store
from artsim.archive.rejects import Reject, clean
from artsim.sources.json_records.documents import documents
from artsim.sources.json_records.envelopes import rows_of
from artsim.sources.json_records.nested_columns import inner_columns, text_array
from artsim.sources.records import CHUNK_ROWS, Records
from artsim.sources.tables.numbers import plain_number

_Object = tuple[str, dict[str, Any]]

_MOST_KEYS = 2000  # per object; a batch may have twice as many
_CELLS = 8 << 20  # rows times columns per batch


def read_objects(store: Store, chosen_columns: list[str], size: int = CHUNK_ROWS) -> Iterator[Records]:
    """Yield batches of at most ``size`` objects of a file or folder: columns are the keys and ``chosen_columns``.

    Texts stay, other plain values become text, lists of plain values are joined by "; ", and nested values stay JSON.
    ``inner`` has the texts inside nested values. A file or line that is not a JSON object is rejected.
    """
    for batch in _batches(_objects(store), size):
        rejects = [item for item in batch if isinstance(item, Reject)]
        objects = [item for item in batch if not isinstance(item, Reject)]
        yield _records(objects, chosen_columns, rejects)


def _batches(stream: Iterator[_Object | Reject], size: int) -> Iterator[list[_Object | Reject]]:
    """Group objects into batches that fit into memory, however many keys they have."""
    batch: list[_Object | Reject] = []
    keys: set[str] = set()
    for item in stream:
        if not isinstance(item, Reject):
            keys.update(item[1])
        if batch and (len(batch) == size or len(keys) > 2 * _MOST_KEYS or len(keys) * len(batch) > _CELLS):
            yield batch
            batch, keys = [], set() if isinstance(item, Reject) else set(item[1])
        batch.append(item)
    if batch:
        yield batch


def _records(objects: list[_Object], chosen_columns: list[str], rejects: list[Reject]) -> Records:
    names = list(dict.fromkeys(key for _, value in objects for key in value))
    columns = {name: [value.get(name) for _, value in objects] for name in names}
    nested = frozenset(name for name, values in columns.items() if any(map(_is_nested, values)))
    table = pa.table({clean(name): _texts(values) for name, values in columns.items()})
    inner = inner_columns([value for _, value in objects], chosen_columns)
    return Records(table, pa.array([where for where, _ in objects], pa.string()), rejects, nested, inner)


def with_nested(texts: pa.Table, objects: list[dict[str, Any]], where: pa.Array, chosen_columns: list[str]) -> Records:
    """Return records of a table from its text columns and, in ``objects``, the nested values of each row."""
    if not objects:
        return Records(texts, where, [])
    values = _records([("", _plain(row)) for row in objects], chosen_columns, [])
    for name in values.table.column_names:
        texts = texts.append_column(name, values.table[name])
    return Records(texts, where, [], values.nested, values.inner)


def _plain(value: Any) -> Any:
    """Convert Parquet values to JSON: maps to objects, times to text, bytes and NaN to null."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        is_map = bool(value) and all(isinstance(item, tuple) and len(item) == 2 for item in value)
        return {str(key): _plain(item) for key, item in value} if is_map else [_plain(item) for item in value]
    if isinstance(value, float):
        return plain_number(value)
    if value is None or isinstance(value, str | int):
        return value
    return None if isinstance(value, bytes) else str(value)


def _objects(store: Store) -> Iterator[_Object | Reject]:
    for document in documents(store):
        if isinstance(document, Reject):
            yield document
            continue
        where, values = document.where, rows_of(document.value, document.is_line)
        for number, value in enumerate(values, 1):
            place = (f"{where}#{number}" if len(values) > 1 else where) if where else str(number)
            if not isinstance(value, dict):
                yield Reject.of(place, "not a JSON object", value)
            elif len(value) > _MOST_KEYS:
                yield Reject.of(place, "too many keys in one object", f"{len(value):,} keys")
            else:
                yield place, value


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict | list) for item in value))


def _texts(values: list[Any]) -> pa.Array:
    return text_array([_text(value) for value in values])


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        value = plain_number(value)
    if isinstance(value, list) and not _is_nested(value):
        return "; ".join(text for item in value if (text := _text(item))) or None
    return json.dumps(value, ensure_ascii=False) if value not in ({}, None) else None
