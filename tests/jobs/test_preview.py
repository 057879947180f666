"""The first rows of a catalog as they would be stored, shown without writing anything."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from artsim.errors import UserError
from artsim.preview import preview_text
from jobs.catalog import job

ROOT = Path(__file__).parents[2]
TABLE = (
    "id,url,name,year,notes,size\n"
    "1,https://m.org/1.jpg,One,c. 1500,a,\n"
    "2,,Two,1501,b,\n"
    "3,https://m.org/3.jpg,\x1b[31mThree\u202e,1502,,\n"
    "3,https://m.org/4.jpg,Again,1503,,\n"
    "4,https://m.org/5.jpg,Four\n"
    "5,https://m.org/6.jpg,Five,1504,,9\n"
)


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "works.csv"
    path.write_text(TABLE)
    yield path
    assert [file.name for file in tmp_path.iterdir()] == ["works.csv"], "a preview writes nothing"


def preview(table: Path, *more: str) -> dict[str, Any]:
    return job.run(["--source=table", "--location", str(table), "--preview", *more])


def test_the_first_rows_as_they_would_be_stored(table: Path) -> None:
    report = preview(table, "2", "--as", "m", "--archive", str(table.parent / "archive"))
    assert [(row["id"], row["year_from"]) for row in report["rows"]] == [("m:1", 1500), ("m:3", 1502)]
    assert json.loads(report["rows"][0]["metadata"]) == {"notes": "a"}
    assert report["columns"] == {"id": "id", "image_url": "url", "title": "name", "date_text": "year"}
    assert report["metadata"] == ["notes", "size"]
    assert [reject["line"] for reject in preview(table)["rejects"]] == ["6", "3", "5"]
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (6, 3, 3)
    assert preview(table, "--limit", "1")["rows"][1:] == []
    assert len(preview(table)["rows"]) == 3


def test_the_listing_for_a_terminal_has_columns_rows_and_reasons(table: Path) -> None:
    text = preview_text(preview(table))
    for line in (
        "  image_url    url",
        "  title        name",
        "left in metadata: notes, size",
        "works:3",
        "  year_to      1504",
    ):
        assert line in text.splitlines()
    assert "  3: no image: 2 | Two" in text and "6: fewer fields than the header has" in text
    assert "\x1b" not in text and "\u202e" not in text and r"\x1b[31mThree\u202e" in text


@pytest.mark.slow
def test_a_preview_on_a_terminal_and_in_a_pipe(table: Path) -> None:
    import pty

    command = [sys.executable, "-m", "jobs.catalog", "--source=table", f"--location={table}", "--preview"]
    ours, theirs = pty.openpty()
    done = subprocess.run(command, cwd=ROOT, stdout=theirs, stderr=subprocess.PIPE, timeout=60)
    os.close(theirs)
    assert done.returncode == 0 and b"left in metadata: notes, size" in os.read(ours, 1 << 16)
    os.close(ours)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60)
    assert json.loads(done.stdout)["rows"][0]["id"] == "works:1"


def test_other_sources_have_a_preview_too(tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    for name in ("b.jpg", "a.jpg", "notes.txt"):
        (folder / name).write_bytes(b"x")
    report = job.run(["--source=folder", "--location", str(folder), "--preview=1"])
    assert [row["id"] for row in report["rows"]] == ["scans:a.jpg"] and report["rows_failed"] == 1
    assert preview_text(report).startswith(f"first rows of {folder}; nothing was written\n! 1 of 3 rows failed")


def test_a_large_table_is_not_read_to_its_end(tmp_path: Path) -> None:
    lines = [f"{n},https://m.org/{n}.jpg" for n in range(50_000)]
    (tmp_path / "w.csv").write_text("id,url\n" + "\n".join(lines))
    assert preview(tmp_path / "w.csv")["rows_in"] == 1000


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--preview", "0"], "--preview 0: must be 1 or more"),
        (["--preview", "--as", "a/b"], "--as a/b"),
        (["--preview", "--columns", "title=none"], "no column 'none'"),
        ([], "required: --archive"),
    ],
)
def test_a_preview_reports_user_errors(table: Path, options: list[str], named: str) -> None:
    with pytest.raises(UserError) as caught:
        job.run(["--source=table", "--location", str(table), *options])
    assert named in str(caught.value)


def test_an_empty_table_has_no_preview(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("id,url\n")
    with pytest.raises(UserError, match="it has no rows and no images"):
        preview(tmp_path / "w.csv")


def test_files_missing_next_to_the_table_give_a_hint(
    table: Path, caplog: pytest.LogCaptureFixture, tmp_path_factory: pytest.TempPathFactory
) -> None:
    table.write_text("id,file,title\n1,1.jpg,One\n")
    assert preview(table)["rows_failed"] == 1
    assert "--images FOLDER" in caplog.text and "--image-template" in caplog.text
    caplog.clear()
    folder = tmp_path_factory.mktemp("scans")
    (folder / "2.jpg").write_bytes(b"x")
    with pytest.raises(UserError, match=r"the rows name 1.jpg; the folder has 2.jpg"):
        preview(table, "--images", str(folder))
    assert "--images FOLDER" not in caplog.text


def test_a_preview_names_the_number_of_rows_read(tmp_path: Path) -> None:
    table = tmp_path / "works.csv"
    table.write_text("id,image\n" + "".join(f"{n},\n" for n in range(3000)) + "x,https://m.org/x.jpg\n")
    assert "of the first 1,000 rows failed" in preview_text(preview(table))
    table.write_text("id,image\n1,\n2,https://m.org/2.jpg\n")
    assert "1 of 2 rows failed" in preview_text(preview(table))
