"""``jobs.scrape`` on Ray by its command line: several workers, kills, options, user errors."""

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
from tests.jobs import inside
from tests.scrape.in_process import images_of, make_archive
from tests.scrape.pictures import jpeg
from tests.scrape.site import Site, answer, max_concurrent, page

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
    """Runs a job that has to succeed; returns its report."""
    done = ended(archive, *options)
    assert done.returncode == 0, done.stderr[-3000:]
    return report_of(done)


def ended(archive: Archive, *options: str) -> subprocess.CompletedProcess[str]:
    return inside.ended("scrape", "--archive", archive.uri, *options)


def report_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Returns the report of a run that ended without a traceback, even if all its rows failed."""
    assert "Traceback" not in done.stderr
    return inside.report_of(done)


def line_of(done: subprocess.CompletedProcess[str], words: str) -> str:
    """Returns the only line of stderr that contains ``words``."""
    (line,) = [line for line in done.stderr.splitlines() if words in line]
    return line


@pytest.mark.slow
def test_the_whole_job_with_two_workers(tmp_path: Path) -> None:
    with Site("127.0.0.1") as first, Site("127.0.0.2") as second:
        first.default = second.default = page(DATA, latency=0.02)
        first.pages["/3"] = page(answer(404))
        urls = [f"{site.url}/{number}" for number in range(120) for site in (first, second)]
        archive = make_archive(tmp_path / "archive", {"image_url": urls}, shards=16)
        options = ["--allow-host", first.netloc, second.netloc, "--per-host", "3", "--workers", "2"]
        report = run(archive, *options)
        assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (240, 239, 1)
        assert report["statuses"] == {"ok": 239, "http": 1}
        assert report["hosts"]["127.0.0.1"] == {"rows": 120, "failed": 1}
        assert report["bytes"] == 239 * len(jpeg())
        assert set(report["row_seconds"]) == {"wait", "fetch", "verify", "commit"}
        for site in (first, second):
            assert len(site.visits_to("/robots.txt")) == 1
            assert max_concurrent(site.visits) <= 3
            assert len({visit.client for visit in site.images()}) > 1
        rows = images_of(archive)
        assert len(rows) == 240
        before = len(first.visits)
        assert run(archive, *options)["rows_in"] == 0
        assert len(first.visits) == before
        retried = report_of(ended(archive, "--allow-host", first.netloc, "--retry", "http"))
        assert retried["statuses"] == {"http": 1}
        assert retried["job"] == "scrape"


@pytest.mark.slow
def test_limit_and_resize(tmp_path: Path) -> None:
    with Site() as site:
        site.default = page(answer(200, jpeg(640, 480)))
        archive = make_archive(tmp_path / "archive", {"image_url": [f"{site.url}/{number}" for number in range(50)]})
        options = ("--limit", "7", "--resize", "100", "--contact", "me@home.example")
        report = run(archive, "--allow-host", site.netloc, *options)
        assert report["rows_in"] == len(images_of(archive)) == len(site.images()) == 7
        assert {(row["width"], row["height"]) for row in images_of(archive).values()} == {(100, 75)}
        assert all("me@home.example" in visit.headers["user-agent"] for visit in site.visits)


@pytest.mark.slow
def test_refresh_of_removed_or_unavailable_images(tmp_path: Path) -> None:
    """Also covers a host that is down for all rows, and --resize with images that are already stored."""
    with Site() as site:
        site.default = page(answer(200, jpeg(640, 480)))
        archive = make_archive(tmp_path / "archive", {"image_url": [f"{site.url}/{number}" for number in range(12)]})
        options = ("--allow-host", site.netloc, "--contact", "me@home.example", "--rest", "0.01", "--retries", "0")
        first = run(archive, *options, "--limit", "10")
        assert (first["failures"], first["refresh_failed"], first["removed"]) == ({}, {}, {})
        before = images_of(archive)

        done = ended(archive, *options, "--resize", "100")
        assert report_of(done)["larger_than_resize"] == 10
        line = line_of(done, "--resize 100")
        assert "10 " in line
        assert "--refresh" in line
        images = images_of(archive)
        assert {name: images[name] for name in before} == before
        assert sorted(row["width"] for row in images.values()) == [100, 100] + [640] * 10

        bad = page(answer(404)), page(answer(200, b"<html>")), page(answer(403))
        site.pages |= {f"/{int(name[-5:])}": then for name, then in zip(sorted(before), bad, strict=False)}
        done = ended(archive, *options, "--refresh", "--resize", "100")
        report = report_of(done)
        assert (done.returncode, report["rows_out"], report["rows_failed"]) == (0, 9, 3)
        assert report["failures"] == {"http": 2, "not_image": 1}
        assert report["refresh_failed"] == {"not_image": 1, "http": 1}
        assert report["removed"] == {"http": 1}
        assert report["statuses"] == {"ok": 11, "http": 1}
        assert "2 stored images" in line_of(done, "could not be refreshed")
        assert "--drop-removed" in line_of(done, "removed or forbidden")
        images = images_of(archive)
        assert sorted(row["width"] for row in images.values()) == [100] * 9 + [640] * 3
        assert all(row["bytes"] for row in images.values())

        dropped = report_of(ended(archive, *options, "--retry", "http", "--drop-removed"))
        assert dropped["removed"] == {"http": 1}
        assert [row["status"] for row in images_of(archive).values() if not row["bytes"]] == ["http"]

    stored = {name: row["bytes"] for name, row in images_of(archive).items()}
    report = report_of(ended(archive, *options, "--refresh"))
    assert report["failures"] == report["refresh_failed"] == {"network": 11}
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (11, 0, 11)
    assert {name: row["bytes"] for name, row in images_of(archive).items()} == stored


@pytest.mark.slow
def test_all_hosts_unreachable(tmp_path: Path) -> None:
    with Site() as site:
        urls = [f"{site.url}/{number}" for number in range(5)]
    archive = make_archive(tmp_path / "archive", {"image_url": [*urls, "http://10.0.0.1/x", "ftp://museum.example/x"]})
    report = report_of(ended(archive, "--allow-host", site.netloc, "--rest", "0.01", "--retries", "0"))
    assert report["failures"] == {"network": 5, "forbidden_address": 2}
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (7, 0, 7)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_three_times(tmp_path: Path) -> None:
    """After SIGKILLs of the driver at random moments, the same command finishes: every row once, few fetched twice."""
    rows, kills, at_once = 240, 3, 4
    rng = random.Random(7)
    with Site() as site:
        site.default = page(DATA, latency=0.35)
        urls = [f"{site.url}/{number}" for number in range(rows)]
        archive = make_archive(tmp_path / "archive", {"image_url": urls}, shards=64)
        options = ["--allow-host", site.netloc, "--per-host", str(at_once)]
        in_vain = 0
        for _ in range(kills):
            fetched = len(site.images())
            driver = start(archive, *options)
            deadline = time.monotonic() + 60
            while len(site.images()) == fetched and driver.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(rng.uniform(0, 1.6))
            assert driver.poll() is None, driver.communicate()
            os.kill(driver.pid, signal.SIGKILL)
            driver.communicate()
            wait_until_quiet(site)
            in_vain = len(site.images()) - len(images_of(archive))
        assert 0 < len(images_of(archive)) < rows, "the kills were to come in the middle"
        shard = next(folder for folder in Path(archive.uri, "images").iterdir() if folder.name.isdigit())
        (shard / "_draft.tmp").touch()  # as a kill may leave it; makes sure that there is one
        for draft in drafts_of(archive):
            os.utime(draft, (0, 0))
        done = subprocess.run(command(archive, *options), cwd=ROOT, text=True, capture_output=True, timeout=120)
        assert (done.returncode, report_of(done)["job"]) == (0, "scrape"), done.stderr[-3000:]
        images = images_of(archive)
        assert len(images) == rows
        assert {row["status"] for row in images.values()} == {"ok"}
        for number in range(rows):
            assert site.visits_to(f"/{number}"), "nothing is lost"
        repeated = len(site.images()) - rows
        open_rows = 16  # rows of uncommitted tasks: about 6 rows per task, 4 concurrent requests
        assert repeated <= kills * open_rows, f"{repeated} fetched twice"
        assert in_vain == repeated
    assert not drafts_of(archive)


def drafts_of(archive: Archive) -> list[Path]:
    """Returns the files in the shards of the images table that are not partitions, such as drafts of writers."""
    files = [path for path in Path(archive.uri, "images").rglob("*") if path.is_file()]
    parts = {path for path in files if path.suffix == ".parquet" and not path.name.startswith("_")}
    return [path for path in files if path not in parts and path.parent.name.isdigit()]


def wait_until_quiet(site: Site) -> None:
    """Waits until no worker of a killed driver sends requests."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
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
        (["--drop-removed"], "--drop-removed"),
    ],
)
def test_user_errors(options: list[str], named: str, tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive", {"image_url": ["http://museum.example/x"]})
    done = ended(archive, *options)
    assert done.returncode == 2
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
