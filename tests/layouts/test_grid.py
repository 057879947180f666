from itertools import permutations

import numpy as np
import pytest

from artsim.layouts.grid import grid, nearest_free


def _cost(positions: np.ndarray, cells: np.ndarray, width: int, height: int) -> float:
    """The sum of squared distances between cells and positions, scaled to the grid."""
    total = 0.0
    for axis, size in ((0, width), (1, height)):
        values = positions[:, axis] * (1 if axis == 0 else -1)
        scaled = (values - values.min()) / (values.max() - values.min()) * (size - 1)
        total += ((scaled - cells[:, axis]) ** 2).sum()
    return total


@pytest.mark.parametrize("count", [4, 5, 7])
def test_no_other_assignment_is_better(count: int) -> None:
    positions = np.random.default_rng(count).normal(size=(count, 2)).astype(np.float32)
    cells = grid(positions)
    width = int(np.ceil(np.sqrt(count)))
    height = -(-count // width)
    all_cells = [(column, row) for row in range(height) for column in range(width)]
    best = min(
        _cost(positions, np.array(chosen_cells), width, height) for chosen_cells in permutations(all_cells, count)
    )
    assert _cost(positions, cells, width, height) == pytest.approx(best)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 50, 77, 1200])
@pytest.mark.parametrize("block", [None, 40])
def test_each_artwork_has_its_own_cell(count: int, block: int | None) -> None:
    positions = np.random.default_rng(count).normal(size=(count, 2)).astype(np.float32)
    cells = grid(positions, block=block)
    columns = int(np.ceil(np.sqrt(count)))
    assert len({tuple(cell) for cell in cells.tolist()}) == count
    assert (cells >= 0).all()
    assert (cells[:, 0] < columns).all()
    assert (cells[:, 1] < -(-count // max(columns, 1))).all()


def test_a_shuffled_grid_is_found_again() -> None:
    """Row 0 is at the top, where y is largest; blocks of 40 cells find it as well."""
    cells = np.array([(column, row) for row in range(20) for column in range(20)])
    order = np.random.default_rng(0).permutation(400)
    positions = (cells * (3.0, -2.0))[order].astype(np.float32)
    assert (grid(positions) == cells[order]).all()
    assert (grid(positions, block=40) == cells[order]).all()


def test_equal_positions_get_different_cells() -> None:
    assert len(np.unique(grid(np.ones((30, 2), np.float32), block=8), axis=0)) == 30


def test_new_artworks_take_the_nearest_free_cells() -> None:
    taken = np.array([(0, 0), (1, 0), (2, 0), (0, 1), (2, 2)])
    wanted = np.array([(0.1, 0.1), (2.0, 0.9), (2.0, 0.9), (0, 0), (0, 0), (9, 9), (2, 3)], float)
    expected = []
    used = {tuple(cell) for cell in taken.tolist()}
    rows = 3
    for position in wanted:
        free = [(c, r) for r in range(rows) for c in range(3) if (c, r) not in used]
        if not free:
            rows += 1
            free = [(c, rows - 1) for c in range(3)]
        chosen = min(free, key=lambda cell: ((cell[0] - position[0]) ** 2 + (cell[1] - position[1]) ** 2, cell[::-1]))
        used.add(chosen)
        expected.append(list(chosen))
    assert nearest_free(wanted, taken, 3).tolist() == expected
    assert expected[-1][1] == 3
