import imagehash
import numpy as np
import pytest
from PIL import Image

from artsim.vision.phash import perceptual_hash
from tests.vision.made import picture


def _distance(stored: str, reference: imagehash.ImageHash) -> int:
    return imagehash.hex_to_hash(stored) - reference


@pytest.mark.parametrize("size", [(96, 128), (512, 300), (20, 40)])
def test_bits_are_those_of_imagehash_but_for_the_filter(size):
    gray = picture(*size).convert("L")
    assert _distance(perceptual_hash(gray), imagehash.phash(gray)) <= 4


def test_is_exactly_imagehash_of_the_same_small_copy():
    gray = picture(300, 200).convert("L").resize((32, 32), Image.Resampling.BOX)
    assert perceptual_hash(gray) == str(imagehash.phash(gray))


def test_one_flat_color_has_a_hash():
    assert len(perceptual_hash(Image.fromarray(np.full((40, 40), 7, np.uint8)))) == 16
