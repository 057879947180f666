"""Validates the rows of every source before they enter the catalog."""

import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive.rejects import Reject
from artsim.sources.records import Chunk

# http(s), a host (a name or IPv6 in brackets), an optional port; no user or password, no characters that could split
# a header.
_WEB = r"^(?i:https?)://(\[[0-9A-Fa-f:.]+\]|[^\s/?#@\\:\[\]]+)(:[0-9]{1,5})?([/?#][^\x00-\x1f\x7f]*)?$"
_USER = r"^(?i:https?)://[^/?#]*@"
_MAX_CHARACTERS = 8192  # maximum characters of an address or an id


def validated(chunk: Chunk, collection: str, root: str | None) -> Chunk:
    """Return the chunk with its valid rows, under their full ids; invalid rows are added to the rejects.

    A valid row has an id and an image, at a web address or below the folder with the address ``root`` (which ends in a
    slash). Whether a web address is safe to fetch depends on how its host name resolves; the scraper checks that.
    """
    rows = chunk.rows
    images, ids = rows["image_url"], rows["id"]
    web = pc.match_substring_regex(images, _WEB)
    good = pc.or_(web, pc.starts_with(images, root)) if root else web
    tests = (
        ("no image", pc.is_null(images)),
        (
            "image address contains control characters",
            pc.match_substring_regex(images, r"[\x00-\x1f\x7f]"),
        ),
        (
            "image address contains a user name or password",
            pc.match_substring_regex(images, _USER),
        ),
        ("image is neither a web address nor a file below the given folder", pc.invert(good)),
        ("no id", pc.fill_null(pc.equal(ids, ""), True)),
        ("id contains control characters", pc.match_substring_regex(ids, r"[\x00-\x1f\x7f]")),
        (f"id or image address longer than {_MAX_CHARACTERS:,} characters", _is_long(images, ids)),
    )
    bad = pa.array([False] * len(rows), pa.bool_())
    rejects = list(chunk.rejects)
    for reason, test in tests:
        test = pc.and_not(pc.fill_null(test, False), bad)
        if pc.any(test).as_py():
            for row in rows.filter(test).select(["where", "id", "title", "image_url"]).to_pylist():
                rejects.append(Reject.of(row.pop("where"), reason, " | ".join(filter(None, row.values()))))
            bad = pc.or_(bad, test)
    if len(rejects) > len(chunk.rejects):
        rows = rows.filter(pc.invert(bad))
    rows = rows.set_column(0, "id", pc.binary_join_element_wise(collection, rows["id"], ":"))
    source = pa.repeat(pa.scalar(collection), len(rows))
    return Chunk(rows.set_column(1, "source", source), rejects, chunk.cursors)


def _is_long(images: pa.ChunkedArray, ids: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.greater(pc.max_element_wise(pc.utf8_length(images), pc.utf8_length(ids)), _MAX_CHARACTERS)
