"""Routes of similarity: artworks like others or like a text, matching parts, walks, uploaded images."""

from collections.abc import Callable
from typing import Annotated

import numpy as np
from fastapi import APIRouter, HTTPException, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from artsim.vision.check import BadImage
from artsim.vision.image_text import MAX_LENGTH
from artsim.web import queries
from artsim.web.answers import as_json
from artsim.web.artwork_routes import numbers_in
from artsim.web.site import Site
from artsim.web.uploads import MAX_BYTES, described
from artsim.web.vectors import combined
from artsim.web.walks import walk

_QUERIES = 50  # artworks that a search is like or unlike


def similar_routes(site: Callable[[], Site]) -> APIRouter:
    """Returns the routes; ``site`` waits until the archive is loaded."""
    routes = APIRouter()

    @routes.get("/api/similar")
    def similar(
        n: Annotated[list[str], Query()],
        weight: Annotated[list[float] | None, Query()] = None,
        features: str | None = None,
        k: Annotated[int, Query(ge=1, le=1000)] = 30,
        farthest: bool = False,
        q: str = "",
        filter: Annotated[list[str] | None, Query()] = None,
        years: str = "",
        set: str = "",
    ) -> Response:
        """Finds artworks like one or several others; those with a negative weight it should be unlike.

        The list is empty if none of them has these features.
        """
        numbers = numbers_in(site(), n, _QUERIES)
        weights = weight or [1.0] * len(numbers)
        if len(weights) != len(numbers) or not np.isfinite(weights).all():
            raise HTTPException(400, f"weight: give one number for each of the {len(numbers)} artworks")
        vectors = site().vectors(features)
        if (vectors.rows[numbers] < 0).all():
            return as_json([])
        allowed = _allowed(site(), queries.Query(q, tuple(filter or ()), years, set))
        allowed[numbers] = False
        nearest = vectors.nearest(combined(vectors, numbers, weights), k, farthest=farthest, allowed=allowed)
        return as_json(as_neighbors(*nearest))

    @routes.get("/api/text-to-image")
    def text_to_image(
        text: Annotated[str, Query(max_length=MAX_LENGTH)],
        features: str | None = None,
        k: Annotated[int, Query(ge=1, le=1000)] = 30,
        q: str = "",
        filter: Annotated[list[str] | None, Query()] = None,
        years: str = "",
        set: str = "",
    ) -> Response:
        """Finds artworks that look like what a text describes, by features of an image-text network."""
        allowed = _allowed(site(), queries.Query(q, tuple(filter or ()), years, set))
        return as_json(looking_like(site(), text, features, k, allowed))

    @routes.get("/api/matches")
    def matches(a: str, b: str) -> Response:
        """Finds the parts of two artworks that match."""
        return as_json(site().pair_matcher(*_two_numbers(site(), "a, b", a, b)))

    @routes.get("/api/walk")
    def walking(
        start: Annotated[str, Query(alias="from")],
        end: Annotated[str, Query(alias="to")],
        steps: Annotated[int, Query(ge=1, le=50)] = 9,
        features: str | None = None,
    ) -> Response:
        first, last = _two_numbers(site(), "from, to", start, end)
        return as_json(walk(site().vectors(features), first, last, steps))

    @routes.post("/api/describe")
    async def describe(
        request: Request, features: str | None = None, k: Annotated[int, Query(ge=1, le=200)] = 30
    ) -> Response:
        """Describes the image in the body."""
        data = await _body(request)
        return await run_in_threadpool(_describe, site, data, features, k)

    return routes


def _two_numbers(site: Site, names: str, first: str, second: str) -> tuple[int, int]:
    """The numbers of two artworks. Answers 400 unless there is one in each text."""
    numbers = [numbers_in(site, [text], 1) for text in (first, second)]
    if not all(numbers):
        raise HTTPException(400, f"{names}: give the numbers of two artworks")
    return numbers[0][0], numbers[1][0]


def _allowed(site: Site, query: queries.Query) -> np.ndarray:
    """Which artworks match a query, bool of shape (artworks,)."""
    if query == queries.Query():
        return np.ones(len(site.collection), bool)
    return mask_of(site, queries.find(site, query, facets=False).numbers)


def mask_of(site: Site, numbers: np.ndarray) -> np.ndarray:
    """Returns which artworks have these numbers, bool of shape (artworks,)."""
    mask = np.zeros(len(site.collection), bool)
    mask[numbers] = True
    return mask


def looking_like(
    site: Site, text: str, features: str | None, k: int, allowed: np.ndarray
) -> list[dict[str, int | float]]:
    """Returns the k artworks among those allowed that look most like what a text describes."""
    name = site.features_of_texts(features)
    return as_neighbors(*site.vectors(name).nearest(site.texts(text, name), k, allowed=allowed))


def as_neighbors(numbers: np.ndarray, distances: np.ndarray) -> list[dict[str, int | float]]:
    """Returns neighbors as JSON has them."""
    return [{"n": int(n), "distance": round(float(d), 6)} for n, d in zip(numbers, distances, strict=True)]


def _describe(site: Callable[[], Site], data: bytes, features: str | None, k: int) -> Response:
    loaded = site()
    name, heads = loaded.features_of_uploads(features), loaded.heads
    vectors = loaded.vectors(name)
    try:
        vectors_of_upload, checked = loaded.uploads(data, [name, *(heads.features if heads else ())])
    except BadImage as bad:
        raise HTTPException(415 if bad.status in ("not_image", "unsupported") else 400, bad.detail) from bad
    answer = described(vectors, loaded.columns, loaded.collection, vectors_of_upload[name], checked, k)
    return as_json({**answer, "labels": heads(vectors_of_upload) if heads else {}})


async def _body(request: Request) -> bytes:
    """Reads an upload. Answers 413 once it is too large, and 415 if it isn't sent as an image."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("image/") and kind != "application/octet-stream":
        raise HTTPException(415, "send the bytes of an image, with its type as Content-Type")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise HTTPException(413, f"the image is too large; the limit is {MAX_BYTES >> 20} MB")
    return bytes(body)
