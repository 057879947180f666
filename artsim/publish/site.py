"""The static export of an archive: every file of the site, and the report."""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np

from artsim.archive import Archive
from artsim.publish.arrays import write_arrays
from artsim.publish.draft import Draft, check_replaceable, read_about
from artsim.publish.front import front_files, write_front
from artsim.publish.neighbors import CHUNK, NONE, read_neighbors, write_neighbors
from artsim.publish.options import ExportOptions
from artsim.publish.pages import Pages, page_path
from artsim.publish.pictures import write_pictures
from artsim.publish.records import FULL, SHORT, full_records, write_short_records
from artsim.publish.words import write_words
from artsim.web.app import check_libraries
from artsim.web.options import ServeOptions
from artsim.web.site import Site

_TABLES = ("catalog", "images", "features", "layouts", "clusters", "duplicates", "labels", "topics")

_log = logging.getLogger(__name__)


def export_site(archive: Archive, options: ExportOptions) -> dict[str, Any]:
    """Writes the site to the folder ``out``, which is replaced when all files are written; returns the report fields.

    Does nothing if the folder has the same site already. Raises ``UserError`` if the page's files are missing, if the
    folder has other files, or if there is no artwork to show.
    """
    check_libraries()
    out = Path(options.out).absolute()
    check_replaceable(out)
    site = Site(archive, ServeOptions(rights=options.rights))
    count = len(site.collection)
    usual = [site.features(None)] if archive.names("features") else []
    features = [site.features(name) for name in dict.fromkeys(options.features or usual)]
    version = _version(site, options, features)
    before = read_about(out)
    report = {"rows_in": count, "rows_out": count, "rows_failed": 0, "site": str(out), "rights": options.rights}
    if before is not None and before.get("version") == version and not options.again:
        _log.info("%s is up to date", out)
        return {
            **report,
            "rows_out": 0,
            "rows_there": count,
            **{key: before.get(key) for key in ("file_count", "bytes")},
        }
    draft = Draft(out, site.collection.version_of("catalog", "images"))
    failures = _write(site, draft, options, features, version)
    counts = draft.publish({"job": "export_site", "version": version, "artworks": count, "rights": options.rights})
    without = sum(failures.values())
    outcome = {"rows_out": count - without, "rows_failed": without, "failures": failures}
    return {**report, **outcome, **counts}


def _write(site: Site, draft: Draft, options: ExportOptions, features: list[str], version: str) -> dict[str, int]:
    """Writes all files; returns how many artworks have no picture, by reason."""
    collection, k = site.collection, options.neighbors
    title = options.title or collection.name
    write_front(draft, title)
    draft.write(".nojekyll", b"")  # else GitHub Pages would leave out some files
    for place, name in enumerate(features):
        write_neighbors(site.vectors(name), len(collection), k, f"api/neighbors/{place}", draft)
    pictures, failures = write_pictures(collection, draft)
    described = {
        **site.described(),
        "name": title,
        "version": version,
        "features": features,
        "upload": False,
        "text_features": [],
        "matching": False,
        "static": {"short": SHORT, "full": FULL, "chunk": CHUNK, "neighbors": k},
    }
    described["default"]["features"] = features[0] if features else None
    write_arrays(site, described, draft)
    write_words(collection, draft)
    write_short_records(collection, draft)
    address = options.address and options.address.rstrip("/") + "/"
    pages = Pages(collection, draft, pictures, title=title, version=version, address=address)
    near = np.full((0, k), NONE, np.uint32)
    for first, records in full_records(site):
        for start in range(0, len(records), FULL):
            in_file = [{**record, "page": page_path(record["id"])} for record in records[start : start + FULL]]
            draft.write_json(f"api/artworks/{(first + start) // FULL}.json", in_file)
        for record in records:
            if features and record["n"] % CHUNK == 0:
                near = read_neighbors(draft, "api/neighbors/0", record["n"] // CHUNK, k)
            pages.write_work(record, near[record["n"] % CHUNK] if features else near[:0].ravel())
    pages.write_lists()
    return failures


def _version(site: Site, options: ExportOptions, features: list[str]) -> str:
    """Returns a text that changes when a table, an option, or a module or style of the page does."""
    settings = [options.neighbors, options.title, options.address, features]
    digest = hashlib.sha256(json.dumps([site.collection.version_of(*_TABLES), *settings]).encode())
    for name, path in front_files().items():
        digest.update(name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]
