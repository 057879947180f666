import io
from pathlib import Path

import pytest
from PIL import Image

from artsim.pictures.page_jpegs import jpegs, small_jpegs
from artsim.pictures.thumbnails import SIDE
from artsim.vision.check import BadImage
from tests.made import jpeg, make_archive, named


def test_each_size_of_one_image_upright_and_without_metadata() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # stored on its side
    exif[0x010E] = "a secret"
    large, small = (Image.open(io.BytesIO(data)) for data in jpegs(jpeg("red", (800, 400), exif=exif), [300, 100]))
    assert (large.format, large.size, small.size) == ("JPEG", (150, 300), (50, 100))
    assert not large.getexif() and not small.info.get("icc_profile")


@pytest.mark.parametrize("data", [b"", b"no image", jpeg()[:200], b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_image_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(BadImage):
        jpegs(data, [100])


def test_of_a_whole_archive_in_another_process(tmp_path: Path) -> None:
    ids = named(70)
    colors = {image_id: (row * 3, 0, 255 - row * 3) for row, image_id in enumerate(ids)}
    pictures = {image_id: jpeg(color, (60, 40)) for image_id, color in colors.items()} | {
        ids[5]: b"none",
        ids[6]: None,
    }
    archive = make_archive(tmp_path, ids, pictures=pictures)
    small_images = dict(small_jpegs(archive, {image_id: [30] for image_id in [*ids, "made:unknown"]}))
    assert set(small_images) == {*ids, "made:unknown"}
    assert {image_id for image_id, small in small_images.items() if not small} == {ids[5], ids[6], "made:unknown"}
    for image_id in ids[7:]:
        pixel = Image.open(io.BytesIO(small_images[image_id][0])).convert("RGB").getpixel((10, 10))
        assert isinstance(pixel, tuple)
        assert max(abs(a - b) for a, b in zip(pixel, colors[image_id], strict=True)) < 8


def test_only_a_side_larger_than_a_thumbnail_is_made_from_the_original(tmp_path: Path) -> None:
    ids = named(4)
    archive = make_archive(tmp_path, ids, pictures=dict.fromkeys(ids, jpeg("red", (900, 600))))
    sides = {ids[0]: [200], ids[1]: [200, 400], ids[2]: [SIDE], ids[3]: [SIDE + 1]}
    small = dict(small_jpegs(archive, sides))
    widths = {image_id: [Image.open(io.BytesIO(data)).width for data in jpegs] for image_id, jpegs in small.items()}
    assert widths == sides
    stored = [image_id for rows in archive.table("thumbnails").scan(["id"]) for image_id in rows["id"].to_pylist()]
    assert sorted(stored) == [ids[0], ids[2]]
