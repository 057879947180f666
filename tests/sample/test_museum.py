import csv
import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import imagehash
import pytest
from PIL import Image

from artsim.sample.museum import Museum, draw, load, make
from artsim.sample.works import plan


def test_the_same_seed_makes_the_same_bytes(museum: Museum, tmp_path: Path):
    again = make(tmp_path, works=20)
    for work in museum.works:
        if work.flaw != "missing":
            assert (museum.folder / work.file).read_bytes() == (again.folder / work.file).read_bytes(), work.id


def test_another_seed_makes_other_pictures():
    for first, second in zip(plan(0)[:3], plan(1)[:3], strict=True):
        small = (200, 160)
        assert draw(replace(first, size=small)).tobytes() != draw(replace(second, size=small)).tobytes()


def test_a_museum_that_is_there_is_not_made_again(museum: Museum):
    before = {path: path.stat().st_mtime_ns for path in museum.folder.rglob("*")}
    assert make(museum.folder, works=20) == museum == load(museum.folder)
    assert {path: path.stat().st_mtime_ns for path in museum.folder.rglob("*")} == before


def test_another_museum_and_what_was_left_half_made_give_way(museum: Museum, tmp_path: Path):
    half = tmp_path / museum.works[0].file
    gone, foreign = tmp_path / "images" / "an-older-one.jpg", tmp_path / "images" / "foreign.jpg"
    half.parent.mkdir()
    for path in (half, gone, foreign):
        path.write_bytes(b"half a picture")
    (tmp_path / "museum.json").write_text(json.dumps({"version": 0, "works": [{"file": "images/an-older-one.jpg"}]}))
    make(tmp_path, works=20)
    assert half.read_bytes() == (museum.folder / museum.works[0].file).read_bytes()
    assert not gone.exists() and foreign.exists()  # a file that is not the museum's is kept


def test_pictures_have_the_planned_size_and_two_are_flawed(museum: Museum):
    for work in museum.works:
        path = museum.folder / work.file
        if work.flaw == "missing":
            assert not path.exists()
        elif work.flaw == "truncated":
            with Image.open(path) as picture, pytest.raises(OSError, match="truncated"):
                picture.load()
        else:
            with Image.open(path) as picture:
                picture.load()
                assert picture.format == "JPEG" and picture.mode == "RGB"
                if work.kind != "copy":
                    assert picture.size == work.size and 560 <= max(picture.size) <= 900


def test_the_catalog_on_disk_names_files_relative_to_its_folder(museum: Museum):
    with museum.catalog.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [work.id for work in museum.works]
    for row, work in zip(rows, museum.works, strict=True):
        assert (museum.folder / row["image_url"]).exists() == (work.flaw != "missing")
        assert row["page_url"] == "" and int(row["year_from"]) <= int(row["year_to"])
        assert json.loads(row["metadata"]) == work.metadata()


def test_copies_are_near_duplicates_and_different_works_are_not(museum: Museum):
    hashes = {}
    for work in museum.works:
        if not work.flaw:
            with Image.open(museum.folder / work.file) as picture:
                hashes[work] = imagehash.phash(picture)
    for first, second in combinations(hashes, 2):
        distance = hashes[first] - hashes[second]
        if "copy" in (first.kind, second.kind) and (first.id == second.of or second.id == first.of):
            assert distance <= 10, (first.id, second.id)
        elif (first.of or first.id) != (second.of or second.id):
            assert distance > 10, (first.id, second.id)


def test_a_copy_is_another_file_of_another_size(museum: Museum):
    by_id = {work.id: work for work in museum.works}
    for work in museum.works:
        if work.kind == "copy":
            with (
                Image.open(museum.folder / work.file) as copy,
                Image.open(museum.folder / by_id[work.of].file) as whole,
            ):
                assert copy.size[0] < whole.size[0] and copy.size[1] < whole.size[1]
