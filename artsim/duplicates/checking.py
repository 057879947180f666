"""Compares many pairs of images by their thumbnails."""

from typing import IO

import numpy as np

from artsim.archive import Archive
from artsim.duplicates.alignment import agreement
from artsim.duplicates.squares import Squares

_PAIRS = 32  # compared at a time


class Checker:
    """Computes the agreement of pairs of rows of one archive. Keeps small gray copies of images in ``file``."""

    def __init__(self, archive: Archive, ids: np.ndarray, file: IO[bytes]) -> None:
        self._squares = Squares(archive, ids, file)

    @property
    def unreadable(self) -> int:
        """How many images could not be read."""
        return self._squares.unreadable

    @property
    def is_colored(self) -> np.ndarray:
        """Which images of the pairs so far are more than gray, bool (n,)."""
        return self._squares.is_colored

    def __call__(self, pairs: np.ndarray) -> np.ndarray:
        """Returns the agreement of rows i and j of each pair (p, 2), float64 (p,); 0 if an image can't be read."""
        self._squares.load(pairs)
        return agreements(self._squares, self._squares, pairs)


def agreements(first: Squares, second: Squares, pairs: np.ndarray) -> np.ndarray:
    """Returns the agreement of loaded images, float64 (p,): row i of ``first`` and row j of ``second`` of each pair.

    ``pairs`` is int64 (p, 2). The agreement is 0 if an image can't be read.
    """
    scores = np.zeros(len(pairs))
    aspects = [squares.aspect[rows] for squares, rows in zip((first, second), pairs.T, strict=True)]
    readable = np.flatnonzero((aspects[0] > 0) & (aspects[1] > 0))
    for start in range(0, len(readable), _PAIRS):
        block = readable[start : start + _PAIRS]
        a, b = (squares.read(rows) for squares, rows in zip((first, second), pairs[block].T, strict=True))
        scores[block] = agreement(a, b, aspects[1][block] / aspects[0][block])
    return scores
