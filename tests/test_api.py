"""An archive from Python: tables as Arrow and pandas, jobs as methods."""

import numpy as np
import pytest

import artsim
from artsim.errors import UserError
from tests.learn.annotated import IDS, annotated
from tests.made import make_archive, named


def test_tables_are_arrow_and_pandas(tmp_path) -> None:
    archive = artsim.open(make_archive(tmp_path / "archive", named(7)).uri)
    assert archive.tables == ["catalog", "images"]
    catalog = archive["catalog"]
    assert len(catalog) == catalog.arrow(["id"]).num_rows == sum(len(rows) for rows in catalog.batches(["id"])) == 7
    frame = catalog.pandas(columns=["id", "title"])
    assert sorted(frame.index) == sorted(named(7)) and list(frame.columns) == ["title"]
    assert {"id", "title", "image_url"} <= set(catalog.columns)


def test_vectors_are_a_matrix(tmp_path) -> None:
    archive = artsim.open(annotated(tmp_path / "archive").uri)
    ids, matrix = archive.vectors(["dots:3"])
    assert sorted(ids) == sorted(IDS) and matrix.shape == (len(IDS), 3) and matrix.dtype == np.float32


def test_a_job_is_a_method_with_the_options_of_its_command(tmp_path) -> None:
    archive = artsim.open(annotated(tmp_path / "archive").uri)
    report = archive.neighbors(features=("dots",), id=[IDS[0]], k=2)
    assert report["job"] == "neighbors" and len(report["queries"][0]["neighbors"]) == 2
    assert report["options"]["k"] == 2
    walk = archive.walk(features=["dots"], from_=IDS[0], to=IDS[1], steps=2)
    assert walk["rows_failed"] == 0
    assert archive.annotations("check")["job"] == "annotations"
    assert "--features" in archive.neighbors.__doc__ and "neighbors" in dir(archive)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda archive: archive["features/none"], "features/none: the archive .* has no such table; it has catalog"),
        (lambda archive: archive.neighbors(feature=["dots"]), "jobs.neighbors has no option feature"),
        (lambda archive: archive.neighbors(features=["dots"], k=0), "`k` 0: must be 1 or more"),
        (lambda archive: archive.neighbors(features=["dots"], id={1}), "id has a value of unsupported type set"),
        (lambda archive: archive.vectors(["stranger"]), "no such features"),
        (lambda archive: artsim.open(f"{archive.uri}/none"), "no archive found"),
    ],
)
def test_a_mistake_is_a_user_error(tmp_path, call, words) -> None:
    archive = artsim.open(annotated(tmp_path / "archive").uri)
    with pytest.raises(UserError, match=words):
        call(archive)


def test_what_is_no_job_is_no_attribute(tmp_path) -> None:
    archive = artsim.open(make_archive(tmp_path / "archive", named(1)).uri)
    for name in ("neighbours", "demo"):
        with pytest.raises(AttributeError, match="the jobs are annotations, catalog"):
            getattr(archive, name)
