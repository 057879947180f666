"""Records which folders each collection may read files from; the catalog job writes them, the scraper reads them."""

import re

from artsim.archive import Archive, Keys, UserError
from artsim.sources.records import Source

_FOLDER = "catalog/_sources"
_KEYS: Keys = {"locations": list, "roots": list}


def is_name(collection: str) -> bool:
    """Whether a text is valid as a prefix of ids and as a file name."""
    return re.fullmatch(r"[A-Za-z0-9][\w.-]{0,99}", collection) is not None


def check_source(archive: Archive, collection: str, source: Source, named: bool) -> None:
    """Raise ``UserError`` if the collection came from another location and the caller did not name it.

    Two files may have the same name, and rows of one would be taken for rows of the other. Sources whose ids are the
    museum's are exempt.
    """
    known = _known(archive, collection)
    if known["locations"] and source.location not in known["locations"] and not (named or source.own_ids):
        raise UserError(
            f"`as_`: the collection {collection!r} was created from {known['locations'][0]}; "
            f"pass `as_` {collection} to add to it, or another name to keep them separate"
        )


def note_source(archive: Archive, collection: str, source: Source) -> None:
    """Record where a collection comes from and, if there is one, the folder that the caller allowed by naming it."""
    known = _known(archive, collection)
    about = {
        "locations": sorted({*known["locations"], source.location}),
        "roots": sorted({*known["roots"], *([source.root] if source.root else [])}),
    }
    if about != known:
        archive.write_json(f"{_FOLDER}/{collection}.json", about)


def _known(archive: Archive, collection: str) -> dict[str, list[str]]:
    known: dict[str, list[str]] | None = archive.read_json(f"{_FOLDER}/{collection}.json", _KEYS)
    return known if known is not None else {"locations": [], "roots": []}


def roots(archive: Archive, collection: str) -> list[str]:
    """Return the URLs, each ending in a slash, of the folders below which rows of a collection may name files."""
    if not is_name(collection):
        return []
    about = archive.read_json(f"{_FOLDER}/{collection}.json", _KEYS)
    return about["roots"] if about else []
