"""Hands and motifs must be tellable apart, or nothing could be learned from the museum: simple statistics suffice."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from artsim.sample.museum import draw
from artsim.sample.painters import PAINTERS
from artsim.sample.works import Work, plan

pytestmark = pytest.mark.slow

_EACH = 8  # works of each painter, one a motif


@pytest.fixture(scope="module")
def pictures() -> list[tuple[Work, Image.Image]]:
    works = [work for work in plan() if work.kind == "original"]
    few = [work for painter in PAINTERS for work in [w for w in works if w.artist == painter.name][:_EACH]]
    small = (replace(work, size=(round(work.size[0] * 0.4), round(work.size[1] * 0.4))) for work in few)
    return [(work, draw(work)) for work in small]


def _touch(picture: Image.Image) -> np.ndarray:
    """How a surface is worked, whatever it shows: colour spread, and contrast at four scales, level and upright."""
    rgb = np.asarray(picture, float) / 255
    found = [*rgb.std((0, 1)), rgb.mean(), np.ptp(rgb, axis=2).mean()]
    grey = rgb.mean(2)
    for step in (1, 2, 4, 8):
        found += [
            np.log(np.abs(grey[:, step:] - grey[:, :-step]).mean()),
            np.log(np.abs(grey[step:] - grey[:-step]).mean()),
        ]
    return np.array(found)


def _layout(picture: Image.Image) -> np.ndarray:
    """Where light and dark lie, whatever the touch."""
    small = np.asarray(picture.convert("L").resize((12, 12), Image.Resampling.BOX), float).ravel()
    return (small - small.mean()) / small.std()


def _left_one_out(vectors: np.ndarray, labels: list[str]) -> float:
    """The share of works whose label is that of the nearest class mean, each work kept out of its own class's mean."""
    names = np.array(labels)
    right = 0
    for k, vector in enumerate(vectors):
        others = np.arange(len(vectors)) != k
        means = {name: vectors[others & (names == name)].mean(0) for name in set(labels)}
        right += min(means, key=lambda name: float(np.linalg.norm(means[name] - vector))) == labels[k]
    return right / len(vectors)


def test_hands_are_tellable_by_touch_whatever_they_show(pictures: list[tuple[Work, Image.Image]]):
    vectors = np.stack([_touch(picture) for _, picture in pictures])
    vectors = (vectors - vectors.mean(0)) / vectors.std(0)
    assert _left_one_out(vectors, [work.artist for work, _ in pictures]) > 0.6  # chance: 1 in 12


def test_motifs_are_tellable_by_layout_whoever_paints_them(pictures: list[tuple[Work, Image.Image]]):
    vectors = np.stack([_layout(picture) for _, picture in pictures])
    assert _left_one_out(vectors, [work.type for work, _ in pictures]) > 0.4  # chance: 1 in 8


def test_a_picture_uses_its_range_of_tones_and_is_no_flat_sheet(pictures: list[tuple[Work, Image.Image]]):
    for work, picture in pictures:
        low, high = np.percentile(np.asarray(picture.convert("L")), (2, 98))
        assert high - low > 50, work.id
