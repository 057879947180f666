"""Routes of what the archive holds besides artworks: tables, reports of jobs, stored pictures."""

import re
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from artsim.archive import Archive, read_file
from artsim.archive.inventory import disk_use, failures, pending_rows, table_names
from artsim.web.answers import as_json, cached
from artsim.web.site import Site

_RUNS = 50
_REPORT = re.compile(r"[a-z_]{1,40}/\d{8}T\d{6}\.\d{6}Z")
_PICTURE = re.compile(r"(pictures/)?[^/\\\x00-\x1f]{1,200}\.(png|jpg|jpeg)", re.IGNORECASE)
_KINDS = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg"}
_FRAME = ("seconds", "rows_in", "rows_out", "rows_failed")


def inventory_routes(site: Callable[[], Site]) -> APIRouter:
    """Returns the routes; ``site`` waits until the archive is loaded.

    Tables count all artworks, and reports and pictures may name or show any, so a server of public artworks has none.
    """
    routes = APIRouter()

    @routes.get("/api/tables")
    def tables() -> Response:
        if site().options.public_only:
            return as_json({"tables": [], "failures": [], "pending": []})
        archive = site().archive
        sizes = disk_use(archive)
        rows = [
            {"table": name, "rows": archive.table(name).count(), "bytes": sizes.get(name, 0)}
            for name in table_names(archive)
        ]
        return as_json({"tables": rows, "failures": failures(archive), "pending": pending_rows(archive)})

    @routes.get("/api/reports")
    def reports() -> Response:
        return as_json([] if site().options.public_only else latest_reports(site().archive))

    @routes.get("/api/reports/{job}/{at}")
    def report(job: str, at: str) -> Response:
        if site().options.public_only or not _REPORT.fullmatch(f"{job}/{at}"):
            raise HTTPException(404, "there is no such report")
        content = site().archive.read_json(f"reports/{job}/{at}.json")
        if content is None:
            raise HTTPException(404, "there is no such report")
        return as_json(_finite(content))

    @routes.get("/api/pictures")
    def pictures() -> Response:
        return as_json([] if site().options.public_only else stored_pictures(site().archive))

    @routes.get("/api/pictures/{name:path}")
    def picture(name: str, request: Request) -> Response:
        archive = site().archive
        if site().options.public_only or name not in stored_pictures(archive):
            raise HTTPException(404, "there is no such picture")
        kind = _KINDS[name.rpartition(".")[2].lower()]
        return cached(read_file(archive.store.address(name)), request, site().collection.version, kind)

    return routes


def latest_reports(archive: Archive) -> list[dict[str, Any]]:
    """The latest runs, newest first: job, its action if it has several, time, and the numbers of every report."""
    paths = [f"{job}/{name}" for job in archive.names("reports") for name in archive.names(f"reports/{job}")]
    known = [path.removesuffix(".json") for path in paths if path.endswith("Z.json")]
    latest = sorted((path for path in known if _REPORT.fullmatch(path)), key=lambda path: path.partition("/")[2])
    rows = []
    for path in latest[: -_RUNS - 1 : -1]:
        job, _, at = path.partition("/")
        content = archive.read_json(f"reports/{path}.json")
        content = content if isinstance(content, dict) else {}
        rows.append({"job": job, "action": _action(content), "at": at, **{key: content.get(key) for key in _FRAME}})
    return rows


def _action(report: dict[str, Any]) -> str | None:
    """What a job with several actions did, such as ``draw`` or ``import``."""
    options = report.get("options")
    action = options.get("action") if isinstance(options, dict) else None
    return action[:40] if isinstance(action, str) else None


def stored_pictures(archive: Archive) -> list[str]:
    """Names of the pictures in the archive's folder and in its folder ``pictures``."""
    names = [*archive.names("."), *(f"pictures/{name}" for name in archive.names("pictures"))]
    return [name for name in names if _PICTURE.fullmatch(name)]


def _finite(content: Any) -> Any:
    """Replaces NaN and infinity, which JSON lacks, by None."""
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not abs(content) < float("inf") else content
