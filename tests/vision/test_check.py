import io
import struct
import zlib

import imagehash
import pytest
from PIL import ExifTags, Image
from PIL.JpegImagePlugin import JpegImageFile

from artsim.pictures.captioned_pictures import shrink
from artsim.vision.backbones import Input
from artsim.vision.check import BadImage, check_image
from artsim.vision.decode import decode
from tests.vision.made import encoded, picture

LIMIT = 10_000_000
SQUARE = Input(96, 1.0, True, True, (0.5,) * 3, (0.5,) * 3)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])
def test_what_an_image_is_comes_from_its_bytes(form):
    checked = check_image(encoded(picture(320, 200), form), LIMIT)
    assert (checked.content_type, checked.width, checked.height) == (Image.MIME[form], 320, 200)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_size_is_that_before_any_rotation(form):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    turned = io.BytesIO()
    picture(320, 200).save(turned, form, exif=exif)
    checked = check_image(turned.getvalue(), LIMIT)
    assert (checked.width, checked.height) == (320, 200)


def test_the_hash_is_that_of_the_whole_decoding_within_a_few_bits():
    data = encoded(picture(1200, 900), quality=92)
    whole = imagehash.phash(Image.open(io.BytesIO(data)))
    assert imagehash.hex_to_hash(check_image(data, LIMIT).phash) - whole <= 6


def test_copies_hash_alike_and_others_do_not():
    def hashed(image):
        return imagehash.hex_to_hash(check_image(encoded(image), LIMIT).phash)

    original = picture(800, 600, seed=1)
    assert hashed(original) - hashed(original.resize((400, 300))) <= 6
    assert hashed(original) - hashed(picture(800, 600, seed=2)) > 12


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", "not_image"),
        (b"<html><body>no picture here</body></html>", "not_image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not_image"),
        (encoded(picture(300, 300))[:4000], "corrupt"),
        (encoded(picture(300, 300), "PNG")[:20000], "corrupt"),
        (encoded(picture(300, 300))[:10], "corrupt"),
    ],
)
def test_bytes_that_are_no_whole_image_are_refused(data, status):
    with pytest.raises(BadImage) as caught:
        check_image(data, LIMIT)
    assert caught.value.status == status
    assert caught.value.detail


def test_a_bomb_is_found_before_it_is_decoded():
    data = encoded(Image.new("L", (20_000, 20_000)), "PNG")
    with pytest.raises(BadImage, match="20000 x 20000") as caught:
        check_image(data, LIMIT)
    assert caught.value.status == "bomb"


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@pytest.mark.parametrize(("width", "height"), [(1, 9_000_000), (9_000_000, 1), (2, 4_900_000), (1_100_000, 1)])
def test_a_strip_that_takes_more_than_its_pixels_is_found_before_it_is_decoded(width, height):
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    with pytest.raises(BadImage, match=f"{width} x {height}") as caught:
        check_image(data, LIMIT)
    assert caught.value.status == "bomb"


@pytest.mark.parametrize("form", [{"progressive": True}, {}])
def test_a_jpeg_of_very_many_scans_is_found_before_it_is_decoded(form, monkeypatch):
    whole = encoded(picture(300, 200), **form)
    first = whole.index(b"\xff\xda")
    last = whole.rindex(b"\xff\xda")
    many = whole[:-2] + whole[last:-2] * 120 + b"\xff\xd9"
    assert first <= last
    monkeypatch.setattr(Image.Image, "load", None)
    with pytest.raises(BadImage, match="scans") as caught:
        check_image(many, LIMIT)
    assert caught.value.status == "bomb"


def test_what_looks_like_scans_beside_the_picture_is_none():
    plain = encoded(picture(300, 200), comment=b"\xff\xda" * 500, progressive=True)
    assert check_image(plain + b"\xff\xda" * 500, LIMIT).width == 300


@pytest.mark.parametrize(
    "function", [check_image, lambda data, _: decode(data, [SQUARE]), lambda data, _: shrink(data, 9)]
)
def test_memory_that_is_short_is_not_the_images_fault(function, monkeypatch):
    data = encoded(picture(300, 200))

    def short(*_arguments, **_settings):
        raise MemoryError

    monkeypatch.setattr(Image.Image, "draft", short)
    monkeypatch.setattr(JpegImageFile, "draft", short)
    monkeypatch.setattr(JpegImageFile, "load", short)
    with pytest.raises(MemoryError):
        function(data, LIMIT)
