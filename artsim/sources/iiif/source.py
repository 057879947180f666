"""The source ``iiif``: manifests and collections of the IIIF Presentation API, from the web or from files."""

import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urljoin, urlsplit

from artsim.archive import Store, UserError
from artsim.archive.rejects import Reject
from artsim.errors import ServiceUnavailable
from artsim.http.json_client import Unreachable, Web
from artsim.sources.iiif.manifest import AnnotationPageError, GetPage, rows_of
from artsim.sources.iiif.resource import identifier, kind_of, listed
from artsim.sources.json_records.documents import documents
from artsim.sources.locations import open_location
from artsim.sources.records import Chunk, Source, chunk_of, packed

_CHUNK_ROWS = 256  # rows from the web that are cached together
_CHUNK_SECONDS = 20.0  # maximum seconds before they are cached
_MAX_DEPTH = 20  # maximum nesting of collections
_MAX_PAGES_WITHOUT_LINKS = 20  # consecutive pages without new links, after which a collection counts as endless
_MAX_LISTS = 10_000  # collections and pages read, after which a source counts as endless
_MAX_EMPTY_LISTS = 250  # the same, for consecutive ones that lead to no manifest
_MAX_FAILURES = 3  # consecutive failed documents, after which a server is not contacted again
_LISTS = ("collection", "collectionpage")

_Link = tuple[str, Any, int]  # address, the document if it is embedded, depth


def open_iiif(location: str, web: Web, languages: list[str], size: int, rows: int | None = None) -> Source:
    """Open the images of a manifest, or of all manifests of a collection, at an address or in JSON files.

    Texts are in the first available of ``languages``. Images are requested with a long side of ``size`` pixels where
    the server supports it. ``rows`` is how many rows from the web are cached together. Links in files are looked
    up among the files; nothing is fetched for them.
    """
    if location.startswith(("http://", "https://")):
        name = urlsplit(location).hostname or "iiif"
        walk = _CollectionReader(web, location, languages, size, rows)
        return Source(name, location, walk.chunks, slow=True, own_ids=True)
    store = open_location(location)

    def recorded(_: list[str]) -> Iterator[Chunk]:
        return packed(_from_files(store, languages, size))

    return Source(PurePosixPath(store.root).name.removesuffix(".json"), store.uri, recorded, own_ids=True)


def _from_files(store: Store, languages: list[str], size: int) -> Iterator[dict[str, Any] | Reject]:
    identifiers: set[str] = set()
    linked: dict[str, str] = {}
    for document in documents(store):
        if isinstance(document, Reject):
            yield document
            continue
        where, value = document.where or PurePosixPath(store.root).name, document.value
        identifiers.add(identifier(value) or "")
        if kind_of(value) not in _LISTS:
            yield from _rows(value, where, languages, size)
            continue
        for address, embedded, _ in _links(value, 0):
            if embedded is None:
                linked[address] = where
            else:
                yield from _rows(embedded, address, languages, size)
    for address, where in linked.items():
        if address not in identifiers:
            yield Reject.of(
                where, "linked, but not among the files; set `location` to a web address to fetch links", address
            )


def _rows(
    document: Any, where: str, languages: list[str], size: int, get_page: GetPage | None = None
) -> Iterator[dict[str, Any] | Reject]:
    kind = kind_of(document)
    if kind in ("manifest", "canvas"):
        yield from rows_of(document, where, languages, size, lambda address: _page(get_page, address))
    else:
        yield Reject.of(where, "neither a manifest nor a collection", kind or "no type given")


def _page(get_page: GetPage | None, address: str) -> Any:
    try:
        return get_page(address) if get_page else None
    except Unreachable as error:
        raise AnnotationPageError(str(error)) from error


def _links(collection: dict[str, Any], depth: int) -> list[_Link]:
    """Return the links of a collection of either version: its members and its further pages."""
    links: list[_Link] = []
    for name in ("items", "manifests", "collections", "members"):
        for member in listed(collection.get(name)):
            address = identifier(member)
            if address:
                embedded = isinstance(member, dict) and ("sequences" in member or _is_whole(member))
                links.append((address, member if embedded else None, depth + 1))
    for name in ("first", "next"):
        address = identifier(collection.get(name))
        if address:
            links.append((address, None, depth))
    return links


def _is_whole(member: dict[str, Any]) -> bool:
    return kind_of(member) in ("manifest", "collection") and isinstance(member.get("items"), list)


class _CollectionReader:
    """Walks a collection on the web, depth first; reads each document once, even if several link to it."""

    def __init__(self, web: Web, location: str, languages: list[str], size: int, rows: int | None) -> None:
        self._web = web
        self._location = location
        self._languages = languages
        self._size = size
        self._rows = rows or _CHUNK_ROWS
        self._failures: Counter[str] = Counter()

    def chunks(self, cursors: list[str]) -> Iterator[Chunk]:
        """Yield chunks of several manifests each, without those whose addresses are among ``cursors``."""
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
            if len(rows) >= self._rows or time.monotonic() - began > _CHUNK_SECONDS:
                yield chunk_of(rows, rejects, tuple(read))
                rows, rejects, read, began = [], [], [], time.monotonic()
        if read:
            yield chunk_of(rows, rejects, tuple(read))

    def _documents(self, cursors: list[str]) -> Iterator[tuple[str, list[dict[str, Any] | Reject]]]:
        seen = set(map(_short, cursors))
        links: list[_Link] = [(self._location, None, 0)]
        pages_without_links = 0
        lists = Counter[str]()
        while links:
            address, document, depth = links.pop()
            if _short(address) in seen:
                continue
            seen.add(_short(address))
            if document is None:
                try:
                    document = self._get_page(address)
                except Unreachable as error:
                    if address == self._location and not cursors:
                        raise UserError(f"`location`: {error}") from error
                    yield address, [Reject.of(address, error.reason, error)]
                    continue
            lists = _counted(lists, kind_of(document))
            if endless := _endless(lists):
                yield address, [Reject.of(address, endless, "set `location` to a sub-collection to continue")]
                return
            if kind_of(document) not in _LISTS:
                yield address, list(_rows(document, address, self._languages, self._size, self._page))
            elif depth < _MAX_DEPTH:
                further_links = [
                    (_absolute(link, address), embedded, link_depth)
                    for link, embedded, link_depth in _links(document, depth)
                ]
                has_new_links = any(
                    link_depth > depth and _short(link) not in seen for link, _, link_depth in further_links
                )
                pages_without_links = 0 if has_new_links else pages_without_links + 1
                if pages_without_links > _MAX_PAGES_WITHOUT_LINKS:
                    yield address, [Reject.of(address, "too many pages of a collection without new entries", address)]
                    further_links = [link for link in further_links if link[2] > depth]
                links += reversed(further_links)
            else:
                yield address, [Reject.of(address, f"collections nested more than {_MAX_DEPTH} levels deep", address)]

    def _page(self, address: str) -> Any:
        """Return a page of annotations; a server whose pages fail several times in a row is not contacted for more."""
        pages = f"pages of {urlsplit(address).netloc}"
        if self._failures[pages] >= _MAX_FAILURES:
            raise Unreachable("its server repeatedly failed to return a page of annotations", address)
        try:
            document = self._web.json(address)
        except Unreachable as error:
            self._failures[pages] += error.server
            raise
        self._failures[pages] = 0
        return document

    def _get_page(self, address: str) -> Any:
        """Return a document; a server that failed several times in a row is not contacted again.

        Raises ``ServiceUnavailable`` if that is the server of the location, ``Unreachable`` for other failures.
        """
        host = urlsplit(address).netloc
        if self._failures[host] >= _MAX_FAILURES:
            raise Unreachable("its server no longer answers", address)
        try:
            document = self._web.json(address)
        except Unreachable as error:
            self._failures[host] += error.server
            if self._failures[host] >= _MAX_FAILURES and host == urlsplit(self._location).netloc:
                raise ServiceUnavailable(f"{error}; run the same command again to resume") from error
            raise
        self._failures[host] = 0
        return document


def _counted(lists: Counter[str], kind: str | None) -> Counter[str]:
    """Return how many lists were read, in all and since the last manifest."""
    if kind not in _LISTS:
        return Counter(all=lists["all"])
    return lists + Counter(all=1, empty=1)


def _endless(lists: Counter[str]) -> str | None:
    """Return the reject reason for a collection that exceeds a limit on lists, or None."""
    if lists["all"] > _MAX_LISTS:
        return f"the collection has more than {_MAX_LISTS:,} collections and pages; the rest is skipped"
    if lists["empty"] > _MAX_EMPTY_LISTS:
        return f"{_MAX_EMPTY_LISTS} collections and pages in a row without a manifest; the rest is skipped"
    return None


def _absolute(address: str, document: str) -> str:
    """Resolve an address that may be relative to the document that contains it."""
    try:
        return urljoin(document, address)
    except ValueError:
        return address


def _short(address: str) -> bytes:
    """Return a short hash of an address, to save memory: collections can have millions."""
    return hashlib.blake2b(address.encode("utf-8", "replace"), digest_size=12).digest()
