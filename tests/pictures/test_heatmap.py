import math

import numpy as np
import pytest

from artsim.pictures.heatmap import Axis, _smoothed, heat_map


def test_between_trials_the_score_is_their_weighted_mean() -> None:
    rng = np.random.default_rng(0)
    across, up, scores = rng.random(6), rng.random(6), rng.random(6) + 2
    grid, nearness = _smoothed(across, up, scores)
    assert grid.min() >= scores.min()
    assert grid.max() <= scores.max()
    for row, column in ((0, 0), (80, 30), (159, 159), (12, 100)):
        x, y = (column + 0.5) / 160, (row + 0.5) / 160
        weights = [math.exp(-((x - a) ** 2 + (y - b) ** 2) / (2 * 0.6**2 / 6)) for a, b in zip(across, up, strict=True)]
        expected = sum(w * s for w, s in zip(weights, scores, strict=True)) / sum(weights)
        assert grid[row, column] == pytest.approx(expected)
        nearest = min(math.dist((x, y), place) for place in zip(across, up, strict=True))
        assert nearness[row, column] == pytest.approx(math.exp(-(nearest**2) / (2 * (1.5 * 0.6) ** 2 / 6)))


def test_axes_are_linear_logarithmic_or_of_choices() -> None:
    assert Axis("m", [0.5, 1.0]).places().tolist() == [0.5, 1.0]
    assert Axis("lr", [0.001, 0.1], log=True).places() == pytest.approx([-3, -1])
    assert Axis("swap", [False, True, True], choices=(True, False)).places().tolist() == [1, 0, 0]


@pytest.mark.parametrize("count", [1, 2, 40])
def test_the_picture_shows_good_and_bad_in_their_places(count: int) -> None:
    """Scores are better on the left, so the background colors differ; a few trials also make a picture."""
    rng = np.random.default_rng(1)
    x, y = rng.random(count), rng.random(count)
    whole = np.arange(count) % 2 == 0
    picture = heat_map(Axis("m", x), Axis("$m2$", y), 2 + x, whole, (1.9, 2.1), "A sweep: $5", "40 trials")
    assert picture.mode == "RGB"
    assert picture.width > 900
    if count == 40:
        pixels = np.asarray(picture, float)
        left = pixels[300:700, 180:260].reshape(-1, 3).mean(0)
        right = pixels[300:700, 780:840].reshape(-1, 3).mean(0)
        assert np.abs(left - right).max() > 60


def test_choices_and_one_collapsed_trial() -> None:
    hidden = Axis("hidden", [8, 64, 8, 64], choices=(8, 64))
    rate = Axis("learning rate", [1e-5, 1e-4, 1e-3, 1e-2], log=True)
    scores, interval = np.array([2.5, 2.6, 2.4, 8.0]), (2.3, 2.5)
    picture = heat_map(hidden, rate, scores, np.array([True] * 4), interval, "A sweep", "4 trials")
    assert picture.height > 700


def test_what_lies_within_the_noise_has_almost_one_color() -> None:
    x, y = (places.ravel() for places in np.meshgrid(np.linspace(0, 1, 7), np.linspace(0, 1, 7)))
    axes, whole = (Axis("m", x), Axis("m2", y)), np.ones(49, bool)

    def contrast(interval: tuple[float, float]) -> float:
        picture = heat_map(*axes, 2 + 0.01 * x, whole, interval, "A sweep", "49 trials")
        pixels = np.asarray(picture, float)
        left, right = pixels[300:700, 180:260], pixels[300:700, 780:840]
        return float(np.abs(left.reshape(-1, 3).mean(0) - right.reshape(-1, 3).mean(0)).max())

    assert contrast((1.9, 2.1)) < 30 < 60 < contrast((1.999, 2.001))
