import numpy as np
import pytest
from PIL import Image

from artsim.pictures.curves import training_curves
from artsim.pictures.lettering import ACCENT


def _history(values: list[float]) -> list[dict[str, float]]:
    return [
        {"epoch": epoch, "loss": 2.0 / epoch, "meanrank": value, "low": value - 0.2, "high": value + 0.2}
        for epoch, value in enumerate(values, 1)
    ]


def _accent(picture: Image.Image) -> np.ndarray:
    """Returns the columns that are mostly in the accent color: the line that marks the best epoch."""
    is_accent = np.abs(np.asarray(picture, int) - ACCENT).max(-1) < 40
    return np.flatnonzero(is_accent.mean(0) > 0.25)


@pytest.mark.parametrize("best", [0, 3, 9])
def test_the_best_epoch_is_marked_where_it_is(best: int) -> None:
    values = [3.0] * 10
    values[best] = 2.5
    picture = training_curves(_history(values), best, "eye: 100 annotations")
    assert picture.mode == "RGB"
    marked = _accent(picture)
    assert len(marked)
    others = [_accent(training_curves(_history(values), other, "eye: 100 annotations")) for other in (0, 9)]
    first, last = others[0].mean(), others[1].mean()
    assert marked.mean() == pytest.approx(first + (last - first) * best / 9, abs=3)


@pytest.mark.parametrize("values", [[3.0], [float("nan")] * 4, [4.5, 4.4]])
def test_short_and_unvalidated_trainings_have_a_picture(values: list[float]) -> None:
    picture = training_curves(_history(values), len(values) - 1, "$eye$ _1_^2 {x}")
    assert min(picture.size) > 600
