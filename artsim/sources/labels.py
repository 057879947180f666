"""Texts of IIIF documents, of Presentation 2 and 3, in the languages that the caller prefers. Markup is taken off."""

import html
import re
from typing import Any

from artsim.sources.record import clean

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_LANGUAGE = re.compile(r"[\s_@.-]+(?:en|de|fr|it|es|nl|da|sv|no|fi|pt|cy|ja|zh|eng|ger|deu|fre|fra|ita|spa|dut|nld)$")
_BETWEEN_PARTS = re.compile(r"\s*(?:/|&|\||;|,|\b(?:and|or|und|oder|et|ou|e|y|og|en)\b)\s*")


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
    """A label in all its languages, normalised, so that it can be recognised whatever is preferred."""
    return [normal(text) for texts in _by_language(label).values() for text in texts]


def parts_of(label: Any) -> list[str]:
    """The parts of a compound label ("Type/technique", "Culture & Date") in all its languages, normalised."""
    texts = [text for texts in _by_language(label).values() for text in texts]
    return [normal(part) for text in texts for part in _BETWEEN_PARTS.split(_BRACKETS.sub(" ", text.lower()))]


def normal(label: str) -> str:
    """A label as it is compared: without case, punctuation, brackets, plurals and the language at its end."""
    text = _BRACKETS.sub("", label.casefold()).strip(" :.")
    words = re.findall(r"[^\W_]+", _LANGUAGE.sub("", text))
    return "".join(re.sub(r"(?<=\w\w\w)s$", "", word) for word in words)


def _by_language(value: Any) -> dict[str, list[str]]:
    """Texts by language, "" for none; in the order of the document, without empty ones."""
    found: dict[str, list[str]] = {}

    def add(language: Any, text: Any) -> None:
        plain = (
            clean(html.unescape(_TAG.sub(" ", _without_comments(str(text)))))
            if isinstance(text, str | int | float)
            else ""
        )
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


def _without_comments(text: str) -> str:
    """HTML without comments, in linear time: a comment that is never closed stays."""
    pieces = []
    start = 0
    while (opened := text.find("<!--", start)) >= 0 and (closed := text.find("-->", opened + 4)) >= 0:
        pieces.append(text[start:opened])
        start = closed + 3
    return " ".join([*pieces, text[start:]])
