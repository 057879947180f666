"""Which column of a table is which of the catalog: what the caller says, and names that speak for themselves."""

import re
from collections.abc import Iterable, Mapping

from artsim.archive import CATALOG, Mistake

# The names under which museums publish each column, compared without case and punctuation; the first one there counts.
_KNOWN = {
    "image_url": "imageurl primaryimage primaryimageurl imgurl image imagelink thumbnailurl imagethumbnail file"
    " filename"
    " filepath path iiifinfourl edmisshownby url",
    "id": "id omniid objectid objectnumber accessionnumber acno foreignidentifier identifier inventorynumber"
    " systemnumber"
    " item uid uuid",
    "page_url": "pageurl objecturl sourceurl foreignlandingurl collectionurl landingpage webpage weburl edmisshownat"
    " page"
    " permalink url",
    "title": "title name artworkname objecttitle caption primarytitle itemlabel",
    "artist": "artist artistfullname artistdisplayname artistname allartists creator author painter maker artistdisplay"
    " artisttitle principalorfirstmaker creatorlabel dccreator",
    "date_text": "datetext date objectdate creationyear year dated dating datedisplay displaydate primarydate"
    " creationdate"
    " inception",
    "year_from": "yearfrom objectbegindate beginyear startyear datestart datebegin creationdateearliest",
    "year_to": "yearto objectenddate endyear dateend creationdatelatest",
    "style": "style movement styletitle",
    "type": "type classification objecttype genre l1type artworktypetitle",
    "technique": "technique medium techniques materials mediumdisplay",
    "location": "location repository museum",
    "school": "school culture nationality",
    "rights": "rights licenseurl license licence rightsurl ispublicdomain publicdomain copyright rightstype"
    " sharelicensestatus",
}
SPEAKING = frozenset(" ".join(_KNOWN.values()).split())  # plain names that are understood without being told


def parse_columns(texts: Iterable[str]) -> dict[str, str]:
    """``image_url=url title=name ...`` as a dict by catalog column. Mistake for a column that the catalog lacks.

    The right side is a column of the table, or a text with such columns in braces: ``https://x.org/{file}``.
    """
    columns = {}
    for text in texts:
        name, equals, column = text.partition("=")
        if not equals or not column:
            raise Mistake(f"--columns {text}: write it as image_url=url, the catalog's column first")
        if name not in _KNOWN:
            raise Mistake(f"--columns {text}: the catalog has no column {name!r} to fill; it has {', '.join(_KNOWN)}")
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


def plain_name(column: str) -> str:
    """A column's name as it is compared: without case and punctuation."""
    return re.sub(r"[^a-z0-9]", "", column.lower())


def resolved(wanted: Mapping[str, str], there: list[str]) -> dict[str, str]:
    """Which column of a table fills which of the catalog: those wanted, and others whose names speak for themselves."""
    found = dict(wanted)
    plain: dict[str, str] = {}
    for column in there:
        plain.setdefault(plain_name(column), column)
    taken = {text for text in wanted.values() if "{" not in text}
    for name, known in _KNOWN.items():
        free = [plain[one] for one in known.split() if one in plain and plain[one] not in taken]
        if name not in found and free:
            found[name] = free[0]
            taken.add(free[0])
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


assert set(_KNOWN) == set(CATALOG.names) - {"source", "metadata"}
