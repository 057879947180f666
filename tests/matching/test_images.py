"""Local matches of real pixels, by efficientnet_lite0 at a small size."""

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from artsim.errors import UserError
from artsim.matching.archive_matches import ArchiveMatcher, local_matches
from artsim.vision.check import BadImage
from artsim.vision.patches import PatchDescriber
from tests.made import jpeg, make_archive, named

_BACKBONE = "efficientnet_lite0@2+224"


def _picture(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    blocks = Image.fromarray(rng.integers(0, 255, (24, 32, 3), np.uint8)).resize((640, 480), Image.Resampling.BICUBIC)
    return blocks.filter(ImageFilter.GaussianBlur(3))


def _bytes(image: Image.Image) -> bytes:
    sink = io.BytesIO()
    image.save(sink, "JPEG", quality=90)
    return sink.getvalue()


def test_a_crop_matches_its_place_and_another_picture_does_not() -> None:
    whole = _picture(1)
    crop = whole.crop((240, 120, 640, 420))
    found = local_matches(_bytes(crop), _bytes(whole), _BACKBONE)
    other = local_matches(_bytes(crop), _bytes(_picture(2)), _BACKBONE)
    assert found.score > 3 * other.score
    expected = found.points_a * 400 + (240, 120)  # pixels of the whole; the crop's longer side is 400
    assert np.median(np.linalg.norm(found.points_b * 640 - expected, axis=1)) < 40


@pytest.mark.parametrize("size", [(1, 900), (900, 1), (5, 5)])
def test_images_of_any_shape_have_patches(size: tuple[int, int]) -> None:
    patches = PatchDescriber(_BACKBONE)(Image.new("RGB", size, (200, 30, 30)))
    assert len(patches.descriptors) == len(patches.centers) > 0
    assert np.linalg.norm(patches.descriptors, axis=1) == pytest.approx(1, abs=1e-4)
    assert (patches.centers < 1).all()
    local_matches(jpeg(size=size), jpeg(), _BACKBONE)


def test_an_artwork_without_an_image(tmp_path) -> None:
    ids = named(3)
    archive = make_archive(tmp_path, ids, pictures={ids[1]: None, ids[2]: _bytes(_picture(3))})
    matcher = ArchiveMatcher(archive, _BACKBONE)
    query = matcher.of_artwork(ids[2])
    found = matcher.matches(query, [ids[1], ids[2], "made:unknown"])
    assert [match is None for match in found] == [True, False, True]
    with pytest.raises(UserError, match=f"{ids[1]}: no readable image"):
        matcher.of_artwork(ids[1])
    with pytest.raises(BadImage):
        matcher.patches(b"no image")
    with pytest.raises(UserError, match=r"`local_backbone` efficientnet_lite0@77: .* has levels 0 to 4"):
        ArchiveMatcher(archive, "efficientnet_lite0@77")


def test_patches_that_are_not_kept_are_computed_again(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("artsim.matching.archive_matches._CACHED_IMAGES", 2)
    ids = named(5)
    archive = make_archive(
        tmp_path, ids, pictures={image_id: _bytes(_picture(index)) for index, image_id in enumerate(ids)}
    )
    matcher = ArchiveMatcher(archive, _BACKBONE)
    query = matcher.of_artwork(ids[4])
    scores = [match.score for match in matcher.matches(query, ids) if match]
    assert len(scores) == 5
    assert np.argmax(scores) == 4
    assert len(matcher._patches) == 2
