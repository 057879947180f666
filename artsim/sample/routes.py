"""The routes of the sample museum's web site: pages, pictures, catalog, robots.txt, IIIF. Served by ``site``."""

import asyncio
import functools
import hashlib
import io
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import format_datetime

from aiohttp import web
from PIL import Image

from . import iiif, pages
from .museum import Museum, write_catalog
from .works import Work

_ROBOTS = "User-agent: *\nDisallow: /private/\n"
_OPEN = {"Access-Control-Allow-Origin": "*"}  # IIIF viewers run on other sites
_Handler = Callable[[web.Request], Awaitable[web.Response]]


def application(museum: Museum) -> web.Application:
    """The site with all its routes."""
    works = {work.id: work for work in museum.works}

    def work_of(request: web.Request) -> Work:
        work = works.get(request.match_info["id"])
        if work is None:
            raise web.HTTPNotFound(text="no such work")
        return work

    async def wall(_: web.Request) -> web.Response:
        return web.Response(text=pages.wall(museum), content_type="text/html")

    async def page(request: web.Request) -> web.Response:
        return web.Response(text=pages.page(work_of(request)), content_type="text/html")

    async def robots(_: web.Request) -> web.Response:
        return web.Response(text=_ROBOTS)

    async def catalog(request: web.Request) -> web.Response:
        text = io.StringIO()
        write_catalog(text, museum.works, _base(request))
        return web.Response(text=text.getvalue(), content_type="text/csv")

    async def collection(request: web.Request) -> web.Response:
        return web.json_response(iiif.collection(museum, _base(request)), headers=_OPEN)

    site = web.Application()
    site.add_routes(
        [
            web.get("/", wall),
            web.get("/works/{id}", page),
            web.get("/robots.txt", robots),
            web.get("/{folder:images|private}/{name}", _pictures(museum)),
            web.get("/catalog.csv", catalog),
            web.get("/iiif/collection.json", collection),
            web.get("/iiif/{id}/{region}/{size}/0/default.jpg", _image_service(museum, work_of)),
        ]
    )
    measured = _measure(museum)
    described = (
        ("/iiif/{id}/manifest.json", iiif.manifest),
        ("/iiif2/{id}/manifest.json", iiif.manifest_2),
        ("/iiif/{id}/info.json", iiif.info),
    )
    for path, make in described:

        async def describe(request: web.Request, make: Callable[..., iiif.Json] = make) -> web.Response:
            work = work_of(request)
            return web.json_response(make(work, measured(work), _base(request)), headers=_OPEN)

        site.router.add_get(path, describe)
    return site


def _base(request: web.Request) -> str:
    return str(request.url.origin())


def _measure(museum: Museum) -> Callable[[Work], tuple[int, int]]:
    @functools.cache
    def measured(work: Work) -> tuple[int, int]:
        try:
            with Image.open(museum.folder / work.file) as picture:
                return picture.size
        except OSError:  # the missing picture: the size it would have
            return work.size

    return measured


def _pictures(museum: Museum) -> _Handler:
    """Serve the JPEG files, read once and kept in memory, with the headers for conditional requests."""
    files = {work.file for work in museum.works}

    @functools.cache
    def stored(file: str) -> tuple[bytes, str, datetime] | None:
        path = museum.folder / file
        if file not in files or not path.is_file():
            return None
        data = path.read_bytes()
        changed = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
        return data, f'"{hashlib.sha256(data).hexdigest()[:24]}"', changed

    async def picture(request: web.Request) -> web.Response:
        kept = stored(request.path[1:])
        if kept is None:
            raise web.HTTPNotFound(text="no such picture")
        data, etag, changed = kept
        headers = {"ETag": etag, "Last-Modified": format_datetime(changed, usegmt=True)}
        if _unchanged(request, etag, changed):
            return web.Response(status=304, headers=headers)
        return web.Response(body=data, content_type="image/jpeg", headers=headers)

    return picture


def _unchanged(request: web.Request, etag: str, changed: datetime) -> bool:
    """Whether the client's copy is current (RFC 9110, 13.1): its ETag decides, its date only if it sends no ETag."""
    if "If-None-Match" in request.headers:
        named = [tag.strip().removeprefix("W/") for tag in request.headers["If-None-Match"].split(",")]
        return etag in named or "*" in named
    since = request.if_modified_since
    return since is not None and changed <= since


def _image_service(museum: Museum, work_of: Callable[[web.Request], Work]) -> _Handler:
    """Serve the Image API: regions and sizes, made on the first request and cached."""

    @functools.lru_cache(2048)
    def made(file: str, region: str, size: str) -> bytes:
        return iiif.image(museum.folder / file, region, size)

    async def service(request: web.Request) -> web.Response:
        work, part = work_of(request), request.match_info
        if work.private:
            raise web.HTTPNotFound(text="this picture has no image service")
        try:
            data = await asyncio.to_thread(made, work.file, part["region"], part["size"])
        except ValueError as mistake:
            raise web.HTTPBadRequest(text=str(mistake)) from None
        except FileNotFoundError:
            raise web.HTTPNotFound(text="no such picture") from None
        except OSError:
            raise web.HTTPInternalServerError(text="the picture is damaged") from None
        return web.Response(body=data, content_type="image/jpeg", headers=_OPEN)

    return service
