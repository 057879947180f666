"""The part of a reference that a reproduction shows, compared with the reproduction in detail."""

import numpy as np
from PIL import Image

from artsim.duplicates.alignment import SIDE, agreement
from artsim.matching.match import LocalMatches

_FINER = 3  # a region is sampled with so many times SIDE pixels, then reduced
_STRETCH = 1.5  # the most that one image may be stretched against the other
_SCALES = (0.15, 6.7)  # of one image in the other
_LEAST = 0.05  # share of each image's area that its region covers at least


def region_agreement(reproduction: Image.Image, reference: Image.Image, match: LocalMatches) -> float:
    """Returns how well the parts that match agree, from 0 to 1; 0 if the matches describe no plausible arrangement.

    ``match`` has the reproduction as image a. An affine transform is fitted to its points. The part of the reference
    that the reproduction shows is resampled from both images, and their details are aligned and correlated as those of
    duplicates are (``artsim.duplicates.alignment``).
    """
    affine = _affine(match)
    if affine is None:
        return 0.0
    sides = [np.array(image.size) / max(image.size) for image in (reproduction, reference)]
    part = _box(_corners(np.zeros(2), sides[0]) @ affine[:2] + affine[2], sides[1])  # of the reference
    inverse = np.linalg.inv(affine[:2])
    shown = _box((_corners(*part) - affine[2]) @ inverse, sides[0])  # of the reproduction
    if any(_area(box) < _LEAST * np.prod(side) for box, side in zip((part, shown), sides[::-1], strict=True)):
        return 0.0
    # x, y in the square to x, y in the reference and, through the inverse, in the reproduction
    to_reference = np.vstack([np.diag(part[1] - part[0]), part[0]])
    to_reproduction = np.vstack([to_reference[:2] @ inverse, (part[0] - affine[2]) @ inverse])
    a, b = (
        _sampled(image, where * max(image.size))
        for image, where in ((reference, to_reference), (reproduction, to_reproduction))
    )
    return float(agreement(a[np.newaxis], b[np.newaxis], np.ones(1))[0])


def _affine(match: LocalMatches) -> np.ndarray | None:
    """The transform (3, 2) of points of the reproduction to the reference; None if it is degenerate."""
    if not len(match.points_a):
        return None
    extended = np.column_stack([match.points_a, np.ones(len(match.points_a))])
    affine, _, rank, _ = np.linalg.lstsq(extended, match.points_b, rcond=None)
    large, small = np.linalg.svd(affine[:2], compute_uv=False)
    is_plausible = rank == 3 and small >= _SCALES[0] and large <= min(_SCALES[1], _STRETCH * small)
    return affine if is_plausible and np.linalg.det(affine[:2]) > 0 else None


def _corners(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.array([[low[0], low[1]], [high[0], low[1]], [low[0], high[1]], [high[0], high[1]]])


def _box(points: np.ndarray, side: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest corner of the points' bounding box within an image of these sides."""
    return points.min(axis=0).clip(0, side), points.max(axis=0).clip(0, side)


def _area(box: tuple[np.ndarray, np.ndarray]) -> float:
    return float(np.prod(box[1] - box[0]))


def _sampled(image: Image.Image, where: np.ndarray) -> np.ndarray:
    """Samples an image over the square from 0 to 1, which ``where`` (3, 2) maps to pixels: float32 (SIDE, SIDE)."""
    gray = image.convert("L")
    fine = _FINER * SIDE
    coefficients = (where[0, 0] / fine, where[1, 0] / fine, where[2, 0], where[0, 1] / fine, where[1, 1] / fine,
                    where[2, 1])  # fmt: skip
    mean = round(float(np.asarray(gray).mean()))
    sampled = gray.transform(
        (fine, fine), Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC, fillcolor=mean
    )
    return np.asarray(sampled.resize((SIDE, SIDE), Image.Resampling.BOX), np.float32) / 255
