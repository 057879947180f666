"""Places pictures near their points without overlap: moved apart within a limit, or left out."""

from collections.abc import Sequence

import numpy as np

_STEP = 6  # cells along the side of a picture: how finely places are tried
_FULLEST = 0.75  # of a canvas, in squares around the pictures
_FAR = 2.5  # the farthest that a picture is moved, in sides


def spread(points: np.ndarray, sizes: np.ndarray, canvas: tuple[int, int], first: np.ndarray) -> np.ndarray:
    """The left and top of each picture, int64 of shape (n, 2); -1 for one that is left out.

    ``points`` (n, 2) are the wanted centres and ``sizes`` (n, 2) are widths and heights, in pixels of a ``canvas``
    (width, height). Each picture takes the free place nearest to its point, in the order ``first`` (n,), and is left
    out if there is none within 2.5 sides. A greedy packing on a raster, as word clouds use it.
    """
    side = int(sizes.max())
    cell = max(side // _STEP, 1)
    columns, rows = canvas[0] // cell, canvas[1] // cell
    taken = np.zeros((rows, columns), bool)
    spans = np.minimum(-(-sizes // cell), [columns, rows]).astype(np.int64)
    offsets = _offsets(round(_FAR * side / cell))
    out = np.full((len(points), 2), -1, np.int64)
    for index in np.asarray(first).tolist():
        wide, high = spans[index].tolist()
        wanted = np.round(points[index] / cell - spans[index] / 2).astype(np.int64)
        places = np.clip(wanted, 0, [columns - wide, rows - high]) + offsets
        inside = (places >= 0).all(1) & (places[:, 0] <= columns - wide) & (places[:, 1] <= rows - high)
        for x, y in places[inside].tolist():
            if not taken[y : y + high, x : x + wide].any():
                taken[y : y + high, x : x + wide] = True
                slack = spans[index] * cell - sizes[index]  # a picture is centred in its cells
                out[index] = np.array([x, y]) * cell + slack // 2
                break
    return out


def central_first(points: np.ndarray, neighbors: int = 12) -> np.ndarray:
    """The indices of points (n, 2), those in dense places first; int64 of shape (n,)."""
    from scipy.spatial import cKDTree

    k = min(neighbors + 1, len(points))
    distances = cKDTree(points).query(points, k)[0].reshape(len(points), -1)
    return np.argsort(distances[:, -1], kind="stable")


def side_for(points: np.ndarray, canvas: tuple[int, int], sides: Sequence[int], share: float = 0.9) -> int:
    """The largest of ``sides`` with which about this ``share`` of the pictures at ``points`` (n, 2) finds a place.

    The smallest if there is none. An estimate from the counts in squares as wide as pictures are moved.
    """
    for side in sorted(sides, reverse=True):
        reach = 2 * _FAR * side
        cells, counts = np.unique(np.floor(points / reach).astype(np.int64), axis=0, return_counts=True)
        room = (np.minimum((cells + 1) * reach, canvas) - cells * reach).clip(0).prod(1)
        fits = np.minimum(counts, room / side**2).sum() >= share * len(points)
        if fits and side**2 * len(points) < _FULLEST * canvas[0] * canvas[1]:
            return side
    return min(sides)


def fit(points: np.ndarray, canvas: tuple[int, int], border: float) -> np.ndarray:
    """Scales points (n, 2) into a canvas (width, height), both axes alike; y grows downwards, outliers go to the edge.

    ``border`` pixels stay free on each side. The outermost hundredth of the points does not count for the scale.
    """
    low, high = np.quantile(points, [0.005, 0.995], axis=0)
    span = np.maximum(high - low, 1e-12)
    room = np.array(canvas) - 2 * border
    scale = float((room / span).min()) if len(points) > 1 else 1.0
    middle = (low + high) / 2
    placed = (points - middle) * [scale, -scale] + np.array(canvas) / 2
    return np.clip(placed, border, np.array(canvas) - border)


def _offsets(reach: int) -> np.ndarray:
    """Whole steps (m, 2) within a circle, nearest first."""
    steps = np.arange(-reach, reach + 1)
    grid = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
    lengths = (grid**2).sum(1)
    grid, lengths = grid[lengths <= reach**2], lengths[lengths <= reach**2]
    return grid[np.argsort(lengths, kind="stable")]
