"""The places of pictures: maps, trees, comparisons."""

import math

import numpy as np
import pytest
from scipy.cluster.hierarchy import cophenet, linkage
from scipy.spatial.distance import squareform

from artsim.gallery.compare import _farthest_movers, aligned
from artsim.gallery.maps import arranged
from artsim.gallery.tree import _Node, _nodes, _ring, _within_circle


@pytest.mark.parametrize("shape", ["uniform", "clusters", "line", "one place"])
def test_a_map_is_shown_whole_without_overlap(shape: str) -> None:
    rng = np.random.default_rng(0)
    points = {
        "uniform": rng.uniform(size=(300, 2)),
        "clusters": rng.normal(size=(300, 2)) + 30 * rng.integers(4, size=(300, 1)),
        "line": np.stack([np.arange(300), np.zeros(300)], 1).astype(float),
        "one place": np.ones((300, 2)),
    }[shape]
    sizes = [(320, 240), (200, 320), (320, 320)] * 100
    boxes, _, side = arranged(points, sizes, (1860, 1400), 2000)
    shown = boxes[boxes[:, 0] >= 0]
    assert len(shown) == 300
    assert side > 2000 / 80
    canvas = np.zeros((1400, 1860), int)
    for left, top, width, height in shown.tolist():
        assert left + width <= 1860
        assert top + height <= 1400
        canvas[top : top + height, left : left + width] += 1
    assert canvas.max() == 1


def test_neighbors_stay_neighbors_on_a_map() -> None:
    rng = np.random.default_rng(1)
    group = rng.integers(5, size=250)
    points = rng.normal(size=(250, 2)) + 20 * np.stack([np.cos(group), np.sin(group)], 1)
    boxes, *_ = arranged(points, [(320, 240)] * 250, (1860, 1400), 2000)
    shown = boxes[:, 0] >= 0
    places = boxes[shown, :2]
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (group[shown][distances.argmin(1)] == group[shown]).mean() > 0.9


def test_the_second_map_is_turned_onto_the_first() -> None:
    first = np.random.default_rng(0).normal(size=(40, 2))
    turn = np.array([[math.cos(2), -math.sin(2)], [math.sin(2), math.cos(2)]])
    target, result = aligned(first, first @ turn * [1, -1] * 7 + 3)
    assert np.allclose(target, result)
    assert np.isfinite(aligned(first, np.zeros((40, 2)))[1]).all()


def test_one_of_each_region_is_traced() -> None:
    points = np.array([[0.0, 0.0], [0.1, 0.0], [10.0, 10.0], [10.0, 9.9], [0.0, 10.0]])
    assert set(_farthest_movers(points, np.array([1.0, 2.0, 5.0, 4.0, 0.0]))) == {1, 2, 4}


@pytest.mark.parametrize("leaves", [2, 5, 41, 120, 400])
def test_artworks_of_a_tree_do_not_overlap(leaves: int) -> None:
    rings = 1 if leaves <= 40 else 2
    radius, spot = _ring(3720, leaves, rings)
    assert radius > 0
    centers = []
    for place in range(leaves):
        angle, distance = 2 * math.pi * place / leaves, radius + (0.5 + 1.04 * (place % rings)) * spot
        assert distance + spot / 2 <= 3720 / 2 + 1
        centers.append((distance * math.cos(angle), distance * math.sin(angle)))
    if leaves % rings == 0:
        pairs = [math.dist(center, other) for n, center in enumerate(centers) for other in centers[:n]]
        assert min(pairs) >= 0.97 * spot
    assert math.hypot(*_within_circle((300, 400), 100)) <= 101


def test_branches_meet_at_the_height_of_their_merge() -> None:
    vectors = np.random.default_rng(0).normal(size=(12, 3))
    merges = linkage(vectors, "ward")
    root, order = _nodes(merges, np.arange(12) % 3 + 1)
    heights = squareform(cophenet(merges))
    highest = merges[-1, 2]

    def leaves(node: _Node) -> list[int]:
        if not node.children:
            place = round((node.angle + math.pi / 2) / (2 * math.pi) * 12 - 0.5)
            return [order[place]]
        return [leaf for child in node.children for leaf in leaves(child)]

    def check(node: _Node) -> None:
        if not node.children:
            assert node.share == 1
            return
        left, right = (leaves(child) for child in node.children)
        for one in left:
            for other in right:
                assert 1 - node.share == pytest.approx((heights[one, other] / highest) ** 0.8)
        for child in node.children:
            check(child)

    check(root)
    assert sorted(leaves(root)) == list(range(12))
