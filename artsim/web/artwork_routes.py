"""Routes of single artworks: records and pictures."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import FileResponse, Response

from artsim.web.answers import ASK, FOREVER, as_jpeg, as_json
from artsim.web.records import full_record
from artsim.web.site import Site

_MAX_RECORDS = 500  # short records in one answer


def artwork_routes(site: Callable[[], Site]) -> APIRouter:
    """Returns the routes; ``site`` waits until the archive is loaded."""
    routes = APIRouter()

    @routes.get("/api/artworks")
    def artworks(n: Annotated[list[str], Query()]) -> Response:
        return as_json(site().collection.records(numbers_in(site(), n, _MAX_RECORDS)))

    @routes.get("/api/artworks/{number}")
    def artwork(number: int) -> Response:
        return as_json(full_record(site(), _shown(site(), number)))

    @routes.get("/api/lookup")
    def lookup(id: str) -> Response:
        number = site().collection.number(id)
        if number is None:
            raise HTTPException(404, f"{id[:100]}: no such artwork")
        return as_json({"n": number})

    @routes.get("/api/thumbnails/{number}.jpg")
    def thumbnail(number: int, request: Request) -> Response:
        return as_jpeg(site().pictures.thumbnail(_shown(site(), number)), request, site().collection.version)

    @routes.get("/api/images/{number}.jpg")
    def image(number: int, request: Request) -> Response:
        return as_jpeg(site().pictures.rendition(_shown(site(), number)), request, site().collection.version)

    @routes.get("/api/images/{number}.dzi")
    def pyramid(number: int) -> Response:
        folder = site().pictures.pyramid(_shown(site(), number))
        if folder is None:
            raise HTTPException(404, "this artwork has no image that can be read")
        return FileResponse(folder / "image.dzi", media_type="application/xml", headers={"Cache-Control": ASK})

    @routes.get("/api/images/{number}_files/{level}/{column}_{row}.jpg")
    def tile(number: int, level: int, column: int, row: int, request: Request) -> Response:
        folder = site().pictures.pyramid(_shown(site(), number))
        path = folder / "image_files" / str(level) / f"{column}_{row}.jpg" if folder else None
        if path is None or not path.is_file():
            raise HTTPException(404, "there is no such tile")
        caching = FOREVER if request.query_params.get("v") == site().collection.version else ASK
        return FileResponse(path, media_type="image/jpeg", headers={"Cache-Control": caching})

    return routes


def numbers_in(site: Site, texts: list[str], most: int) -> list[int]:
    """The numbers in parameters such as ``n=1,2&n=3``. Answers 400 for others, and for more than ``most``."""
    words = [word for text in texts for word in text.split(",") if word]
    if len(words) > most:
        raise HTTPException(400, f"n: at most {most} numbers at a time")
    if not all(word.isascii() and word.isdigit() and len(word) < 10 for word in words):
        raise HTTPException(400, "n: must be numbers of artworks, as in n=1,2,3")
    return [_shown(site, int(word)) for word in words]


def _shown(site: Site, number: int) -> int:
    if not 0 <= number < len(site.collection):
        raise HTTPException(404, f"no artwork has the number {number}; there are {len(site.collection)}")
    return number
