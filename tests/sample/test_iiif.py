import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artsim.sample import iiif
from artsim.sample.works import plan


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("iiif") / "ramp.jpg"
    ramp = np.tile(np.linspace(0, 255, 300), (200, 1)).astype(np.uint8)
    Image.fromarray(ramp).convert("RGB").save(path, quality=95)
    return path


@pytest.mark.parametrize(
    ("region", "size", "expected"),
    [
        ("full", "150,", (150, 100)),
        ("full", ",50", (75, 50)),
        ("full", "90,90", (90, 90)),
        ("full", "!120,120", (120, 80)),
        ("full", "!900,900", (300, 200)),
        ("full", "pct:50", (150, 100)),
        ("square", "max", (200, 200)),
        ("100,20,60,40", "max", (60, 40)),
        ("280,180,100,100", "max", (20, 20)),
        ("100,20,60,40", "30,", (30, 20)),
    ],
)
def test_sizes_and_regions(picture: Path, region: str, size: str, expected: tuple[int, int]):
    assert Image.open(io.BytesIO(iiif.image(picture, region, size))).size == expected


def test_a_region_shows_what_lies_there(picture: Path):
    right = np.asarray(Image.open(io.BytesIO(iiif.image(picture, "250,0,50,200", "max"))).convert("L"), float)
    assert abs(right.mean() - 255 * 275 / 300) < 3


def test_the_whole_picture_is_the_file_itself(picture: Path):
    assert iiif.image(picture, "full", "max") == picture.read_bytes()


@pytest.mark.parametrize(
    ("region", "size"),
    [("full", "301,"), ("full", ","), ("full", "!100,"), ("full", "0,10"), ("full", "big"), ("400,0,5,5", "max"),
     ("0,0,0,5", "max"), ("pct:0,0,1,1", "max")],
)  # fmt: skip
def test_what_the_service_cannot_do_it_refuses(picture: Path, region: str, size: str):
    with pytest.raises(ValueError, match=r"^(size|region) "):
        iiif.image(picture, region, size)


def test_a_picture_without_a_service_stands_in_its_manifest_by_its_own_address():
    private = next(work for work in plan() if work.private)
    for manifest in (
        iiif.manifest(private, (10, 10), "http://museum"),
        iiif.manifest_2(private, (10, 10), "http://museum"),
    ):
        text = str(manifest)
        assert f"http://museum/{private.file}" in text and "service" not in text and "/full/" not in text


def test_some_titles_are_in_three_languages_and_some_in_one():
    spoken = {tuple(iiif.label(work)) for work in plan()}
    assert spoken == {("en",), ("en", "fr", "de")}


def test_rights():
    assert iiif.rights_uri("CC0") == "http://creativecommons.org/publicdomain/zero/1.0/"
    assert "publicdomain/mark" in iiif.rights_uri("Public Domain")
    assert iiif.rights_uri("© somebody") == "http://rightsstatements.org/vocab/InC/1.0/"
