"""Which patches of one image match which patches of another: mutual nearest neighbors in one similar arrangement."""

from dataclasses import dataclass

import numpy as np

from artsim.vision.patches import Patches

_HYPOTHESES = 500  # pairs of matches that each propose an arrangement
_TOLERANCE = 1.5  # patches that a match may be away from its place in the arrangement
_SCALES = (0.2, 5.0)  # of one image in the other
_MIN_MATCHES = 4  # matches in one arrangement; any two are

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class LocalMatches:
    """The matches of two images, the most similar first.

    ``points_a`` and ``points_b`` are centers of patches, float64 (m, 2): x and y as shares of the image's longer side,
    as are the patches' sides ``side_a`` and ``side_b``. ``similarity``, (m,), is the cosine of their descriptors.
    ``score`` is the sum of ``similarity``; 0 if the images have no part in common.
    """

    points_a: np.ndarray
    points_b: np.ndarray
    similarity: np.ndarray
    side_a: float
    side_b: float

    @property
    def score(self) -> float:
        """How much of the images matches: more, or more similar, patches have a higher score."""
        return float(self.similarity.sum())

    @property
    def box_a(self) -> Box | None:
        """Left, top, right and bottom of the matching part of the first image; None without a match."""
        return _box(self.points_a, self.side_a)

    @property
    def box_b(self) -> Box | None:
        """The same of the second image."""
        return _box(self.points_b, self.side_b)


def _box(points: np.ndarray, side: float) -> Box | None:
    if not len(points):
        return None
    left, top = (points.min(axis=0) - side / 2).clip(min=0).tolist()
    right, bottom = (points.max(axis=0) + side / 2).clip(max=1).tolist()
    return left, top, right, bottom


def match(a: Patches, b: Patches, seed: int = 0) -> LocalMatches:
    """Returns the patches of two images that are each other's nearest and that lie in a similar arrangement.

    The arrangement is a similarity transform (scale, rotation, shift), the best of ``_HYPOTHESES`` that two random
    matches determine (RANSAC; Fischler and Bolles 1981), and then an affine transform fitted to all its matches.
    """
    similarity = a.descriptors @ b.descriptors.T
    nearest_b = similarity.argmax(axis=1)
    mutual = np.flatnonzero(similarity.argmax(axis=0)[nearest_b] == np.arange(len(a.centers)))
    from_a, to_b = a.centers[mutual].astype(np.float64), b.centers[nearest_b[mutual]].astype(np.float64)
    kept = consistent(from_a, to_b, _TOLERANCE * b.side, np.random.default_rng(seed))
    values = similarity[mutual[kept], nearest_b[mutual[kept]]]
    order = np.argsort(-values, kind="stable")
    chosen = kept[order]
    return LocalMatches(from_a[chosen], to_b[chosen], values[order].astype(np.float64), a.side, b.side)


def consistent(a: np.ndarray, b: np.ndarray, tolerance: float, rng: np.random.Generator) -> np.ndarray:
    """The indices of the largest set of pairs of points, (n, 2) each, that one arrangement maps from a to b.

    ``tolerance`` is the largest distance in b. Empty if fewer than ``_MIN_MATCHES`` pairs agree.
    """
    if len(a) < _MIN_MATCHES:
        return np.empty(0, np.int64)
    first, second = rng.integers(0, len(a), (2, _HYPOTHESES))
    complex_a, complex_b = (points[:, 0] + 1j * points[:, 1] for points in (a, b))
    spread = complex_a[second] - complex_a[first]
    usable = np.abs(spread) > 0
    first, second, spread = first[usable], second[usable], spread[usable]
    turn = (complex_b[second] - complex_b[first]) / spread  # scale and rotation of each hypothesis
    plausible = (np.abs(turn) > _SCALES[0]) & (np.abs(turn) < _SCALES[1])
    turn, shift = turn[plausible], (complex_b[first] - turn * complex_a[first])[plausible]
    if not len(turn):
        return np.empty(0, np.int64)
    inside = np.abs(turn[:, None] * complex_a + shift[:, None] - complex_b) <= tolerance
    best = inside[inside.sum(axis=1).argmax()]
    extended = np.concatenate([a, np.ones((len(a), 1))], axis=1)
    for _ in range(2):
        if best.sum() < _MIN_MATCHES:
            return np.empty(0, np.int64)
        affine = np.linalg.lstsq(extended[best], b[best], rcond=None)[0]
        wider = np.linalg.norm(extended @ affine - b, axis=1) <= tolerance
        if wider.sum() < best.sum():
            break
        best = wider
    return np.flatnonzero(best)
