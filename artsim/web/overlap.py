"""Moves the places of a map apart, so that thumbnails don't cover each other when the whole map is seen."""

import numpy as np

from artsim.pictures.spread import central_first, side_for, spread

_MAX_ARTWORKS = (
    5_000  # artworks; the places of larger maps stay as they are, because their thumbnails are small at first
)
_CANVAS = 4_096
_ALONG = (45, 60, 75, 90, 120)  # thumbnails along the longer side of the map
_MAX_COVERED_SHARE = 0.1  # share of covered thumbnails that is no crowd


def without_overlap(places: np.ndarray) -> np.ndarray:
    """Returns places, float32 (n, 2) from 0 to 1, at least a thumbnail apart where there is room; NaN stays.

    Each artwork is moved by at most four thumbnails; where a crowd has no room, some stay where they are.
    """
    known = np.flatnonzero(np.isfinite(places).all(axis=1))
    if not 1 < len(known) <= _MAX_ARTWORKS:
        return places
    if _crowded(places[known]) < _MAX_COVERED_SHARE:
        return places
    points = places[known].astype(np.float64) * _CANVAS
    sides = [_CANVAS // along for along in _ALONG]
    border = 4 * max(sides)
    canvas = (int(points[:, 0].max()) + 2 * border, int(points[:, 1].max()) + 2 * border)
    points += border
    side = side_for(points, canvas, sides)
    corners = spread(points, np.full((len(points), 2), side), canvas, central_first(points))
    placed = (corners >= 0).all(axis=1)
    points[placed] = corners[placed] + side / 2
    moved = places.copy()
    moved[known] = (points - border) / _CANVAS
    return moved


def _crowded(places: np.ndarray) -> float:
    """Returns the share of places (n, 2) whose thumbnail, of the largest size, covers the nearest one."""
    from scipy.spatial import cKDTree

    distances = cKDTree(places).query(places, 2, p=np.inf)[0]
    return float((distances[:, 1] < 1 / _ALONG[0]).mean())
