"""Columns out of nested values: those that a caller named, and those whose names or values say what they are."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from artsim.sources.columns import ARTIST_NAMES, SPEAKING, plain_name
from artsim.sources.image_column import speaks_of_images
from artsim.sources.nested import Path, at, makers_at, named_text, paths
from artsim.sources.record import clean
from artsim.sources.values import Kind, kind_of
from artsim.sources.wording import meaning

_MOST = 64  # columns out of nested values
_FIRST = 1000  # rows that are all looked at
_TRIED = 20  # values of a path that are looked at
_MOST_PATHS = 20_000
_THEN = 4  # of the rows after those, every so many


def inner_columns(objects: list[dict[str, Any]], wanted: list[str]) -> dict[str, pa.Array]:
    """Texts out of the nested values of some rows, by dotted name; lists are read through and joined by "; ".

    A wanted column that no row has is left out.
    """
    named = {name: tuple(name.split(".")) for name in wanted}
    found = {".".join(path): path for path in _known(objects)}
    columns = {}
    for name, path in (named | found).items():
        if name in named and name not in found and len(path) > 1 and any(name in one for one in objects):
            continue  # a key that has the dot itself
        if len(path) == 1 and not any(isinstance(one.get(name), dict | list) for one in objects):
            continue
        read = makers_at if len(path) > 1 and _is_artist(name) else _text_at
        texts = [read(one, path) for one in objects]
        if any(text is not None for text in texts):
            columns[clean(name)] = text_array(texts)
    return columns


def text_array(texts: list[str | None]) -> pa.Array:
    """Texts as a column. JSON can spell halves of characters that no file can hold; those are replaced."""
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:
        return pa.array([text if text is None else text.encode("utf-8", "replace").decode() for text in texts])


def _text_at(value: Any, path: Path) -> str | None:
    return named_text(at(value, path))


def _known(objects: list[dict[str, Any]]) -> list[Path]:
    """The paths into nested values that say what they are, a bounded number."""
    tried: Counter[Path] = Counter()
    known: dict[Path, None] = {}
    for one in _some(objects):
        for path, value in paths(one):
            if path in known or tried[path] >= _TRIED or len(tried) > _MOST_PATHS:
                continue
            tried[path] += 1
            if _speaks(path, value):
                known[path] = None
    return list(known)[:_MOST]


def _some(objects: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield from objects[:_FIRST]
    yield from objects[_FIRST::_THEN]


def _is_artist(name: str) -> bool:
    return plain_name(name) in ARTIST_NAMES or meaning(name) == "artist"


def _speaks(path: Path, value: Any) -> bool:
    name = ".".join(path)
    if plain_name(name) in SPEAKING or meaning(name) in ("title", "artist", "date_text"):
        return True
    return isinstance(value, str) and (kind_of(value) is Kind.IMAGE or speaks_of_images(name))
