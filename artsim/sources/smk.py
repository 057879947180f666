"""The source ``smk``: the open API of Statens Museum for Kunst, the National Gallery of Denmark (https://api.smk.dk)."""

import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from artsim.archive import Store, UserError, is_public_domain
from artsim.archive.rejects import Reject, clean
from artsim.errors import ServiceUnavailable
from artsim.http.json_client import Unreachable, Web
from artsim.sources.dates import years
from artsim.sources.json_records.documents import documents
from artsim.sources.locations import open_location
from artsim.sources.records import Chunk, Source, chunk_of, packed

_SEARCH = "https://api.smk.dk/api/v1/art/search/?keys=*&filters=[has_image:true]"
_PAGE = "https://open.smk.dk/artwork/image/"
_MUSEUM = "SMK, National Gallery of Denmark, Copenhagen"
_ROWS = 500  # artworks per request; the API allows up to 2,000
_REPEATED = 5  # identical responses in a row to different offsets, after which reading stops with an error
_SINGLE = 50  # artworks per chunk when they are requested one by one
_LANGUAGES = {"en": ("en", "english", "engelsk"), "da": ("da", "danish", "dansk")}
_USED = {"object_number", "titles", "techniques", "rights", "public_domain", "has_image", "image_thumbnail"}

_log = logging.getLogger(__name__)


def open_smk(location: str | None, web: Web, languages: list[str]) -> Source:
    """Open a search (default: all artworks with a picture), a list of ids, or recorded responses on disk.

    ``location`` is the URL of a search (``.../art/search/?keys=...``), of a list of ids (``.../art/all_ids``) or of one
    artwork, or a file or folder of JSON. The local id is the object number. Of several titles, the one in the first of
    ``languages`` is used. The picture is the museum's thumbnail, usually of 1024 pixels.
    """
    location = location or _SEARCH
    if not location.startswith(("http://", "https://")):
        store = open_location(location)

        def from_files(_: list[str]) -> Iterator[Chunk]:
            return packed(_recorded(store, languages))

        return Source("smk", store.uri, from_files, own_ids=True)

    def from_api(cursors: list[str]) -> Iterator[Chunk]:
        """Yield the pages of a search from the furthest cursor on, or the artworks of a list that no cursor names."""
        address, params = _without_paging(location, languages)
        offset = max((int(cursor) for cursor in cursors if cursor.isdecimal()), default=0)
        try:
            response = web.json(address, {**params, "offset": offset})
        except Unreachable as error:
            if cursors:
                raise
            raise UserError(f"`location`: {error}") from error
        if isinstance(response, dict) and isinstance(response.get("objectIDs"), list):
            yield from _one_by_one(web, location, response["objectIDs"], set(cursors), languages)
            return
        previous: Any = None
        repeated = 0
        while items := _items(response):
            repeated = repeated + 1 if items == previous else 0
            if repeated == _REPEATED:
                raise ServiceUnavailable(
                    f"{address} returned the same {len(items)} artworks for offset={offset}; "
                    "the server ignores offset; try a search with fewer results than rows=, "
                    "or a list of ids (.../art/all_ids)"
                )
            previous = items
            rows = [_row(item, str(offset + number), languages) for number, item in enumerate(items, 1)]
            offset += len(items)
            yield _chunk(rows, (str(offset),))
            if offset >= _result_count(response):
                return
            response = web.json(address, {**params, "offset": offset})

    return Source("smk", location, from_api, slow=True, own_ids=True)


def _recorded(store: Store, languages: list[str]) -> Iterator[dict[str, Any] | Reject]:
    for document in documents(store):
        if isinstance(document, Reject):
            yield document
            continue
        for number, item in enumerate(_items(document.value), 1):
            yield _row(item, document.where or str(number), languages)


def _one_by_one(web: Web, location: str, numbers: list[Any], done: set[str], languages: list[str]) -> Iterator[Chunk]:
    address = location.partition("/art/")[0] + "/art/"
    remaining = [number for number in map(str, numbers) if f"id {number}" not in done]
    _log.info("catalog: %s artworks to request one by one", f"{len(remaining):,}")
    for start in range(0, len(remaining), _SINGLE):
        rows: list[dict[str, Any] | Reject] = []
        batch = remaining[start : start + _SINGLE]
        for number in batch:
            try:
                items = _items(web.json(address, {"object_number": number}))
            except Unreachable as error:
                if error.server:
                    raise
                rows.append(Reject.of(number, error.reason, error))
                continue
            rows += [_row(item, number, languages) for item in items] or [
                Reject.of(number, "artwork not found", number)
            ]
        yield _chunk(rows, tuple(f"id {number}" for number in batch))


def _chunk(rows: list[dict[str, Any] | Reject], cursors: tuple[str, ...]) -> Chunk:
    rejects = [row for row in rows if isinstance(row, Reject)]
    return chunk_of([row for row in rows if not isinstance(row, Reject)], rejects, cursors)


def _without_paging(location: str, languages: list[str]) -> tuple[str, dict[str, Any]]:
    """Return the URL of a search without its query, and the query as parameters with defaults for rows and language."""
    parts = urlsplit(location)
    params: dict[str, Any] = {"rows": _ROWS}
    if languages[0] in _LANGUAGES:
        params["lang"] = languages[0]
    params |= dict(parse_qsl(parts.query))
    return urlunsplit(parts._replace(query="", fragment="")), params


def _items(response: Any) -> list[Any]:
    """Return the artworks of a response: a page, a list, or a single artwork."""
    if isinstance(response, dict) and isinstance(response.get("items"), list):
        response = response["items"]
    return response if isinstance(response, list) else [response]


def _result_count(response: Any) -> float:
    count = response.get("found") if isinstance(response, dict) else None
    return count if isinstance(count, int) else float("inf")


def _row(item: Any, where: str, languages: list[str]) -> dict[str, Any] | Reject:
    if not isinstance(item, dict):
        return Reject.of(where, "not a JSON object", item)
    try:
        row = _read(item, languages)
        return {name: value if isinstance(value, int | None) else str(value) for name, value in row.items()} | {
            "id": str(row["id"]) if row["id"] else None,
            "where": where,
        }
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        return Reject.of(where, "unexpected record structure", f"{item.get('object_number')}: {error}")


def _read(item: dict[str, Any], languages: list[str]) -> dict[str, Any]:
    number = item.get("object_number") or item.get("id")
    makers = [maker for maker in item.get("production") or [] if maker.get("creator")]
    dates = [date for date in item.get("production_date") or [] if isinstance(date, dict)]
    period = _joined(date.get("period") for date in dates)
    first, last = years(period)
    if first is None and last is None and dates:
        first, last = years(str(dates[0].get("start")))[0], years(str(dates[0].get("end")))[1]
    return {
        "id": number,
        "image_url": _image(item) or next(filter(None, map(_image, item.get("alternative_images") or [])), None),
        "page_url": f"{_PAGE}{item['object_number']}" if item.get("object_number") else None,
        "title": _title(item.get("titles") or [], languages),
        "artist": _joined(maker["creator"] for maker in makers) or _joined(item.get("artist") or []),
        "date_text": period,
        "year_from": first,
        "year_to": last,
        "type": _joined(name.get("name") for name in item.get("object_names") or []),
        "technique": _joined(item.get("techniques") or []),
        "location": _MUSEUM,
        "school": _joined(maker.get("creator_nationality") for maker in makers),
        "rights": _rights(item),
        "metadata": clean(json.dumps({key: item[key] for key in item if key not in _USED}, ensure_ascii=False)),
    }


def _image(media: dict[str, Any]) -> str | None:
    """Return the URL of an artwork's picture or other image: the thumbnail, else from IIIF, else the original."""
    service = media.get("image_iiif_id") or media.get("iiif_id")
    return (
        media.get("image_thumbnail")
        or media.get("thumbnail")
        or (f"{service}/full/!1024,/0/default.jpg" if service else None)
        or media.get("image_native")
        or media.get("native")
    )


def _title(titles: list[dict[str, Any]], languages: list[str]) -> str | None:
    for language in languages:
        names = _LANGUAGES.get(language, (language,))
        for title in titles:
            if title.get("title") and str(title.get("language", "")).lower() in names:
                return clean(title["title"])
    return next((clean(title["title"]) for title in titles if title.get("title")), None)


def _rights(item: dict[str, Any]) -> str | None:
    """Return the museum's rights statement, unless its ``public_domain`` flag says that the artwork is less free."""
    rights, is_public = item.get("rights"), item.get("public_domain")
    if is_public is False and (not rights or is_public_domain(rights)):
        return f"not in the public domain ({rights})" if rights else "not in the public domain"
    return rights or ("public domain" if is_public else None)


def _joined(texts: Any) -> str | None:
    """Join texts without duplicates and empty ones; None if none is left."""
    return "; ".join(dict.fromkeys(clean(text) for text in texts if text)) or None
