"""Arranges pictures: the columns and rows of a grid, and rows that all have the same width."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

Box = tuple[int, int, int, int]


def shape_for(count: int, aspect: float) -> tuple[int, int]:
    """Columns and rows for ``count`` cells, about ``aspect`` times as many columns as rows, with few empty cells."""
    wanted = max(round((count * aspect) ** 0.5), 1)
    column_counts = range(max(round(wanted * 0.85), 1), round(wanted * 1.15) + 1)
    shapes = [(columns, -(-count // columns)) for columns in column_counts]

    def cost(shape: tuple[int, int]) -> float:
        return (shape[0] * shape[1] - count) / count + 0.2 * abs(float(np.log(shape[0] / shape[1] / aspect)))

    return min(shapes, key=cost)


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
