"""The source ``iiif``: manifests and collections of the IIIF Presentation API, from the web or from files."""

import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from artsim.archive import Mistake, Store
from artsim.sources.documents import documents
from artsim.sources.fetch import Unreachable, Web
from artsim.sources.manifest import rows_of
from artsim.sources.record import Chunk, Reject, Source, chunk_of, packed
from artsim.sources.resource import identifier, kind_of, listed
from artsim.sources.table import open_location

_CHUNK_ROWS = 256  # rows from the web that are put away together
_CHUNK_SECONDS = 20.0  # and how long they wait at most
_DEEPEST = 20  # collections in collections
_PATIENCE = 3  # documents that a server may fail to give, one after the other, before it is left alone
_LISTS = ("collection", "collectionpage")

_Link = tuple[str, Any, int]  # address, the document if it came along, how deep


def open_iiif(location: str, web: Web, languages: list[str], size: int) -> Source:
    """The images of a manifest, or of all manifests of a collection, at an address or in a file or folder of JSON.

    Texts are in the first of ``languages`` that there is; images are asked for with a long side of ``size`` pixels
    where their server can do that. Links of files are looked for among the files; nothing is fetched for them.
    """
    if location.startswith(("http://", "https://")):
        name = urlsplit(location).hostname or "iiif"
        walk = _Walk(web, location, languages, size)
        return Source(name, location, walk.chunks, slow=True, own_ids=True)
    store = open_location(location)

    def recorded(_: list[str]) -> Iterator[Chunk]:
        return packed(_from_files(store, languages, size))

    return Source(PurePosixPath(store.root).name.removesuffix(".json"), store.uri, recorded, own_ids=True)


def _from_files(store: Store, languages: list[str], size: int) -> Iterator[dict[str, Any] | Reject]:
    there: set[str] = set()
    linked: dict[str, str] = {}
    for document in documents(store):
        if isinstance(document, Reject):
            yield document
            continue
        where, value = document.where or PurePosixPath(store.root).name, document.value
        there.add(identifier(value) or "")
        if kind_of(value) not in _LISTS:
            yield from _rows(value, where, languages, size)
            continue
        for address, inside, _ in _links(value, 0):
            if inside is None:
                linked[address] = where
            else:
                yield from _rows(inside, address, languages, size)
    for address, where in linked.items():
        if address not in there:
            yield Reject.of(where, "linked, but not among the files; give an address to have links fetched", address)


def _rows(
    document: Any, where: str, languages: list[str], size: int, web: Web | None = None
) -> Iterator[dict[str, Any] | Reject]:
    kind = kind_of(document)
    if kind in ("manifest", "canvas"):
        yield from rows_of(document, where, languages, size, lambda address: _page(web, address))
    else:
        yield Reject.of(where, "neither a manifest nor a collection", kind or "it does not say what it is")


def _page(web: Web | None, address: str) -> Any:
    try:
        return web.json(address) if web else None
    except Unreachable:
        return None


def _links(collection: dict[str, Any], depth: int) -> list[_Link]:
    """What a collection of either version leads to: its members, and the pages on which it goes on."""
    found: list[_Link] = []
    for name in ("items", "manifests", "collections", "members"):
        for member in listed(collection.get(name)):
            address = identifier(member)
            if address:
                inside = isinstance(member, dict) and ("sequences" in member or _is_whole(member))
                found.append((address, member if inside else None, depth + 1))
    for name in ("first", "next"):
        address = identifier(collection.get(name))
        if address:
            found.append((address, None, depth))
    return found


def _is_whole(member: dict[str, Any]) -> bool:
    return kind_of(member) in ("manifest", "collection") and isinstance(member.get("items"), list)


class _Walk:
    """Goes through a collection on the web, depth first, each document once, whatever links back to it."""

    def __init__(self, web: Web, location: str, languages: list[str], size: int) -> None:
        self._web = web
        self._location = location
        self._languages = languages
        self._size = size
        self._failures: Counter[str] = Counter()

    def chunks(self, cursors: list[str]) -> Iterator[Chunk]:
        """Some manifests at a time; those whose addresses are among the cursors are left out."""
        rows: list[dict[str, Any]] = []
        rejects: list[Reject] = []
        read: list[str] = []
        began = time.monotonic()
        for address, items in self._documents(cursors):
            for item in items:
                if isinstance(item, Reject):
                    rejects.append(item)
                else:
                    rows.append(item)
            read.append(address)
            if len(rows) >= _CHUNK_ROWS or time.monotonic() - began > _CHUNK_SECONDS:
                yield chunk_of(rows, rejects, tuple(read))
                rows, rejects, read, began = [], [], [], time.monotonic()
        if read:
            yield chunk_of(rows, rejects, tuple(read))

    def _documents(self, cursors: list[str]) -> Iterator[tuple[str, list[dict[str, Any] | Reject]]]:
        seen = set(map(_short, cursors))
        links: list[_Link] = [(self._location, None, 0)]
        while links:
            address, document, depth = links.pop()
            if _short(address) in seen:
                continue
            seen.add(_short(address))
            if document is None:
                try:
                    document = self._asked(address)
                except Unreachable as error:
                    if address == self._location and not cursors:
                        raise Mistake(f"--location: {error}") from error
                    yield address, [Reject.of(address, error.reason, error)]
                    continue
            if kind_of(document) not in _LISTS:
                yield address, list(_rows(document, address, self._languages, self._size, self._web))
            elif depth < _DEEPEST:
                links += reversed(_links(document, depth))
            else:
                yield address, [Reject.of(address, "collections in collections without end", address)]

    def _asked(self, address: str) -> Any:
        """A document; a server that failed several times in a row is not asked again, and if it is ours we stop."""
        host = urlsplit(address).netloc
        if self._failures[host] >= _PATIENCE:
            raise Unreachable("its server no longer answers", address)
        try:
            document = self._web.json(address)
        except Unreachable as error:
            self._failures[host] += error.server
            if self._failures[host] >= _PATIENCE and host == urlsplit(self._location).netloc:
                raise RuntimeError(f"{error}; the same command goes on from here") from error
            raise
        self._failures[host] = 0
        return document


def _short(address: str) -> bytes:
    """Enough of an address to know it again; collections can have millions."""
    return hashlib.blake2b(address.encode("utf-8", "replace"), digest_size=12).digest()
