"""A full archive and a command line of every job, for tests that loop over all jobs.

These tests fail if a job in ``jobs/`` has no case here.
"""

import atexit
import importlib
import shutil
import tempfile
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from artsim.annotations.links import Link, add_links
from artsim.archive import Archive
from tests.learn.annotated import IDS, annotated
from tests.learn.made_models import model_of
from tests.made import add_features, jpeg, make_archive, named

JOBS = sorted(path.stem for path in (Path(__file__).parents[2] / "jobs").glob("*.py") if path.stem not in ("__init__",))


@dataclass(frozen=True)
class Case:
    """A job's command line, in which ``{folder}`` is the folder of ``full_archive``, and the tables that it uses."""

    job: str
    name: str
    arguments: tuple[str, ...]
    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.job} {self.name}".strip()


_DOTS = ("--features", "dots")
_TABLE = ("--source", "table", "--location", "{folder}/works.csv", "--as", "made")
_PICTURE = ("--out", "{folder}/picture.png", "--size", "600")
_LABELS = (*_DOTS, "--columns", "artist", "--min-count", "5")
_LEARN = (*_DOTS, "--head", "residual", "--epochs", "2")


def cases() -> list[Case]:
    """Returns the cases of all jobs."""
    learned = ("annotations", "features/dots")
    return [
        Case("catalog", "", _TABLE, ("catalog",), ("catalog",)),
        Case("pipeline", "", ("--config", "{folder}/pipeline.toml"), ("catalog",), ("catalog",)),
        Case("demo", "", ("--works", "20", "--port", "0"), ("catalog",), ("catalog",)),
        Case("scrape", "", (), ("images",), ("catalog", "images")),
        Case(
            "extract",
            "",
            ("--backbones", "mobilenetv3_small_100", "--weights", "random"),
            ("features/mobilenetv3_small_100",),
            ("images",),
        ),
        Case("neighbors", "--all", (*_DOTS, "--all"), ("neighbors/dots",), ("features/dots",)),
        Case("neighbors", "--id", (*_DOTS, "--id", IDS[0]), (), ("features/dots",)),
        Case("map", "", (*_DOTS, "--method", "pca", "--name", "map"), ("layouts/map",), ("features/dots",)),
        Case("dedupe", "", (*_DOTS, "--name", "d"), ("duplicates/d",), ("features/dots", "images")),
        Case(
            "identify",
            "",
            (*_DOTS, "--reference", "{folder}/reference", "--name", "i", "--candidates", "1", "--whole-images"),
            ("identifications/i",),
            ("features/dots",),
        ),
        Case("walk", "", (*_DOTS, "--from", IDS[0], "--to", IDS[70]), (), ("features/dots",)),
        Case("cluster", "", (*_DOTS, "--min-cluster-size", "4"), ("clusters/dots-hdbscan",), ("features/dots",)),
        Case(
            "enrich",
            "descriptors",
            ("descriptors", "--keywords", "artist", *_DOTS, "--k", "5"),
            ("descriptors/keywords",),
            ("catalog", "features/dots"),
        ),
        Case("enrich", "topics", ("topics", "--text", "title", "--n", "1"), ("topics/topics",), ("catalog",)),
        Case(
            "enrich",
            "names",
            ("names", "--text", "artist", "--authority", "{folder}/painters.csv"),
            ("names/painters",),
            ("catalog",),
        ),
        Case("picture", "", (*_PICTURE, "--kind", "pca_scatter", *_DOTS), (), ("features/dots", "images")),
        Case("embed", "", ("--model", "eye"), ("features/eye",), ("features/dots",)),
        Case("train", "", ("--name", "new", *_LEARN), ("models/new",), learned),
        Case("tune", "", ("--name", "sweep", "--trials", "2", *_LEARN), ("sweeps/sweep",), learned),
        Case("evaluate", "", _DOTS, ("evaluation",), ("annotations", "features/dots")),
        Case("evaluate", "--out", (*_DOTS, "--out", "{folder}/out"), (), ("annotations", "features/dots")),
        Case(
            "annotations",
            "import",
            ("import", "--file", "{folder}/anna.txt", "--annotator", "eva"),
            ("annotations",),
            ("annotations", "catalog"),
        ),
        Case(
            "annotations",
            "import --links",
            ("import", "--links", "--file", "{folder}/links.csv", "--annotator", "eva"),
            ("links",),
            ("links",),
        ),
        Case(
            "annotations",
            "simulate",
            ("simulate", "--annotator", "sim", "--by", "artist", "--n", "20"),
            ("annotations",),
            ("annotations", "catalog", "images"),
        ),
        Case(
            "annotations",
            "draw",
            ("draw", "--out", "{folder}/page.html", "--n", "2"),
            (),
            ("annotations", "catalog", "images"),
        ),
        Case("annotations", "export", ("export", "--file", "{folder}/out.txt"), (), ("annotations", "catalog")),
        Case("annotations", "check", ("check",), (), ("annotations",)),
        Case("labels", "train", ("train", "--name", "new", *_LABELS), ("labels/new",), ("catalog", "features/dots")),
        Case("labels", "predict", ("predict", "--name", "kinds"), ("labels/kinds",), ("features/dots",)),
        Case("labels", "evaluate", ("evaluate", "--name", "kinds"), ("labels/kinds",), ("catalog", "features/dots")),
        Case("labels", "errors", ("errors", "--name", "kinds"), ("labels/kinds",), ("catalog", "features/dots")),
        Case("serve", "", ("--port", "0"), (), ("catalog", "images")),
        Case(
            "export_site", "", ("--out", "{folder}/site", "--rights", "all"), (), ("catalog", "features/dots", "images")
        ),
        Case("status", "", (), (), ("annotations", "catalog", "images", "features/dots", "links")),
        Case("status", "--delete", ("--delete", "features/more"), (), ()),
        Case("status", "--delete features --yes", ("--delete", "features/more", "--yes"), ("features/more",)),
        Case("status", "--delete models --yes", ("--delete", "models/_begun", "--yes"), ("models/begun",)),
        Case("status", "--delete annotator --yes", ("--delete", "annotator:anna", "--yes"), ("annotations",)),
        Case("status", "--delete collection --yes", ("--delete", "collection:made", "--yes"), ("catalog",)),
    ]


def run(case: Case, folder: Path) -> dict[str, Any]:
    """Runs a case in this process and returns the report."""
    arguments = [argument.replace("{folder}", str(folder)) for argument in case.arguments]
    action = arguments[:1] if case.job in ("annotations", "labels", "enrich") else []
    job = importlib.import_module(f"jobs.{case.job}").job
    museum = nullcontext(folder / "pipeline.toml")  # painting the demo's own museum takes many seconds
    with (
        patch("artsim.sample.tour.tour", lambda *_, **__: museum),
        patch("artsim.web.app.LIBRARIES", ()),
        patch("artsim.web.site.Site.prepare"),
        patch("uvicorn.Server.run", lambda server, sockets: server.config.app.state.site.exception()),
    ):
        return job.run([*action, "--archive", str(folder / "archive"), *arguments[len(action) :]])


@cache
def _made() -> Path:
    """Makes the folder once per session; ``full_archive`` copies it."""
    folder = Path(tempfile.mkdtemp(prefix="artsim-every-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    archive = annotated(folder / "archive", count=60)
    add_links(archive, [Link(IDS[n], IDS[n + 1], "POSITIVE", "epfl", None, None) for n in range(3)])
    (folder / "works.csv").write_text("id,image_url,title\nnew,http://127.0.0.1:9/new.jpg,New\n")
    (folder / "links.csv").write_text(f"img1,img2,type\n{IDS[3]},{IDS[9]},POSITIVE\n")
    (folder / "photo.jpg").write_bytes(jpeg())
    (folder / "painters.csv").write_text("id,name\np1,Made Up\n")
    names = [image_id.partition(":")[2] for image_id in IDS]
    (folder / "anna.txt").write_text("\n".join(",".join(names[n : n + 9]) for n in range(20)))
    (folder / "pipeline.toml").write_text(
        f'[catalog]\nsource = "table"\nlocation = "{folder}/works.csv"\nas = "made"\n'
    )
    model_of(archive, "eye", "dots", np.eye(4, 20), [])
    archive.write_json("models/_begun/asked.json", {})
    reference = make_archive(folder / "reference", named(4))
    add_features(reference, "dots", dict(zip(named(4), np.eye(4, 20), strict=True)))
    reference.write_json("features/dots/_about.json", archive.read_json("features/dots/_about.json"))
    importlib.import_module("jobs.labels").job.run(["train", "--archive", archive.uri, "--name", "kinds", *_LABELS])
    return folder


def full_archive(folder: Path) -> Archive:
    """Makes an archive with every table and a model at ``folder/archive``, and the jobs' input files next to it."""
    shutil.copytree(_made(), folder, dirs_exist_ok=True)
    return Archive.open(str(folder / "archive"))
