"""Choices to show a curator: int (n, 9), an anchor and eight candidates, as indices into the artworks' ids."""

from collections.abc import Collection

import numpy as np

from artsim.annotations.annotations import IMAGES

_CANDIDATES = IMAGES - 1


def anchors_of(pool: np.ndarray, done: Collection[int], count: int, rng: np.random.Generator) -> np.ndarray:
    """Returns the artworks in a pool that were not an anchor before, in random order; int64.

    Earlier anchors (``done``) follow only if there are fewer than ``count``, and only as many as needed.
    """
    order = rng.permutation(np.flatnonzero(pool >= 0))
    before = np.isin(order, np.fromiter(done, np.int64, len(done)))
    new, old = order[~before], order[before]
    return np.concatenate([new, old[: max(count - len(new), 0)]])


def random_choices(pool: np.ndarray, anchors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draws eight candidates for each anchor from all others of its pool."""
    members = {number: np.flatnonzero(pool == number) for number in np.unique(pool[anchors]).tolist()}
    out = np.empty((len(anchors), IMAGES), np.int64)
    for row, anchor in enumerate(anchors.tolist()):
        candidates = members[int(pool[anchor])]
        images = candidates[rng.choice(len(candidates), IMAGES, replace=False)]
        out[row] = [anchor, *images[images != anchor][:_CANDIDATES]]
    return out


def near_choices(near: dict[int, np.ndarray], anchors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draws eight candidates for each anchor from the artworks near it."""
    rows = [[anchor, *rng.choice(near[anchor], _CANDIDATES, replace=False)] for anchor in anchors.tolist()]
    return np.array(rows, np.int64).reshape(-1, IMAGES)


def with_repeats(choices: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Returns the choices with ``count`` of the first third repeated in the last half.

    The repeats have their candidates in another order, so that the second judgment is a separate annotation; an
    identical line would count as already known.
    """
    third, half = len(choices) // 3, len(choices) // 2
    again = choices[rng.choice(third, count, replace=False)]
    again[:, 1:] = rng.permuted(again[:, 1:], axis=1)
    late = rng.permutation(np.concatenate([choices[half:], again]))
    return np.concatenate([choices[:half], late])
