import numpy as np
import pytest

from artsim.pictures.spread import central_first, fit, side_for, spread


@pytest.mark.parametrize("seed", range(4))
def test_pictures_do_not_overlap_and_stay_near_their_points(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal([300, 200], 60, (120, 2)).clip([10, 10], [590, 390])
    sizes = rng.integers(12, 31, (120, 2))
    corners = spread(points, sizes, (600, 400), central_first(points))
    shown = [index for index in range(120) if corners[index, 0] >= 0]
    assert len(shown) > 60
    for index in shown:
        left, top = corners[index]
        assert 0 <= left <= 600 - sizes[index, 0]
        assert 0 <= top <= 400 - sizes[index, 1]
        center = corners[index] + sizes[index] / 2
        assert np.linalg.norm(center - points[index]) <= 4 * sizes.max() + 2 * sizes.max() / 6 + 30  # 30: the border
    for one in shown:
        for other in shown:
            if one < other:
                apart = (corners[one] >= corners[other] + sizes[other]) | (corners[other] >= corners[one] + sizes[one])
                assert apart.any(), (one, other)


def test_a_picture_without_a_place_is_left_out() -> None:
    points, sizes = np.full((200, 2), 50.0), np.full((200, 2), 10)
    corners = spread(points, sizes, (100, 100), np.arange(200))
    shown = corners[:, 0] >= 0
    assert 10 < shown.sum() < 100
    assert shown[0]
    assert abs(corners[0] - 45).max() <= 1  # the first is at its point


def test_points_alone_are_not_moved() -> None:
    points = np.array([[20.0, 20.0], [80.0, 20.0], [50.0, 80.0]])
    corners = spread(points, np.full((3, 2), 12), (100, 100), np.arange(3))
    assert np.abs(corners + 6 - points).max() <= 2


def test_dense_places_come_first() -> None:
    points = np.concatenate([np.random.default_rng(0).normal(0, 1, (50, 2)), [[90.0, 90.0]]])
    order = central_first(points)
    assert order[-1] == 50
    assert sorted(order) == list(range(51))
    assert central_first(np.zeros((1, 2))).tolist() == [0]


def test_fit_keeps_the_shape_and_turns_y_over() -> None:
    points = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0]])
    placed = fit(points, (400, 300), 50)
    width, height = np.ptp(placed, axis=0)
    assert width / height == pytest.approx(2, rel=0.02)
    assert placed[2, 1] < placed[1, 1]
    assert placed.min() >= 50
    assert (placed <= [350, 250]).all()
    assert fit(np.array([[5.0, 5.0]]), (400, 300), 50).tolist() == [[200, 150]]


def test_fewer_points_have_larger_pictures() -> None:
    points = np.random.default_rng(0).uniform(0, 1000, (2000, 2))
    sides = [10, 20, 40, 80]
    assert side_for(points[:20], (1000, 1000), sides) == 80
    assert side_for(points, (1000, 1000), sides) < 40
    assert side_for(np.zeros((500, 2)) + 500, (1000, 1000), sides) == 10
