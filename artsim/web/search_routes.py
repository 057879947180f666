"""Routes of searches by words and filters, and of sets of artworks."""

from collections.abc import Callable
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from artsim.web import queries
from artsim.web.answers import as_array, as_json
from artsim.web.site import Site

_MAX_IDS = 5_000_000  # artworks in a set


class Numbers(BaseModel):
    """Artworks by their numbers."""

    numbers: list[int] = Field(max_length=_MAX_IDS)


def search_routes(site: Callable[[], Site]) -> APIRouter:
    """Returns the routes; ``site`` waits until the archive is loaded."""
    routes = APIRouter()

    @routes.get("/api/search")
    def search(
        request: Request,
        q: str = "",
        filter: Annotated[list[str] | None, Query()] = None,
        years: str = "",
        year_from: int | None = None,
        year_to: int | None = None,
        set: str = "",
        limit: Annotated[int, Query(ge=0, le=1000)] = 60,
        offset: Annotated[int, Query(ge=0)] = 0,
        ids: bool = False,
        facets: bool = True,
    ) -> Response:
        years = years or queries.years_of(year_from, year_to)
        query = queries.Query(q, tuple(filter or ()), years, set)
        result = queries.find(site(), query, facets=facets and not ids)
        if ids:
            return as_array(result.numbers.astype(np.uint32), request, site().collection.version)
        shown = slice(offset, offset + limit)
        hits = zip(result.numbers[shown].tolist(), result.scores[shown].tolist(), strict=True)
        return as_json(
            {
                "total": len(result.numbers),
                "hits": [{"n": number, "score": round(score, 4)} for number, score in hits],
                "facets": result.facets,
            }
        )

    @routes.post("/api/sets")
    def keep(body: Numbers) -> Response:
        return as_json({"set": site().filters.sets.keep(body.numbers)})

    @routes.get("/api/sets/{name}")
    def kept(name: str, request: Request) -> Response:
        return as_array(site().filters.sets.numbers(name), request, site().collection.version)

    return routes
