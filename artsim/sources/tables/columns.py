"""Maps a table's columns to the catalog's, by the caller's ``columns`` or by well-known column names."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from artsim.archive import CATALOG, UserError
from artsim.sources.tables.column_names import PAGE_IDS, SYNONYMS
from artsim.sources.tables.unlisted_columns import meaning
from artsim.text.words import LETTERS

_LANGUAGE = re.compile(
    r"(.+?)[\s_./(\[-]+(?:en|eng|de|fr|sv|da|nl|es|it|no|nb|nn|fi|pt|ca|pl|cs|sk|hu|ro|el|ru|uk|bg|sr|tr|et"
    r"|lv|lt|sl|hr|is|ja|zh|ko)[)\]]?",
    re.IGNORECASE,
)

_HOST = re.compile(
    r"(([\w-]+\.)+[a-z]{2,}|localhost|\d+(\.\d+){3})(:\d+)?/", re.IGNORECASE
)  # an address without its scheme

Resolved = dict[str, tuple[str, ...]]  # by catalog column, the table columns that fill it


def parse_columns(texts: Iterable[str]) -> dict[str, str]:
    """Parse ``image_url=url title=name ...`` into a dict by catalog column.

    The right side is a column of the table, or a template with columns in braces: ``https://x.org/{file}``. Raises
    ``UserError`` for bad syntax, a column that the catalog lacks, or one that is given twice.
    """
    columns: dict[str, str] = {}
    for text in texts:
        name, equals, column = text.partition("=")
        if not equals or not column:
            raise UserError(f"`columns` {text}: must be CATALOG_COLUMN=TABLE_COLUMN, as in image_url=url")
        if name not in SYNONYMS:
            raise UserError(f"`columns` {text}: unknown catalog column {name!r}; choose one of {', '.join(SYNONYMS)}")
        if name in columns:
            raise UserError(f"`columns` {text}: {name} is already set to {columns[name]}; give each column once")
        columns[name] = column
    return columns


def with_template(columns: Mapping[str, str], template: str | None) -> dict[str, str]:
    """Return the columns with ``image_template`` as ``image_url``.

    Raises ``UserError`` if ``image_url`` is given already, or if the template names no column.
    """
    if template is None:
        return dict(columns)
    if "image_url" in columns:
        raise UserError("`image_template`: cannot be combined with `columns` image_url=; give one of the two")
    if not any(columns_in(template)) or "{" not in template:
        raise UserError(f"`image_template` {template}: name the column in braces, as in https://m.org/{{id}}.jpg")
    return {**columns, "image_url": template}


def check_scheme(chosen: Mapping[str, str], option: str) -> None:
    """Raise ``UserError`` if the text for ``image_url`` begins with a host; called if the named files do not exist."""
    text = chosen.get("image_url", "")
    if _HOST.match(text):
        raise UserError(
            f"{option}{text}: no row names an existing file. For web addresses, start with https://, as in "
            f"https://{text}; for files, use `images` FOLDER"
        )


def plain_name(column: str) -> str:
    """Return a column name in the form used for comparison.

    Case, accents, punctuation, namespace prefixes and the numbers of list items are removed.
    """
    column = unicodedata.normalize("NFKD", column.casefold().translate(LETTERS))
    column = re.sub(r"(?<![^./])(?:dc|dcterms|schema|o):(?=\w)", "", column)  # prefixes of Dublin Core and JSON-LD
    return re.sub(r"[\W_]", "", re.sub(r"[./]\d+(?=[./]|$)", "", column))


def _in_language(column: str) -> str | None:
    """Return the plain name of a column without its language suffix (``Titel_sv``), or None if it has no suffix."""
    match = _LANGUAGE.fullmatch(column)
    return plain_name(match[1]) if match else None


_PLAIN = {name: [plain_name(synonym) for synonym in synonyms.split()] for name, synonyms in SYNONYMS.items()}
IMAGE_NAMES = _PLAIN["image_url"]
ARTIST_NAMES = frozenset(_PLAIN["artist"])
ID_NAMES = frozenset(_PLAIN["id"])
PAGE_NAMES = frozenset(_PLAIN["page_url"])
# plain names that are mapped by default
WELL_KNOWN_NAMES = frozenset(plain for synonyms in _PLAIN.values() for plain in synonyms)


def resolved(chosen: Mapping[str, str], existing: list[str], images: Sequence[str] = ()) -> Resolved:
    """Return the table columns that fill each catalog column: the wanted one, or those with well-known names.

    If there are several, each row takes the first that has a value. ``images`` are the columns whose values are
    images. A column that the caller named is used for nothing else, unless it is part of a template.
    """
    mapping: Resolved = {name: (text,) for name, text in chosen.items()}
    if images and "image_url" not in mapping:
        mapping["image_url"] = tuple(images)
    taken = {column for columns in mapping.values() for column in columns if "{" not in column}
    by_plain: dict[str, list[str]] = {}
    for column in existing:
        by_plain.setdefault(plain_name(column), []).append(column)
    for column in existing:
        if plain := _in_language(column):
            by_plain.setdefault(plain, []).append(column)
    for name, synonyms in _PLAIN.items():
        if name in mapping or name == "image_url":
            continue
        available = [column for plain in synonyms for column in by_plain.get(plain, ()) if column not in taken]
        available += [column for column in existing if column not in taken and meaning(column) == name]
        if name == "page_url":
            available += [
                column for plain in PAGE_IDS for column in by_plain.get(plain, ()) if column in mapping.get("id", ())
            ]
        if available:
            mapping[name] = tuple(dict.fromkeys(available))
            taken.update(available)
    return mapping


def check_columns(chosen: Mapping[str, str], existing: list[str], option: str = "`columns` {}=") -> None:
    """Raise ``UserError`` if a column that the caller named is not in the table."""
    for name, text in chosen.items():
        for column in columns_in(text):
            if column not in existing:
                raise UserError(
                    f"{option.format(name)}{text}: the table has no column {column!r}; it has {', '.join(existing)}"
                )


def columns_in(text: str) -> list[str]:
    """Return the table columns that the right side of ``columns`` uses."""
    return re.findall(r"\{([^{}]*)\}", text) if "{" in text else [text]


assert set(SYNONYMS) == set(CATALOG.names) - {"source", "metadata"}
