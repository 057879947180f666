"""Texts of IIIF documents, of Presentation 2 and 3, in the languages that the caller prefers. Markup is taken off."""

import html
import re
from typing import Any

from artsim.sources.record import clean

_TAG = re.compile(r"<(?:/?[a-zA-Z][^<>]*|!--.*?--)>", re.DOTALL)


def text_of(value: Any, languages: list[str]) -> str | None:
    """A label or value as one line: in the first language of ``languages`` that it has, else in none, else in any.

    Takes what both versions allow: a text, a list, ``{"@value": ..., "@language": ...}``, ``{"en": ["..."]}``.
    """
    by_language = _by_language(value)
    for language in [*languages, ""]:
        for found, texts in by_language.items():
            if found == language or (language and found.startswith(f"{language}-")):
                return "; ".join(texts)
    return "; ".join(next(iter(by_language.values()))) if by_language else None


def names_of(label: Any) -> list[str]:
    """A label in all its languages, lower case, so that it can be recognised whatever is preferred."""
    return [text.lower().rstrip(":") for texts in _by_language(label).values() for text in texts]


def _by_language(value: Any) -> dict[str, list[str]]:
    """Texts by language, "" for none; in the order of the document, without empty ones."""
    found: dict[str, list[str]] = {}

    def add(language: Any, text: Any) -> None:
        plain = clean(html.unescape(_TAG.sub(" ", str(text)))) if isinstance(text, str | int | float) else ""
        if plain:
            language = language.lower() if isinstance(language, str) and language not in ("none", "@none") else ""
            found.setdefault(language, []).append(plain)

    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict) and "@value" in one:
            add(one.get("@language"), one["@value"])
        elif isinstance(one, dict):
            for language, texts in one.items():
                for text in texts if isinstance(texts, list) else [texts]:
                    add(language, text)
        else:
            add("", one)
    return found
