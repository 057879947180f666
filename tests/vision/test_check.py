import io

import imagehash
import pytest
from PIL import Image

from artsim.vision.check import BadImage, check_image
from tests.vision.made import encoded, picture

LIMIT = 10_000_000


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"])
def test_what_an_image_is_comes_from_its_bytes(form):
    checked = check_image(encoded(picture(320, 200), form), LIMIT)
    assert (checked.content_type, checked.width, checked.height) == (Image.MIME[form], 320, 200)


def test_the_hash_is_that_of_the_whole_decoding_within_a_few_bits():
    data = encoded(picture(1200, 900), quality=92)
    whole = imagehash.phash(Image.open(io.BytesIO(data)))
    assert imagehash.hex_to_hash(check_image(data, LIMIT).phash) - whole <= 6


def test_copies_hash_alike_and_others_do_not():
    def hashed(image):
        return imagehash.hex_to_hash(check_image(encoded(image), LIMIT).phash)

    one = picture(800, 600, seed=1)
    assert hashed(one) - hashed(one.resize((400, 300))) <= 6
    assert hashed(one) - hashed(picture(800, 600, seed=2)) > 12


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
