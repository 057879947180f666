"""The page as a folder of files that any web server can publish, also below another address.

It has the map, all columns, clusters, duplicates, words, the nearest works of each, and a page for each artwork.
"""

import json
import re
import shutil
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from artsim.archive import Archive, UserError
from artsim.web.app import STATIC, check_libraries
from artsim.web.options import ExportSiteOptions, ServeOptions
from artsim.web.records import full_record
from artsim.web.safety import POLICY
from artsim.web.site import Site
from artsim.web.words import plain_words

_MARK = "artsim-site.json"  # a folder with this file was written by this job
_RECORDS = 200  # short records in a file
_NEAREST = 60
_POLICY = escape(POLICY.replace("; frame-ancestors 'none'", ""), quote=True)  # pages cannot forbid frames themselves
_PAGES = (("/static/", "static/"), ("/api/", "api/"))  # so that the site works below any address
_FIELDS = ("artist", "date_text", "style", "type", "technique", "location", "school", "rights", "id")

_WORK = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="stylesheet" href="../static/style.css">
<link rel="stylesheet" href="../static/work.css"><link rel="icon" href="../static/icon.svg" type="image/svg+xml">
<meta http-equiv="Content-Security-Policy" content="{policy}"></head>
<body class="work"><main><p><a href="../index.html?work={link}">On the map</a></p><h1 dir="auto">{title}</h1>
{image}<dl>{fields}</dl>{museum}<h2>Similar works</h2><ul class="near">{similar}</ul></main></body></html>
"""


def export_site(archive: Archive, options: ExportSiteOptions) -> dict[str, Any]:
    """Writes the site to a folder; returns the report fields. ``index.html`` is written last.

    Raises ``UserError`` if the folder has other files, there is nothing to show, or the page's libraries are missing.
    """
    check_libraries()
    out = Path(options.out)
    _check(out)
    site = Site(archive, ServeOptions(rights=options.rights, seed=options.seed))
    _write_json(out / _MARK, {"archive": site.collection.name, "rights": options.rights})
    features = site.features(options.features) if archive.names("features") or options.features else None
    _write_once(site, out, features)
    without_picture = _write_works(site, out, features)
    _write_code(out)
    count = len(site.collection)
    return {
        "rows_in": count,
        "rows_out": count,
        "rows_failed": 0,
        "without_picture": without_picture,
        "site": str(out.resolve()),
    }


def _check(out: Path) -> None:
    """Creates the folder, or empties one that this job wrote."""
    try:
        if out.exists() and any(out.iterdir()):
            if not (out / _MARK).exists():
                raise UserError(f"`out` {out}: this folder has other files; choose an empty or a new one")
            (out / "index.html").unlink(missing_ok=True)
            for name in ("api", "static", "works"):
                shutil.rmtree(out / name, ignore_errors=True)
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"`out` {out}: {error.strerror or error}") from error


def _write_once(site: Site, out: Path, features: str | None) -> None:
    """Writes what the page loads at its start."""
    api, collection, groups = out / "api", site.collection, site.groups
    about = {**site.described(), "upload": False, "features": [features] if features else []}
    about["default"]["features"] = features
    _write_json(api / "archive.json", about)
    for name in site.columns.categories:
        _write_category(api / "columns" / name, site.columns.category(name))
    for name in site.columns.numbers:
        _write_array(api / "columns" / f"{name}.bin", site.columns.number(name))
    for layout in about["layouts"]:
        _write_array(api / "layouts" / f"{layout['name']}.bin", groups.places(layout["name"]))
    for name in groups.cluster_names:
        _write_array(api / "clusters" / f"{name}.bin", groups.clusters(name))
        _write_json(api / "clusters" / name / "info.json", groups.cluster_info(name))
    for name, tasks in groups.labels.items():
        for task in tasks:
            _write_category(api / "labels" / name / task, groups.label(name, task))
    for name in groups.duplicate_names:
        _write_json(api / "duplicates" / f"{name}.json", groups.duplicates(name))
    for page in range(site.atlas.grid.pages):
        _write(api / "atlas" / f"{page}.jpg", site.atlas.page(page))
    _write_array(api / "colors.bin", site.atlas.colors)
    _write_array(api / "tiles.bin", site.atlas.tiles)
    _write_json(api / "ids.json", collection.ids.to_pylist())
    _write_json(api / "records" / "about.json", {"size": _RECORDS})
    texts = []
    for start in range(0, len(collection), _RECORDS):
        records = collection.records(range(start, min(start + _RECORDS, len(collection))))
        _write_json(api / "records" / f"{start // _RECORDS}.json", records)
        texts += [
            plain_words(" ".join(str(record.get(name, "")) for name in ("title", "date", *_FIELDS)))
            for record in records
        ]
    _write_json(api / "words.json", texts)


def _write_works(site: Site, out: Path, features: str | None) -> int:
    """Writes pictures, record, nearest works and page of each artwork; returns how many have no picture."""
    names = _page_names(site.collection.ids.to_pylist())
    vectors = site.vectors(features) if features else None
    without_picture = 0
    for number, name in enumerate(names):
        record = full_record(site, number)
        _write_json(out / "api" / "artworks" / f"{number}.json", record)
        near = list[dict[str, Any]]()
        if vectors is not None and vectors.rows[number] >= 0:
            found = zip(*vectors.nearest(vectors.of(number), _NEAREST + 1), strict=True)
            near = [{"n": int(n), "distance": round(float(d), 6)} for n, d in found if int(n) != number][:_NEAREST]
        _write_json(out / "api" / "similar" / f"{number}.json", near)
        thumbnail, image = site.pictures.thumbnail(number), site.pictures.rendition(number)
        without_picture += image is None
        for kind, jpeg in (("thumbnails", thumbnail), ("images", image)):
            if jpeg is not None:
                _write(out / "api" / kind / f"{number}.jpg", jpeg)
        links = [(names[entry["n"]], entry["n"]) for entry in near[:12]]
        _write(out / "works" / f"{name}.html", _work_page(record, links, image is not None).encode("utf-8", "replace"))
    return without_picture


def _work_page(record: dict[str, Any], near: list[tuple[str, int]], has_image: bool) -> str:
    title = escape(" ".join(str(record.get("title") or record["id"]).split())[:300])
    fields = "".join(
        f"<dt>{name.replace('_text', '').capitalize()}</dt><dd dir='auto'>{escape(str(record[name])[:1000])}</dd>"
        for name in _FIELDS
        if record.get(name)
    )
    museum = (
        f"<p><a href='{escape(record['page_url'], quote=True)}' rel='noopener'>At the museum</a></p>"
        if record["page_url"]
        else ""
    )
    similar = "".join(
        f"<li><a href='{name}.html'><img src='../api/thumbnails/{n}.jpg' alt='' loading='lazy'></a></li>"
        for name, n in near
    )
    image = f"<img src='../api/images/{record['n']}.jpg' alt='{title}'>" if has_image else ""
    return _WORK.format(
        title=title, fields=fields, museum=museum, similar=similar, image=image, policy=_POLICY,
        link=quote(record["id"], safe=""),
    )  # fmt: skip


def _page_names(ids: list[str]) -> list[str]:
    """A file name for each id: letters, digits, _ . and -; the same for the same id unless another one claims it."""
    names, taken = list[str](), set[str]()
    for number, identifier in enumerate(ids):
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", identifier)[:100].strip(".-") or "work"
        name = f"{name}-{number}" if name.lower() in taken else name
        taken.add(name.lower())
        names.append(name)
    return names


def _write_code(out: Path) -> None:
    """Copies the page with relative addresses, and with the script that answers its requests from files."""
    for source in sorted(STATIC.rglob("*")):
        target = out / "static" / source.relative_to(STATIC)
        if source.suffix == ".js" and "vendor" not in source.parts and source.name != "published.js":
            _write(target, _relative(source.read_text(encoding="utf-8")).encode())
        elif source.is_file() and source.name != "index.html":
            _write(target, source.read_bytes())
    page = _relative((STATIC / "index.html").read_text(encoding="utf-8"))
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    script = '<script type="module" src="static/published.js"></script>'
    page = page.replace("</title>", f"</title>\n    {policy}\n    {script}", 1)
    _write(out / "index.html", page.encode())


def _relative(text: str) -> str:
    text = text.replace(
        "tileSources: `/api/images/${n}.dzi`", 'tileSources: { type: "image", url: `api/images/${n}.jpg` }'
    )
    for absolute, relative in _PAGES:
        text = re.sub(rf"([\"'`]){re.escape(absolute)}", rf"\1{relative}", text)
    return text


def _write_category(path: Path, category: Any) -> None:
    _write_array(path.with_name(f"{path.name}.bin"), category.codes)
    rows = zip(category.values, category.counts, strict=True)
    _write_json(path / "values.json", [{"value": value, "count": count} for value, count in rows])


def _write_array(path: Path, values: np.ndarray) -> None:
    _write(path, np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes())


def _write_json(path: Path, content: Any) -> None:
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    _write(path, text.encode("utf-8", "replace"))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
