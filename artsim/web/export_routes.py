"""Routes of files to download, and of the JSON twin of a view."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

import numpy as np
from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response, StreamingResponse

from artsim.errors import ServiceUnavailable, UserError
from artsim.vision.image_text import MAX_LENGTH
from artsim.web import exports, queries
from artsim.web.answers import ASK, as_json
from artsim.web.records import full_record
from artsim.web.similar_routes import as_neighbors, looking_like, mask_of
from artsim.web.site import Site
from artsim.web.vectors import combined
from artsim.web.walks import walk

_MAX_LISTED = 100  # artworks in the JSON of a view
_SELECTED = 500  # ids in an address


class Selection(BaseModel):
    """Artworks to export: their numbers in order, or the name of a stored set."""

    numbers: list[int] = Field(default=[], max_length=5_000_000)
    set: str = ""
    format: Literal["csv", "ids", "iiif"] = Field(alias="as")


def export_routes(site: Callable[[], Site]) -> APIRouter:
    """Returns the routes; ``site`` waits until the archive is loaded."""
    routes = APIRouter()

    @routes.post("/api/export")
    def export(selection: Selection, request: Request) -> Response:
        loaded = site()
        numbers = _numbers(loaded, selection)
        if selection.format == "iiif":
            return _download(_manifest(loaded, numbers, request), "artworks.json")
        if selection.format == "csv":
            return _stream(exports.as_csv(loaded, numbers), "artworks.csv", "text/csv; charset=utf-8")
        return _stream(exports.as_ids(loaded, numbers), "artworks.txt", "text/plain; charset=utf-8")

    @routes.get("/api/manifests/{name}.json")
    def manifest(name: str, request: Request) -> Response:
        """The IIIF manifest of a stored set, for viewers that take an address."""
        return _manifest(site(), site().filters.sets.numbers(name).astype(np.int64), request)

    @routes.get("/view.json")
    def view(
        request: Request,
        q: str = "",
        filter: Annotated[list[str] | None, Query()] = None,
        years: str = "",
        set: str = "",
        cluster: str = "",
        select: str = "",
        work: str = "",
        match: str = "",
        like: Annotated[list[str] | None, Query()] = None,
        unlike: Annotated[list[str] | None, Query()] = None,
        start: Annotated[str, Query(alias="from")] = "",
        end: Annotated[str, Query(alias="to")] = "",
        steps: Annotated[int, Query(ge=1, le=50)] = 9,
        text: Annotated[str, Query(max_length=MAX_LENGTH)] = "",
        features: str | None = None,
    ) -> Response:
        """The artworks of a view; parameters are those of the page, and the ones that only change it are ignored."""
        filters = [*(filter or ()), *([f"cluster/{cluster}"] if ":" in cluster else ())]
        query = queries.Query(q, tuple(filters), years, set)
        result = queries.find(site(), query, facets=False)
        content = _view(site(), request, result.numbers, select, work)
        if like or unlike:
            content["similar"] = _similar(site(), like or [], unlike or [], features)
        if work and match:
            pair = _known(site(), [work, match])
            content["matches"] = _or_error(lambda: site().pair_matcher(*pair))
        if text:
            name, allowed = features if features in site().text_features else None, mask_of(site(), result.numbers)
            content["looking_like"] = _or_error(lambda: looking_like(site(), text, name, _MAX_LISTED, allowed))
        if start and end:
            first, last = _known(site(), [start, end])
            content["walk"] = walk(site().vectors(features), first, last, steps)
        return as_json(content)

    return routes


def _view(site: Site, request: Request, numbers: np.ndarray, select: str, work: str) -> dict[str, Any]:
    base, words = str(request.base_url).rstrip("/"), request.url.query
    content: dict[str, Any] = {
        "archive": site.collection.name,
        "version": site.collection.version,
        "query": {key: request.query_params.getlist(key) for key in sorted(request.query_params)},
        "total": len(numbers),
        "artworks": _linked(site.collection.records(numbers[:_MAX_LISTED]), base),
        "links": {"page": f"{base}/{'?' if words else ''}{words}", "archive": f"{base}/api/archive"},
    }
    if select:
        selected = site.collection.numbers(select.split(",")[:_SELECTED])
        content["selected"] = _linked(site.collection.records(selected[selected >= 0]), base)
    if work and (number := site.collection.number(work)) is not None:
        content["work"] = _linked([full_record(site, number)], base)[0]
        content["links"]["similar"] = f"{base}/api/similar?{urlencode({'n': number})}"
    run = request.query_params.get("run")
    if run and not site.options.public_only:
        content["links"]["run"] = f"{base}/api/runs/{_path_of_run(run)}"
    return content


def _or_error(answer: Callable[[], Any]) -> Any:
    """Returns an answer, or why there is none: a part of a view that fails must not hide the others."""
    try:
        return answer()
    except (UserError, ServiceUnavailable) as error:
        return {"error": str(error)}


def _path_of_run(run: str) -> str:
    """Returns the path of a run that the page names ``evaluation``, ``model:NAME`` or ``sweep:NAME``."""
    kind, _, name = run.partition(":")
    return f"{kind}s/{quote(name, safe='')}" if kind in ("model", "sweep") else "evaluation"


def _similar(site: Site, like: list[str], unlike: list[str], features: str | None) -> list[dict[str, Any]]:
    """The nearest artworks to those that a view is like, and unlike."""
    if len(like) + len(unlike) > _SELECTED:
        raise HTTPException(400, f"like, unlike: at most {_SELECTED} artworks")
    vectors, numbers = site.vectors(features), _known(site, [*like, *unlike])
    query = combined(vectors, numbers, [*[1.0] * len(like), *[-0.5] * len(unlike)])
    allowed = np.ones(len(site.collection), bool)
    allowed[numbers] = False
    return as_neighbors(*vectors.nearest(query, _MAX_LISTED, allowed=allowed))


def _known(site: Site, ids: list[str]) -> list[int]:
    numbers: list[int] = site.collection.numbers(ids).tolist()
    if -1 in numbers:
        raise HTTPException(404, f"{ids[numbers.index(-1)][:100]}: no such artwork")
    return numbers


def _linked(records: list[dict[str, Any]], base: str) -> list[dict[str, Any]]:
    return [
        {
            **record,
            "links": {"self": f"{base}/api/artworks/{record['n']}", "image": f"{base}/api/images/{record['n']}.jpg"},
        }
        for record in records
    ]


def _numbers(site: Site, selection: Selection) -> np.ndarray:
    if selection.set:
        return site.filters.sets.numbers(selection.set).astype(np.int64)
    numbers = np.array(selection.numbers, np.int64)
    if not len(numbers):
        raise HTTPException(400, "numbers: select artworks to export")
    if not 0 <= numbers.min() <= numbers.max() < len(site.collection):
        raise HTTPException(400, f"numbers: must be 0 to {len(site.collection) - 1}")
    return numbers


def _manifest(site: Site, numbers: np.ndarray, request: Request) -> Response:
    if len(numbers) > exports.MOST_CANVASES:
        raise HTTPException(
            400, f"iiif: at most {exports.MOST_CANVASES:,} artworks; export these {len(numbers):,} as csv"
        )
    return as_json(exports.as_manifest(site, numbers, str(request.base_url).rstrip("/")))


def _stream(parts: Iterator[bytes], name: str, kind: str) -> Response:
    return _download(StreamingResponse(parts, media_type=kind), name)


def _download(answer: Response, name: str) -> Response:
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = ASK
    return answer
