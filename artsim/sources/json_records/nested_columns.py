"""Extracts columns from nested values: those that the caller named, and those recognized by name or value."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from artsim.archive.rejects import clean
from artsim.sources.json_records.nested_text import Path, at, makers_at, named_text, paths
from artsim.sources.tables.columns import ARTIST_NAMES, WELL_KNOWN_NAMES, plain_name
from artsim.sources.tables.image_column import names_an_image
from artsim.sources.tables.unlisted_columns import meaning
from artsim.sources.tables.value_kinds import Kind, kind_of

_MAX_COLUMNS = 64  # maximum columns from nested values
_FIRST = 1000  # rows at the start that are all looked at
_SAMPLED_VALUES = 20  # values of a path that are looked at
_MOST_PATHS = 20_000
_SAMPLING_STEP = 4  # step between the later rows that are looked at


def inner_columns(objects: list[dict[str, Any]], chosen_columns: list[str]) -> dict[str, pa.Array]:
    """Return text columns from the nested values of rows, by dotted name; items of lists are joined by "; ".

    A wanted column that no row has is left out.
    """
    named = {name: tuple(name.split(".")) for name in chosen_columns}
    recognized = {".".join(path): path for path in _known(objects)}
    columns = {}
    for name, path in (named | recognized).items():
        if name in named and name not in recognized and len(path) > 1 and any(name in row for row in objects):
            continue  # a key that contains the dot
        if len(path) == 1 and not any(isinstance(row.get(name), dict | list) for row in objects):
            continue
        read = makers_at if len(path) > 1 and _is_artist(name) else _text_at
        texts = [read(row, path) for row in objects]
        if any(text is not None for text in texts):
            columns[clean(name)] = text_array(texts)
    return columns


def text_array(texts: list[str | None]) -> pa.Array:
    """Return texts as a column. JSON can contain lone surrogates, which no file can hold; they are replaced."""
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:
        return pa.array([text if text is None else text.encode("utf-8", "replace").decode() for text in texts])


def _text_at(value: Any, path: Path) -> str | None:
    return named_text(at(value, path))


def _known(objects: list[dict[str, Any]]) -> list[Path]:
    """Return the recognized paths into nested values, at most ``_MAX_COLUMNS``."""
    attempts: Counter[Path] = Counter()
    known: dict[Path, None] = {}
    for row in _sample(objects):
        for path, value in paths(row):
            if path in known or attempts[path] >= _SAMPLED_VALUES or len(attempts) > _MOST_PATHS:
                continue
            attempts[path] += 1
            if _holds_image(path, value):
                known[path] = None
    return list(known)[:_MAX_COLUMNS]


def _sample(objects: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield from objects[:_FIRST]
    yield from objects[_FIRST::_SAMPLING_STEP]


def _is_artist(name: str) -> bool:
    return plain_name(name) in ARTIST_NAMES or meaning(name) == "artist"


def _holds_image(path: Path, value: Any) -> bool:
    name = ".".join(path)
    if plain_name(name) in WELL_KNOWN_NAMES or meaning(name) in ("title", "artist", "date_text"):
        return True
    return isinstance(value, str) and (kind_of(value) is Kind.IMAGE or names_an_image(name))
