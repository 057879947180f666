"""The rows inside an answer: APIs wrap them in envelopes, alone or as lists, at various depths."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from artsim.sources.columns import SPEAKING, plain_name
from artsim.sources.values import Kind, kind_of

_DEEPEST = 4
_TRIED = 20  # rows of a list that are looked at

# Where answers keep their rows, the likelier names first.
_KEYS = ("items", "results", "records", "data", "objects", "artObjects", "bindings", "rows", "hits", "docs", "response",
         "artObject", "record", "object", "works", "artworks", "value", "@graph", "features", "edges")  # fmt: skip
# Where one row keeps its own values, beside things about it.
_INSIDE = frozenset({"_source", "attributes", "fields", "node", "record", "object", "artObject", "properties", "data"})
_FINNA = ("nonPresenterAuthors", "presenters", "imageRights", "imagesExtended")  # keys that only its records have
_FINNA_HOST = "https://api.finna.fi"
_SIZE = "full/843,/0/default.jpg"  # what services of this kind ask others to use


def rows_of(value: Any, is_line: bool = False) -> list[Any]:
    """The rows of a JSON value: of a list, of the list in an API's answer, or the one object that it is.

    A line (``is_line``) is one row. A bare address is a row with an image.
    """
    rows = [value] if is_line else _unwrapped(value)
    base = _service(value)
    return [_opened(row, base) for row in rows]


def _unwrapped(value: Any, depth: int = 0) -> list[Any]:
    if isinstance(value, list):
        return value
    if not isinstance(value, dict) or depth > _DEEPEST:
        return [value]
    own = _spoken(value)
    for key, inner in _inner(value):
        rows = _unwrapped(inner, depth + 1)
        said = max((_spoken(_opened(row, None)) for row in rows[:_TRIED]), default=0)
        enough = own + (1 if key in _KEYS or own == 0 else 2)  # a record may list others; it stays one
        if said >= enough or (said == own == 0 and key in _KEYS and _is_rows(rows) and isinstance(inner, list)):
            if isinstance(inner, dict) and len(rows) == 1 and rows[0] is inner and key in _INSIDE:
                return [value]  # a single row, opened with what stands beside it
            return rows
    is_empty = own == 0 and any(value.get(key) == [] for key in _KEYS) and not any(map(_is_image, value.values()))
    return [] if is_empty else [value]


def _inner(value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What may hold the rows of an answer, the likelier first."""
    yield from ((key, value[key]) for key in _KEYS if isinstance(value.get(key), dict | list))
    for key, inner in value.items():
        if _spoken(value) <= 1 and key not in _KEYS and isinstance(inner, list) and _is_rows(inner):
            yield key, inner


def _is_rows(values: list[Any]) -> bool:
    some = values[:_TRIED]
    return bool(some) and (all(isinstance(one, dict) for one in some) or all(map(_is_image, some)))


def _opened(row: Any, base: str | None) -> Any:
    """One row as a flat object as far as it is wrapped itself."""
    if isinstance(row, str) and _is_image(row):
        return {"image_url": row.strip()}
    if not isinstance(row, dict):
        return row
    for _ in range(_DEEPEST):
        if _INSIDE.isdisjoint(row):
            break
        key = next((key for key in row if key in _INSIDE and _is_inside(row, key)), None)
        if key is None:
            break
        row = {**row[key], **{name: value for name, value in row.items() if name != key and name not in row[key]}}
    if row and all(isinstance(one, dict) and "value" in one and "type" in one for one in row.values()):
        row = {name: one["value"] for name, one in row.items()}
    image = None if "image_url" in row else (_of_service(row, base) or _of_finna(row))
    return {**row, "image_url": image} if image else row


def _is_inside(row: dict[str, Any], key: str) -> bool:
    inner = row.get(key)
    return isinstance(inner, dict) and (_spoken(inner) > _spoken(row) or (key == "attributes" and "type" in row))


def _of_service(row: dict[str, Any], base: str | None) -> str | None:
    name = row.get("image_id")
    return f"{base}/{name}/{_SIZE}" if base and isinstance(name, str) and name else None


def _of_finna(row: dict[str, Any]) -> str | None:
    """The first image of a record of Finna, whose addresses lack the host."""
    images = row.get("images")
    if not isinstance(images, list) or not images or not any(key in row for key in _FINNA):
        return None
    return f"{_FINNA_HOST}{images[0]}" if isinstance(images[0], str) and images[0].startswith("/Cover/Show?") else None


def _service(value: Any) -> str | None:
    """The image service that an answer names for the ``image_id`` of its rows."""
    about = value.get("config") if isinstance(value, dict) else None
    base = about.get("iiif_url") if isinstance(about, dict) else None
    return base.rstrip("/") if isinstance(base, str) and base.startswith(("https://", "http://")) else None


def _is_image(value: Any) -> bool:
    return isinstance(value, str) and kind_of(value) in (Kind.IMAGE, Kind.FILE, Kind.ADDRESS)


def _spoken(value: Any) -> int:
    """How many keys of an object are known as columns of a catalogue; of a bare image, one."""
    if _is_image(value):
        return 1
    return _known(tuple(value)) if isinstance(value, dict) else 0


@lru_cache(maxsize=4096)
def _known(keys: tuple[str, ...]) -> int:
    return len(SPEAKING.intersection(map(plain_name, keys)))
