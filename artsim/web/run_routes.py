"""Routes of evaluations, trainings and sweeps."""

from collections.abc import Callable

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from artsim.archive import Archive
from artsim.web import runs
from artsim.web.answers import as_json
from artsim.web.site import Site
from artsim.web.turns import Turns

_PLACES = 4  # requests for a run at a time; further ones are refused
_SECONDS = 30.0  # that one waits for those before it
_NONE = {"evaluation": False, "models": [], "sweeps": []}


def run_routes(site: Callable[[], Site]) -> APIRouter:
    """Returns the routes; ``site`` waits until the archive is loaded.

    Runs are measured on all artworks, so a server of public artworks has none.
    """
    routes = APIRouter()
    turns = Turns("runs", places=_PLACES, seconds=_SECONDS)

    @routes.get("/api/runs")
    def listed() -> Response:
        return as_json(_NONE if site().options.public_only else runs.runs_of(site().archive))

    @routes.get("/api/runs/evaluation")
    def evaluation() -> Response:
        archive = _archive(site())
        if not runs.has_evaluation(archive):
            raise HTTPException(404, "the archive has no evaluation; run jobs.evaluate")
        with turns.place(), turns.turn():
            return as_json(runs.evaluation_of(archive))

    @routes.get("/api/runs/models/{name}")
    def training(name: str) -> Response:
        archive = _archive(site())
        _require(archive, "models", name)
        with turns.place(), turns.turn():
            return as_json(runs.training_of(archive, name))

    @routes.get("/api/runs/sweeps/{name}")
    def sweep(name: str) -> Response:
        archive = _archive(site())
        _require(archive, "sweeps", name)
        with turns.place(), turns.turn():
            return as_json(runs.sweep_of(archive, name))

    return routes


def _archive(site: Site) -> Archive:
    if site.options.public_only:
        raise HTTPException(404, "there is no such run")
    return site.archive


def _require(archive: Archive, kind: str, name: str) -> None:
    if not runs.is_run(archive, kind, name):
        raise HTTPException(404, f"{name[:100]}: there is no such run")
