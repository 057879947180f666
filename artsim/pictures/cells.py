"""Arranges pictures in rows and columns: cells that keep neighbours of a map together, or rows of equal width."""

from collections.abc import Sequence

import numpy as np

_AT_ONCE = 1200  # points that are assigned exactly
_EMPTY = 0.02  # the share of empty cells that is never worth another shape


def shape_for(count: int, aspect: float) -> tuple[int, int]:
    """Columns and rows for ``count`` cells, about ``aspect`` times as many columns as rows, with few empty cells."""
    wanted = max(round((count * aspect) ** 0.5), 1)
    tried = range(max(round(wanted * 0.85), 1), round(wanted * 1.15) + 1)
    shapes = [(columns, -(-count // columns)) for columns in tried]

    def cost(shape: tuple[int, int]) -> float:
        empty = (shape[0] * shape[1] - count) / count
        return empty + 0.2 * abs(np.log(shape[0] / shape[1] / aspect)) * _EMPTY / 0.02

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


def justified(aspects: Sequence[float], width: int, height: float, gap: int) -> list[tuple[int, int, int, int]]:
    """Left, top, width and height of pictures in rows that all end at ``width``; the last row may be shorter.

    ``aspects`` are width by height of each picture, and ``height`` is about that of a row.
    """
    boxes: list[tuple[int, int, int, int]] = []
    top, row = 0, list[float]()
    for index, aspect in enumerate(aspects):
        row.append(min(max(aspect, 0.25), 4.0))
        free = width - gap * (len(row) - 1)
        exact = free / sum(row)
        last = index == len(aspects) - 1
        if exact > height * (1 if last else 1.0) and not last:
            continue
        high = min(exact, height * 1.15) if last else exact
        lefts = np.cumsum([0, *(share * high for share in row)])
        for place, (start, end) in enumerate(zip(lefts[:-1], lefts[1:], strict=True)):
            left, right = round(start) + place * gap, round(end) + place * gap
            boxes.append((left, top, max(right - left, 1), max(round(high), 1)))
        top, row = top + round(high) + gap, []
    return boxes
