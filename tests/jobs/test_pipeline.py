"""Pipelines: the demo on its sample museum from end to end, and TOML files that are refused."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from artsim.archive import Archive
from artsim.summary import summary
from tests.jobs import inside

pytestmark = pytest.mark.slow


def test_the_demo_ends_with_pictures_and_a_correct_report(tmp_path):
    command = [sys.executable, "-m", "jobs.demo", "--archive", str(tmp_path / "demo"), "--works", "24", "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=560)
    assert done.returncode == 0, done.stderr[-3000:]
    report = inside.report_of(done)
    steps = {step["job"]: step for step in report["steps"]}
    assert steps["catalog"]["rows_out"] == 24
    statuses = steps["scrape"]["statuses"]
    assert sum(statuses.values()) == 24
    assert statuses["robots"] and statuses["http"] and statuses["corrupt"]  # the museum has one or two of each
    assert steps["extract"]["rows_out"] == statuses["ok"]
    assert report["failures"] == {name: count for name, count in statuses.items() if name != "ok"}
    last = summary(report).splitlines()
    assert [line.strip() for line in last[-6:-1]] == report["pictures"]  # the pictures, then the report
    assert [Path(picture).name for picture in report["pictures"]] == [
        "neighbors.png",
        "walk.png",
        "tube.png",
        "topics.png",
        "map.png",
    ]
    for picture in report["pictures"]:
        with Image.open(picture) as image:
            assert min(image.size) > 200
    archive = Archive.open(str(tmp_path / "demo"))
    assert archive.table("images").count() == 24
    assert sum(len(rows) for rows in archive.table("features/efficientnet_lite0").scan()) == statuses["ok"]
    assert (
        json.loads((tmp_path / "demo" / "reports" / report["report"].split("/reports/")[1]).read_text())["job"]
        == "demo"
    )


@pytest.mark.parametrize(
    ("toml", "expected_text"),
    [
        ("[nothing]\n", "[nothing] is not a job; choose one of "),
        ("[scrape]\ncolour = 3\n", "--colour"),
        ("[scrape]\n[neighbors]\n", "--features"),
        ("scrape = 3\n", "put options in a section"),
        ("", "contains no job"),
        ("[scrape\n", "--config"),
    ],
)
def test_an_invalid_pipeline_is_refused_before_it_starts(tmp_path, toml, expected_text):
    (tmp_path / "p.toml").write_text(toml)
    done = inside.ended("pipeline", "--archive", tmp_path / "a", "--config", tmp_path / "p.toml")
    assert done.returncode == 2
    assert expected_text in done.stderr.strip().splitlines()[-1]


def test_the_shards_of_the_catalog_are_those_of_the_archive(tmp_path):
    (tmp_path / "works.csv").write_text("id,image_url\n1,https://m.example/1.jpg\n")
    catalog = f'[catalog]\nsource = "table"\nlocation = "{tmp_path}/works.csv"\nshards = 4\n'
    (tmp_path / "p.toml").write_text(catalog)
    for rows in (1, 0):
        done = inside.ended("pipeline", "--archive", tmp_path / "a", "--config", tmp_path / "p.toml")
        assert done.returncode == 0, done.stderr
        assert inside.report_of(done)["rows_out"] == rows
    assert Archive.open(str(tmp_path / "a")).shards == 4
    (tmp_path / "p.toml").write_text(catalog.replace("shards = 4", "shards = 5"))
    done = inside.ended("pipeline", "--archive", tmp_path / "a", "--config", tmp_path / "p.toml")
    assert done.returncode == 2
    assert "the archive has 4 shards" in done.stderr
