import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from artsim.archive import CATALOG, Archive
from artsim.pictures.captioned_pictures import captioned_pictures, shrink
from tests.made import jpeg, make_archive, named

RED, BLUE = (220, 20, 20), (20, 20, 220)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1000, 500), (100, 50)),
        ((500, 1000), (50, 100)),
        ((100, 100), (100, 100)),
        ((30, 20), (30, 20)),  # never enlarged
        ((1, 5000), (1, 100)),
        ((5000, 1), (100, 1)),
        ((1, 1), (1, 1)),
    ],
)
def test_a_picture_keeps_its_shape(size: tuple[int, int], expected: tuple[int, int]) -> None:
    small = shrink(jpeg(BLUE, size), 100)
    assert (small.size, small.mode) == (expected, "RGB")
    assert np.abs(np.asarray(small, int) - BLUE).max() < 12


def _halves(across: bool) -> Image.Image:
    """Returns an image that is red on the left (or top) and blue on the right (or bottom)."""
    image = Image.new("RGB", (120, 60) if across else (60, 120), BLUE)
    image.paste(RED, (0, 0, 60, 60))
    return image


@pytest.mark.parametrize(
    ("orientation", "stored_across", "red"),
    [
        (1, True, "left"),
        (2, True, "right"),
        (3, True, "right"),
        (4, False, "bottom"),
        (5, True, "top"),
        (6, True, "top"),
        (7, True, "bottom"),
        (8, True, "bottom"),
        (6, False, "right"),
        (8, False, "left"),
    ],
)
def test_a_picture_stands_as_its_exif_says(orientation: int, stored_across: bool, red: str) -> None:
    """EXIF 2.32, tag 0x0112, says which side of the stored image is the visual top and which the visual left."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    sink = io.BytesIO()
    _halves(stored_across).save(sink, "JPEG", quality=95, exif=exif)
    small = shrink(sink.getvalue(), 40)
    width, height = small.size
    assert (width, height) == ((40, 20) if red in ("left", "right") else (20, 40))
    places = {"left": (3, height // 2), "right": (width - 4, height // 2), "top": (width // 2, 3)}
    places["bottom"] = (width // 2, height - 4)
    opposite = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}[red]
    assert _near(small.getpixel(places[red]), RED)
    assert _near(small.getpixel(places[opposite]), BLUE)


@pytest.mark.parametrize("data", [None, b"", b"<html>not an image</html>", jpeg(RED)[:20], b"\xff\xd8\xff\xe0" * 50])
def test_what_cannot_be_read_becomes_an_empty_frame(data: bytes | None) -> None:
    frame = shrink(data, 80)
    assert (frame.size, frame.mode) == ((80, 60), "RGB")


def test_a_file_that_claims_to_be_enormous_is_not_decoded(monkeypatch) -> None:
    decoded: list[Image.Image] = []
    monkeypatch.setattr("artsim.pictures.small_images.to_rgb", decoded.append)
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    assert shrink(data + struct.pack(">I", 4) + b"IDAT" + bytes(8), 80).size == (80, 60)
    assert decoded == []


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "GIF"])
def test_damaged_files_end_as_some_picture(kind: str, cut: float) -> None:
    sink = io.BytesIO()
    Image.effect_noise((200, 150), 90).convert("RGB").save(sink, kind)
    data = sink.getvalue()
    assert max(shrink(data[: int(len(data) * cut)], 80).size) == 80


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F"])
def test_every_color_mode_becomes_rgb(mode: str) -> None:
    sink = io.BytesIO()
    Image.new(mode, (90, 60)).save(sink, "TIFF")
    assert (shrink(sink.getvalue(), 45).mode, shrink(sink.getvalue(), 45).size) == ("RGB", (45, 30))


def test_thumbnails_have_what_a_caption_needs(tmp_path) -> None:
    archive = _catalogd(
        tmp_path,
        {
            "t:full": {"title": "Nymphéas", "artist": "Claude Monet", "date_text": "ca. 1906", "year_from": 1906},
            "t:year": {"title": "Year alone", "year_from": 1830},
            "t:bare": {},
        },
    )
    by_id = captioned_pictures(archive, ["t:bare", "t:full", "t:year", "t:stranger"], 50)
    texts = {
        artwork_id: (thumbnail.id, thumbnail.title, thumbnail.artist, thumbnail.year)
        for artwork_id, thumbnail in by_id.items()
    }
    assert texts == {
        "t:full": ("t:full", "Nymphéas", "Claude Monet", "ca. 1906"),
        "t:year": ("t:year", "Year alone", "", "1830"),
        "t:bare": ("t:bare", "t:bare", "", ""),
        "t:stranger": ("t:stranger", "t:stranger", "", ""),
    }
    assert list(by_id) == ["t:bare", "t:full", "t:year", "t:stranger"]


def test_thumbnails_show_the_right_picture(tmp_path) -> None:
    ids = named(40)
    colors = {image_id: (index * 6, 255 - index * 6, 128) for index, image_id in enumerate(ids)}
    pictures: dict[str, bytes | None] = {image_id: jpeg(color) for image_id, color in colors.items()}
    pictures["made:0005"] = None
    by_id = captioned_pictures(make_archive(tmp_path, ids, pictures=pictures), ids[::-1], 24)
    for image_id, thumbnail in by_id.items():
        if image_id == "made:0005":
            assert thumbnail.image.size == (24, 18)
        else:
            assert _near(thumbnail.image.getpixel((10, 10)), colors[image_id])


def test_thumbnails_without_any_images(tmp_path) -> None:
    archive = _catalogd(tmp_path, {"t:a": {"title": "A"}})
    assert captioned_pictures(archive, ["t:a"], 50)["t:a"].image.size == (50, 37)
    assert captioned_pictures(archive, [], 50) == {}


def _catalogd(folder: Any, works: dict[str, dict[str, Any]]) -> Archive:
    import pyarrow as pa

    archive = Archive.create(str(folder), 1)
    rows = [{"id": artwork_id, **about} for artwork_id, about in works.items()]
    archive.table("catalog").write(0, "p", pa.Table.from_pylist(rows, schema=CATALOG))
    return archive


def _near(pixel: Any, color: tuple[int, int, int]) -> bool:
    return max(abs(a - b) for a, b in zip(pixel, color, strict=True)) < 40
