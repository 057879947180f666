"""``jobs.catalog`` by its command line: options, reports, exit codes, kills, large tables."""

import csv
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
from tests.sources.server import Museum, running

REPOSITORY = Path(__file__).parents[2]


def command(archive: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "jobs.catalog", "--archive", str(archive), *arguments]


def run(archive: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    done = subprocess.run(command(archive, *arguments), capture_output=True, text=True, cwd=REPOSITORY, timeout=120)
    return done.returncode, json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}, done.stderr


def rows(archive: Path) -> list[dict[str, Any]]:
    return [row for table in Archive.open(str(archive)).table("catalog").scan() for row in table.to_pylist()]


def table(path: Path, count: int) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "url", "title", "artist", "date", "notes"])
        for n in range(count):
            writer.writerow(
                [
                    f"w{n}",
                    f"https://m.org/{n}.jpg",
                    f'Work "{n}"',
                    f"Painter {n % 99}",
                    f"c. {1400 + n % 500}",
                    f"inv. {n}",
                ]
            )
    return path


def test_help_shows_examples() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "jobs.catalog", "--help"], capture_output=True, text=True, cwd=REPOSITORY
    )
    assert "python -m jobs.catalog --archive" in done.stdout and "--columns image_url=url" in done.stdout


def test_a_table_with_named_columns(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("url,name,when\nhttps://m.org/1.jpg,One,1907\nftp://m.org/2.jpg,Two,1908\nbroken\n")
    archive = tmp_path / "archive"
    arguments = ("--source", "table", "--location", str(tmp_path / "w.csv"), "--as", "m", "--shards", "4")
    code, report, errors = run(archive, *arguments, "--columns", "image_url=url", "title=name", "date_text=when")
    assert code == 0, errors
    assert (report["job"], report["rows_in"], report["rows_out"], report["rows_failed"]) == ("catalog", 3, 1, 2)
    assert report["seconds"] > 0 and Archive.open(str(archive)).shards == 4
    (row,) = rows(archive)
    assert (row["id"], row["title"], row["year_from"]) == ("m:https://m.org/1.jpg", "One", 1907)
    assert [line["line"] for line in csv.DictReader((archive / report["rejects"]).open(newline=""))] == ["4", "3"]
    assert len(list((archive / "reports" / "catalog").glob("*.json"))) == 1
    code, report, _ = run(archive, *arguments, "--columns", "image_url=url")
    assert (code, report["rows_out"], report["rows_there"]) == (0, 0, 1)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--source", "table", "--location", "none.csv"], "none.csv"),
        (["--source", "table"], "--location"),
        (["--source", "wga", "--location", "x", "--columns", "title=name"], "--columns"),
        (["--source", "table", "--location", __file__, "--columns", "titel=name"], "titel"),
        (["--source", "folder", "--location", __file__], "folder"),
        (["--source", "folder", "--location", str(Path(__file__).parent), "--as", "a:b"], "--as"),
        (["--source", "folder", "--location", str(Path(__file__).parent), "--limit", "0"], "--limit"),
        (["--source", "iiif", "--location", "http://u:p@m.org/"], "--location"),
        (["--source", "smk", "--allow-host", "http://x"], "--allow-host"),
        (["--source", "table", "--location", "https://m.org/x.csv"], "https://m.org/x.csv"),
    ],
)
def test_a_user_error_is_one_line(tmp_path: Path, arguments: list[str], named: str) -> None:
    code, report, errors = run(tmp_path / "archive", *arguments)
    assert code == 2 and not report
    assert len(errors.strip().splitlines()) == 1 and named in errors


@pytest.mark.slow
def test_a_killed_command_finishes_when_repeated(tmp_path: Path) -> None:
    location = table(tmp_path / "works.csv", 60_000)
    archive = tmp_path / "archive"
    arguments = ("--source", "table", "--location", str(location), "--shards", "16")
    rng = random.Random(1)
    for _ in range(10):
        process = subprocess.Popen(
            command(archive, *arguments), cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(rng.uniform(0.3, 1.2))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    code, report, errors = run(archive, *arguments)
    assert code == 0, errors
    assert report["rows_in"] == 60_000 == report["rows_out"] + report["rows_there"]
    ids = [row["id"] for row in rows(archive)]
    assert len(ids) == len(set(ids)) == 60_000


@pytest.mark.slow
def test_concurrent_runs_create_no_duplicates(tmp_path: Path) -> None:
    location = table(tmp_path / "works.csv", 30_000)
    archive = tmp_path / "archive"
    line = command(archive, "--source", "table", "--location", str(location), "--shards", "16")
    runs = [subprocess.Popen(line, cwd=REPOSITORY, stdout=subprocess.DEVNULL) for _ in range(2)]
    # the second run does not wait: it is refused unless the first has already ended
    assert sorted(process.wait(timeout=120) for process in runs) in ([0, 0], [0, 2])
    assert len(rows(archive)) == len({row["id"] for row in rows(archive)}) == 30_000


@pytest.mark.slow
def test_a_killed_import_requests_no_page_twice(tmp_path: Path) -> None:
    with running() as museum:
        pages, size = 40, 50
        serve_slowly(museum, pages, size)
        archive = tmp_path / "archive"
        arguments = (
            "--source",
            "smk",
            "--location",
            f"{museum.url}/api/v1/art/search/?keys=*",
            "--contact",
            "me@m.org",
        )
        killed = 0
        while killed < 3:
            process = subprocess.Popen(
                command(archive, *arguments), cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            goal = len(museum.asked) + 8
            while len(museum.asked) < goal and process.poll() is None:
                time.sleep(0.01)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
        code, report, errors = run(archive, *arguments)
        assert code == 0, errors
        assert (report["rows_in"], report["rows_out"]) == (pages * size, pages * size)
        assert len(rows(archive)) == len({row["id"] for row in rows(archive)}) == pages * size
        assert len(museum.asked) <= pages + killed  # each kill repeats at most the page that was being fetched
        assert all("me@m.org" in agent for agent in museum.agents)


def serve_slowly(museum: Museum, pages: int, size: int) -> None:
    def answer(path: str, params: dict[str, str]) -> Any:
        offset = int(params["offset"])
        numbers = range(offset, min(offset + size, pages * size))
        items = [{"object_number": f"K{n}", "image_thumbnail": f"https://t.smk.dk/{n}.jpg"} for n in numbers]
        return {"found": pages * size, "items": items}

    museum.answer = answer


@pytest.mark.slow
def test_memory_does_not_grow_with_the_table(tmp_path: Path) -> None:
    """A quarter of a million rows is enough to see growth."""
    peaks = []
    for count in (50_000, 250_000):
        location = table(tmp_path / f"{count}.csv", count)
        arguments = ["--archive", str(tmp_path / f"a{count}"), "--source", "table", "--location", str(location)]
        script = (
            f"import resource; from jobs.catalog import job; job.run({arguments!r});"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, cwd=REPOSITORY, check=True
        )
        peaks.append(int(done.stdout.split()[-1]))
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.slow
def test_real_collections_with_default_options(tmp_path: Path, shared_data: Path) -> None:
    expected = {
        ("wga", "wga/catalog.csv", "wga"): (9610, 9610, 0),
        ("table", "wga/rows.csv", "omniart"): (38_611, 38_352, 259),
        ("table", "people-art/labels.csv", "people-art"): (2934, 2934, 0),
        ("folder", "people-art", "people-folder"): (2936, 2934, 2),
        ("table", "mcv-museum/queries.csv", "queries"): (90, 90, 0),
        ("iiif", "museum-apis/iiif/cookbook", "cookbook"): (138, 113, 25),
        ("iiif", "museum-apis/iiif/presentation-2", "iiif2"): (1333, 719, 614),
        ("smk", "museum-apis/smk", "smk"): (6, 2, 4),
        ("table", "museum-apis/metropolitan_museum_of_art", "met"): (6, 6, 0),
        ("table", "museum-apis/tate/artworks", "tate"): (289, 255, 34),
        ("table", "text/guggenheim.json", "guggenheim"): (1794, 0, 1794),
    }
    archive = tmp_path / "archive"
    for (source, place, name), counts in expected.items():
        twice = ["--twice"] if name == "people-folder" else []  # the images of people-art again
        arguments = ["--source", source, "--location", str(shared_data / place), "--as", name, *twice]
        code, report, errors = run(archive, *arguments)
        assert code == (0 if counts[1] else 1), errors  # 1: every row was rejected
        assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == counts, place
    by_id = {row["id"]: row for row in rows(archive)}
    assert len(by_id) == sum(out for _, out, _ in expected.values())
    assert by_id["wga:a/abbate/orpheus"]["artist"] == "ABBATE, Niccolò dell'"
    assert all(row["source"] == row["id"].split(":")[0] for row in by_id.values())
    assert all(json.loads(row["metadata"]) for row in by_id.values() if row["metadata"])


def test_a_source_with_only_rejects_fails_on_a_filled_archive(tmp_path: Path) -> None:
    good = table(tmp_path / "good.csv", 3)
    bad = tmp_path / "bad.csv"
    bad.write_text("id,url,title\nw1,not an address,One\nw2,not an address,Two\n")
    for before in (False, True):
        archive = tmp_path / f"archive-{before}"
        if before:
            assert run(archive, "--source", "table", "--location", str(good))[0] == 0
        code, report, errors = run(archive, "--source", "table", "--location", str(bad), "--as", "bad")
        assert (code, report["rows_in"], report["rows_out"], report["rows_failed"]) == (1, 2, 0, 2)
        assert "2 of 2 rows failed" in errors
        assert "Traceback" not in errors


def test_a_table_without_images_and_a_bare_list_of_them(tmp_path: Path) -> None:
    (tmp_path / "works.json").write_text(
        json.dumps({"records": [{"id": 1, "title": "Gate", "url": "https://m.org/1"}]})
    )
    code, report, errors = run(tmp_path / "a", "--source", "table", "--location", str(tmp_path / "works.json"))
    assert (code, report, len(errors.strip().splitlines())) == (2, {}, 1)
    assert all(
        word in errors for word in ("works.json", "url (probably web pages", "--image-template", "--images FOLDER")
    )
    (tmp_path / "urls.txt").write_text("https://m.org/1.jpg?crop=1,2\nhttps://m.org/2.jpg\nhttps://m.org/3.jpg\n")
    code, report, errors = run(tmp_path / "a", "--source", "table", "--location", str(tmp_path / "urls.txt"))
    assert (code, report["rows_in"], report["rows_out"]) == (0, 3, 3), errors
