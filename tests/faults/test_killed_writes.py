"""Jobs killed with SIGKILL in the middle of a write: half a table is refused, and the same command completes it."""

import os
import random
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artsim.archive import Archive, UserError, duplicate_ids
from artsim.gallery.artworks import read_clustering, read_layout
from tests.faults.machines import ROOT, ended, start
from tests.jobs import inside
from tests.made import add_features, jpeg, make_archive, named

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

IDS = named(96)
KILL = f"{Path(__file__).parent / 'kill'}{os.pathsep}{ROOT}"


@dataclass(frozen=True)
class Case:
    """A job, other options of an earlier run that it replaces, its table and what reads it."""

    job: str
    options: tuple[str, ...]
    earlier: tuple[str, ...]
    table: str
    read: Callable[[Archive], Any]

    def __str__(self) -> str:
        return self.job


CASES = [
    Case(
        "cluster",
        ("--method", "kmeans", "--k", "5", "--name", "made"),
        ("--method", "kmeans", "--k", "3", "--name", "made"),
        "clusters/made",
        lambda archive: read_clustering(archive, "made", public_only=False),
    ),
    Case(
        "map",
        ("--method", "pca", "--name", "made", "--refit"),
        ("--method", "pca", "--name", "made", "--pca", "3"),
        "layouts/made",
        lambda archive: read_layout(archive, "made"),
    ),
    Case(
        "dedupe",
        ("--name", "made"),
        ("--name", "made", "--agreement", "0.99"),
        "duplicates/made",
        lambda archive: duplicate_ids(archive, "made", public_only=False),
    ),
]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """96 artworks in 4 shards; every picture is there twice."""
    pictures = {identifier: jpeg(size=(96, 72), seed=number // 2) for number, identifier in enumerate(IDS)}
    archive = make_archive(tmp_path / "archive", IDS, shards=4, part_rows=8, pictures=pictures)
    rng = np.random.default_rng(0)
    add_features(archive, "dots", {identifier: rng.normal(size=6) for identifier in IDS})
    return archive


def _command(archive: Archive, *options: str) -> list[str]:
    return ["--archive", archive.uri, "--features", "dots", *options]


def _copy(archive: Archive) -> Archive:
    return Archive.open(str(shutil.copytree(archive.uri, f"{archive.uri}-alone")))


def _rows(archive: Archive, table: str) -> list[dict[str, Any]]:
    rows = [row for part in archive.table(table).scan() for row in part.to_pylist()]
    return sorted(rows, key=lambda row: row["id"])


def _killed(archive: Archive, job: str, options: tuple[str, ...], folder: str, files: int) -> int:
    """Runs a job that is killed as it completes one of its ``files`` in a folder; returns the number of that file."""
    number = random.randint(1, files)
    process = start(job, *_command(archive, *options), KILL_IN=f"/{folder}/", KILL_AT=str(number), PYTHONPATH=KILL)
    _, errors = ended(process)
    assert process.returncode == -signal.SIGKILL, errors[-3000:]
    return number


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_table_killed_as_it_is_replaced(archive: Archive, case: Case) -> None:
    assert inside.ended(case.job, *_command(archive, *case.earlier)).returncode == 0
    alone = _copy(archive)
    assert inside.ended(case.job, *_command(alone, *case.options)).returncode == 0
    files = len(alone.store.files(case.table))
    number = _killed(archive, case.job, case.options, case.table, files)
    with pytest.raises(UserError, match="not finished"):
        case.read(archive)
    done = inside.ended(case.job, *_command(archive, *case.options))
    assert done.returncode == 0, f"after a kill at file {number} of {files}: {done.stderr[-2000:]}"
    assert _rows(archive, case.table) == _rows(alone, case.table), f"killed at file {number} of {files}"
    case.read(archive)


def test_an_index_killed_as_it_is_updated(archive: Archive) -> None:
    """The index before the update stays whole, and the next run updates it."""
    options = ("--index", "usearch", "--id", *IDS[:4], "--k", "7")
    assert inside.ended("neighbors", *_command(archive, *options)).returncode == 0
    rng = np.random.default_rng(1)
    add_features(archive, "dots", {identifier: rng.normal(size=6) for identifier in IDS})
    before = archive.read_json("indexes/dots/cosine.json")
    alone = _copy(archive)
    expected = inside.report_of(inside.ended("neighbors", *_command(alone, *options)))
    _killed(archive, "neighbors", options, "indexes/dots", 3)
    assert archive.read_json("indexes/dots/cosine.json") == before
    report = inside.report_of(inside.ended("neighbors", *_command(archive, *options)))
    assert report["queries"] == expected["queries"]
    assert (report["index"]["rows"], report["index"]["added"]) == (96, 96)
    left = [name for name in archive.store.files("indexes/dots") if not name.startswith("_")]
    assert len(left) == 3, "the files of the killed run are gone"
