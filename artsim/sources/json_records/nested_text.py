"""Extracts plain text from nested values: the values at a dotted path, and the names of people and terms."""

import json
import re
from ast import literal_eval
from collections.abc import Iterable, Iterator
from typing import Any

from artsim.sources.tables.numbers import plain_number

_MAX_DEPTH = 8  # levels searched below a row
_MAX_ITEMS = 100  # texts or items per value
_NODES = 2000  # values visited per row
_MAX_CHARACTERS = 100_000  # characters; longer texts are not parsed as nested values

# Keys under which a nested value has its name, preferred ones first.
_NAMES = (
    "displayname", "display_name", "full_name", "fullName", "name", "prefLabel", "preferred_name", "content", "value",
    "@value", "#text", "text", "title", "term", "rendered", "expression", "displayDate", "display",
    "label", "description", "summary_title", "summary", "creator", "fc",
    "agent", "def", "en", "none",
)  # fmt: skip
_ROLES = ("role", "roles", "association", "relation", "label")
_NO_MAKER = re.compile(
    r"\b(owners?|ownership|donors?|lenders?|collectors?|dealers?|sitters?|subjects?|depict\w*|depicts|patrons?"
    r"|recipients?|provenance|associated|previous|former|commissioner)\b",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(r"[a-z]{2,3}([-_][A-Za-z]{2,4})?|none|def|@none|und", re.IGNORECASE)
_NO_LANGUAGES = ("id", "url", "uri", "src", "alt")
_LITERAL = re.compile(r"\s*(\[\s*[\[{\"']|\{\s*[\"'])")
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)

Path = tuple[str, ...]


def named(value: Any, depth: int = 0) -> list[str]:
    """Return the names in a nested value: its text, the names of a list's items, or the name of an object.

    People who did not make the artwork (owners, sitters) are left out. Empty if there is no name.
    """
    if depth > _MAX_DEPTH or value is None or isinstance(value, bool):
        return []
    if isinstance(value, str):
        return [text] if (text := " ".join(value.split())) else []
    if isinstance(value, float):
        value = plain_number(value)
    if isinstance(value, int | float):
        return [str(value)]
    if isinstance(value, list):
        return _once(text for item in value[:_MAX_ITEMS] for text in named(item, depth + 1))
    if not isinstance(value, dict) or _is_no_maker(value):
        return []
    if "primary" in value and "secondary" in value:  # authors by rank, with their names as keys
        return next((names for key in ("primary", "corporate", "secondary") if (names := _keys(value.get(key)))), [])
    for key in _NAMES:
        if key in value and (texts := named(value[key], depth + 1)):
            return texts
    if value and all(_LANGUAGE.fullmatch(key) and key not in _NO_LANGUAGES for key in value):
        return next((texts for item in value.values() if (texts := named(item, depth + 1))), [])
    return []


def named_text(value: Any) -> str | None:
    """Return the names in a nested value as one text or None. URLs are used only if there is nothing else."""
    return _joined(named(value))


def named_in_text(text: str) -> str | None:
    """Return a text unchanged; if it is a nested value written as JSON or Python, the names in it."""
    if len(text) > _MAX_CHARACTERS or not _LITERAL.match(text):
        return text
    for read in (json.loads, literal_eval):
        try:
            return named_text(read(text))
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
    return text


def at(value: Any, path: Path) -> list[Any]:
    """Return everything at the end of a path. A list contributes all items unless the path gives an item's number."""
    reached = [value]
    for key in path:
        following: list[Any] = []
        for node in reached:
            if isinstance(node, list) and key.isdecimal():
                following += [node[int(key)]] if len(key) < 10 and int(key) < len(node) else []
            else:
                following += [item[key] for item in _items(node) if isinstance(item, dict) and key in item]
        reached = following[:_MAX_ITEMS]
    return reached


def makers_at(value: Any, path: Path) -> str | None:
    """Return the texts at the end of a path as one text, without those of people who did not make the artwork."""
    people = [person for item in at(value, path[:-1]) for person in _items(item)]
    texts = [
        text for person in people if not _is_no_maker(person) for end in at(person, path[-1:]) for text in named(end)
    ]
    return _joined(texts)


def paths(value: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Yield the path and the value of everything inside the nested values of a row. Items of a list share a path."""
    stack: list[tuple[Path, Any]] = [((key,), node) for key, node in value.items() if isinstance(node, dict | list)]
    stack.reverse()
    for _ in range(_NODES):
        if not stack:
            return
        path, node = stack.pop()
        yield path, node
        if isinstance(node, list):
            stack += [
                (path, item) for item in reversed(node[:_MAX_ITEMS]) if not isinstance(item, str) or len(path) > 1
            ]
        elif isinstance(node, dict) and len(path) <= _MAX_DEPTH:
            stack += [((*path, key), item) for key, item in reversed(list(node.items())[:_MAX_ITEMS]) if "." not in key]


def _items(value: Any, depth: int = 0) -> list[Any]:
    """Return the items of a list and of the lists in it; any other value as the only item."""
    if not isinstance(value, list):
        return [value]
    if depth > _MAX_DEPTH:
        return []
    return [item for inner in value[:_MAX_ITEMS] for item in _items(inner, depth + 1)][:_MAX_ITEMS]


def _keys(value: Any) -> list[str]:
    return list(value)[:_MAX_ITEMS] if isinstance(value, dict) else named(value)


def _is_no_maker(value: Any) -> bool:
    """Whether a nested value is a person with a role other than maker."""
    if not isinstance(value, dict):
        return False
    for key in _ROLES:
        if key not in value or (key == "label" and "content" not in value):
            continue
        if (text := "; ".join(named(value.get(key), 1))) and _NO_MAKER.search(text):
            return True
    return False


def _joined(texts: list[str]) -> str | None:
    words = [text for text in _once(texts) if not _ADDRESS.fullmatch(text)]
    return "; ".join(words or _once(texts)) or None


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))[:_MAX_ITEMS]
