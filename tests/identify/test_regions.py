import numpy as np
import pytest
from PIL import Image

from artsim.identify.regions import region_agreement
from artsim.matching.match import LocalMatches
from tests.duplicates.made_pictures import painting


def _match(to_reference: np.ndarray, reproduction: Image.Image, reference: Image.Image) -> LocalMatches:
    """Exact matches of a grid of points; ``to_reference`` (3, 2) maps pixels of the reproduction to the reference."""
    x, y = np.meshgrid(np.linspace(0.2, 0.8, 5) * reproduction.width, np.linspace(0.2, 0.8, 5) * reproduction.height)
    points = np.column_stack([x.ravel(), y.ravel()])
    there = np.column_stack([points, np.ones(len(points))]) @ to_reference
    return LocalMatches(
        points / max(reproduction.size), there / max(reference.size), np.ones(len(points)), 1 / 14, 1 / 14
    )


_SHIFT = np.array([[1.0, 0], [0, 1], [90, 60]])


def test_a_detail_agrees_with_its_place() -> None:
    reference = painting(1, (320, 240))
    detail = reference.crop((90, 60, 230, 165))  # 19% of the area
    match = _match(_SHIFT, detail, reference)
    assert region_agreement(detail, reference, match) > 0.9
    assert region_agreement(painting(2, detail.size), reference, match) < 0.4
    elsewhere = np.array([[1.0, 0], [0, 1], [10, 120]])
    assert region_agreement(detail, reference, _match(elsewhere, detail, reference)) < 0.4


def test_a_turned_photograph_agrees() -> None:
    reference = painting(1, (320, 240))
    angle = np.deg2rad(20)
    turned = reference.rotate(20, Image.Resampling.BICUBIC, expand=True)
    linear = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    shift = np.array(reference.size) / 2 - np.array(turned.size) / 2 @ linear
    assert region_agreement(turned, reference, _match(np.vstack([linear, shift]), turned, reference)) > 0.9


@pytest.mark.parametrize(
    "to_reference",
    [
        np.array([[-1.0, 0], [0, 1], [200, 60]]),  # mirrored
        np.array([[1.0, 0], [0, 0.4], [90, 60]]),  # stretched
        np.array([[1.0, 1], [1, 1], [0, 0]]),  # on a line
        np.array([[1.0, 0], [0, 1], [310, 230]]),  # almost outside
        np.array([[0.05, 0], [0, 0.05], [90, 60]]),  # tiny
    ],
)
def test_an_implausible_arrangement_is_no_evidence(to_reference: np.ndarray) -> None:
    reference = painting(1, (320, 240))
    detail = reference.crop((90, 60, 230, 165))
    assert region_agreement(detail, reference, _match(to_reference, detail, reference)) == 0


def test_no_match_is_no_evidence() -> None:
    nothing = LocalMatches(np.empty((0, 2)), np.empty((0, 2)), np.empty(0), 0.1, 0.1)
    assert region_agreement(painting(1), painting(1), nothing) == 0
