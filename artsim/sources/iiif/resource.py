"""Reads what IIIF resources of versions 2 and 3 share: URLs, types, and fields with one or several values."""

import re
from typing import Any


def identifier(resource: Any) -> str | None:
    """Return the URL of a resource of either version, or of a text that is a URL; None if there is none."""
    if isinstance(resource, dict):
        resource = resource.get("id") or resource.get("@id")
    return resource.strip() or None if isinstance(resource, str) else None


def number_of(value: Any) -> int | None:
    """Return a number of 1 or more as an int, also from text; a fraction is cut. None for anything else."""
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,9}(?:\.\d*)?\s*", value):
        value = float(value)
    return int(value) if isinstance(value, int | float) and 1 <= value < 1e9 else None


def kind_of(document: Any) -> str:
    """Return a document's type without prefix and in lower case: ``manifest``, ``collection``, ``canvas``, ..."""
    kinds = document.get("type") or document.get("@type") if isinstance(document, dict) else None
    kind = kinds[0] if isinstance(kinds, list) and kinds else kinds
    return kind.rpartition(":")[2].lower() if isinstance(kind, str) else ""


def listed(value: Any) -> list[Any]:
    """Return one or several values as a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def objects_in(value: Any) -> list[dict[str, Any]]:
    """Return the JSON objects among one or several values."""
    return [item for item in listed(value) if isinstance(item, dict)]
