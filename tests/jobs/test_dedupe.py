import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from artsim.archive import IMAGES, Archive, UserError, duplicate_ids
from artsim.archive.deletion import delete
from artsim.duplicates import archive_duplicates
from artsim.vision.phash import perceptual_hash
from benchmarks.copies import KINDS
from jobs.cluster import job as cluster_job
from jobs.dedupe import job
from jobs.map import job as map_job
from jobs.neighbors import job as neighbors_job
from tests.duplicates.made_pictures import encoded, painting
from tests.made import CLOSED, OPEN, add_features, make_archive

_WORKS = [f"made:{number}" for number in range(4)]
_KINDS = [*KINDS, "file"]
_COPIES = {f"{_WORKS[0]}-{kind}": _WORKS[0] for kind in _KINDS} | {f"{_WORKS[1]}-crop": _WORKS[1]}


def _pictures() -> dict[str, bytes]:
    works = {image_id: painting(number) for number, image_id in enumerate(_WORKS)}
    rng = np.random.default_rng(0)
    pictures = {image_id: encoded(image) for image_id, image in works.items()}
    for image_id, original in _COPIES.items():
        kind = image_id.rpartition("-")[2]
        pictures[image_id] = pictures[original] if kind == "file" else encoded(KINDS[kind](works[original], rng))
    return pictures


def _vectors() -> dict[str, np.ndarray]:
    """Copies have similar vectors; so have works 2 and 3, which are no copies."""
    rng = np.random.default_rng(1)
    base = dict(zip(_WORKS, np.eye(8), strict=False))
    base[_WORKS[3]] = base[_WORKS[2]]
    ids = [*_WORKS, *_COPIES]
    return {image_id: base[_COPIES.get(image_id, image_id)] + 0.1 * rng.normal(size=8) for image_id in ids}


def _fill(archive: Archive, pictures: dict[str, bytes], hashed: bool) -> None:
    """Adds hashes and sizes to the images."""
    table = archive.table("images")
    for shard in range(archive.shards):
        for part in table.parts(shard):
            rows = table.read(shard, part).to_pylist()
            for row in rows:
                image = Image.open(io.BytesIO(pictures[row["id"]]))
                row["width"], row["height"] = image.size
                row["phash"] = perceptual_hash(image.convert("L")) if hashed else None
            table.write(shard, part, pa.Table.from_pylist(rows, schema=IMAGES))


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return _archive(tmp_path)


def _archive(folder: Path, *, hashed: bool = True) -> Archive:
    pictures = _pictures()
    rights = {image_id: CLOSED if image_id.endswith("crop") else OPEN for image_id in pictures}
    titles = {_WORKS[0]: "a\x1b[31mb\nc"}
    archive = make_archive(folder / "archive", list(pictures), pictures=pictures, rights=rights, titles=titles)
    _fill(archive, pictures, hashed)
    add_features(archive, "dots", _vectors())
    return archive


def _run(archive: Archive, *arguments: str) -> dict[str, Any]:
    return job.run(["--archive", archive.uri, "--features", "dots", "--name", "d", *arguments])


def _rows(archive: Archive) -> dict[str, dict[str, Any]]:
    rows = [row for part in archive.table("duplicates/d").scan() for row in part.to_pylist()]
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: row for row in rows}


def _groups(archive: Archive) -> list[list[str]]:
    rows = _rows(archive)
    return [
        sorted(image_id for image_id in rows if rows[image_id]["group"] == group)
        for group in sorted({row["group"] for row in rows.values()})
    ]


def test_copies_are_grouped_around_the_largest_image(archive: Archive, tmp_path: Path) -> None:
    report = _run(archive, "--picture", str(tmp_path / "sheet.png"))
    ids = {*_WORKS, *_COPIES}
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (len(ids), 9, 0)
    assert (report["table"], report["groups"], report["duplicates"]) == ("duplicates/d", 2, 7)
    pairs = report["pairs"]
    assert pairs["identical files"] == 1
    assert pairs["compared"] >= pairs["hash"] + pairs["hash and features"] + pairs["features"] > 0
    first = sorted([_WORKS[0], *(image_id for image_id in _COPIES if _COPIES[image_id] == _WORKS[0])])
    assert _groups(archive) == [first, sorted([_WORKS[1], f"{_WORKS[1]}-crop"])]
    rows = _rows(archive)
    heads = {image_id for image_id, row in rows.items() if row["representative"]}
    assert heads == {f"{_WORKS[0]}-framed", _WORKS[1]}  # a frame makes an image larger
    for image_id, row in rows.items():
        others = [
            other["confidence"] for key, other in rows.items() if key != image_id and other["group"] == row["group"]
        ]
        assert row["confidence"] == max(others) if row["representative"] else 0.88 <= row["confidence"] <= 1
    assert Image.open(tmp_path / "sheet.png").width > 500
    assert duplicate_ids(archive, "d") == {*rows} - heads


def test_of_equally_large_images_one_in_color_represents(tmp_path: Path) -> None:
    original = painting(0)
    pictures = {"made:a-gray": encoded(original.convert("L")), "made:b": encoded(original), "made:c": encoded(original)}
    archive = make_archive(tmp_path / "archive", list(pictures), pictures=pictures)
    _fill(archive, pictures, hashed=True)
    add_features(archive, "dots", dict.fromkeys(pictures, np.ones(8)))
    job.run(["--archive", archive.uri, "--features", "dots"])
    rows = [row for part in archive.table("duplicates/dots").scan() for row in part.to_pylist()]
    assert len(rows) == 3 and [row["id"] for row in rows if row["representative"]] == ["made:b"]


def test_features_alone_find_the_same(tmp_path: Path) -> None:
    archive = _archive(tmp_path, hashed=False)
    report = _run(archive, "--k", "8")
    assert report["rows_out"] == 9
    assert report["pairs"]["hash"] == report["pairs"]["hash and features"] == 0


def test_hashes_alone_find_what_differs_little(archive: Archive) -> None:
    report = _run(archive, "--distance", "0", "--hash-distance", "10")
    assert report["pairs"]["features"] == 0
    assert f"{_WORKS[0]}-compressed" in _rows(archive)


def test_the_same_command_recomputes_nothing(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    first = _run(archive)
    before = {path: path.stat().st_mtime_ns for path in Path(archive.uri, "duplicates").rglob("*.*")}
    monkeypatch.setattr(archive_duplicates, "Checker", None)
    second = _run(archive)
    assert (second["rows_in"], second["rows_out"]) == (0, 0)
    assert (second["groups"], second["pairs"]) == (first["groups"], first["pairs"])
    assert {path: path.stat().st_mtime_ns for path in Path(archive.uri, "duplicates").rglob("*.*")} == before


@pytest.mark.parametrize(
    ("change", "words"),
    [("image", "other images"), ("vector", "other vectors"), ("option", "agreement 0.88 is now 0.99")],
)
def test_a_changed_archive_is_searched_again(
    archive: Archive, change: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    _run(archive)
    arguments: list[str] = []
    if change == "image":
        table = archive.table("images")
        shard = int(archive.shard_of([_WORKS[1]])[0])
        for part in table.parts(shard):
            rows = table.read(shard, part).to_pylist()
            for row in rows:
                if row["id"] == _WORKS[1]:
                    row["bytes"] = encoded(painting(99))
                    row["sha256"] = hashlib.sha256(row["bytes"]).hexdigest()
            table.write(shard, part, pa.Table.from_pylist(rows, schema=IMAGES))
    elif change == "vector":
        archive.write_json("features/dots/_about.json", {"weights": "others"})
    else:
        arguments = ["--agreement", "0.99"]
    with caplog.at_level("INFO"):
        report = _run(archive, *arguments)
    assert report["rows_in"] == len(_WORKS) + len(_COPIES)
    assert words in caplog.text
    if change == "image":
        assert report["groups"] == 1


def test_an_interrupted_job_is_no_finished_table(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    _run(archive)
    expected = _rows(archive)
    with monkeypatch.context() as patch:
        patch.setattr(archive_duplicates, "_evidence", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            _run(archive, "--k", "6")
    with pytest.raises(UserError, match="`without_duplicates` d: this table is not finished"):
        duplicate_ids(archive, "d")
    _run(archive)
    assert _rows(archive) == expected


def test_protected_artworks_are_left_out(archive: Archive) -> None:
    _run(archive, "--rights", "public")
    assert not [image_id for image_id in _rows(archive) if image_id.endswith("crop")]


def test_an_unreadable_image_is_in_no_group(archive: Archive) -> None:
    table = archive.table("images")
    for shard in range(archive.shards):
        for part in table.parts(shard):
            rows = table.read(shard, part).to_pylist()
            for row in rows:
                if row["id"] == f"{_WORKS[1]}-crop":
                    row["bytes"] = b"no image"
            table.write(shard, part, pa.Table.from_pylist(rows, schema=IMAGES))
    report = _run(archive)
    assert (report["rows_failed"], report["groups"]) == (1, 1)


@pytest.mark.parametrize("name", ["../d", "a/b", "x\x1b[31m", "d" * 101])
def test_names_are_no_paths(archive: Archive, name: str) -> None:
    with pytest.raises(UserError, match="--name"):
        _run(archive, "--name", name)
    with pytest.raises(UserError, match="no such table of duplicates") as caught:
        duplicate_ids(archive, name)
    assert "\x1b" not in str(caught.value)


def test_an_archive_without_images(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive", _WORKS[:2], pictures=dict.fromkeys(_WORKS))
    add_features(archive, "dots", {_WORKS[0]: [1.0, 2], _WORKS[1]: None})
    report = _run(archive)
    assert (report["rows_in"], report["rows_out"], report["groups"]) == (0, 0, 0)


def test_neighbors_without_duplicates(archive: Archive) -> None:
    _run(archive)
    dropped = duplicate_ids(archive, "d")
    command = ["--archive", archive.uri, "--features", "dots", "--without-duplicates", "d"]
    found = neighbors_job.run([*command, "--id", _WORKS[2], "--k", "20"])["queries"][0]["neighbors"]
    assert {entry["id"] for entry in found} == {*_WORKS, *_COPIES} - dropped - {_WORKS[2]}
    neighbors_job.run([*command, "--all", "--k", "20"])
    rows = [row for part in archive.table("neighbors/dots").scan() for row in part.to_pylist()]
    assert {row["id"] for row in rows} == {row["neighbor"] for row in rows} == {*_WORKS, *_COPIES} - dropped
    indexed = neighbors_job.run([*command, "--id", _WORKS[2], "--k", "20", "--index", "usearch"])
    assert {entry["id"] for entry in indexed["queries"][0]["neighbors"]} == {*_WORKS, *_COPIES} - dropped - {_WORKS[2]}
    assert indexed["index"]["rows"] == len({*_WORKS, *_COPIES})
    with pytest.raises(UserError, match="--without-duplicates 'other': no such table of duplicates; the archive has d"):
        neighbors_job.run([*command[:-1], "other", "--id", _WORKS[2]])


def test_a_map_without_duplicates(archive: Archive) -> None:
    _run(archive)
    dropped = duplicate_ids(archive, "d")
    command = ["--archive", archive.uri, "--features", "dots", "--method", "pca", "--name", "m"]
    map_job.run([*command, "--without-duplicates", "d"])
    ids = [row["id"] for part in archive.table("layouts/m").scan() for row in part.to_pylist()]
    assert sorted(ids) == sorted({*_WORKS, *_COPIES} - dropped)
    again = map_job.run([*command, "--without-duplicates", "d"])
    assert again["rows_in"] == 0
    with pytest.raises(UserError, match="this map was made with without_duplicates d"):
        map_job.run(command)


def test_clusters_without_duplicates(archive: Archive) -> None:
    _run(archive)
    dropped = duplicate_ids(archive, "d")
    command = ["--archive", archive.uri, "--features", "dots", "--method", "kmeans", "--k", "2", "--name", "c"]
    cluster_job.run([*command, "--without-duplicates", "d"])
    ids = [row["id"] for part in archive.table("clusters/c").scan() for row in part.to_pylist()]
    assert sorted(ids) == sorted({*_WORKS, *_COPIES} - dropped)
    assert cluster_job.run([*command, "--without-duplicates", "d"])["rows_in"] == 0
    assert cluster_job.run(command)["rows_in"] == len({*_WORKS, *_COPIES})


def test_groups_are_deleted_with_their_collection(archive: Archive) -> None:
    _run(archive)
    assert "duplicates/d" in delete(archive, "collection:made", really=True)["tables_removed"]
    assert archive.names("duplicates") == []
