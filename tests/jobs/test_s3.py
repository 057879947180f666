"""Jobs on an archive in an S3 bucket: a pipeline of all jobs, killed runs, user errors."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.fs as pafs
import pytest

from artsim.archive import Archive, Store
from artsim.encoders.model import load_model
from jobs.train import job as train
from tests.made import jpeg, vectors_of
from tests.s3 import BUCKET, KEY, SECRET, S3Server
from tests.scrape.in_process import images_of, make_archive
from tests.scrape.site import Site, answer, page

ROOT = Path(__file__).parents[2]
URI = f"s3://{BUCKET}/archive"
WORKS = 120


def start(job: str, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"jobs.{job}", "--archive", URI, *options]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(job: str, *options: str) -> dict[str, Any]:
    """Runs a job that has to succeed without printing the secret; returns its report."""
    out, err = (process := start(job, *options)).communicate(timeout=280)
    assert process.returncode == 0, err[-3000:]
    assert SECRET not in out + err
    return json.loads(out.splitlines()[-1])


def objects() -> dict[str, bytes]:
    """Returns the content of every object in the bucket by its path."""
    files = Store.open(f"s3://{BUCKET}").filesystem
    infos = files.get_file_info(pafs.FileSelector(BUCKET, recursive=True))
    return {info.path: files.open_input_file(info.path).read() for info in infos if info.is_file}


PIPELINE = f"""
[catalog]
source = "table"
location = "s3://{BUCKET}/scans/works.csv"
as = "made"
shards = 4

[scrape]

[extract]
backbones = ["mobilenetv3_small_100"]
weights = "random"

[[annotations]]
action = "simulate"
annotator = "sim"
by = "artist"
n = 150

[[annotations]]
action = "export"
file = "{{folder}}/sim.txt"

[[annotations]]
action = "import"
file = "{{folder}}/sim.txt"
annotator = "anna"

[[annotations]]
action = "check"

[[neighbors]]
features = ["mobilenetv3_small_100:16"]
id = ["made:0.jpg"]
picture = "{{folder}}/near.png"

[[neighbors]]
features = ["mobilenetv3_small_100"]
all = true
k = 3

[walk]
features = ["mobilenetv3_small_100"]
from = "made:0.jpg"
to = "made:1.jpg"
steps = 3
picture = "{{folder}}/walk.png"

[train]
name = "eye"
features = ["mobilenetv3_small_100:16"]
annotator = ["sim"]
epochs = 4
embed = true

[evaluate]
features = ["mobilenetv3_small_100"]
models = ["eye"]

[tune]
name = "margins"
features = ["mobilenetv3_small_100:16"]
head = "residual"
trials = 2
epochs = 2

[embed]
model = "{URI}/models/eye"
"""


@pytest.fixture
def ray_folder() -> Iterator[Path]:
    """A folder for Ray's logs, with a short path because Ray also creates sockets there."""
    with tempfile.TemporaryDirectory(prefix="ray-") as folder:
        yield Path(folder)


@pytest.mark.slow
def test_no_job_stores_a_secret(
    s3: S3Server, tmp_path: Path, ray_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans = Store.open(f"s3://{BUCKET}/scans")
    for number in range(WORKS):
        with scans.replace(f"{number}.jpg") as draft:
            Path(draft).write_bytes(jpeg(seed=number))
    with scans.replace("works.csv") as draft:
        lines = [f"{number}.jpg,{number}.jpg,painter {number % 6}" for number in range(WORKS)]
        Path(draft).write_text("\n".join(["id,file,artist", *lines]))
    monkeypatch.setenv("RAY_TMPDIR", str(ray_folder))
    (tmp_path / "pipeline.toml").write_text(PIPELINE.replace("{folder}", str(tmp_path)))
    report = run("pipeline", "--config", str(tmp_path / "pipeline.toml"))
    steps = [(step["job"], step["rows_out"], step["rows_failed"]) for step in report["steps"]]
    assert steps[:3] == [("catalog", WORKS, 0), ("scrape", WORKS, 0), ("extract", WORKS, 0)]
    assert not any(failed for _, _, failed in steps)
    archive = Archive.open(URI)
    assert len(images_of(archive)) == WORKS
    assert len(vectors_of(archive, "eye")) == WORKS
    assert archive.table("neighbors/mobilenetv3_small_100").count() == 3 * WORKS
    assert load_model(archive, f"{URI}/models/eye").hash == load_model(archive, "eye").hash
    assert {"best.toml", "heatmap.png", "trials.csv", "trials.md"} < set(archive.names("sweeps/margins"))
    best = next(step["config"] for step in report["steps"] if step["job"] == "tune")
    train.check(["--archive", URI, "--config", best])
    files = [path for folder in (tmp_path, ray_folder) for path in folder.rglob("*") if path.is_file()]
    contents = {**objects(), **{str(path): path.read_bytes() for path in files}}
    assert {"near.png", "runtime_env_agent.log"} < {Path(name).name for name in contents}
    assert not [name for name, content in contents.items() if SECRET.encode() in content]


@pytest.mark.slow
@pytest.mark.timeout(560)
def test_scrape_and_extract_resume_after_a_kill(s3: S3Server) -> None:
    rng, rows = random.Random(3), 300
    with Site() as site:
        site.default = page(answer(200, jpeg(seed=1)), latency=0.35)
        archive = make_archive(URI, {"image_url": [f"{site.url}/{number}" for number in range(rows)]}, shards=32)
        scrape = ("scrape", "--allow-host", site.netloc, "--per-host", "4")
        for _ in range(3):
            fetched = len(site.images())
            _kill(start(*scrape), lambda seen=fetched: len(site.images()) > seen, rng.uniform(0, 1.0))
        begun = len(images_of(archive))
        assert run(*scrape)["rows_out"] == rows - begun
        assert 0 < begun < rows, "the kills were to come in the middle"
    assert {row["status"] for row in images_of(archive).values()} == {"ok"}
    extract = ("extract", "--backbones", "mobilenetv3_small_100", "--weights", "random")
    written = "/features/mobilenetv3_small_100/0"
    _kill(
        start(*extract), lambda: any(request.method == "PUT" and written in request.path for request in s3.asked), 0.0
    )
    begun = len(vectors_of(archive, "mobilenetv3_small_100"))
    assert 0 < begun < rows
    assert run(*extract)["rows_out"] == rows - begun
    vectors = vectors_of(archive, "mobilenetv3_small_100")
    assert len(vectors) == rows
    assert np.ptp(np.stack(list(vectors.values())), axis=0).max() < 1e-3, "one picture, one vector"


def _kill(driver: subprocess.Popen[str], begun: Any, after: float) -> None:
    """Kills a job (SIGKILL) ``after`` seconds from its beginning, then waits three seconds for its workers to end."""
    deadline = time.monotonic() + 90
    while not begun() and driver.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(after)
    assert driver.poll() is None, driver.communicate()
    driver.kill()
    driver.communicate()
    time.sleep(3)


@pytest.mark.parametrize(
    ("archive", "environment", "words"),
    [
        (f"s3://{KEY}:{SECRET}@{BUCKET}/archive", {}, "remove the credentials from the bucket address"),
        ("s3://nobody/archive", {}, "s3://nobody: this bucket does not exist"),
        (URI, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "S3 does not answer at http://127.0.0.1:9"),
        (URI, {"AWS_ACCESS_KEY_ID": "AKIASTRANGER"}, f"{URI}: When reading information for key 'archive/archive.json'"),
        (URI, {"AWS_ACCESS_KEY_ID": ""}, "credentials come from the environment (AWS_ACCESS_KEY_ID"),
        (URI, {}, "no archive found; create one with jobs.catalog"),
    ],
)
def test_user_errors_are_one_line_and_fast(s3: S3Server, archive: str, environment: dict[str, str], words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "jobs.scrape", "--archive", archive],
        cwd=ROOT,
        env=os.environ | environment,
        text=True,
        capture_output=True,
        timeout=60,  # a run retries S3 for longer
    )
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert SECRET not in done.stderr
