"""Selected artworks as files for other programs: CSV, a IIIF manifest, a list of ids."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from artsim.archive.rejects import safe_cell
from artsim.web.records import credit, web_address
from artsim.web.site import Site

COLUMNS = (
    "id",
    "title",
    "artist",
    "date_text",
    "year_from",
    "year_to",
    "style",
    "type",
    "technique",
    "location",
    "school",
    "rights",
    "page_url",
)
MOST_CANVASES = 10_000
_ROWS = 10_000  # rows of a file made at a time
_RIGHTS = ("http://creativecommons.org/", "http://rightsstatements.org/")  # the only ones that IIIF allows, as http
_SIDE = 1024  # pixels of a canvas whose picture has an unknown size


def as_ids(site: Site, numbers: np.ndarray) -> Iterator[bytes]:
    """Yields one id a line."""
    for rows in _parts(numbers):
        ids = site.collection.ids.take(rows).to_pylist()
        yield "".join(f"{' '.join(identifier.split())}\n" for identifier in ids).encode("utf-8", "replace")


def as_csv(site: Site, numbers: np.ndarray) -> Iterator[bytes]:
    """Yields a CSV file, which begins with a byte order mark for spreadsheets. No cell of it is run as a formula."""
    sink = io.StringIO()
    writer = csv.writer(sink)
    writer.writerow(COLUMNS)
    head = "\N{BYTE ORDER MARK}"
    for rows in _parts(numbers):
        for row in site.collection.rows.select(list(COLUMNS)).take(rows).to_pylist():
            writer.writerow([_cell(row[name]) for name in COLUMNS])
        yield (head + sink.getvalue()).encode("utf-8", "replace")
        head = ""
        sink.seek(0)
        sink.truncate()


def as_manifest(site: Site, numbers: np.ndarray, base: str) -> dict[str, Any]:
    """Returns a manifest of the IIIF Presentation API 3.0, with a canvas for each artwork.

    ``base`` is the address of the server, with which the addresses of pictures begin.
    """
    name = site.collection.name
    return {
        "@context": "http://iiif.io/api/presentation/3/context.json",
        "id": f"{base}/api/manifests/{site.filters.sets.keep(numbers.tolist())}.json",
        "type": "Manifest",
        "label": {"none": [f"{name}: {len(numbers)} artworks"]},
        "items": [_canvas(site, row, base) for row in _records(site, numbers)],
    }


def _parts(numbers: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, max(len(numbers), 1), _ROWS):
        yield numbers[start : start + _ROWS]


def _cell(value: Any) -> str:
    return "" if value is None else safe_cell(str(value))


def _records(site: Site, numbers: np.ndarray) -> list[dict[str, Any]]:
    records = site.collection.rows.take(numbers).to_pylist()
    images = site.archive.table("images").find([row["id"] for row in records], ["id", "width", "height"])
    sizes = {row.pop("id"): row for row in images.to_pylist()} if images is not None else {}
    return [{"n": int(n), **row, **sizes.get(row["id"], {})} for n, row in zip(numbers, records, strict=True)]


def _canvas(site: Site, row: dict[str, Any], base: str) -> dict[str, Any]:
    picture = f"{base}/api/images/{row['n']}.jpg?v={site.collection.version}"
    canvas = f"{base}/api/artworks/{row['n']}"
    width, height = row.get("width") or _SIDE, row.get("height") or _SIDE
    body = {"id": picture, "type": "Image", "format": "image/jpeg", "width": width, "height": height}
    annotation = {
        "id": f"{canvas}#annotation",
        "type": "Annotation",
        "motivation": "painting",
        "body": body,
        "target": canvas,
    }
    fields = {"Artist": "artist", "Date": "date_text", "Technique": "technique", "Location": "location", "Id": "id"}
    described: dict[str, Any] = {
        "id": canvas,
        "type": "Canvas",
        "label": {"none": [row.get("title") or row["id"]]},
        "width": width,
        "height": height,
        "metadata": [
            {"label": {"en": [label]}, "value": {"none": [row[name]]}}
            for label, name in fields.items()
            if row.get(name)
        ],
        "items": [{"id": f"{canvas}#page", "type": "AnnotationPage", "items": [annotation]}],
    }
    rights = (row.get("rights") or "").replace("https://", "http://")
    if rights.startswith(_RIGHTS):
        described["rights"] = rights
    if row.get("rights"):
        described["requiredStatement"] = {"label": {"en": ["Credit"]}, "value": {"none": [credit(row)]}}
    if page := web_address(row.get("page_url")):
        described["homepage"] = [{"id": page, "type": "Text", "label": {"none": [page]}, "format": "text/html"}]
    return described
