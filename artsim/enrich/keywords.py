"""Researchers' keywords of artworks: a column of the catalog, a field of its metadata, or a CSV file."""

import re

from artsim.archive import CATALOG, Archive, UserError
from artsim.enrich.csv_file import read_csv
from artsim.enrich.texts import FILES, Texts
from artsim.sources.tables.columns import plain_name

_MAX_CHARACTERS = 200  # characters of a keyword; longer ones are texts


def read_keywords(archive: Archive, source: str, separators: str, *, public_only: bool = False) -> dict[str, list[str]]:
    """Returns the keywords of each artwork that has some, by id, in the order of the source.

    ``separators`` are the characters that separate keywords in one value. A file has the columns id and keyword, where
    the id may lack the collection. Raises ``UserError`` if there is none.
    """
    is_file = source not in CATALOG.names and (source.lower().endswith(FILES) or "/" in source)
    from_file = _read_file(source, separators) if is_file else {}
    given: dict[str, list[str]] = {}
    texts = Texts(archive, () if is_file else (source,), public_only)
    for key in texts.parts():
        for artwork in texts.read(*key):
            if is_file:
                keywords = from_file.get(artwork.id) or from_file.get(artwork.id.partition(":")[2]) or []
            else:
                keywords = _split(artwork.texts.get(source, ""), separators)
            if keywords:
                given[artwork.id] = keywords
    if not given:
        raise UserError(f"`keywords` {source}: no artwork of the catalog has a keyword there")
    return given


def _split(text: str, separators: str) -> list[str]:
    parts = re.split(f"[{re.escape(separators)}\n]", text) if separators else [text]
    words = (" ".join(part.split()) for part in parts)
    return list(dict.fromkeys(word for word in words if word and len(word) <= _MAX_CHARACTERS))


def _read_file(path: str, separators: str) -> dict[str, list[str]]:
    given: dict[str, dict[str, None]] = {}
    for table in read_csv(path, "keywords"):
        columns = {plain_name(name): name for name in reversed(table.column_names)}
        column = columns.get("keyword") or columns.get("keywords")
        if "id" not in columns or column is None:
            names = ", ".join(table.column_names)[:300]
            raise UserError(f"`keywords` {path}: needs the columns id and keyword; it has {names}")
        for identifier, text in zip(table[columns["id"]].to_pylist(), table[column].to_pylist(), strict=True):
            if identifier and text:
                given.setdefault(identifier, {}).update(dict.fromkeys(_split(text, separators)))
    return {identifier: list(words) for identifier, words in given.items()}
