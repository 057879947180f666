"""The web application: the page's files and the routes of its API."""

import logging
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from artsim.archive import Archive
from artsim.errors import ServiceUnavailable, UserError
from artsim.web.archive_routes import archive_routes
from artsim.web.artwork_routes import artwork_routes
from artsim.web.export_routes import export_routes
from artsim.web.inventory_routes import inventory_routes
from artsim.web.options import ServeOptions
from artsim.web.run_routes import run_routes
from artsim.web.safety import Safety
from artsim.web.search_routes import search_routes
from artsim.web.similar_routes import similar_routes
from artsim.web.site import Site

STATIC = Path(__file__).parent / "static"
LIBRARIES = ("preact.js", "openseadragon.js")  # that `make page` copies
_PACKED = ("application/octet-stream", "image/jpeg", "image/png")  # compressing them again takes longer than it saves
_ROUTES = (archive_routes, artwork_routes, search_routes, similar_routes, export_routes, inventory_routes, run_routes)
_LOADING_TIMEOUT_SECONDS = 600.0  # seconds that a request waits for the archive to be loaded

_log = logging.getLogger(__name__)


def check_libraries() -> None:
    """Raises ``UserError`` if a library of the page is missing."""
    for name in LIBRARIES:
        if not (STATIC / "vendor" / name).exists():
            raise UserError(f"{STATIC / 'vendor' / name}: this file of the page is missing; run `make page`")


def build_app(archive: Archive, options: ServeOptions, *, token: str | None = None) -> FastAPI:
    """Returns the application. It answers at once; requests wait while the archive is loaded.

    ``app.state.site`` is a future with the loaded archive, or with the error that prevented it.
    """
    app = FastAPI(title="artsim", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    loading = app.state.site = _loading(archive, options)

    def site() -> Site:
        return loading.result(_LOADING_TIMEOUT_SECONDS)

    app.add_middleware(GZipMiddleware, compresslevel=5, exclude_content_types=_PACKED)
    app.add_middleware(Safety, token=token, hostnames=options.hostnames)
    for routes in _ROUTES:
        app.include_router(routes(site))
    app.mount("/static", _Static(directory=STATIC, check_dir=False), "static")

    @app.get("/", include_in_schema=False)
    def page() -> Response:
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    for error in (StarletteHTTPException, RequestValidationError, UserError, ServiceUnavailable, Exception):
        app.add_exception_handler(error, _explained)
    return app


class _Static(StaticFiles):
    """Files of the page. Browsers ask whether they have changed, so that a new version of artsim is seen at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def _loading(archive: Archive, options: ServeOptions) -> Future[Site]:
    """Starts to load the archive in a thread."""
    loading: Future[Site] = Future()

    def load() -> None:
        try:
            site = Site(archive, options)
        except BaseException as error:
            loading.set_exception(error)
            return
        loading.set_result(site)
        try:
            site.prepare()
        except Exception:  # the page works without
            _log.exception("the page's pictures or words are not prepared")

    threading.Thread(target=load, daemon=True, name="load").start()
    return loading


def _explained(request: Request, error: Exception) -> Response:
    """Answers an error as JSON, without a traceback."""
    headers: Any = getattr(error, "headers", None)
    if isinstance(error, HTTPException | StarletteHTTPException):
        return JSONResponse({"error": str(error.detail)}, error.status_code, headers)
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        return JSONResponse({"error": f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}"}, 400)
    if isinstance(error, UserError):
        return JSONResponse({"error": str(error)}, 400)
    if isinstance(error, ServiceUnavailable):
        return JSONResponse({"error": str(error)}, 503)
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return JSONResponse({"error": "internal error; the log of the server has details"}, 500)
