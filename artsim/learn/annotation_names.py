"""Which artworks the names in an annotation file mean, and under which names they are written there."""

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive import Archive
from artsim.learn.annotation_works import works
from artsim.sources.endings import ENDINGS

_ENDING = rf"(?i)\.({'|'.join(sorted(ENDINGS))})$"
_NOTED = _ENDING.replace("$", '"')  # in JSON
_TOLD = 3  # of the artworks that an ambiguous name may mean

# The keys by which names and artworks find each other, way by way: one of a name, some columns of rows of the catalog.
_OfName = Sequence[Callable[[str], str]]
_OfRows = Callable[[pa.Table], Sequence[Sequence[pa.Array]]]


def find_names(
    archive: Archive, names: Iterable[str], collection: str | None = None, public_only: bool = False
) -> dict[str, list[str]]:
    """The ids that each name may mean: one, none if it is unknown, or some of those it is ambiguous between.

    A name is an id, a local id (what follows the collection's colon), or the name of an image file: that of the local
    id or the address, else one that the metadata mention, else the title; a file's name first with its ending, then
    without. The first of these ways that finds an artwork counts. ``collection`` looks among its artworks alone.
    """
    meant = _look(works(archive, ["image_url"], collection, public_only), _by_id_and_file, _ID_AND_FILE, names)
    rest = [name for name, ids in meant.items() if not ids]
    if rest:
        meant |= _look(works(archive, ["title", "metadata"], collection, public_only), _by_words, _WORDS, rest)
    return meant


def file_names(archive: Archive, ids: Sequence[str]) -> dict[str, str]:
    """The name of each artwork's image file; its id where another artwork has the same, or nothing is known of it."""
    rows = archive.table("catalog").find(ids, ["id", "image_url"])
    if rows is None:
        return {one: one for one in ids}
    of_id, of_address = (column.to_pylist() for column in _files(rows))
    files = [far if far and _stem(far) != far else near for near, far in zip(of_id, of_address, strict=True)]
    meant = find_names(archive, files)
    names = {one: file for one, file in zip(rows["id"].to_pylist(), files, strict=True) if meant[file] == [one]}
    return {one: names.get(one, one) for one in ids}


def _look(rows: Iterable[pa.Table], of_rows: _OfRows, of_name: _OfName, names: Iterable[str]) -> dict[str, list[str]]:
    names = list(dict.fromkeys(names))
    wanted = [pa.array({key(name) for name in names}, pa.string()) for key in of_name]
    found: list[dict[str, dict[str, None]]] = [defaultdict(dict) for _ in of_name]
    for some in rows:
        for columns, keys, hits in zip(of_rows(some), wanted, found, strict=True):
            for column in columns:
                mask = pc.is_in(column, value_set=keys)
                for one, key in zip(some["id"].filter(mask).to_pylist(), column.filter(mask).to_pylist(), strict=True):
                    if len(hits[key]) < _TOLD:
                        hits[key][one] = None
    meant = {}
    for name in names:
        ways = (hits.get(key(name)) for key, hits in zip(of_name, found, strict=True))
        meant[name] = list(next(filter(None, ways), {}))
    return meant


def _same(name: str) -> str:
    return name


def _composed(name: str) -> str:
    """Apple's file names have accents as letters of their own; NFC puts them together."""
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
    noted = _noted_files(rows["metadata"])
    titles = [pc.utf8_normalize(rows["title"], "NFC")]
    return [noted, _stems(noted), titles, titles]


def _local_ids(rows: pa.Table) -> pa.Array:
    return pc.utf8_normalize(pc.replace_substring_regex(rows["id"], "^[^:]*:", ""), "NFC")


def _files(rows: pa.Table) -> list[pa.Array]:
    """The last part of each local id, and that of each address."""
    address = pc.replace_substring_regex(pc.replace_substring_regex(rows["image_url"], "[?#].*$", ""), "^.*/", "")
    if pc.any(pc.match_substring(address, "%")).as_py():
        address = pa.array((one and unquote(one) for one in address.to_pylist()), pa.string())
    return [pc.replace_substring_regex(_local_ids(rows), r"^.*[/\\]", ""), pc.utf8_normalize(address, "NFC")]


def _stems(files: Iterable[pa.Array]) -> list[pa.Array]:
    return [pc.replace_substring_regex(column, _ENDING, "") for column in files]


def _noted_files(metadata: pa.Array) -> list[pa.Array]:
    """The names of image files among the values of the metadata: a column of every row's first, of its second, ..."""
    telling = pc.if_else(pc.match_substring_regex(metadata, _NOTED), metadata, None)
    values = ([] if text is None else json.loads(text).values() for text in telling.to_pylist())
    names = [[_file(one) for one in some if isinstance(one, str) and re.search(_ENDING, one)] for some in values]
    return [pa.array(column, pa.string()) for column in zip_longest(*names)]
