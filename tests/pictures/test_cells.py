from itertools import pairwise, permutations

import numpy as np
import pytest

from artsim.pictures.cells import fitting, in_row, justified, shape_for, to_cells


@pytest.mark.parametrize("count", [1, 2, 7, 60, 320, 2934])
def test_a_shape_has_a_cell_for_each_and_no_empty_row(count: int) -> None:
    columns, rows = shape_for(count, 1.3)
    assert columns * (rows - 1) < count <= columns * rows
    if count > 50:
        assert 0.7 < columns / rows / 1.3 < 1.4


@pytest.mark.parametrize("seed", range(3))
def test_the_cells_are_the_best_of_all(seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(6, 2))
    cells = to_cells(points, 3, 2)
    grid = np.array([[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]])
    scaled = (points - points.min(0)) / np.ptp(points, axis=0) * [2, 1]

    def cost(places: np.ndarray) -> float:
        return float(((scaled - places) ** 2).sum())

    assert cost(cells) == pytest.approx(min(cost(grid[list(order)]) for order in permutations(range(6))))


def test_many_points_each_have_a_cell_near_them() -> None:
    points = np.random.default_rng(0).uniform(size=(3000, 2))
    cells = to_cells(points, 60, 50)
    assert len(np.unique(cells, axis=0)) == 3000
    assert np.abs(cells / [59, 49] - points).mean() < 0.03
    again = to_cells(cells.astype(float), 60, 50)
    assert (np.abs(again - cells) <= 1).all()


def test_equal_points_have_cells_too() -> None:
    assert len(np.unique(to_cells(np.zeros((10, 2)), 4, 3), axis=0)) == 10


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
