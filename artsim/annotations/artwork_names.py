"""Finds the artworks that the names in an annotation file mean, and the names to export artworks under."""

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

from artsim.annotations.artworks import artwork_rows
from artsim.archive import Archive
from artsim.sources.image_names import ENDINGS

_ENDING = rf"(?i)\.({'|'.join(sorted(ENDINGS))})$"
_ENDS_IN_FILE = _ENDING.replace("$", '"')  # at the end of a JSON string
_MAX_LISTED = 3  # artworks listed for an ambiguous name

# Ways of matching names to artworks, in order of preference: for each way, the key of a name, and the columns of
# catalog rows that may equal it.
_OfName = Sequence[Callable[[str], str]]
_OfRows = Callable[[pa.Table], Sequence[Sequence[pa.Array]]]


def find_names(
    archive: Archive, names: Iterable[str], collection: str | None = None, public_only: bool = False
) -> dict[str, list[str]]:
    """Returns the ids that each name may mean: one, none if it is unknown, or up to three if it is ambiguous.

    A name is an id, a local id (what follows the collection's colon), or the name of an image file: that of the local
    id or the address, else one in the metadata, else the title. A file name is compared with its ending first, then
    without. The first of these ways that finds an artwork counts. ``collection`` limits the search to its artworks,
    ``public_only`` to those that are open to everyone.
    """
    ids_of_name = _look(
        artwork_rows(archive, ["image_url"], collection, public_only), _by_id_and_file, _ID_AND_FILE, names
    )
    unmatched = [name for name, ids in ids_of_name.items() if not ids]
    if unmatched:
        ids_of_name |= _look(
            artwork_rows(archive, ["title", "metadata"], collection, public_only), _by_words, _WORDS, unmatched
        )
    return ids_of_name


def file_names(archive: Archive, ids: Sequence[str]) -> dict[str, str]:
    """The name of each artwork's image file, or its id if that name is ambiguous or unknown."""
    rows = archive.table("catalog").find(ids, ["id", "image_url"])
    if rows is None:
        return {image: image for image in ids}
    of_id, of_address = (column.to_pylist() for column in _files(rows))
    files = [far if far and _stem(far) != far else near for near, far in zip(of_id, of_address, strict=True)]
    ids_of_name = find_names(archive, files)
    names = {
        image: file for image, file in zip(rows["id"].to_pylist(), files, strict=True) if ids_of_name[file] == [image]
    }
    return {image: names.get(image, image) for image in ids}


def _look(rows: Iterable[pa.Table], of_rows: _OfRows, of_name: _OfName, names: Iterable[str]) -> dict[str, list[str]]:
    names = list(dict.fromkeys(names))
    wanted_keys = [pa.array({key(name) for name in names}, pa.string()) for key in of_name]
    hits_by_way: list[dict[str, dict[str, None]]] = [defaultdict(dict) for _ in of_name]
    for batch in rows:
        for columns, keys, hits in zip(of_rows(batch), wanted_keys, hits_by_way, strict=True):
            for column in columns:
                mask = pc.is_in(column, value_set=keys)
                for hit, key in zip(batch["id"].filter(mask).to_pylist(), column.filter(mask).to_pylist(), strict=True):
                    if len(hits[key]) < _MAX_LISTED:
                        hits[key][hit] = None
    ids_of_name = {}
    for name in names:
        ways = (hits.get(key(name)) for key, hits in zip(of_name, hits_by_way, strict=True))
        ids_of_name[name] = list(next(filter(None, ways), {}))
    return ids_of_name


def _same(name: str) -> str:
    return name


def _composed(name: str) -> str:
    """Normalizes to NFC, since file names from macOS have accents as separate characters."""
    return unicodedata.normalize("NFC", name)


def _file(name: str) -> str:
    return re.split(r"[/\\]", _composed(name))[-1]


def _stem(name: str) -> str:
    return re.sub(_ENDING, "", _file(name))


_ID_AND_FILE = (_same, _composed, _file, _stem)
_WORDS = (_file, _stem, _composed, _stem)


def _by_id_and_file(rows: pa.Table) -> list[list[pa.Array]]:
    files = _files(rows)
    return [[rows["id"]], [_local_ids(rows)], files, _stems(files)]


def _by_words(rows: pa.Table) -> list[list[pa.Array]]:
    metadata_files = _files_in_metadata(rows["metadata"])
    titles = [pc.utf8_normalize(rows["title"], "NFC")]
    return [metadata_files, _stems(metadata_files), titles, titles]


def _local_ids(rows: pa.Table) -> pa.Array:
    return pc.utf8_normalize(pc.replace_substring_regex(rows["id"], "^[^:]*:", ""), "NFC")


def _files(rows: pa.Table) -> list[pa.Array]:
    """The last part of each local id, and of each address, as two columns."""
    address = pc.replace_substring_regex(pc.replace_substring_regex(rows["image_url"], "[?#].*$", ""), "^.*/", "")
    if pc.any(pc.match_substring(address, "%")).as_py():
        address = pa.array((name and unquote(name) for name in address.to_pylist()), pa.string())
    return [pc.replace_substring_regex(_local_ids(rows), r"^.*[/\\]", ""), pc.utf8_normalize(address, "NFC")]


def _stems(files: Iterable[pa.Array]) -> list[pa.Array]:
    return [pc.replace_substring_regex(column, _ENDING, "") for column in files]


def _files_in_metadata(metadata: pa.Array) -> list[pa.Array]:
    """Names of image files among the metadata's values: a column with each row's first, one with its second, ..."""
    with_files = pc.if_else(pc.match_substring_regex(metadata, _ENDS_IN_FILE), metadata, None)
    values = ([] if text is None else json.loads(text).values() for text in with_files.to_pylist())
    names = [[_file(text) for text in row if isinstance(text, str) and re.search(_ENDING, text)] for row in values]
    return [pa.array(column, pa.string()) for column in zip_longest(*names)]
