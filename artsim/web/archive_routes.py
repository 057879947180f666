"""Routes of what is sent once: the description of the archive, columns, layouts, clusters, atlas."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from artsim.web.answers import as_array, as_jpeg, as_json
from artsim.web.columns import Category
from artsim.web.site import Site


def archive_routes(site: Callable[[], Site]) -> APIRouter:
    """Returns the routes; ``site`` waits until the archive is loaded."""
    routes = APIRouter()

    def array(values: Any, request: Request) -> Response:
        return as_array(values, request, site().collection.version)

    @routes.get("/api/archive")
    def archive() -> Response:
        return as_json(site().described())

    @routes.get("/api/columns/{name}")
    def column(name: str, request: Request) -> Response:
        columns = site().columns
        if name in columns.numbers:
            return array(columns.number(name), request)
        return array(_category(columns.categories, columns.category, name).codes, request)

    @routes.get("/api/columns/{name}/values")
    def values(name: str) -> Response:
        columns = site().columns
        return _values(_category(columns.categories, columns.category, name))

    @routes.get("/api/layouts/{name}")
    def layout(name: str, request: Request) -> Response:
        known = ["grid", *site().groups.layout_names]
        return array(site().groups.places(_known(known, name)), request)

    @routes.get("/api/clusters/{name}")
    def clusters(name: str, request: Request) -> Response:
        return array(site().groups.clusters(_known(site().groups.cluster_names, name)), request)

    @routes.get("/api/clusters/{name}/info")
    def cluster_info(name: str) -> Response:
        return as_json(site().groups.cluster_info(_known(site().groups.cluster_names, name)))

    @routes.get("/api/labels/{name}/{task}")
    def labels(name: str, task: str, request: Request) -> Response:
        return array(_label(site(), name, task).codes, request)

    @routes.get("/api/labels/{name}/{task}/values")
    def label_values(name: str, task: str) -> Response:
        return _values(_label(site(), name, task))

    @routes.get("/api/duplicates/{name}")
    def duplicates(name: str) -> Response:
        return as_json(site().groups.duplicates(_known(site().groups.duplicate_names, name)))

    @routes.get("/api/colors")
    def colors(request: Request) -> Response:
        return as_array(site().atlas.colors, request, site().collection.version)

    @routes.get("/api/tiles")
    def tiles(request: Request) -> Response:
        return as_array(site().atlas.tiles, request, site().collection.version)

    @routes.get("/api/atlas/{page}.jpg")
    def atlas(page: int, request: Request) -> Response:
        if not 0 <= page < site().atlas.grid.pages:
            raise HTTPException(404, f"the atlas has no page {page}")
        return as_jpeg(site().atlas.page(page), request, site().collection.version)

    return routes


def _known(names: list[str], name: str) -> str:
    if name not in names:
        raise HTTPException(404, f"{name[:100]}: not in this archive; it has {', '.join(names) or 'none'}")
    return name


def _category(names: list[str], read: Callable[[str], Category], name: str) -> Category:
    return read(_known(names, name))


def _label(site: Site, name: str, task: str) -> Category:
    _known(list(site.groups.labels), name)
    _known(site.groups.labels[name], task)
    return site.groups.label(name, task)


def _values(category: Category) -> Response:
    rows = zip(category.values, category.counts, strict=True)
    return as_json([{"value": value, "count": count} for value, count in rows])
