"""Moves the artworks of a map to the cells of a grid, each to its own, so that neighbors stay neighbors."""

import numpy as np

LARGEST_EXACT = 5_000  # artworks that are assigned all at once; the cost matrix then has 200 MB
_BLOCK = 1_000  # cells of a block of a larger grid


def grid(positions: np.ndarray, *, columns: int | None = None, block: int | None = None) -> np.ndarray:
    """Returns column and row of a cell for each position, float32 (n, 2): int64 (n, 2), row 0 at the top.

    The grid has ``columns``; by default it is as square as possible, with ceil(sqrt(n)). Up to 5,000 positions, the sum
    of squared distances between positions, scaled to the grid, and cells is minimal: a linear assignment by shortest
    augmenting paths (Jonker and Volgenant, 1987; Crouse, 2016, as in scipy). More positions are first divided: the grid
    is halved across its longer side, and the positions by their order along it, until a part has at most 1,000 cells;
    each part is then assigned like a small grid. ``block`` is another limit of undivided parts.
    """
    count = len(positions)
    columns = columns or int(np.ceil(np.sqrt(count)))
    rows = -(-count // max(columns, 1))
    cells = np.empty((count, 2), np.int64)
    upright = np.asarray(positions, np.float64) * (1, -1)  # y grows upwards on a map, rows downwards
    largest = block or (columns * rows if count <= LARGEST_EXACT else _BLOCK)
    _divide(upright, np.arange(count), cells, (0, 0, columns, rows), largest)
    return cells


def nearest_free(wanted: np.ndarray, taken: np.ndarray, columns: int) -> np.ndarray:
    """Returns a free cell for each wanted position on a grid, float (q, 2): int64 (q, 2).

    ``taken``, int (n, 2), are the cells in use. Each position, in order, takes the free cell nearest to it; the first
    of equally near ones by row, then column. Where the grid of ``columns`` columns is full, it gets another row.
    """
    used = {(int(column), int(row)) for column, row in taken}
    rows = max((row for _, row in used), default=-1) + 1
    free = [(column, row) for row in range(rows) for column in range(columns) if (column, row) not in used]
    out = np.empty((len(wanted), 2), np.int64)
    for index, position in enumerate(wanted):
        if not free:
            free = [(column, rows) for column in range(columns)]
            rows += 1
        best = int(np.square(np.array(free) - position).sum(axis=1).argmin())
        out[index] = free.pop(best)
    return out


def _divide(
    positions: np.ndarray, members: np.ndarray, cells: np.ndarray, box: tuple[int, int, int, int], largest: int
) -> None:
    """Assigns the members to the cells of a box (left, top, width, height)."""
    left, top, width, height = box
    if width * height <= largest:
        cells[members] = np.add(_assign(positions[members], width, height), (left, top))
        return
    axis = 0 if width >= height else 1
    half = box[2 + axis] // 2
    first, second = (
        ((left, top, half, height), (left + half, top, width - half, height))
        if axis == 0
        else ((left, top, width, half), (left, top + half, width, height - half))
    )
    room = [box[2] * box[3] for box in (first, second)]
    share = round(len(members) * room[0] / sum(room))
    share = min(max(share, len(members) - room[1]), room[0])
    order = members[np.argsort(positions[members, axis], kind="stable")]
    _divide(positions, order[:share], cells, first, largest)
    _divide(positions, order[share:], cells, second, largest)


def _assign(positions: np.ndarray, width: int, height: int) -> np.ndarray:
    """Returns column and row for each of at most width x height positions, int64 (n, 2), at the least total cost."""
    from scipy.optimize import linear_sum_assignment

    if len(positions) == 0:
        return np.empty((0, 2), np.int64)
    low, high = positions.min(axis=0), positions.max(axis=0)
    scaled = (positions - low) / np.where(high > low, high - low, 1.0) * (width - 1, height - 1)
    cells = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).reshape(-1, 2)
    cost = np.square(scaled[:, None, :] - cells).sum(axis=2)
    chosen: np.ndarray = cells[linear_sum_assignment(cost)[1]]
    return chosen
