"""What IIIF resources of both versions share: an address, a kind, and values that may be one or several."""

import re
from typing import Any


def identifier(resource: Any) -> str | None:
    """The address of a resource of either version, or of a text that is one."""
    if isinstance(resource, dict):
        resource = resource.get("id") or resource.get("@id")
    return resource.strip() or None if isinstance(resource, str) else None


def number_of(value: Any) -> int | None:
    """A number of 1 or more, also as text or with a fraction, which is cut; None for anything else."""
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,9}(?:\.\d*)?\s*", value):
        value = float(value)
    return int(value) if isinstance(value, int | float) and 1 <= value < 1e9 else None


def kind_of(document: Any) -> str:
    """What a document says it is, without prefix and in lower case: ``manifest``, ``collection``, ``canvas``, ..."""
    kinds = document.get("type") or document.get("@type") if isinstance(document, dict) else None
    kind = kinds[0] if isinstance(kinds, list) and kinds else kinds
    return kind.rpartition(":")[2].lower() if isinstance(kind, str) else ""


def listed(value: Any) -> list[Any]:
    """One or several values as a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def objects_in(value: Any) -> list[dict[str, Any]]:
    """Those of one or several values that are JSON objects."""
    return [one for one in listed(value) if isinstance(one, dict)]
