"""A walk through the latent space, from one artwork to another."""

from dataclasses import dataclass

import numpy as np

from artsim.archive import UserError
from artsim.space.features import Space
from artsim.space.search import search

_NEIGHBORS_PER_STEP = 9  # artworks around each step


@dataclass(frozen=True)
class Walk:
    """The artworks of a walk in order, including both ends, and the nearest other artworks around each step.

    ``around`` contains no artwork twice, and none of the walk. ``distances`` are from each step's point on the path to
    its artwork; they are 0 at both ends.
    """

    ids: list[str]
    distances: list[float]
    around: list[list[str]]


def walk(
    space: Space, start: str, end: str, steps: int, *, jitter: int, metric: str, seed: int, public_only: bool
) -> Walk:
    """Chooses ``steps`` artworks between two, each the nearest to its point on the path; none occurs twice.

    The path is the great circle for cosine distance, otherwise the straight line. ``jitter`` n > 1 chooses at random
    (seeded) among the n nearest that remain. Raises ``UserError`` if there are too few artworks, an end has no vector,
    or an argument is invalid.
    """
    if start == end:
        raise UserError(f"`to` {end}: must differ from `from_`")
    if steps < 1:
        raise UserError(f"`steps` {steps}: must be 1 or more")
    if jitter < 1:
        raise UserError(f"`jitter` {jitter}: must be 1 or more")
    most = sum(space.tables[0].rows_in(shard, part) for shard, part in space.parts())
    if steps > most:
        raise UserError(f"`steps` {steps}: needs {steps + 2} artworks, the archive has {most}")
    ends = space.find([start, end])
    between = way(ends[0], ends[1], steps, spherical=metric == "cosine")
    most = (
        2 + steps + jitter + _NEIGHBORS_PER_STEP * steps
    )  # enough when both ends and the other steps' artworks are taken
    nearest = search(space.blocks(public_only=public_only), between, most, metric=metric)
    rng = np.random.default_rng(seed)
    ids, distances, taken = [], [], {start, end}
    for names, lengths in zip(nearest.ids, nearest.distances, strict=True):
        left = [index for index, name in enumerate(names) if name not in taken and np.isfinite(lengths[index])][:jitter]
        if not left:
            raise UserError(
                f"`steps` {steps}: needs {steps + 2} artworks, only {np.isfinite(lengths).sum()} can be used"
            )
        choice = left[rng.integers(len(left))]
        taken.add(names[choice])
        ids.append(str(names[choice]))
        distances.append(float(lengths[choice]))
    around = []
    for names in nearest.ids:
        around.append([str(name) for name in names if name not in taken][:_NEIGHBORS_PER_STEP])
        taken.update(around[-1])
    return Walk([start, *ids, end], [0.0, *distances, 0.0], [[], *around, []])


def way(start: np.ndarray, end: np.ndarray, steps: int, *, spherical: bool) -> np.ndarray:
    """Points strictly between two vectors, evenly spaced, float32 of shape (steps, d).

    They are on the great circle if ``spherical``, otherwise on the straight line.
    """
    share = np.linspace(0, 1, steps + 2)[1:-1, None]
    if not spherical:
        return ((1 - share) * start + share * end).astype(np.float32)
    a, b = start / max(np.linalg.norm(start), 1e-12), end / max(np.linalg.norm(end), 1e-12)
    angle = float(np.arccos(np.clip(a @ b, -1, 1)))
    if angle < 1e-6:  # the same direction: the great circle has no length
        return np.repeat(a[None], steps, axis=0).astype(np.float32)
    return ((np.sin((1 - share) * angle) * a + np.sin(share * angle) * b) / np.sin(angle)).astype(np.float32)
