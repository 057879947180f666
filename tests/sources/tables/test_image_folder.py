"""The options ``--images`` and ``--image-template`` of ``jobs.catalog``."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from artsim.archive import Archive, UserError
from artsim.sources.tables.source import open_table
from jobs.catalog import job
from tests.sources.conftest import rows_of


def catalog(folder: Path, text: str, *more: str, name: str = "works.csv") -> dict[str, Any]:
    """Runs the job on a table with this text in a new archive; returns its report, image addresses and rejects."""
    (folder / "table").mkdir(exist_ok=True)
    (folder / "table" / name).write_text(text)
    location = str(folder / "table" / name)
    (folder / "archives").mkdir(exist_ok=True)
    archive = folder / "archives" / str(len(list((folder / "archives").iterdir())))
    report = job.run(["--archive", str(archive), "--source=table", "--location", location, "--shards=1", *more])
    return {**report, "rows": _rows(archive), "rejected_rows": _rejected(archive, report)}


def _rows(archive: Path) -> dict[str, str]:
    """Image addresses by local id."""
    tables = Archive.open(str(archive)).table("catalog").scan()
    return {row["id"].partition(":")[2]: row["image_url"] for table in tables for row in table.to_pylist()}


def _rejected(archive: Path, report: dict[str, Any]) -> str:
    return (archive / report["rejects"]).read_text() if report["rejects"] else ""


@pytest.fixture
def scans(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "scans"
    for name in ("1.jpg", "2.JPG", "rooms/a/3.png", "rooms/b/4.tif", "rooms/a/5.jpg", "rooms/b/5.jpg", "1985.12.6.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    (tmp_path / "secret.jpg").write_bytes(b"x")
    (folder / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "up").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.jpg")
    (folder / "._1.jpg").write_bytes(b"x")
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "2.jpg").write_bytes(b"x")
    yield folder


def below(folder: Path, address: str) -> str:
    return unquote(address).removeprefix(f"file://{folder}/")


def test_file_names_are_matched_in_many_forms(tmp_path: Path, scans: Path) -> None:
    cases = {
        "a": ("1.jpg", "1.jpg"),
        "b": ("./1.JPG", "1.jpg"),
        "c": ("2", "2.JPG"),
        "d": ("3", "rooms/a/3.png"),
        "e": ("a/3.PNG", "rooms/a/3.png"),
        "f": ("scans/rooms/b/4.tif", "rooms/b/4.tif"),
        "g": (r"rooms\b\5.jpg", "rooms/b/5.jpg"),
        "h": (str(scans / "rooms" / "a" / "5.jpg"), "rooms/a/5.jpg"),
        "i": ("https://museum.org/img/3.png?size=2", "rooms/a/3.png"),
        "j": ("1985.12.6", "1985.12.6.jpg"),
        "k": (f"file://{scans}/2.JPG", "2.JPG"),
        "l": (f"{tmp_path}/link/2.JPG", "2.JPG"),
    }
    (tmp_path / "link").symlink_to(scans)
    text = "id,image\n" + "\n".join(f"{name},{value}" for name, (value, _) in cases.items())
    report = catalog(tmp_path, text, "--images", str(scans))
    assert {name: below(scans, address) for name, address in report["rows"].items()} == {
        name: file for name, (_, file) in cases.items()
    }
    assert report["rows_failed"] == 0


def test_names_without_a_file_are_rejected_with_a_reason(tmp_path: Path, scans: Path) -> None:
    reasons = {
        "../secret.jpg": "the path leads outside the folder",
        "rooms/../../secret.jpg": "the path leads outside the folder",
        "up/secret.jpg": "a link leads outside",
        "out.jpg": "a link leads outside",
        "out": "a link leads outside",
        "pipe.jpg": "not a file",
        "/etc/passwd": "an absolute path",
        r"C:\scans\1.jpg": "an absolute path",
        f"{tmp_path}/scans-other/1.jpg": "an absolute path",
        "file:///etc/passwd": "no such file",
        "5.jpg": "several files",
        "rooms/c/3.png": "no such file",
        "9.jpg": "no such file",
        "1.png": "no such file",
        "https://museum.org/img/9.jpg": "no such file",
        "http://[bad": "not a valid file name",
    }
    text = "id,image\ngood,1.jpg\n" + "\n".join(f"{at},{value}" for at, value in enumerate(reasons))
    report = catalog(tmp_path, text, "--images", str(scans))
    assert list(report["rows"]) == ["good"] and report["rows_failed"] == len(reasons)
    for value, reason in reasons.items():
        assert any(reason in line and value in line for line in report["rejected_rows"].splitlines()), value


def test_accented_names_match_in_any_unicode_form(tmp_path: Path, scans: Path) -> None:
    (scans / "O\u0308l bild.jpg").write_bytes(b"x")
    report = catalog(tmp_path, "id,image\n1,\u00d6l bild.JPG\n", "--images", str(scans))
    assert below(scans, report["rows"]["1"]) == "O\u0308l bild.jpg"


def test_ids_name_files_if_no_column_does(tmp_path: Path, scans: Path) -> None:
    text = "id,url,title,width\n1,https://m.org/works/7,A,1\n2,https://m.org/works/8,B,1\n7,https://m.org/works/9,C,1\n"
    report = catalog(tmp_path, text, "--images", str(scans))
    assert {name: below(scans, address) for name, address in report["rows"].items()} == {"1": "1.jpg", "2": "2.JPG"}
    assert report["failures"] == {"there is no such file": 1}
    records = 'no json\n{"objectNumber": "1985.12.6", "naam": "x"}\n7\n'
    report = catalog(tmp_path, records, "--images", str(scans), name="w.jsonl")
    assert list(report["rows"]) == ["1985.12.6"] and report["rows_failed"] == 2


def test_a_template_can_name_files(tmp_path: Path, scans: Path) -> None:
    text = "id,room,nr\nw1,a,3\nw2,b,5\nw3,,5\n"
    report = catalog(tmp_path, text, "--images", str(scans), "--image-template", "rooms/{room}/{nr}")
    assert {name: below(scans, address) for name, address in report["rows"].items()} == {
        "w1": "rooms/a/3.png",
        "w2": "rooms/b/5.jpg",
    }
    assert report["failures"] == {"no image": 1}


@pytest.mark.parametrize(
    ("images", "text", "named"),
    [
        ("none", "id,image\n1,1.jpg\n", "there is no such file or folder"),
        ("empty", "id,image\n1,1.jpg\n", "no image in this folder"),
        ("secret.jpg", "id,image\n1,1.jpg\n", "this is a file"),
        ("scans", "id,image\n91,x.jpg\n92,y.jpg\n93,z.jpg\n94,v.jpg\n", "x.jpg, y.jpg, z.jpg; the folder has 1.jpg, "),
        ("scans", "id,image\n", "no rows and no images"),
    ],
)
def test_an_unusable_images_folder_is_a_user_error(
    tmp_path: Path, scans: Path, images: str, text: str, named: str
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError) as mistake:
        catalog(tmp_path, text, "--images", str(tmp_path / images))
    assert named in str(mistake.value) and "\n" not in str(mistake.value)


@pytest.mark.parametrize("folder", ["https://m.org/scans", "", "zip://scans.zip", "data:x", "~nobody/x"])
def test_a_missing_images_folder_is_a_user_error(tmp_path: Path, folder: str) -> None:
    with pytest.raises(UserError) as mistake:
        catalog(tmp_path, "id,image\n1,1.jpg\n", "--images", folder)
    assert "\n" not in str(mistake.value)
    assert "--images" in str(mistake.value)


def test_a_template_gives_the_address_of_the_image(tmp_path: Path) -> None:
    template = "https://m.org/iiif/{image_id}/full/843,/0/default.jpg"
    report = catalog(tmp_path, "id,image_id,title\n7,abc,A\n8,,B\n", "--image-template", template)
    assert report["rows"] == {"7": "https://m.org/iiif/abc/full/843,/0/default.jpg"}
    assert report["failures"] == {"no image": 1}
    records = json.dumps([{"id": "7", "images": [{"key": "x"}]}, {"id": "8", "images": []}])
    report = catalog(tmp_path, records, "--image-template", "https://m.org/{images.0.key}/{id}.jpg", name="w.json")
    assert report["rows"] == {"7": "https://m.org/x/7.jpg"} and report["failures"] == {"no image": 1}


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--image-template", "https://m.org/{id}.jpg", "--columns", "image_url=id"], "give one of the two"),
        (["--image-template", "https://m.org/{nr}.jpg"], "--image-template https://m.org/{nr}.jpg: the table has no"),
        (["--image-template", "https://m.org/id.jpg"], "name the column in braces"),
        (["--image-template", "https://m.org/{id.jpg"], "name the column in braces"),
        (["--image-template", ""], "name the column in braces"),
        (["--image-template", "https://m.org/{}.jpg"], "name the column in braces"),
        (["--image-template", "{id}", "--source", "wga"], "--image-template: --source wga"),
        (["--images", ".", "--source", "folder"], "--images: --source folder"),
    ],
)
def test_an_invalid_template_is_a_user_error(tmp_path: Path, options: list[str], named: str) -> None:
    with pytest.raises(UserError) as mistake:
        catalog(tmp_path, "id,image\n1,1.jpg\n", *options)
    assert named in str(mistake.value) and "\n" not in str(mistake.value)


def test_file_name_columns_take_precedence_over_ids(tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "0001.jpg").write_bytes(b"x")
    lines = [f"{n},Work {n},{'0001' if n == 1 else f'missing{n}'}" for n in range(1, 10)]
    path = tmp_path / "works.csv"
    path.write_text("\n".join(["Inventory Number,Title,Scan", *lines]))
    source = open_table(str(path), {}, images=str(folder))
    assert [row["title"] for row in rows_of(source.chunks([]))] == ["Work 1"]
