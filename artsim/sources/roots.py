"""Which folder each collection may take its files from: noted by the catalog job, asked by whoever opens them."""

import re

from artsim.archive import Archive, Keys, Mistake
from artsim.sources.record import Source

_FOLDER = "catalog/_sources"
_KEYS: Keys = {"locations": list, "roots": list}


def is_name(collection: str) -> bool:
    """Whether a text can be the first part of ids and the name of a file."""
    return re.fullmatch(r"[A-Za-z0-9][\w.-]{0,99}", collection) is not None


def check_source(archive: Archive, collection: str, source: Source, named: bool) -> None:
    """Mistake if the caller did not name the collection and it came from elsewhere, unless its ids are the museum's.

    Two files may have the same name, and rows of one would be taken for rows of the other.
    """
    known = _known(archive, collection)
    if known["locations"] and source.location not in known["locations"] and not (named or source.own_ids):
        raise Mistake(
            f"--as: the collection {collection!r} came from {known['locations'][0]}; "
            f"say --as {collection} to add to it, or another name to keep them apart"
        )


def note_source(archive: Archive, collection: str, source: Source) -> None:
    """Notes where a collection comes from, and the folder that the caller opened by naming it, if there is one."""
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
    """The addresses, each ending in a slash, below which rows of a collection may name files."""
    if not is_name(collection):
        return []
    about = archive.read_json(f"{_FOLDER}/{collection}.json", _KEYS)
    return about["roots"] if about else []
