"""Which column of a table is which of the catalog: what the caller says, and names that speak for themselves."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from artsim.archive import CATALOG, Mistake
from artsim.sources.synonyms import PAGE_IDS, SYNONYMS
from artsim.sources.wording import meaning

_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i"}
)  # those that are no letter with an accent
_LANGUAGE = re.compile(
    r"(.+?)[\s_./(\[-]+(?:en|eng|de|fr|sv|da|nl|es|it|no|nb|nn|fi|pt|ca|pl|cs|sk|hu|ro|el|ru|uk|bg|sr|tr|et"
    r"|lv|lt|sl|hr|is|ja|zh|ko)[)\]]?",
    re.IGNORECASE,
)

_HOST = re.compile(
    r"(([\w-]+\.)+[a-z]{2,}|localhost|\d+(\.\d+){3})(:\d+)?/", re.IGNORECASE
)  # an address without its scheme

Resolved = dict[str, tuple[str, ...]]  # by the catalog's column, the columns of a table that fill it


def parse_columns(texts: Iterable[str]) -> dict[str, str]:
    """``image_url=url title=name ...`` as a dict by catalog column. Mistake for a column that the catalog lacks.

    The right side is a column of the table, or a text with such columns in braces: ``https://x.org/{file}``.
    """
    columns: dict[str, str] = {}
    for text in texts:
        name, equals, column = text.partition("=")
        if not equals or not column:
            raise Mistake(f"--columns {text}: write it as image_url=url, the catalog's column first")
        if name not in SYNONYMS:
            raise Mistake(f"--columns {text}: the catalog has no column {name!r} to fill; it has {', '.join(SYNONYMS)}")
        if name in columns:
            raise Mistake(f"--columns {text}: {name} is said to be {columns[name]} already; say each column once")
        columns[name] = column
    return columns


def with_template(columns: Mapping[str, str], template: str | None) -> dict[str, str]:
    """The columns with ``--image-template`` as the image's. Mistake if that is said twice, or names no column."""
    if template is None:
        return dict(columns)
    if "image_url" in columns:
        raise Mistake("--image-template: --columns image_url= says where the images are already; give one of the two")
    if not any(columns_in(template)) or "{" not in template:
        raise Mistake(f"--image-template {template}: name the column in braces, as in https://m.org/{{id}}.jpg")
    return {**columns, "image_url": template}


def check_scheme(wanted: Mapping[str, str], option: str) -> None:
    """Mistake if the text that makes the images' addresses begins with a host; for one whose files are not there."""
    text = wanted.get("image_url", "")
    if _HOST.match(text):
        raise Mistake(
            f"{option}{text}: no row names a file that is there. For addresses on the web begin with https:// as in "
            f"https://{text}; for files say --images FOLDER"
        )


def plain_name(column: str) -> str:
    """A column's name as it is compared: without case, accents, punctuation and the numbers of list items."""
    column = unicodedata.normalize("NFKD", column.casefold().translate(_LETTERS))
    column = re.sub(r"(?<![^./])(?:dc|dcterms|schema|o):(?=\w)", "", column)  # prefixes of Dublin Core and JSON-LD
    return re.sub(r"[\W_]", "", re.sub(r"[./]\d+(?=[./]|$)", "", column))


def _in_language(column: str) -> str | None:
    """The plain name of a column that says in which language it is (``Titel_sv``), without that; None for others."""
    found = _LANGUAGE.fullmatch(column)
    return plain_name(found[1]) if found else None


_PLAIN = {name: [plain_name(one) for one in known.split()] for name, known in SYNONYMS.items()}
IMAGE_NAMES = _PLAIN["image_url"]
ARTIST_NAMES = frozenset(_PLAIN["artist"])
ID_NAMES = frozenset(_PLAIN["id"])
PAGE_NAMES = frozenset(_PLAIN["page_url"])
SPEAKING = frozenset(one for known in _PLAIN.values() for one in known)  # plain names that need no telling


def resolved(wanted: Mapping[str, str], there: list[str], images: Sequence[str] = ()) -> Resolved:
    """Which columns of a table fill each of the catalog: the one wanted, or those whose names speak for themselves.

    Of several, a row takes the first that it has. ``images`` are those that hold images, judged by their values.
    What the caller named is used for nothing else, unless in a template.
    """
    found: Resolved = {name: (text,) for name, text in wanted.items()}
    if images and "image_url" not in found:
        found["image_url"] = tuple(images)
    taken = {column for columns in found.values() for column in columns if "{" not in column}
    by_plain: dict[str, list[str]] = {}
    for column in there:
        by_plain.setdefault(plain_name(column), []).append(column)
    for column in there:
        if plain := _in_language(column):
            by_plain.setdefault(plain, []).append(column)
    for name, known in _PLAIN.items():
        if name in found or name == "image_url":
            continue
        free = [column for plain in known for column in by_plain.get(plain, ()) if column not in taken]
        free += [column for column in there if column not in taken and meaning(column) == name]
        if name == "page_url":
            free += [
                column for plain in PAGE_IDS for column in by_plain.get(plain, ()) if column in found.get("id", ())
            ]
        if free:
            found[name] = tuple(dict.fromkeys(free))
            taken.update(free)
    return found


def check_columns(wanted: Mapping[str, str], there: list[str], option: str = "--columns {}=") -> None:
    """Mistake if a column that the caller named is not in the table."""
    for name, text in wanted.items():
        for column in columns_in(text):
            if column not in there:
                raise Mistake(
                    f"{option.format(name)}{text}: the table has no column {column!r}; it has {', '.join(there)}"
                )


def columns_in(text: str) -> list[str]:
    """The columns of a table that the right side of ``--columns`` uses."""
    return re.findall(r"\{([^{}]*)\}", text) if "{" in text else [text]


assert set(SYNONYMS) == set(CATALOG.names) - {"source", "metadata"}
