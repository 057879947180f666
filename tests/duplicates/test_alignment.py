import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from artsim.duplicates.alignment import agreement, square
from benchmarks.copies import KINDS
from tests.duplicates.made_pictures import encoded, painting


def _agreement(*pairs: tuple[Image.Image, Image.Image]) -> list[float]:
    first, second = ([square(encoded(pair[side])) for pair in pairs] for side in (0, 1))
    aspects = np.array([b[1] / a[1] for a, b in zip(first, second, strict=True)])
    return agreement(*(np.stack([each[0] for each in side]) for side in (first, second)), aspects).tolist()


@pytest.mark.parametrize("size", [(240, 180), (150, 300)])
def test_copies_of_each_kind_agree_in_both_directions(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    originals = [painting(seed, size) for seed in range(3)]
    pairs = [(image, change(image, rng)) for image in originals for change in KINDS.values()]
    assert min(_agreement(*pairs)) > 0.85
    assert min(_agreement(*((b, a) for a, b in pairs))) > 0.85


def test_different_pictures_do_not_agree() -> None:
    pairs = [(painting(a), painting(b)) for a in range(4) for b in range(4, 8)]
    assert max(_agreement(*pairs)) < 0.5


def test_the_same_composition_in_other_strokes_does_not_agree() -> None:
    coarse = np.asarray(painting(0).resize((8, 6)).resize((240, 180), Image.Resampling.BICUBIC)).astype(float)
    versions = [
        Image.fromarray((coarse + np.asarray(painting(seed)) * 0.5 - 64).clip(0, 255).astype(np.uint8))
        for seed in (11, 12)
    ]
    assert (
        np.corrcoef(*(gaussian_filter(np.asarray(each.convert("L"), float), 20).ravel() for each in versions))[0, 1]
        > 0.5
    )
    assert _agreement((versions[0], versions[1]))[0] < 0.5


def _detail(gray: np.ndarray) -> np.ndarray:
    """The same filter by scipy: a blur at an edge is the mean of the pixels that there are."""

    def blurred(image: np.ndarray, width: float) -> np.ndarray:
        total, weight = (
            gaussian_filter(each, width, mode="constant", truncate=30) for each in (image, np.ones_like(image))
        )
        return total / weight

    detail = gray - blurred(gray, 4)
    return detail / np.sqrt(blurred(detail**2, 8) + 0.015**2)


def test_the_score_is_the_correlation_of_the_details() -> None:
    """Of two pictures of equal size, without a shift: the noise hides a part of the details."""
    image = np.asarray(painting(3).convert("L").resize((128, 128)), float)
    noisy = (image + np.random.default_rng(0).normal(0, 12, image.shape)).clip(0, 255)
    pair = [Image.fromarray(each.round().astype(np.uint8)) for each in (image, noisy)]
    detail = [_detail(np.asarray(each, float) / 255) for each in pair]
    inner = slice(3, -3)
    expected = np.corrcoef(*(each[inner, inner].ravel() for each in detail))[0, 1]
    squares = [square(encoded(each, "PNG")) for each in pair]
    found = agreement(*(each[0][None] for each in squares), np.ones(1))[0]
    assert 0.5 < expected < 0.98
    assert found == pytest.approx(expected, abs=0.02)


def test_an_image_agrees_with_itself_and_a_blank_one_with_nothing() -> None:
    blank = Image.new("RGB", (240, 180), (200, 190, 170))
    same, with_blank, blanks = _agreement((painting(1), painting(1)), (painting(1), blank), (blank, blank))
    assert same == pytest.approx(1, abs=1e-3)
    assert max(with_blank, blanks) < 0.1


def test_a_pair_does_not_depend_on_the_other_pairs_of_the_batch() -> None:
    pairs = [
        (painting(0), painting(0).crop((10, 10, 230, 170))),
        (painting(1), painting(2)),
        (painting(3), painting(3)),
    ]
    assert _agreement(*pairs) == pytest.approx([_agreement(pair)[0] for pair in pairs], abs=1e-4)
