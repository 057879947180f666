"""Places of a map that are moved apart."""

import numpy as np
import pytest

from artsim.web import overlap
from artsim.web.overlap import without_overlap


def _crowds(count: int) -> np.ndarray:
    rng = np.random.default_rng(2)
    centers = rng.random((6, 2))
    return (centers[np.arange(count) % 6] + rng.normal(0, 0.004, (count, 2))).astype(np.float32).clip(0, 1)


def _covered(places: np.ndarray, side: float) -> float:
    """The share of artworks whose square of this side meets another one."""
    gaps = np.abs(places[:, None] - places[None]).max(axis=2) + 9 * np.eye(len(places))
    return float((gaps.min(axis=1) < 0.99 * side).mean())


@pytest.mark.parametrize("count", [2, 120, 300])
def test_crowds_are_moved_apart_and_stay_near(count: int) -> None:
    places = _crowds(count)
    moved = without_overlap(places)
    assert count == 2 or _covered(places, 1 / 45) == 1
    assert _covered(moved, (4096 // 120) / 4096) <= (0.2 if count == 300 else 0)  # two of the crowds have no room
    assert np.abs(moved - places).max() < 5 / 45
    np.testing.assert_array_equal(moved, without_overlap(places))


def test_a_map_with_room_does_not_change() -> None:
    places = (
        np.stack(np.meshgrid(np.linspace(0, 1, 12), np.linspace(0, 1, 12)), axis=2).reshape(-1, 2).astype(np.float32)
    )
    assert np.abs(without_overlap(places) - places).max() < 1 / 45


def test_artworks_without_a_place_and_large_maps_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    places = _crowds(40)
    places[[3, 7]] = np.nan
    moved = without_overlap(places)
    assert np.isnan(moved[[3, 7]]).all() and np.isfinite(np.delete(moved, [3, 7], axis=0)).all()
    monkeypatch.setattr(overlap, "_MAX_ARTWORKS", 30)
    np.testing.assert_array_equal(without_overlap(places), places)
