import json
import pickle
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.fs as pafs
import pytest

from artsim.archive import CATALOG, IMAGES, NEIGHBORS, Archive, UserError, features, in_words
from tests.jobs.every_job import full_archive
from tests.made import add_features, make_archive, named


def test_open_where_there_is_none_is_a_mistake_that_names_the_place(tmp_path) -> None:
    with pytest.raises(UserError, match=r"`archive` .*nowhere: no archive found"):
        Archive.open(str(tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()


def test_create_opens_what_is_there_and_keeps_its_shards(tmp_path) -> None:
    assert Archive.create(str(tmp_path / "a"), 5).shards == 5
    assert Archive.create(str(tmp_path / "a"), 9).shards == 5
    assert Archive.open(str(tmp_path / "a")).shards == 5
    assert Archive.create(str(tmp_path / "b")).shards == 32


@pytest.mark.parametrize("shards", [0, -3])
def test_no_archive_without_shards(tmp_path, shards: int) -> None:
    with pytest.raises(UserError, match="`shards`"):
        Archive.create(str(tmp_path / "a"), shards)
    assert not (tmp_path / "a").exists()


def test_a_file_is_no_place_for_an_archive(tmp_path) -> None:
    (tmp_path / "file").write_text("not a folder")
    for opened in (Archive.open, Archive.create):
        with pytest.raises(UserError, match="`archive`"):
            opened(str(tmp_path / "file"))


def test_an_unknown_format_is_a_mistake(tmp_path) -> None:
    Archive.create(str(tmp_path))
    (tmp_path / "archive.json").write_text(json.dumps({"format": 99, "shards": 4}))
    with pytest.raises(UserError, match="format 99"):
        Archive.open(str(tmp_path))


def test_a_relative_address_becomes_absolute(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    archive = Archive.create("here")
    monkeypatch.chdir("/")
    assert archive.uri == str(tmp_path / "here")
    assert Archive.open(archive.uri).shards == archive.shards


def test_an_archive_and_its_tables_pickle(tmp_path) -> None:
    archive = make_archive(tmp_path, named(10))
    unpickled = pickle.loads(pickle.dumps(archive))
    table = pickle.loads(pickle.dumps(archive.table("catalog")))
    assert unpickled == archive
    assert [rows.to_pydict() for rows in table.scan()] == [
        rows.to_pydict() for rows in unpickled.table("catalog").scan()
    ]


def test_schemas_by_name(tmp_path) -> None:
    archive = Archive.create(str(tmp_path))
    assert archive.table("catalog").schema == CATALOG
    assert archive.table("images").schema == IMAGES
    assert archive.table("neighbors/x").schema == NEIGHBORS
    assert archive.table("features/x").schema is None
    assert archive.table("features/x", features(3)).schema.field("vector").type == pa.list_(pa.float32(), 3)
    with pytest.raises(UserError, match="'catalogue'"):
        archive.table("catalogue")


def test_names_and_remove(tmp_path) -> None:
    archive = make_archive(tmp_path, named(6))
    add_features(archive, "b", {image_id: [1.0] for image_id in named(6)})
    add_features(archive, "a", {image_id: [1.0] for image_id in named(6)})
    assert archive.names("features") == ["a", "b"]
    assert archive.names("models") == []
    archive.remove("features/a")
    archive.remove("features/never")
    assert archive.names("features") == ["b"]
    assert not archive.has_table("features/a")
    assert archive.has_table("catalog")


def test_a_table_that_is_removed_in_part_does_not_look_whole(tmp_path) -> None:
    class Killed(pafs.LocalFileSystem):
        def delete_dir(self, path: str) -> None:
            raise KeyboardInterrupt

    archive = make_archive(tmp_path, named(6))
    add_features(archive, "a", {image_id: [1.0] for image_id in named(6)})
    archive.write_json("features/a/_about.json", {})

    with pytest.raises(KeyboardInterrupt):
        replace(archive, store=replace(archive.store, filesystem=Killed())).remove("features/a")
    assert archive.has_table("features/a")
    assert archive.read_json("features/a/_about.json") is None


def test_reports_are_kept_one_file_a_run(tmp_path) -> None:
    archive = Archive.create(str(tmp_path))
    reports = [{"job": "walk", "rows_in": number, "title": "Ängel 天使"} for number in range(5)]
    places = [f"{archive.new_report(str(report['job']))}.json" for report in reports]
    for place, report in zip(places, reports, strict=True):
        archive.write_json(place, report)
    assert places == sorted(set(places))
    assert all(place.startswith("reports/walk/") for place in places)
    assert [archive.read_json(place) for place in places] == reports
    assert archive.read_json("reports/walk/none.json") is None


@pytest.mark.parametrize("shards", [1, 7, 32])
def test_an_archive_whose_json_is_lost_is_never_made_anew_with_other_shards(tmp_path, shards: int) -> None:
    archive = make_archive(tmp_path, named(60), shards=shards)
    content = (tmp_path / "archive.json").read_text()
    (tmp_path / "archive.json").unlink()
    for opened in (Archive.open, Archive.create):
        with pytest.raises(UserError, match="json is missing") as refused:
            opened(str(tmp_path))
        assert json.dumps(json.loads(content)) in str(refused.value)
        assert "catalog" in str(refused.value)
    assert not (tmp_path / "archive.json").exists()
    (tmp_path / "archive.json").write_text(content)
    assert Archive.open(str(tmp_path)).shards == archive.shards == shards


@pytest.mark.parametrize("shards", [1, 2, 6, 64])
def test_the_json_of_an_archive_with_other_shards_is_named(tmp_path, shards: int) -> None:
    make_archive(tmp_path, named(60), shards=3)
    (tmp_path / "archive.json").write_text(json.dumps({"format": 1, "shards": shards}))
    for opened in (Archive.open, Archive.create):
        with pytest.raises(UserError, match=f'says {shards} shards, .*"shards" must be 3'):
            opened(str(tmp_path))


def test_a_folder_that_is_no_shard_says_nothing_of_their_number(tmp_path) -> None:
    make_archive(tmp_path, named(60), shards=3)
    (tmp_path / "catalog" / "99999").mkdir()
    assert Archive.open(str(tmp_path)).shards == 3


def test_a_folder_in_the_place_of_the_json_is_named(tmp_path) -> None:
    make_archive(tmp_path, named(3))
    (tmp_path / "archive.json").unlink()
    (tmp_path / "archive.json").mkdir()
    for opened in (Archive.open, Archive.create):
        with pytest.raises(UserError, match=r"archive.json: can't be read .*restore it from a copy"):
            opened(str(tmp_path))


@pytest.mark.parametrize("left", ["images", "features"])
def test_one_table_is_enough_to_know_a_lost_archive(tmp_path, left: str) -> None:
    archive = make_archive(tmp_path, named(60))
    add_features(archive, "dots", {image_id: [1.0] for image_id in named(60)})
    for table in {"catalog", "images", "features"} - {left}:
        archive.remove(table)
    (tmp_path / "archive.json").unlink()
    with pytest.raises(UserError, match='"shards": 3'):
        Archive.create(str(tmp_path))


def test_a_lost_archive_of_damaged_parts_is_restored_from_a_copy(tmp_path) -> None:
    make_archive(tmp_path, named(20))
    (tmp_path / "archive.json").unlink()
    for part in tmp_path.glob("*/*/*.parquet"):
        part.write_bytes(b"damaged")
    with pytest.raises(UserError, match="restore it from a copy"):
        Archive.create(str(tmp_path))


def test_a_folder_of_other_files_may_become_an_archive(tmp_path) -> None:
    (tmp_path / "images" / "2020").mkdir(parents=True)
    (tmp_path / "images" / "2020" / "a.jpg").write_bytes(b"")
    (tmp_path / "catalog.csv").write_text("id\n")
    assert Archive.create(str(tmp_path), 4).shards == 4


def test_a_lost_archive_json_is_worked_out_beside_annotations(tmp_path) -> None:
    """Annotations are stored in one shard, regardless of their ids."""
    archive = full_archive(tmp_path)
    Path(archive.uri, "archive.json").unlink()
    for open_ in (Archive.open, Archive.create):
        with pytest.raises(UserError, match=f'write {{"format": 1, "shards": {archive.shards}}} to it'):
            open_(archive.uri)


def test_a_folder_in_the_place_of_a_lock_is_named(tmp_path) -> None:
    archive = make_archive(tmp_path, named(3))
    (tmp_path / "_locks" / "catalog.json").mkdir(parents=True)
    with pytest.raises(OSError, match="directory") as caught, archive.lock("catalog"):
        pass
    error = in_words(caught.value, archive.uri)
    assert isinstance(error, UserError)
    assert "_locks/catalog.json" in str(error)
    assert "move the folder away" in str(error)
