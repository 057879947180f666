import os
import pickle
import random
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.fs as pafs
import pytest

from artsim.archive import CATALOG, IMAGES, Archive, Store, UserError, features, pending
from artsim.archive.lock import locked
from artsim.errors import ServiceUnavailable
from tests.made import add_features, jpeg, make_archive, named


def test_replace_leaves_the_old_content_after_an_error_and_no_draft(tmp_path) -> None:
    store = Store.open(str(tmp_path))
    store.write_json("deep/er/file.json", {"content": "old"})
    with pytest.raises(ZeroDivisionError), store.replace("deep/er/file.json") as draft:
        Path(draft).write_text("half of the n")
        raise ZeroDivisionError
    assert store.read_json("deep/er/file.json") == {"content": "old"}
    assert [path.name for path in (tmp_path / "deep/er").iterdir()] == ["file.json"]


def test_replace_shows_nothing_before_its_end(tmp_path) -> None:
    store = Store.open(str(tmp_path))
    with store.replace("folder/new.txt") as draft:
        Path(draft).write_text("all of it")
        assert not store.exists("folder/new.txt")
        assert store.names("folder") == []
    assert store.names("folder") == ["new.txt"]
    assert (tmp_path / "folder/new.txt").read_text() == "all of it"


def test_names_are_sorted_and_leave_out_what_is_not_meant_to_be_seen(tmp_path) -> None:
    store = Store.open(str(tmp_path))
    for name in ("b", "a", "_about.json", ".hidden"):
        store.write_json(f"folder/{name}", 1)
    assert store.names("folder") == ["a", "b"]
    assert store.names("nowhere") == []


def test_an_address_nobody_knows_is_a_mistake() -> None:
    with pytest.raises(UserError, match="nosuch://place"):
        Store.open("nosuch://place")


def test_a_file_address_is_a_local_folder(tmp_path) -> None:
    store = Store.open(f"file://{tmp_path}/a")
    store.write_json("x.json", 1)
    assert store.is_local
    assert (tmp_path / "a" / "x.json").read_text() == "1\n"


def test_a_failed_upload_leaves_no_draft_behind(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    store = Store.open("memory://uploads")
    store.write_json("a.json", "old")
    with pytest.raises(ZeroDivisionError), store.replace("a.json") as draft:
        Path(draft).write_text('"new"')
        raise ZeroDivisionError
    assert store.read_json("a.json") == "old"
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(params=["memory", "subtree"])
def far(request, tmp_path) -> Archive:
    """An archive on a file system that its store does not treat as local."""
    if request.param == "memory":
        return Archive.create(f"memory://{tmp_path.name}/archive", 3)
    files = pafs.SubTreeFileSystem(str(tmp_path), pafs.LocalFileSystem())
    store = Store("sub://archive", files, "archive")
    store.write_json("archive.json", {"format": 1, "shards": 3})
    return Archive(store, 3)


def test_an_archive_far_away_works_from_end_to_end(far: Archive) -> None:
    ids = named(30)
    catalog, images = far.table("catalog"), far.table("images")
    assert not far.store.is_local
    assert not far.has_table("catalog")
    for shard in range(3):
        rows_of_shard = [{"id": row_id, "title": row_id} for row_id in ids if far.shard_of([row_id])[0] == shard]
        catalog.write(shard, "p", pa.Table.from_pylist(rows_of_shard, schema=CATALOG))
    assert sorted(row_id for shard in range(3) for row_id in catalog.ids(shard).to_pylist()) == ids
    assert catalog.find(["made:0007", "made:9999", "made:0001"], ["title"])["title"].to_pylist() == [
        "made:0007",
        "made:0001",
    ]
    for _ in range(2):  # the second round finds nothing left to do
        for shard in range(3):
            for work in _pending(far, shard):
                rows = [{"id": row_id, "status": "ok", "bytes": jpeg()} for row_id in work.ids[::2]]
                images.merge(shard, work.part, pa.Table.from_pylist(rows, schema=IMAGES))
                timeouts = [{"id": row_id, "status": "timeout"} for row_id in work.ids[1::2]]
                images.merge(shard, work.part, pa.Table.from_pylist(timeouts, schema=IMAGES))
    assert sorted(row_id for rows in images.scan(["id"]) for row_id in rows["id"].to_pylist()) == ids
    assert [work for shard in range(3) for work in _pending(far, shard)] == []
    assert far.names("") == ["archive.json", "catalog", "images"]
    far.remove("images")
    assert not far.has_table("images")
    assert catalog.count() == 30


def test_a_failed_writer_far_away_leaves_the_old_part(far: Archive) -> None:
    table = far.table("catalog")
    table.write(0, "p", pa.Table.from_pylist([{"id": "old"}], schema=CATALOG))
    with pytest.raises(ZeroDivisionError), table.writer(0, "p") as writer:
        writer.write(pa.Table.from_pylist([{"id": "new"}], schema=CATALOG))
        raise ZeroDivisionError
    assert table.parts(0) == ["p"]
    assert table.ids(0).to_pylist() == ["old"]


def test_create_finds_an_archive_in_memory_again(tmp_path) -> None:
    uri = f"memory://{tmp_path.name}"
    archive = make_archive(uri, named(12))
    add_features(archive, "dots", {image_id: [1.0, 2.0] for image_id in named(12)})
    reopened = Archive.open(uri)
    assert reopened.shards == 3
    assert reopened.table("features/dots").count() == 12
    assert pickle.loads(pickle.dumps(reopened)).table("catalog").count() == 12


_WRITER = """
import sys, itertools, pyarrow as pa
from artsim.archive import Archive, features
table = Archive.open(sys.argv[1]).table("features/x", features(4))
for number in itertools.count():
    column = pa.FixedSizeListArray.from_arrays(pa.array([float(number)] * 4 * 50_000, pa.float32()), 4)
    ids = pa.array([str(number)] * 50_000)
    rows = pa.table({"id": ids, "vector": column, "error": pa.nulls(50_000, pa.string()), "sha256": ids})
    table.write(0, "part", rows)
    print(number, flush=True)
"""


@pytest.mark.slow
def test_whoever_is_killed_a_part_is_always_whole(tmp_path) -> None:
    archive = Archive.create(str(tmp_path), 1)
    table, rng = archive.table("features/x", features(4)), random.Random(0)

    def look() -> float:
        assert table.parts(0) == ["part"]
        rows = table.read(0, "part")
        values = rows["vector"].combine_chunks().flatten().to_numpy()
        assert len(values) == 200_000
        assert np.all(values == values[0])
        assert set(rows["id"].to_pylist()) == {str(int(values[0]))}
        return float(values[0])

    for _ in range(4):
        with subprocess.Popen([sys.executable, "-c", _WRITER, archive.uri], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()  # the first version of the partition is written
            seen = {look()}
            while len(seen) < 3:  # the writer replaces the partition while it is read
                seen.add(look())
            time.sleep(rng.uniform(0, 0.1))
            writer.kill()
        look()
    table.write(0, "part", table.read(0, "part").slice(0, 1))
    assert (table.parts(0), table.count()) == (["part"], 1)


def _pending(archive: Archive, shard: int) -> list:
    return list(
        pending(
            archive.table("catalog"),
            archive.table("images"),
            shard,
            source_key=lambda rows: rows["id"],
            source_columns=[],
            target_key=lambda rows: rows["id"],
            target_columns=[],
            part_rows=4,
        )
    )


def test_drafts_of_killed_writers_are_swept_away_when_they_are_old(tmp_path):
    store = Store.open(str(tmp_path))
    with store.replace("images/00001/p.parquet") as draft:
        Path(draft).write_text("whole")
    old, fresh, kept = (tmp_path / "images" / "00001" / name for name in ("_a.tmp", "_b.tmp", "p.parquet"))
    for path in (old, fresh):
        path.write_text("half")
    for path in (old, kept):
        os.utime(path, (time.time() - 7200,) * 2)
    store.sweep("images")
    assert (old.exists(), fresh.exists(), kept.exists()) == (False, True, True)


_SPELLINGS = {  # folder names, and how an address may spell them
    "plain": ["plain", "plain/"],
    "to rn": ["to rn", "to%20rn"],
    "törn": ["törn", "t%C3%B6rn"],
    "名画": ["名画"],
    "a#b": ["a%23b"],
    "a?b": ["a%3Fb"],
    "50%": ["50%", "50%25"],
    "[x]{y}": ["[x]{y}"],
    "back\\slash": ["back\\slash"],
}


@pytest.mark.parametrize(
    ("name", "spelled"), [(name, spelled) for name, spellings in _SPELLINGS.items() for spelled in spellings]
)
@pytest.mark.parametrize("before", ["file://", "file://localhost", "FILE://", "file:", "local://"])
def test_every_file_address_is_the_local_folder_with_its_lock_and_atomic_writes(
    tmp_path, before: str, name: str, spelled: str
) -> None:
    store = Store.open(f"{before}{tmp_path}/{spelled}")
    assert store.is_local
    assert store == Store.open(str(tmp_path / name))
    target = tmp_path / name / "images" / "00000" / "p.parquet"
    with store.replace("images/00000/p.parquet") as draft:
        Path(draft).write_bytes(b"PAR1")
        assert not target.exists()
        assert Path(draft).parent == target.parent  # so that a rename commits it
    assert target.read_bytes() == b"PAR1"
    with (
        locked(store, "images"),
        pytest.raises(UserError, match="images is locked by another run"),
        locked(store, "images"),
    ):
        pass


@pytest.mark.parametrize(
    ("uri", "says"),
    {
        "file:///x/a#b": "%23",
        "file:///x/a?b": "%3F",
        "file://": "three slashes",
        "file:": "three slashes",
        "file://host/x": "'host'",
        "file://folder": "'folder'",
        "file:///a%00b": "not a valid path",
        "file:///a%ffb": "UTF-8",
        "s3://bucket/a#b": "%23",
        "S3://bucket/a#b": "%23",
        "s3://bucket/a?b": r"region=REGION",
        "gs://anonymous@bucket/a#b": "%23",
        "memory://a#b": "%23",
        "dir::file:///x": "cannot open",
        "zip://file.zip": "cannot open zip",
        "ftp://127.0.0.1:9/x": "cannot open ftp",
        "hdfs://nowhere/x": "cannot open hdfs",
        "https://m.org/archive": "a web address cannot be used",
        "/tmp/" + "x" * 300: "not a valid path",
    }.items(),
)
def test_an_address_that_names_no_place_exactly_is_refused(uri: str, says: str) -> None:
    with pytest.raises((UserError, ServiceUnavailable), match=says):
        Store.open(uri)


def test_a_storage_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artsim.archive.remote._FIRST_REQUEST_TIMEOUT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(ServiceUnavailable, match=r"gs://anonymous@bucket/x.*no answer within"):
            Store.open(f"gs://anonymous@bucket/x?scheme=http&endpoint_override=127.0.0.1:{port}")
