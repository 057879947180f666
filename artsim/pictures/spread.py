"""Places pictures near their points without overlap: moved apart within a limit, or left out."""

from collections.abc import Sequence

import numpy as np

_STEP = 6  # cells along the side of a picture: how finely places are tried
_INFINITE_DISTANCE = 1 << 40  # a distance
_MAX_FILL = 0.75  # of a canvas, in squares around the pictures
_MAX_DISPLACEMENT = 4.0  # the farthest that a picture is moved, in sides


def spread(points: np.ndarray, sizes: np.ndarray, canvas: tuple[int, int], first: np.ndarray) -> np.ndarray:
    """The left and top of each picture, int64 of shape (n, 2); -1 for one that is left out.

    ``points`` (n, 2) are the wanted centers and ``sizes`` (n, 2) are widths and heights, in pixels of a ``canvas``
    (width, height). Each picture takes the free place nearest to its point, in the order ``first`` (n,), and is left
    out if there is none within 4 sides. A greedy packing on a raster, as word clouds use it.
    """
    side = int(sizes.max())
    cell = max(side // _STEP, 1)
    columns, rows = canvas[0] // cell, canvas[1] // cell
    spans = np.minimum(-(-sizes // cell), [columns, rows]).astype(np.int64)
    reach = round(_MAX_DISPLACEMENT * side / cell)
    taken = np.ones((rows + 2 * reach, columns + 2 * reach), bool)  # a border that no picture can enter
    taken[reach:-reach, reach:-reach] = False
    wanted = np.clip(np.round(points / cell - spans / 2).astype(np.int64), 0, [columns, rows] - spans)
    lengths = (np.arange(-reach, reach + 1) ** 2)[:, None] + np.arange(-reach, reach + 1) ** 2
    lengths[lengths > reach**2] = _INFINITE_DISTANCE
    out = np.full((len(points), 2), -1, np.int64)
    for index in np.asarray(first).tolist():
        (x, y), (wide, high) = wanted[index].tolist(), spans[index].tolist()
        if taken[y + reach : y + reach + high, x + reach : x + reach + wide].any():
            around = taken[y : y + 2 * reach + high, x : x + 2 * reach + wide]
            away = np.where(_is_free(around, wide, high), lengths, _INFINITE_DISTANCE)
            nearest = int(away.argmin())
            if away.flat[nearest] == _INFINITE_DISTANCE:
                continue
            down, right = divmod(nearest, 2 * reach + 1)
            x, y = x + right - reach, y + down - reach
        taken[y + reach : y + reach + high, x + reach : x + reach + wide] = True
        slack = spans[index] * cell - sizes[index]  # a picture is centered in its cells
        out[index] = np.array([x, y]) * cell + slack // 2
    return out


def _is_free(taken: np.ndarray, wide: int, high: int) -> np.ndarray:
    """Whether a rectangle has no taken cell, for each of its places in an array; from sums over rectangles."""
    sums = np.zeros((taken.shape[0] + 1, taken.shape[1] + 1), np.int32)
    np.cumsum(np.cumsum(taken, axis=0, dtype=np.int32), axis=1, out=sums[1:, 1:])
    return sums[high:, wide:] - sums[:-high, wide:] - sums[high:, :-wide] + sums[:-high, :-wide] == 0


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
        reach = 2 * _MAX_DISPLACEMENT * side
        cells, counts = np.unique(np.floor(points / reach).astype(np.int64), axis=0, return_counts=True)
        room = (np.minimum((cells + 1) * reach, canvas) - cells * reach).clip(0).prod(1)
        fits = np.minimum(counts, room / side**2).sum() >= share * len(points)
        if fits and side**2 * len(points) < _MAX_FILL * canvas[0] * canvas[1]:
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
