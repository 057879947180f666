"""Arranges pictures in rows and columns: cells that keep neighbours of a map together, or rows of equal width."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

Box = tuple[int, int, int, int]

_AT_ONCE = 1200  # points that are assigned exactly


def shape_for(count: int, aspect: float) -> tuple[int, int]:
    """Columns and rows for ``count`` cells, about ``aspect`` times as many columns as rows, with few empty cells."""
    wanted = max(round((count * aspect) ** 0.5), 1)
    tried = range(max(round(wanted * 0.85), 1), round(wanted * 1.15) + 1)
    shapes = [(columns, -(-count // columns)) for columns in tried]

    def cost(shape: tuple[int, int]) -> float:
        return (shape[0] * shape[1] - count) / count + 0.2 * abs(float(np.log(shape[0] / shape[1] / aspect)))

    return min(shapes, key=cost)


def to_cells(points: np.ndarray, columns: int, rows: int) -> np.ndarray:
    """A cell of its own (column, row) for each point, int64 of shape (n, 2); the last cells of the last row stay empty.

    ``points`` (n, 2) have y growing downwards. The sum of squared distances to the cells is least for up to 1,200
    points; more are first halved along the longer side, again and again.
    """
    cells = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).reshape(-1, 2)[: len(points)]
    out = np.empty((len(points), 2), np.int64)
    low, span = points.min(0), np.maximum(np.ptp(points, axis=0), 1e-12)
    _assign((points - low) / span * [columns - 1, rows - 1], cells, np.arange(len(points)), out)
    return out


def _assign(points: np.ndarray, cells: np.ndarray, indices: np.ndarray, out: np.ndarray) -> None:
    if len(indices) > _AT_ONCE:
        axis = int(np.argmax(np.ptp(cells, axis=0)))
        line = np.unique(cells[:, axis])
        before = cells[:, axis] < line[len(line) // 2]
        order = indices[np.argsort(points[indices, axis], kind="stable")]
        _assign(points, cells[before], order[: before.sum()], out)
        _assign(points, cells[~before], order[before.sum() :], out)
        return
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    block = points[indices]
    low, span = block.min(0), np.maximum(np.ptp(block, axis=0), 1e-12)
    spread = cells.min(0) + (block - low) / span * np.ptp(cells, axis=0)  # a dense block fills its cells
    taken, chosen = linear_sum_assignment(cdist(spread, cells, "sqeuclidean"))
    out[indices[taken]] = cells[chosen]


def justified(aspects: Sequence[float], width: int, height: float, gap: int) -> list[Box]:
    """Left, top, width and height of pictures in rows that end at ``width``, about ``height`` pixels high.

    ``aspects`` are width by height of each picture. The height is varied by up to a tenth until the last row is as full
    as possible.
    """

    def emptiness(scale: float) -> float:
        last = _rows(aspects, width, height * scale, gap)[-1]
        return abs(_height(aspects, last, width, gap) / (height * scale) - 1) + 0.2 * abs(scale - 1)

    high = height * min(np.linspace(0.9, 1.1, 41).tolist(), key=emptiness)
    boxes, top = list[Box](), 0
    for row in _rows(aspects, width, high, gap):
        boxes += in_row(aspects[row.start : row.stop], width, high, gap, top)
        top = boxes[-1][1] + boxes[-1][3] + gap
    return boxes


def in_row(aspects: Sequence[float], width: int, height: float, gap: int, top: int = 0) -> list[Box]:
    """Left, top, width and height of pictures side by side that fill ``width``, unless they would be much too high."""
    exact = _height(aspects, range(len(aspects)), width, gap)
    high = exact if exact <= 1.15 * height else height
    edges = np.cumsum([0, *(_clipped(aspect) * high for aspect in aspects)]).round().astype(int).tolist()
    boxes = []
    for place, (left, right) in enumerate(pairwise(edges)):
        boxes.append((left + place * gap, top, max(right - left, 1), max(round(high), 1)))
    return boxes


def fitting(aspects: Sequence[float], width: int, height: float, gap: int) -> int:
    """How many of these pictures fill a row of this width and height."""
    return len(_rows(aspects, width, height, gap)[0])


def _rows(aspects: Sequence[float], width: int, height: float, gap: int) -> list[range]:
    """The indices of each row: the fewest pictures that are at most ``height`` high when they fill the width."""
    rows, start, total = list[range](), 0, 0.0
    for index, aspect in enumerate(aspects):
        total += _clipped(aspect)
        if total * height + gap * (index - start) >= width:
            rows.append(range(start, index + 1))
            start, total = index + 1, 0.0
    return [*rows, range(start, len(aspects))] if start < len(aspects) else rows


def _height(aspects: Sequence[float], row: range, width: int, gap: int) -> float:
    return (width - gap * (len(row) - 1)) / sum(_clipped(aspects[index]) for index in row)


def _clipped(aspect: float) -> float:
    return min(max(aspect, 0.25), 4.0)
