"""S3 outages, temporary and permanent."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from artsim.archive import Archive
from tests.made import jpeg, make_archive, named, vectors_of
from tests.s3 import BUCKET, Asked, S3Server
from tests.scrape.in_process import images_of
from tests.scrape.in_process import make_archive as make_catalog
from tests.scrape.site import Site, answer, page

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
URI = f"s3://{BUCKET}/archive"


def start(job: str, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"jobs.{job}", "--archive", URI, *options]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def when_written(s3: S3Server, table: str, driver: subprocess.Popen[str]) -> None:
    """Waits until the first partition of a table is written."""
    while not any(request.method == "PUT" and f"/{table}/0" in request.path for request in s3.asked):
        assert driver.poll() is None, driver.communicate()
        time.sleep(0.02)


def test_a_scrape_survives_failing_and_slow_s3(s3: S3Server) -> None:
    rows = 200
    with Site() as site:
        site.default = page(answer(200, jpeg(seed=1)), latency=0.1)
        archive = make_catalog(URI, {"image_url": [f"{site.url}/{number}" for number in range(rows)]}, shards=32)
        with start("scrape", "--allow-host", site.netloc) as driver:
            when_written(s3, "images", driver)
            s3.fails_for(10.0, delay=4.0)
            out, err = driver.communicate(timeout=200)
        assert driver.returncode == 0, err[-3000:]
        assert json.loads(out.splitlines()[-1])["statuses"] == {"ok": rows}
        assert len(images_of(archive)) == rows
        assert len(site.images()) == rows, "nothing is fetched twice"


def test_an_extraction_survives_failing_and_slow_s3(s3: S3Server) -> None:
    archive = make_archive(URI, named(120), shards=16)
    with start("extract", "--backbones", "mobilenetv3_small_100", "--weights", "random") as driver:
        when_written(s3, "features/mobilenetv3_small_100", driver)
        s3.fails_for(10.0, delay=4.0)
        out, err = driver.communicate(timeout=200)
    assert driver.returncode == 0, err[-3000:]
    assert json.loads(out.splitlines()[-1])["rows_out"] == 120
    assert len(vectors_of(archive, "mobilenetv3_small_100")) == 120


def test_a_permanent_outage_is_one_line_with_the_address(s3: S3Server) -> None:
    make_archive(URI, named(60), shards=16)

    def trouble(asked: Asked) -> int | None:
        return 503 if asked.method == "PUT" and "/features/mobilenetv3_small_100/0" in asked.path else None

    with start("extract", "--backbones", "mobilenetv3_small_100", "--weights", "random") as driver:
        s3.trouble = trouble
        start_time = time.monotonic()
        out, err = driver.communicate(timeout=250)
    assert (driver.returncode, out) == (1, "")
    assert time.monotonic() - start_time > 60
    assert f"--archive {URI}: " in err.splitlines()[-1]
    assert "run the same command again to resume" in err.splitlines()[-1]
    assert "Traceback" not in err
    s3.trouble = lambda asked: None
    assert Archive.open(URI).table("images").count() == 60
