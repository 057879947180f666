"""One HTML page per artwork, which needs no JavaScript, lists of all pages, and a sitemap for search engines."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import numpy as np
import pyarrow as pa
from jinja2 import Environment, PackageLoader, StrictUndefined

from artsim.publish.draft import Draft
from artsim.publish.neighbors import NONE
from artsim.publish.pictures import path_of
from artsim.web.collection import Collection

_POLICY = "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'"
_PAGE_FIELDS = {
    "n",
    "id",
    "title",
    "artist",
    "date_text",
    "year_from",
    "year_to",
    "rights",
    "credit",
    "page_url",
    "image_url",
}
_LISTED = 500  # artworks of a list
_SITEMAP = 50_000  # addresses of a sitemap, which is the limit of its format
_UNSEEN = ("Cc", "Cs", "Co", "Cn")
_BIDI_CONTROLS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # they change the direction of text

Record = dict[str, Any]


@dataclass(frozen=True)
class Work:
    """An artwork in a list: name, path of its page, path of its thumbnail or None."""

    name: str
    path: str
    thumbnail: str | None


class Pages:
    """Writes pages. ``pictures``, bool (n,), says which artworks have pictures; ``address`` ends with a slash."""

    def __init__(
        self,
        collection: Collection,
        draft: Draft,
        pictures: np.ndarray,
        *,
        title: str,
        version: str,
        address: str | None,
    ) -> None:
        self._collection, self._draft, self._pictures = collection, draft, pictures
        self.title, self.version, self.address = title, version, address
        environment = Environment(
            loader=PackageLoader("artsim.publish"), autoescape=True, undefined=StrictUndefined, auto_reload=False
        )
        environment.filters["shown"] = shown
        environment.globals.update(policy=_POLICY, site=self)
        self._work, self._list = (environment.get_template(name) for name in ("work.html", "list.html"))

    def write_work(self, record: Record, near: np.ndarray) -> None:
        """Writes the page of an artwork. ``near`` are the numbers of its neighbors, uint32; ``NONE`` is none."""
        number, path = record["n"], page_path(record["id"])
        date = record.get("date_text") or record.get("year_from")
        content = self._work.render(
            record={"artist": None, "rights": None, **record},
            name=record.get("title") or record["id"],
            path=path,
            date=date,
            image=path_of("images", number) if self._pictures[number] else None,
            facts=_facts(record),
            neighbors=self._works([int(other) for other in near if other != NONE]),
        )
        self._draft.write(path, content.encode("utf-8", "replace"))

    def write_lists(self) -> None:
        """Writes ``works/index.html`` and further lists, and the sitemap if the site's address is known."""
        count = len(self._collection)
        starts = range(0, count, _LISTED)
        names = ["index.html", *(f"list-{number}.html" for number in range(2, len(starts) + 1))]
        for number, start in enumerate(starts):
            works = self._works(range(start, min(start + _LISTED, count)))
            content = self._list.render(works=works, number=number, names=names)
            self._draft.write(f"works/{names[number]}", content.encode("utf-8", "replace"))
        if self.address:
            self._write_sitemap(self.address)

    def _works(self, numbers: Any) -> list[Work]:
        rows = self._collection.rows.select(["id", "title"]).take(pa.array(numbers, pa.int64())).to_pylist()
        return [
            Work(
                row["title"] or row["id"],
                page_path(row["id"]),
                path_of("thumbnails", number) if self._pictures[number] else None,
            )
            for number, row in zip(numbers, rows, strict=True)
        ]

    def _write_sitemap(self, address: str) -> None:
        """A sitemap of all pages, or several and an index of them."""
        count = len(self._collection)
        starts = range(0, count + 1, _SITEMAP)  # the first address is that of the map
        names = ["sitemap.xml"] if len(starts) == 1 else [f"sitemap-{k}.xml" for k in range(1, len(starts) + 1)]
        for name, start in zip(names, starts, strict=True):
            paths = [
                page_path(self._collection.id(place - 1)) if place else ""
                for place in range(start, min(start + _SITEMAP, count + 1))
            ]
            self._draft.write(name, _xml("urlset", "url", [address + path for path in paths]))
        if len(names) > 1:
            self._draft.write("sitemap.xml", _xml("sitemapindex", "sitemap", [address + name for name in names]))


def page_path(identifier: str) -> str:
    """Returns the path of an artwork's page, which stays the same in later exports.

    It has only lower-case letters, digits and hyphens of the id, and a hash by which ids that look alike differ.
    """
    plain = unicodedata.normalize("NFKD", identifier).encode("ascii", "ignore").decode().lower()
    slug = re.sub("[^a-z0-9]+", "-", plain).strip("-")[:60]
    digest = hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).hexdigest()
    return f"works/{digest[:2]}/{slug or 'work'}-{digest[:12]}.html"


def shown(text: Any, most: int) -> str:
    """Returns text on one line, without characters that are invisible or turn its direction, cut to ``most``."""
    whole = "" if text is None else str(text)
    cut = whole[: 4 * most]
    plain = "".join(" " if c in "\n\r\t" else c for c in cut if c in "\n\r\t" or unicodedata.category(c) not in _UNSEEN)
    plain = " ".join(_BIDI_CONTROLS.sub("", plain).split())
    return plain if len(plain) <= most and len(cut) == len(whole) else f"{plain[: most - 2]} …"


def _facts(record: Record) -> list[tuple[str, str]]:
    """The plain values of a record and of its metadata, with readable names."""
    plain = {key: value for key, value in record.items() if key not in _PAGE_FIELDS}
    pairs = [*plain.items(), *(record.get("metadata") or {}).items()]
    return [
        (key.replace("_", " ").capitalize(), str(value))
        for key, value in pairs[:80]
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""
    ]


def _xml(root: str, entry: str, addresses: list[str]) -> bytes:
    rows = "".join(f"<{entry}><loc>{escape(quote(address, safe=':/%~'))}</loc></{entry}>\n" for address in addresses)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return f'{head}<{root} xmlns="{space}">\n{rows}</{root}>\n'.encode()
