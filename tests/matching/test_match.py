import numpy as np
import pytest

from artsim.matching.match import consistent, match
from artsim.vision.patches import Patches


def _patches(descriptors: np.ndarray, centers: np.ndarray, side: float = 0.05) -> Patches:
    unit = descriptors / np.linalg.norm(descriptors, axis=1, keepdims=True)
    return Patches(unit.astype(np.float32), centers.astype(np.float32), side)


def _moved(points: np.ndarray, scale: float, degrees: float, shift: tuple[float, float]) -> np.ndarray:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return scale * points @ turn.T + shift


@pytest.mark.parametrize(("scale", "degrees"), [(1.0, 0), (0.5, 0), (1.8, 20), (0.7, 170)])
def test_a_part_is_found_among_other_patches(scale: float, degrees: float) -> None:
    """Twenty patches of a appear in b, scaled, turned, shifted and a little noisy; the others of both are unrelated."""
    rng = np.random.default_rng(1)
    a = _patches(rng.normal(size=(80, 32)), rng.random((80, 2)))
    centers, descriptors = rng.random((90, 2)), rng.normal(size=(90, 32))
    centers[30:50] = _moved(a.centers[:20], scale, degrees, (0.1, 0.2)) + rng.normal(0, 0.01, (20, 2))
    descriptors[30:50] = a.descriptors[:20] + rng.normal(0, 0.03, (20, 32))
    found = match(a, _patches(descriptors, centers))
    expected = {tuple(point) for point in a.centers[:20].astype(float).tolist()}
    assert len(expected & {tuple(point) for point in found.points_a.tolist()}) == 20
    assert len(found.points_a) <= 23
    assert found.score == pytest.approx(found.similarity.sum())
    assert (np.diff(found.similarity) <= 0).all()


def test_matches_are_each_other_s_nearest() -> None:
    """Recomputed one by one; with a huge tolerance the arrangement accepts every pair."""
    rng = np.random.default_rng(2)
    a, b = (_patches(rng.normal(size=(n, 6)), rng.random((n, 2)), 9.0) for n in (40, 30))
    naive = {}
    for i, descriptor in enumerate(a.descriptors):
        j = max(range(30), key=lambda j: float(descriptor @ b.descriptors[j]))
        if max(range(40), key=lambda k: float(a.descriptors[k] @ b.descriptors[j])) == i:
            naive[tuple(a.centers[i].tolist())] = (tuple(b.centers[j].tolist()), float(descriptor @ b.descriptors[j]))
    found = match(a, b)
    pairs = zip(found.points_a.tolist(), found.points_b.tolist(), found.similarity, strict=True)
    for point_a, point_b, similarity in pairs:
        partner, cosine = naive.pop(tuple(point_a))
        assert tuple(point_b) == partner
        assert similarity == pytest.approx(cosine, abs=1e-6)
    assert naive == {}


def test_scattered_matches_are_no_arrangement() -> None:
    rng = np.random.default_rng(3)
    kept = consistent(rng.random((200, 2)), rng.random((200, 2)), 0.01, rng)
    assert len(kept) < 10


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_matches_are_none(count: int) -> None:
    points = np.random.default_rng(4).random((count, 2))
    assert len(consistent(points, points, 0.1, np.random.default_rng(0))) == 0
    descriptors = np.eye(max(count, 1), 5, dtype=np.float32)[:count]
    found = match(_patches(descriptors, points), _patches(descriptors, points)) if count else None
    if found:
        assert (found.score, found.box_a, found.box_b) == (0.0, None, None)


def test_points_in_one_place_are_no_arrangement() -> None:
    """All matches of a lead to one point of b, for example of a blank wall."""
    rng = np.random.default_rng(5)
    assert len(consistent(rng.random((50, 2)), np.full((50, 2), 0.5), 0.01, rng)) == 0


def test_boxes_hold_all_matches() -> None:
    rng = np.random.default_rng(6)
    centers = np.array([[0.2, 0.3], [0.6, 0.3], [0.2, 0.5], [0.6, 0.5], [0.4, 0.4]])
    descriptors = rng.normal(size=(5, 16))
    found = match(_patches(descriptors, centers), _patches(descriptors, centers + 0.1, 0.1))
    assert found.box_a == pytest.approx((0.175, 0.275, 0.625, 0.525), abs=1e-6)
    assert found.box_b == pytest.approx((0.25, 0.35, 0.75, 0.65), abs=1e-6)
