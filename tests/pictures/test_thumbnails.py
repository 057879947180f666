import hashlib
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from artsim.archive import IMAGES, THUMBNAILS, Archive
from artsim.archive.inventory import inventory
from artsim.pictures.captioned_pictures import captioned_pictures
from artsim.pictures.thumbnails import SIDE, drop_outdated, thumbnail, thumbnail_jpegs
from artsim.vision.check import BadImage
from tests.made import jpeg, make_archive, named

IDS = named(40)


def _rows(archive: Archive) -> dict[str, dict]:
    rows = [row for part in archive.table("thumbnails").scan() for row in part.to_pylist()]
    assert len({row["id"] for row in rows}) == len(rows), "a row is doubled"
    return {row["id"]: row for row in rows}


def _replace(archive: Archive, image_id: str, data: bytes | None) -> None:
    """Replaces an image of the archive as a refresh does; None deletes its bytes as a refresh of a removed one does."""
    images = archive.table("images")
    ((shard, part, _),) = images.located([image_id], ["id"])
    digest = None if data is None else hashlib.sha256(data).hexdigest()
    row = {"id": image_id, "status": "ok" if data else "http", "bytes": data, "sha256": digest}
    images.merge(shard, part, pa.Table.from_pylist([row], IMAGES))


@pytest.mark.parametrize(
    ("size", "expected"), [((1000, 500), (SIDE, SIDE // 2)), ((30, 20), (30, 20)), ((1, 5000), (1, SIDE))]
)
def test_a_thumbnail_has_its_size_and_mean_color(size: tuple[int, int], expected: tuple[int, int]) -> None:
    row = thumbnail(jpeg(None, size, seed=3))
    with Image.open(io.BytesIO(row["bytes"])) as image:
        assert (image.format, image.size, image.mode) == ("JPEG", expected, "RGB")
    assert (row["width"], row["height"]) == expected
    pixels = np.asarray(Image.open(io.BytesIO(jpeg(None, size, seed=3))).convert("RGB"), float)
    mean = [sum(pixels[..., channel].ravel()) / pixels[..., channel].size for channel in range(3)]
    assert np.abs(np.array(row["color"]) - mean).max() < 4


def test_a_thumbnail_is_upright_and_without_metadata() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # stored on its side
    exif[0x010E] = "a secret"
    row = thumbnail(jpeg("red", (800, 400), exif=exif))
    with Image.open(io.BytesIO(row["bytes"])) as image:
        assert image.size == (row["width"], row["height"]) == (SIDE // 2, SIDE)
        assert not image.getexif()


@pytest.mark.parametrize("data", [b"", b"no image", jpeg()[:200]])
def test_what_is_no_image_has_no_thumbnail(data: bytes) -> None:
    with pytest.raises(BadImage):
        thumbnail(data)


def test_only_the_missing_ones_are_made(tmp_path: Path) -> None:
    archive = make_archive(tmp_path, IDS)
    calls: list[bytes] = []

    def counted(function, data):
        calls.append(data)
        return function(data)

    first = thumbnail_jpegs(archive, IDS[:10], counted)
    assert (len(first), len(calls)) == (10, 10)
    second = thumbnail_jpegs(archive, IDS[5:15], counted)
    assert len(calls) == 15
    assert {image_id: second[image_id] for image_id in IDS[5:10]} == {
        image_id: first[image_id] for image_id in IDS[5:10]
    }
    assert set(_rows(archive)) == set(IDS[:15])


def test_the_table_mirrors_the_images(tmp_path: Path) -> None:
    archive = make_archive(tmp_path, IDS)
    thumbnail_jpegs(archive, IDS)
    images, table = archive.table("images"), archive.table("thumbnails")
    for shard in range(archive.shards):
        assert table.parts(shard) == images.parts(shard)
        for part in table.parts(shard):
            rows, originals = table.read(shard, part), images.read(shard, part, ["id", "sha256"])
            assert rows.schema.equals(THUMBNAILS)
            assert dict(zip(*rows.select(["id", "sha256"]).to_pydict().values(), strict=True)) == dict(
                zip(*originals.to_pydict().values(), strict=True)
            )


def test_a_replaced_image_gets_a_new_thumbnail(tmp_path: Path) -> None:
    archive = make_archive(tmp_path, IDS, pictures=dict.fromkeys(IDS, jpeg("red")))
    thumbnail_jpegs(archive, IDS)
    _replace(archive, IDS[7], jpeg("blue"))
    small = captioned_pictures(archive, IDS, 40)
    assert small[IDS[7]].image.getpixel((5, 5))[2] > 200
    assert small[IDS[8]].image.getpixel((5, 5))[0] > 200
    rows = _rows(archive)
    assert rows[IDS[7]]["color"] == pytest.approx([0, 0, 255], abs=8)
    assert len(rows) == len(IDS)


def test_a_deleted_image_is_not_shown_and_its_thumbnail_can_be_dropped(tmp_path: Path) -> None:
    archive = make_archive(tmp_path, IDS, pictures=dict.fromkeys(IDS, jpeg("red")))
    assert drop_outdated(archive) == 0  # there is no table yet
    assert not archive.has_table("thumbnails")
    thumbnail_jpegs(archive, IDS)
    assert drop_outdated(archive) == 0
    _replace(archive, IDS[7], None)
    _replace(archive, IDS[9], jpeg("blue"))
    assert IDS[7] not in thumbnail_jpegs(archive, [IDS[7]])
    assert drop_outdated(archive) == 2
    assert set(_rows(archive)) == set(IDS) - {IDS[7], IDS[9]}


def test_what_has_no_readable_image_has_no_thumbnail(tmp_path: Path) -> None:
    archive = make_archive(tmp_path, IDS, pictures={IDS[3]: None, IDS[4]: b"no image"})
    assert set(thumbnail_jpegs(archive, [*IDS, "made:stranger"])) == set(IDS) - {IDS[3], IDS[4]}
    assert set(_rows(archive)) == set(IDS) - {IDS[3], IDS[4]}
    assert thumbnail_jpegs(archive, []) == {}


def test_an_archive_that_cannot_be_written_has_pictures(tmp_path: Path) -> None:
    archive = make_archive(tmp_path, IDS)
    (tmp_path / "_locks").write_text("no folder")  # root may write to read-only folders
    assert len(thumbnail_jpegs(archive, IDS)) == len(IDS)
    assert not archive.has_table("thumbnails")


def test_a_locked_table_stays_as_it_is(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("artsim.pictures.thumbnails._LOCK_WAIT_SECONDS", 0.0)
    archive = make_archive(tmp_path, IDS)
    with archive.lock("thumbnails"):
        assert len(thumbnail_jpegs(archive, IDS)) == len(IDS)
    assert not archive.has_table("thumbnails")


def test_killed_between_two_partitions_it_continues(tmp_path: Path) -> None:
    archive = make_archive(tmp_path, IDS)
    script = """
import json, os, signal, sys
from artsim.archive import Archive, Table
from artsim.pictures.thumbnails import thumbnail_jpegs

written, merge = [], Table.merge

def dying(self, shard, part, rows):
    if len(written) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    merge(self, shard, part, rows)
    written.append(part)

Table.merge = dying
thumbnail_jpegs(Archive.open(sys.argv[1]), json.loads(sys.argv[2]))
"""
    died = subprocess.run([sys.executable, "-c", script, archive.uri, json.dumps(IDS)], env=os.environ, check=False)
    assert died.returncode == -signal.SIGKILL
    before = _rows(archive)
    assert 0 < len(before) < len(IDS)
    made: list[bytes] = []

    def counted(function, data):
        made.append(data)
        return function(data)

    thumbnail_jpegs(archive, IDS, counted)
    assert len(made) == len(IDS) - len(before)
    after = _rows(archive)
    assert set(after) == set(IDS) and {image_id: after[image_id] for image_id in before} == before


def test_status_lists_the_table_and_not_as_a_feature(tmp_path: Path) -> None:
    archive = make_archive(tmp_path, IDS)
    before = inventory(archive)
    thumbnail_jpegs(archive, IDS[:5])
    after = inventory(archive)
    assert {row["table"]: row["rows"] for row in after["tables"]} == {"catalog": 40, "images": 40, "thumbnails": 5}
    assert after["pending"] == before["pending"] and after["failures_stored"] == before["failures_stored"]
    assert "thumbnails" not in [row["what"] for row in after["other"]]
