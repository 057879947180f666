"""Choices to put before a curator: int (n, 9), an anchor and eight candidates, as places in the ids of artworks."""

from collections.abc import Collection

import numpy as np

from artsim.learn.annotations import IMAGES

_CANDIDATES = IMAGES - 1


def anchors_of(pool: np.ndarray, done: Collection[int], count: int, rng: np.random.Generator) -> np.ndarray:
    """The artworks in a pool that were no anchor before, in random order; int64.

    Those that were (``done``) follow only if there are fewer than ``count``, and no more than needed.
    """
    order = rng.permutation(np.flatnonzero(pool >= 0))
    before = np.isin(order, np.fromiter(done, np.int64, len(done)))
    new, old = order[~before], order[before]
    return np.concatenate([new, old[: max(count - len(new), 0)]])


def random_choices(pool: np.ndarray, anchors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Eight candidates for each anchor, from all others of its pool."""
    members = {one: np.flatnonzero(pool == one) for one in np.unique(pool[anchors]).tolist()}
    out = np.empty((len(anchors), IMAGES), np.int64)
    for row, anchor in enumerate(anchors.tolist()):
        others = members[int(pool[anchor])]
        drawn = others[rng.choice(len(others), IMAGES, replace=False)]
        out[row] = [anchor, *drawn[drawn != anchor][:_CANDIDATES]]
    return out


def near_choices(near: dict[int, np.ndarray], anchors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Eight candidates for each anchor from the artworks near it."""
    rows = [[anchor, *rng.choice(near[anchor], _CANDIDATES, replace=False)] for anchor in anchors.tolist()]
    return np.array(rows, np.int64).reshape(-1, IMAGES)


def with_repeats(choices: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """The choices, and ``count`` of the first third again in the last half, with their candidates in another order.

    In another order the second judgement is an annotation of its own; the same line again would be taken for known.
    """
    third, half = len(choices) // 3, len(choices) // 2
    again = choices[rng.choice(third, count, replace=False)]
    again[:, 1:] = rng.permuted(again[:, 1:], axis=1)
    late = rng.permutation(np.concatenate([choices[half:], again]))
    return np.concatenate([choices[:half], late])
