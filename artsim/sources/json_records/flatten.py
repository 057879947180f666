"""Flattens one row of an API response and completes its image URL where the API needs it."""

from functools import lru_cache
from typing import Any

from artsim.sources.tables.columns import WELL_KNOWN_NAMES, plain_name
from artsim.sources.tables.value_kinds import Kind, kind_of

_MAX_DEPTH = 4
_WRAPPER = 3  # maximum number of keys of an object that wraps one row

# Keys under which a row has its own values, beside values about the record.
INSIDE = frozenset({"_source", "attributes", "fields", "node", "record", "object", "artObject", "properties", "data"})
_FINNA = ("nonPresenterAuthors", "presenters", "imageRights", "imagesExtended")  # keys that only Finna records have
_FINNA_HOST = "https://api.finna.fi"
_SIZE = "full/843,/0/default.jpg"  # the size that these services ask clients to use


def opened(row: Any, base: str | None) -> Any:
    """Return one row without the objects that wrap its values; a bare image becomes an object with ``image_url``.

    ``base`` is the URL of the image service for rows with an ``image_id``.
    """
    if isinstance(row, str) and is_image(row):
        return {"image_url": row.strip()}
    if not isinstance(row, dict):
        return row
    for _ in range(_MAX_DEPTH):
        wraps = [key for key, value in row.items() if isinstance(value, dict)]
        only = wraps if len(wraps) == 1 and len(row) <= _WRAPPER else []
        key = next((key for key in wraps if (key in INSIDE or key in only) and _is_inside(row, key)), None)
        if key is None:
            break
        row = {**row[key], **{name: value for name, value in row.items() if name != key and name not in row[key]}}
    if row and all(isinstance(value, dict) and "value" in value and "type" in value for value in row.values()):
        row = {name: value["value"] for name, value in row.items()}
    image = None if "image_url" in row else (_of_service(row, base) or _of_finna(row))
    return {**row, "image_url": image} if image else row


def _is_inside(row: dict[str, Any], key: str) -> bool:
    inner = row.get(key)
    return isinstance(inner, dict) and (
        count_known_keys(inner) > count_known_keys(row) or (key == "attributes" and "type" in row)
    )


def _of_service(row: dict[str, Any], base: str | None) -> str | None:
    name = row.get("image_id")
    return f"{base}/{name}/{_SIZE}" if base and isinstance(name, str) and name else None


def _of_finna(row: dict[str, Any]) -> str | None:
    """Return the URL of the first image of a Finna record, which leaves out the host; None for other rows."""
    images = row.get("images")
    if not isinstance(images, list) or not images or not any(key in row for key in _FINNA):
        return None
    return f"{_FINNA_HOST}{images[0]}" if isinstance(images[0], str) and images[0].startswith("/Cover/Show?") else None


def service_of(value: Any) -> str | None:
    """Return the URL of the image service that a response names for the ``image_id`` of its rows, if it does."""
    about = value.get("config") if isinstance(value, dict) else None
    base = about.get("iiif_url") if isinstance(about, dict) else None
    return base.rstrip("/") if isinstance(base, str) and base.startswith(("https://", "http://")) else None


def is_image(value: Any) -> bool:
    """Whether a value looks like an image: a URL, or the name of an image file."""
    return isinstance(value, str) and kind_of(value) in (Kind.IMAGE, Kind.FILE, Kind.ADDRESS)


def count_known_keys(value: Any) -> int:
    """Count the keys of an object that are known column names; a bare image counts as one."""
    if is_image(value):
        return 1
    return _known(tuple(value)) if isinstance(value, dict) else 0


@lru_cache(maxsize=4096)
def _known(keys: tuple[str, ...]) -> int:
    return len(WELL_KNOWN_NAMES.intersection(map(plain_name, keys)))
