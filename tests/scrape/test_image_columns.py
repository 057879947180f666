"""What is stored of an image, in every color mode: its bytes or a smaller copy, and hashes."""

import hashlib
import io
from collections.abc import Callable
from typing import Any

import imagehash
import numpy as np
import pytest
from PIL import Image

from artsim.scrape.image_columns import image_columns
from artsim.vision.check import BadImage
from tests.scrape.pictures import encoded, jpeg, kinds, pixels, png_header
from tests.scrape.site import Site, answer, page

KINDS = kinds()


def soft() -> Image.Image:
    return Image.fromarray(pixels(32, 24)).resize((640, 480), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(kind: str, site: Site, scrape_url: Callable[..., dict[str, Any]]) -> None:
    data, content_type = KINDS[kind]
    site.default = page(answer(200, data, "Content-Type: application/x-whatever", 'ETag: "e1"'))
    row = scrape_url(f"{site.url}/x")
    assert row["status"] == "ok", row["detail"]
    assert row["bytes"] == data
    assert row["content_type"] == content_type
    assert row["sha256"] == hashlib.sha256(data).hexdigest()
    assert (row["width"], row["height"]) == (64, 48)
    assert (row["http_status"], row["attempts"], row["etag"]) == (200, 1, '"e1"')
    assert row["detail"] is None
    assert len(row["phash"]) == 16


def test_near_duplicates_have_near_hashes() -> None:
    picture = soft()
    large = image_columns(encoded(picture, "JPEG", quality=95), 10**8, None)
    small = image_columns(encoded(picture.resize((320, 240)), "PNG"), 10**8, None)
    other = image_columns(encoded(picture.transpose(Image.Transpose.ROTATE_90), "PNG"), 10**8, None)
    hashes = [imagehash.hex_to_hash(columns["phash"]) for columns in (large, small, other)]
    assert hashes[0] - hashes[1] <= 6
    assert hashes[0] - hashes[2] > 12


def test_resize() -> None:
    data = encoded(soft(), "JPEG", quality=95)
    columns = image_columns(data, 10**8, 128)
    assert columns["content_type"] == "image/jpeg"
    assert (columns["width"], columns["height"]) == (128, 96)
    assert columns["sha256"] == hashlib.sha256(columns["bytes"]).hexdigest()
    stored = np.asarray(Image.open(io.BytesIO(columns["bytes"])).convert("RGB"), dtype=float)
    expected = np.asarray(Image.open(io.BytesIO(data)).resize((128, 96), Image.Resampling.LANCZOS), dtype=float)
    assert np.abs(stored - expected).mean() < 4


@pytest.mark.parametrize("size", [(2000, 1), (1, 2000), (3000, 2)])
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_strip_is_resized_too(size: tuple[int, int], form: str) -> None:
    columns = image_columns(encoded(Image.new("RGB", size, "red"), form), 10**8, 128)
    assert max(columns["width"], columns["height"]) == 128
    assert min(columns["width"], columns["height"]) == 1


def test_resize_leaves_small_ones_as_they_are() -> None:
    data = KINDS["transparent png"][0]
    columns = image_columns(data, 10**8, 64)
    assert columns["bytes"] == data
    assert columns["content_type"] == "image/png"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", "not_image"),
        (b"<svg/>", "not_image"),
        (b"GIF89a", "not_image corrupt"),
        (jpeg(640, 480)[:-2000], "corrupt"),
        (jpeg(640, 480)[:30], "corrupt not_image"),
        (png_header(20_000, 20_000), "bomb"),
        (png_header(200, 200), "corrupt"),
    ],
)
@pytest.mark.parametrize("resize", [None, 32])
def test_responses_that_are_not_images(data: bytes, status: str, resize: int | None) -> None:
    with pytest.raises(BadImage) as caught:
        image_columns(data, 100_000_000, resize)
    assert caught.value.status in status.split()
