"""The scrape job on Ray, as a person runs it: many workers, kills at any moment, options, mistakes."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from artsim.archive import Archive
from tests.scrape.here import images_of, make_archive
from tests.scrape.pictures import jpeg
from tests.scrape.site import Site, answer, most_at_once, page

ROOT = Path(__file__).parents[2]
DATA = answer(200, jpeg())


def command(archive: Archive, *options: str) -> list[str]:
    return [sys.executable, "-m", "jobs.scrape", "--archive", archive.uri, *options]


def start(archive: Archive, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(archive, *options),
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def run(archive: Archive, *options: str) -> dict[str, Any]:
    """The report of a run that is to succeed."""
    done = subprocess.run(command(archive, *options), cwd=ROOT, text=True, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_the_whole_job_with_two_workers(tmp_path: Path) -> None:
    with Site("127.0.0.1") as one, Site("127.0.0.2") as two:
        one.default = two.default = page(DATA, latency=0.02)
        one.pages["/3"] = page(answer(404))
        urls = [f"{site.url}/{number}" for number in range(120) for site in (one, two)]
        archive = make_archive(tmp_path / "archive", {"image_url": urls}, shards=16)
        options = ["--allow-host", one.netloc, two.netloc, "--per-host", "3", "--workers", "2"]
        report = run(archive, *options)
        assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (240, 239, 1)
        assert report["statuses"] == {"ok": 239, "http": 1}
        assert report["hosts"]["127.0.0.1"] == {"rows": 120, "failed": 1}
        assert report["bytes"] == 239 * len(jpeg())
        assert set(report["row_seconds"]) == {"wait", "fetch", "verify", "commit"}
        for site in (one, two):
            assert len(site.asked("/robots.txt")) == 1
            assert most_at_once(site.visits) <= 3
            assert len({visit.client for visit in site.images()}) > 1
        rows = images_of(archive)
        assert len(rows) == 240
        before = len(one.visits)
        assert run(archive, *options)["rows_in"] == 0
        assert len(one.visits) == before
        again = run(archive, "--allow-host", one.netloc, "--retry", "http")
        assert again["statuses"] == {"http": 1}
        assert again["job"] == "scrape"


@pytest.mark.slow
def test_limit_and_resize(tmp_path: Path) -> None:
    with Site() as site:
        site.default = page(answer(200, jpeg(640, 480)))
        archive = make_archive(tmp_path / "archive", {"image_url": [f"{site.url}/{number}" for number in range(50)]})
        how = ("--limit", "7", "--resize", "100", "--contact", "me@home.example")
        report = run(archive, "--allow-host", site.netloc, *how)
        assert report["rows_in"] == len(images_of(archive)) == len(site.images()) == 7
        assert {(row["width"], row["height"]) for row in images_of(archive).values()} == {(100, 75)}
        assert all("me@home.example" in visit.headers["user-agent"] for visit in site.visits)


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_killed_ten_times(tmp_path: Path) -> None:
    """kill -9 of the driver at random moments; then the same command finishes: every row once, few fetched twice."""
    rows, kills, at_once = 400, 10, 4
    rng = random.Random(7)
    with Site() as site:
        site.default = page(DATA, latency=0.35)
        urls = [f"{site.url}/{number}" for number in range(rows)]
        archive = make_archive(tmp_path / "archive", {"image_url": urls}, shards=64)
        options = ["--allow-host", site.netloc, "--per-host", str(at_once)]
        in_vain = 0
        for _ in range(kills):
            asked = len(site.images())
            driver = start(archive, *options)
            give_up = time.monotonic() + 60
            while len(site.images()) == asked and driver.poll() is None and time.monotonic() < give_up:
                time.sleep(0.02)
            time.sleep(rng.uniform(0, 1.6))
            assert driver.poll() is None, driver.communicate()
            os.kill(driver.pid, signal.SIGKILL)
            driver.communicate()
            wait_until_quiet(site)
            in_vain = len(site.images()) - len(images_of(archive))
        assert 0 < len(images_of(archive)) < rows, "the kills were to come in the middle"
        run(archive, *options)
        images = images_of(archive)
        assert len(images) == rows
        assert {row["status"] for row in images.values()} == {"ok"}
        for number in range(rows):
            assert site.asked(f"/{number}"), "nothing is lost"
        repeated = len(site.images()) - rows
        open_rows = 16  # rows of the pieces that were begun and not committed: about 6 a piece here, 4 requests at once
        assert repeated <= kills * open_rows, f"{repeated} fetched twice"
        assert in_vain == repeated
    assert not list(Path(archive.uri).rglob("images/*/*.parquet.tmp"))


def wait_until_quiet(site: Site) -> None:
    """Until no worker of a killed driver asks any more."""
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        before = len(site.visits)
        time.sleep(0.6)
        if len(site.visits) == before:
            return
    raise AssertionError("workers outlive their driver")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--per-host", "0"], "--per-host"),
        (["--timeout", "nan"], "--timeout"),
        (["--retry", "okay"], "--retry"),
        (["--allow-host", "http://x/"], "--allow-host"),
        (["--resize", "-1"], "--resize"),
        (["--workers", "0"], "--workers"),
    ],
)
def test_mistakes(options: list[str], named: str, tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive", {"image_url": ["http://museum.example/x"]})
    done = subprocess.run(command(archive, *options), cwd=ROOT, text=True, capture_output=True, timeout=60)
    assert done.returncode == 2
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
