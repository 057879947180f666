"""Checks, hashes, thumbnails and features all use the same upright sRGB pixels of an image."""

import io
import struct
import zlib

import imagehash
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from artsim.pictures.captioned_pictures import shrink
from artsim.scrape.image_columns import image_columns
from artsim.vision.backbones import Input
from artsim.vision.check import BadImage, check_image
from artsim.vision.decode import decode
from tests.vision.made import encoded, picture

LIMIT = 100_000_000
SQUARE = Input(96, 1.0, True, True, (0.5,) * 3, (0.5,) * 3)


def every_way(data: bytes) -> list[np.ndarray]:
    """Returns the pixels for features, for a thumbnail and of a smaller copy, each scaled to 96 x 96."""
    copy = Image.open(io.BytesIO(image_columns(data, LIMIT, 150)["bytes"]))
    assert "icc_profile" not in copy.info
    images = [decode(data, [SQUARE])[0], shrink(data, 150), copy]
    return [np.asarray(Image.fromarray(np.asarray(image)).resize((96, 96)), int) for image in images]


def far(first: str, second: str) -> int:
    return imagehash.hex_to_hash(first) - imagehash.hex_to_hash(second)


def swapped_profile() -> bytes:
    """Returns an sRGB profile in which the colorants and curves of red and blue are swapped."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for red, blue in ((b"rXYZ", b"bXYZ"), (b"rTRC", b"bTRC")):
        data = data.replace(red, b"\0\0\0\0", 1).replace(blue, red, 1)
        data = _renamed(data, blue)
    return data


def _renamed(data: bytes, name: bytes) -> bytes:
    """Gives the tag with a blank name this name. The tag table starts at byte 132, with 12 bytes per tag."""
    count = int.from_bytes(data[128:132], "big")
    for offset in range(132, 132 + 12 * count, 12):
        if data[offset : offset + 4] == b"\0\0\0\0":
            return data[:offset] + name + data[offset + 4 :]
    raise LookupError(name)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP", "RGBA"])
def test_an_embedded_profile_says_what_the_colors_are(form: str) -> None:
    original = picture(400, 300, seed=3)
    stored = Image.merge("RGB", original.split()[::-1])
    settings = {"quality": 98, "subsampling": 0} if form == "JPEG" else {"lossless": True} if form == "WEBP" else {}
    if form == "RGBA":
        stored, form = stored.convert("RGBA"), "PNG"
    plain, profiled = encoded(original, "PNG"), encoded(stored, form, icc_profile=swapped_profile(), **settings)
    for wanted, got in zip(every_way(plain), every_way(profiled), strict=True):
        assert np.abs(wanted - got).mean() < 6
    assert far(check_image(plain, LIMIT).phash, check_image(profiled, LIMIT).phash) <= 4


@pytest.mark.parametrize("profile", [b"no profile", ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()])
def test_a_profile_that_is_damaged_or_of_another_kind_says_nothing(profile: bytes) -> None:
    plain, profiled = (encoded(picture(300, 200), "PNG", **settings) for settings in ({}, {"icc_profile": profile}))
    assert np.array_equal(every_way(plain)[0], every_way(profiled)[0])
    assert check_image(plain, LIMIT).phash == check_image(profiled, LIMIT).phash


def wide(seed: int, top: int, dtype: type) -> np.ndarray:
    values = np.asarray(picture(200, 150, seed).convert("L"), np.float64) / 255 * top
    return values.astype(dtype)


@pytest.mark.parametrize(
    ("top", "dtype", "form"),
    [
        (65535, np.uint16, "PNG"),
        (65535, np.uint16, "TIFF"),
        (4095, np.uint16, "PNG"),
        (1023, np.uint16, "TIFF"),
        (255, np.uint16, "PNG"),
        (65535, np.int32, "TIFF"),
        (1.0, np.float32, "TIFF"),
        (255.0, np.float32, "TIFF"),
    ],
)
def test_deep_gray_looks_as_it_would_in_eight_bits(top: float, dtype: type, form: str) -> None:
    hashes = []
    for seed in (1, 2):
        deep = encoded(Image.fromarray(wide(seed, top, dtype)), form)
        plain = encoded(picture(200, 150, seed).convert("L"), "PNG")
        for wanted, got in zip(every_way(plain), every_way(deep), strict=True):
            assert np.abs(wanted - got).mean() < 12
        hashes.append(check_image(deep, LIMIT).phash)
        assert far(hashes[-1], check_image(plain, LIMIT).phash) <= 4
    assert far(*hashes) > 12


def test_what_is_no_number_in_a_deep_picture_spoils_no_other_pixel() -> None:
    values = wide(1, 1.0, np.float32)
    values[0, :3] = np.nan, np.inf, -np.inf
    deep = encoded(Image.fromarray(values), "TIFF")
    assert np.abs(every_way(deep)[0] - every_way(encoded(picture(200, 150, 1).convert("L"), "PNG"))[0]).mean() < 3


def tiff(values: np.ndarray, **how: object) -> bytes:
    sink = io.BytesIO()
    tifffile.imwrite(sink, values, **how)
    return sink.getvalue()


def unusual_tiffs() -> dict[str, bytes]:
    rgb = np.asarray(picture(200, 150, 5))
    gray = np.asarray(picture(200, 150, 5).convert("L"))
    deep, full = gray.astype(np.uint16) * 257, np.full(gray.shape, 65535, np.uint16)
    sink = io.BytesIO()
    lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    ImageCms.applyTransform(Image.fromarray(rgb), lab).save(sink, "TIFF")
    return {
        "float rgb": tiff((rgb / 255).astype(np.float32), photometric="rgb"),
        "float64 gray": tiff(gray / 255.0, photometric="minisblack"),
        "half gray": tiff((gray / 255).astype(np.float16), photometric="minisblack"),
        "gray with alpha": tiff(np.stack([deep, full], -1), photometric="minisblack", extrasamples=["unassalpha"]),
        "deep planes": tiff(
            np.moveaxis(rgb.astype(np.uint16) * 257, -1, 0), photometric="rgb", planarconfig="separate"
        ),
        "deep zip": tiff((rgb / 255).astype(np.float32), photometric="rgb", compression="zlib"),
        "lab": sink.getvalue(),
        "turned": tiff(
            (rgb / 255).astype(np.float32)[::-1, ::-1], photometric="rgb", extratags=[(274, "H", 1, 3, True)]
        ),
    }


@pytest.mark.parametrize("kind", unusual_tiffs())
def test_a_tiff_of_an_unusual_kind_is_the_picture_that_it_is(kind: str) -> None:
    data = unusual_tiffs()[kind]
    plain = encoded(picture(200, 150, 5).convert("L" if "gray" in kind else "RGB"), "PNG")
    checked = check_image(data, LIMIT)
    assert (checked.content_type, checked.width, checked.height) == ("image/tiff", 200, 150)
    assert far(checked.phash, check_image(plain, LIMIT).phash) <= 4
    for wanted, got in zip(every_way(plain), every_way(data), strict=True):
        assert np.abs(wanted - got).mean() < 6
    with pytest.raises(BadImage) as caught:
        check_image(data[: len(data) // 2], LIMIT)
    assert caught.value.status == "corrupt"


def with_chunks(data: bytes, name: bytes, texts: list[bytes], at: int) -> bytes:
    chunks = b"".join(
        struct.pack(">I", len(text)) + name + text + struct.pack(">I", zlib.crc32(name + text)) for text in texts
    )
    return data[:at] + chunks + data[at:]


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize(
    ("name", "texts"),
    [
        (b"tEXt", [b"Comment\0" + b"x" * 3_000_000]),
        (b"zTXt", [b"Comment\0\0" + zlib.compress(b"x" * 80_000_000)]),
        (b"iTXt", [b"XML:com.adobe.xmp\0\0\0\0\0" + b"<x>" * 1_000_000]),
        (b"zTXt", [b"Comment\0\0" + zlib.compress(b"x" * 900_000)] * 200),
    ],
)
def test_long_texts_in_a_png_change_nothing(name: bytes, texts: list[bytes], behind: bool) -> None:
    plain = encoded(picture(300, 200), "PNG")
    wordy = with_chunks(plain, name, texts, len(plain) - 12 if behind else 33)
    assert check_image(wordy, LIMIT) == check_image(plain, LIMIT)
    assert np.array_equal(every_way(wordy)[0], every_way(plain)[0])


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\0\0\0\x1cftypheic\0\0\0\0mif1heic" + bytes(100), "HEIC"),
        (b"8BPS\0\1" + bytes(100), "Photoshop"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(100), "JPEG XL"),
        (b"\x0a\x05\x01\x08" + bytes(124), "PCX"),
        (b"P6\n2 2\n255\n" + bytes(12), "Netpbm"),
        (b"\xff\xd8\xff\xc1\0\x11\x0c\0\x10\0\x10\3\1\x11\0\2\x11\0\3\x11\0\xff\xd9", "12-bit JPEG"),
        (tiff(np.zeros((20, 20, 5), np.complex64), photometric="minisblack"), "TIFF"),
    ],
)
def test_a_whole_file_of_a_kind_that_is_not_read_is_called_so(data: bytes, kind: str) -> None:
    with pytest.raises(BadImage, match=kind) as caught:
        check_image(data, LIMIT)
    assert caught.value.status == "unsupported"


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_the_hash_is_that_of_the_upright_picture(orientation: int) -> None:
    upright = picture(400, 300, 9)
    exif = Image.Exif()
    exif[0x0112] = orientation
    turns = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    stored = encoded(upright.transpose(turns[orientation]), quality=95, exif=exif)
    assert far(check_image(stored, LIMIT).phash, check_image(encoded(upright, quality=95), LIMIT).phash) <= 6
