"""Plain text out of nested values: what lies at the end of a dotted name, and what a person or a term is called."""

import json
import re
from ast import literal_eval
from collections.abc import Iterable, Iterator
from typing import Any

from artsim.sources.plain_numbers import plain_number

_DEEPEST = 8  # levels below a row that are looked into
_MOST = 100  # texts of one value
_NODES = 2000  # values of one row that are looked at
_LONGEST = 100_000  # characters of a text that may hold nested values

# Where a nested value keeps what it is called, the better ones first.
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
    """What a nested value is called: its text, the names of a list's items, the name that an object has.

    Of people, those who did not make the work (owners, sitters) are left out. Empty if nothing in it is a name.
    """
    if depth > _DEEPEST or value is None or isinstance(value, bool):
        return []
    if isinstance(value, str):
        return [text] if (text := " ".join(value.split())) else []
    if isinstance(value, float):
        value = plain_number(value)
    if isinstance(value, int | float):
        return [str(value)]
    if isinstance(value, list):
        return _once(text for one in value[:_MOST] for text in named(one, depth + 1))
    if not isinstance(value, dict) or _is_no_maker(value):
        return []
    if "primary" in value and "secondary" in value:  # authors by rank, with their names as keys
        return next((names for key in ("primary", "corporate", "secondary") if (names := _keys(value.get(key)))), [])
    for key in _NAMES:
        if key in value and (texts := named(value[key], depth + 1)):
            return texts
    if value and all(_LANGUAGE.fullmatch(key) and key not in _NO_LANGUAGES for key in value):
        return next((texts for one in value.values() if (texts := named(one, depth + 1))), [])
    return []


def named_text(value: Any) -> str | None:
    """What a nested value is called, as one text. Addresses count only where there is nothing else."""
    return _joined(named(value))


def named_in_text(text: str) -> str | None:
    """A text as it is; if it is a nested value written as JSON or Python text, what that is called."""
    if len(text) > _LONGEST or not _LITERAL.match(text):
        return text
    for read in (json.loads, literal_eval):
        try:
            return named_text(read(text))
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
    return text


def at(value: Any, path: Path) -> list[Any]:
    """Everything at the end of a path; it leads through all items of a list unless it gives an item's number."""
    found = [value]
    for key in path:
        following: list[Any] = []
        for one in found:
            if isinstance(one, list) and key.isdecimal():
                following += [one[int(key)]] if len(key) < 10 and int(key) < len(one) else []
            else:
                following += [item[key] for item in _items(one) if isinstance(item, dict) and key in item]
        found = following[:_MOST]
    return found


def makers_at(value: Any, path: Path) -> str | None:
    """The texts at the end of a path as one text, without those of people who did not make the work."""
    people = [one for item in at(value, path[:-1]) for one in _items(item)]
    texts = [text for one in people if not _is_no_maker(one) for end in at(one, path[-1:]) for text in named(end)]
    return _joined(texts)


def paths(value: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    """The path of everything inside the nested values of a row, and the value. Items of a list share their path."""
    stack: list[tuple[Path, Any]] = [((key,), one) for key, one in value.items() if isinstance(one, dict | list)]
    stack.reverse()
    for _ in range(_NODES):
        if not stack:
            return
        path, one = stack.pop()
        yield path, one
        if isinstance(one, list):
            stack += [(path, item) for item in reversed(one[:_MOST]) if not isinstance(item, str) or len(path) > 1]
        elif isinstance(one, dict) and len(path) <= _DEEPEST:
            stack += [((*path, key), item) for key, item in reversed(list(one.items())[:_MOST]) if "." not in key]


def _items(value: Any, depth: int = 0) -> list[Any]:
    """The items of a list and of the lists in it; anything else alone."""
    if not isinstance(value, list):
        return [value]
    if depth > _DEEPEST:
        return []
    return [item for one in value[:_MOST] for item in _items(one, depth + 1)][:_MOST]


def _keys(value: Any) -> list[str]:
    return list(value)[:_MOST] if isinstance(value, dict) else named(value)


def _is_no_maker(value: Any) -> bool:
    """Whether a nested value is a person with another role than that of the maker."""
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
    return list(dict.fromkeys(texts))[:_MOST]
