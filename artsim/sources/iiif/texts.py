"""Reads texts of IIIF documents (Presentation 2 and 3) in the caller's preferred languages, without markup."""

import html
import re
from typing import Any

from artsim.archive.rejects import clean

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_LANGUAGE = re.compile(r"[\s_@.-]+(?:en|de|fr|it|es|nl|da|sv|no|fi|pt|cy|ja|zh|eng|ger|deu|fre|fra|ita|spa|dut|nld)$")
_BETWEEN_PARTS = re.compile(r"\s*(?:/|&|\||;|,|\b(?:and|or|und|oder|et|ou|e|y|og|en)\b)\s*")


def text_of(value: Any, languages: list[str]) -> str | None:
    """Return a label or value as one line; None if it is empty.

    Uses the first of ``languages`` that it has, else text without a language, else any language. Accepts what both
    versions allow: a text, a list, ``{"@value": ..., "@language": ...}``, ``{"en": ["..."]}``.
    """
    by_language = _by_language(value)
    for language in [*languages, ""]:
        for tag, texts in by_language.items():
            if tag == language or (language and tag.startswith(f"{language}-")):
                return "; ".join(texts)
    return "; ".join(next(iter(by_language.values()))) if by_language else None


def names_of(label: Any) -> list[str]:
    """Return a label in all its languages, normalized, so that it is recognized in each of them."""
    return [normal(text) for texts in _by_language(label).values() for text in texts]


def parts_of(label: Any) -> list[str]:
    """Return the parts of a compound label ("Type/technique", "Culture & Date") in all its languages, normalized."""
    texts = [text for texts in _by_language(label).values() for text in texts]
    return [normal(part) for text in texts for part in _BETWEEN_PARTS.split(_BRACKETS.sub(" ", text.lower()))]


def normal(label: str) -> str:
    """Normalize a label for comparison: drop case, punctuation, brackets, plurals and a language at its end."""
    text = _BRACKETS.sub("", label.casefold()).strip(" :.")
    words = re.findall(r"[^\W_]+", _LANGUAGE.sub("", text))
    return "".join(re.sub(r"(?<=\w\w\w)s$", "", word) for word in words)


def _by_language(value: Any) -> dict[str, list[str]]:
    """Return the non-empty texts by language ("" for none), in the order of the document."""
    by_language: dict[str, list[str]] = {}

    def add(language: Any, text: Any) -> None:
        plain = (
            clean(html.unescape(_TAG.sub(" ", _without_comments(str(text)))))
            if isinstance(text, str | int | float)
            else ""
        )
        if plain:
            language = language.lower() if isinstance(language, str) and language not in ("none", "@none") else ""
            by_language.setdefault(language, []).append(plain)

    for entry in value if isinstance(value, list) else [value]:
        if isinstance(entry, dict) and "@value" in entry:
            add(entry.get("@language"), entry["@value"])
        elif isinstance(entry, dict):
            for language, texts in entry.items():
                for text in texts if isinstance(texts, list) else [texts]:
                    add(language, text)
        else:
            add("", entry)
    return by_language


def _without_comments(text: str) -> str:
    """Remove HTML comments in linear time; an unclosed comment stays."""
    visible_texts = []
    start = 0
    while (opened := text.find("<!--", start)) >= 0 and (closed := text.find("-->", opened + 4)) >= 0:
        visible_texts.append(text[start:opened])
        start = closed + 3
    return " ".join([*visible_texts, text[start:]])
