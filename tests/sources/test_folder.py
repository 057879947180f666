"""Folders of images."""

import os
from pathlib import Path

import pyarrow.fs as pafs
import pytest

from artsim.archive import Store, UserError
from artsim.sources import folder
from artsim.sources.folder import open_folder
from tests.sources.conftest import rejects_of, rows_of


def test_images_are_found_sorted_and_others_are_rejected(tmp_path: Path) -> None:
    museum = tmp_path / "museum"
    for name in (
        "b.jpg",
        "a/z.PNG",
        "a/y/x.tiff",
        "A.webp",
        "notes.txt",
        "noending",
        ".hidden.jpg",
        ".git/c.jpg",
        "ü #1.jpeg",
    ):
        (museum / name).parent.mkdir(parents=True, exist_ok=True)
        (museum / name).write_bytes(b"x")
    source = open_folder(str(museum))
    chunks = list(source.chunks([]))
    rows = rows_of(chunks)
    assert [row["id"] for row in rows] == ["A.webp", "a/y/x.tiff", "a/z.PNG", "b.jpg", "ü #1.jpeg"]
    assert [row["image_url"] for row in rows] == [(museum / row["id"]).as_uri() for row in rows]
    assert rows[1]["title"] == "x" and rows[1]["metadata"] == '{"folder": "a/y"}' and rows[3]["metadata"] is None
    assert source.name == "museum" and all(row["image_url"].startswith(source.root or "?") for row in rows)
    assert [(reject.line, reject.reason) for reject in rejects_of(chunks)] == [
        ("noending", "not an image file name (no extension)"),
        ("notes.txt", "not an image file name (.txt)"),
    ]


def test_links_outside_and_cycles_are_not_followed(tmp_path: Path) -> None:
    museum = tmp_path / "museum"
    museum.mkdir()
    (museum / "a.jpg").write_bytes(b"x")
    (tmp_path / "out.jpg").write_bytes(b"x")
    (museum / "out.jpg").symlink_to(tmp_path / "out.jpg")
    (museum / "in.jpg").symlink_to(museum / "a.jpg")
    (museum / "round.jpg").symlink_to(museum)
    (museum / "gone.jpg").symlink_to(tmp_path / "nothing")
    os.mkfifo(museum / "pipe.jpg")
    chunks = list(open_folder(str(museum)).chunks([]))
    assert [row["id"] for row in rows_of(chunks)] == ["a.jpg", "in.jpg"]
    assert {reject.line: reject.reason for reject in rejects_of(chunks)} == {
        "gone.jpg": "there is no such file",
        "out.jpg": "a link leads outside the folder",
        "pipe.jpg": "not a file",
        "round.jpg": "not a file",
    }


def test_a_name_that_is_not_utf8_is_rejected(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jpg")).write_bytes(b"x")
    chunks = list(open_folder(str(tmp_path)).chunks([]))
    assert [reject.reason for reject in rejects_of(chunks)] == ["the file name is not UTF-8"]


def test_a_bucket_gives_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b.jpg", "a/z.png", "a/n.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    bucket = Store(
        "s3://museum/pics", pafs.SubTreeFileSystem(str(tmp_path.parent), pafs.LocalFileSystem()), tmp_path.name
    )
    monkeypatch.setattr(folder, "open_location", lambda location: bucket)
    source = open_folder("s3://museum/pics")
    chunks = list(source.chunks([]))
    assert [row["image_url"] for row in rows_of(chunks)] == ["s3://museum/pics/a/z.png", "s3://museum/pics/b.jpg"]
    assert source.root == "s3://museum/pics/" and len(rejects_of(chunks)) == 1


def test_a_file_as_folder_is_a_user_error(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    with pytest.raises(UserError, match="this is a file"):
        open_folder(str(tmp_path / "a.jpg"))
    with pytest.raises(UserError, match="no such"):
        open_folder(str(tmp_path / "b"))


def test_people_art_has_as_many_images_as_labels(shared_data: Path) -> None:
    rows = rows_of(open_folder(str(shared_data / "people-art")).chunks([]))
    assert len(rows) == len({row["id"] for row in rows}) == 2934


def test_an_unreadable_folder_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a/x.jpg", "b/x.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"x")
    entries = folder._entries

    def refuse(store: Store, path: str) -> list[tuple[str, bool]]:
        if path.endswith("/a"):
            raise PermissionError("Permission denied")
        return entries(store, path)

    monkeypatch.setattr(folder, "_entries", refuse)
    chunks = list(open_folder(str(tmp_path)).chunks([]))
    assert [row["id"] for row in rows_of(chunks)] == ["b/x.jpg"]
    assert [(reject.line, reject.reason) for reject in rejects_of(chunks)] == [("a", "the folder cannot be read")]


def test_desktop_junk_is_skipped(tmp_path: Path) -> None:
    junk = ("Thumbs.db", "desktop.ini", "._a.jpg", ".DS_Store", "__MACOSX/a.jpg", "@eaDir/a.jpg/SYNO.jpg", "Icon\r")
    for name in ("a.jpg", *junk, *(f"room/{name}" for name in junk)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    chunks = list(open_folder(str(tmp_path)).chunks([]))
    assert [row["id"] for row in rows_of(chunks)] == ["a.jpg"] and rejects_of(chunks) == []
