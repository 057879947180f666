from itertools import pairwise

import numpy as np
import pytest

from artsim.pictures.rows import fitting, in_row, justified, shape_for


@pytest.mark.parametrize("count", [1, 2, 7, 60, 320, 2934])
def test_a_shape_has_a_cell_for_each_and_no_empty_row(count: int) -> None:
    columns, rows = shape_for(count, 1.3)
    assert columns * (rows - 1) < count <= columns * rows
    if count > 50:
        assert 0.7 < columns / rows / 1.3 < 1.4


@pytest.mark.parametrize("seed", range(5))
def test_rows_end_at_the_width(seed: int) -> None:
    rng = np.random.default_rng(seed)
    aspects = rng.uniform(0.4, 2.2, rng.integers(1, 200)).tolist()
    boxes = justified(aspects, 1000, 100, 6)
    assert len(boxes) == len(aspects)
    tops = sorted({top for _, top, _, _ in boxes})
    for place, top in enumerate(tops):
        row = [box for box in boxes if box[1] == top]
        assert row[0][0] == 0
        for (left, _, width, _), (following, *_) in pairwise(row):
            assert following - left - width == 6
        end = row[-1][0] + row[-1][2]
        assert end <= 1001
        if place < len(tops) - 1:
            assert abs(end - 1000) <= 1
            assert tops[place + 1] == top + row[0][3] + 6
        for (_, _, width, height), aspect in zip(boxes, aspects, strict=True):
            assert width == pytest.approx(aspect * height, abs=1.6 + aspect)


def test_a_very_wide_picture_is_limited() -> None:
    ((_, _, width, height),) = in_row([50.0], 1000, 100, 6)
    assert (width, height) == (400, 100)


def test_as_many_as_fill_a_row() -> None:
    aspects = [1.0] * 30
    count = fitting(aspects, 1000, 100, 0)
    assert count == 10
