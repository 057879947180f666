"""Simple statistics tell painters and motifs apart; otherwise nothing could be learned from the museum."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from artsim.sample.museum import draw
from artsim.sample.painters import PAINTERS
from artsim.sample.works import Work, plan

pytestmark = pytest.mark.slow

_EACH = 8  # artworks of each painter, one per motif


@pytest.fixture(scope="module")
def pictures() -> list[tuple[Work, Image.Image]]:
    originals = [work for work in plan() if work.kind == "original"]
    selected = [work for painter in PAINTERS for work in [w for w in originals if w.artist == painter.name][:_EACH]]
    small = (replace(work, size=(round(work.size[0] * 0.4), round(work.size[1] * 0.4))) for work in selected)
    return [(work, draw(work)) for work in small]


def _touch(picture: Image.Image) -> np.ndarray:
    """Returns statistics of the brushwork: color spread, horizontal and vertical contrast at four scales."""
    rgb = np.asarray(picture, float) / 255
    features = [*rgb.std((0, 1)), rgb.mean(), np.ptp(rgb, axis=2).mean()]
    gray = rgb.mean(2)
    for step in (1, 2, 4, 8):
        features += [
            np.log(np.abs(gray[:, step:] - gray[:, :-step]).mean()),
            np.log(np.abs(gray[step:] - gray[:-step]).mean()),
        ]
    return np.array(features)


def _layout(picture: Image.Image) -> np.ndarray:
    """Returns where a picture is light and dark: 12 x 12 gray values, standardized."""
    small = np.asarray(picture.convert("L").resize((12, 12), Image.Resampling.BOX), float).ravel()
    return (small - small.mean()) / small.std()


def _left_one_out(vectors: np.ndarray, labels: list[str]) -> float:
    """Returns the share of artworks whose nearest class mean has their label; each is left out of its own mean."""
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
