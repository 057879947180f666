"""Outlines that motifs are drawn with: ridges, blobs, vases, leaves, ribbons, as closed polygons.

Every outline is a float array of shape (n, 2) in picture heights: y runs from 0 (top) to 1 (bottom), x from 0 to the
aspect ratio. Outlines have no color and do not depend on a painter.
"""

from collections.abc import Sequence

import numpy as np

Outline = np.ndarray
Rng = np.random.Generator


def box(left: float, top: float, right: float, bottom: float) -> Outline:
    """An upright rectangle."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], float)


def ellipse(cx: float, cy: float, rx: float, ry: float, tilt: float = 0.0, points: int = 36) -> Outline:
    """An ellipse turned by ``tilt`` radians."""
    t = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return turned(np.stack([cx + rx * np.cos(t), cy + ry * np.sin(t)], 1), tilt, (cx, cy))


def turned(outline: Outline, angle: float, center: tuple[float, float]) -> Outline:
    """The outline rotated about a point."""
    c, s = np.cos(angle), np.sin(angle)
    return (outline - center) @ np.array([(c, s), (-s, c)]) + center


def blob(rng: Rng, cx: float, cy: float, rx: float, ry: float, wobble: float = 0.1, points: int = 44) -> Outline:
    """A smooth closed curve: an ellipse distorted by low harmonics of size ``wobble`` (a share of the radius)."""
    t = np.linspace(0, 2 * np.pi, points, endpoint=False)
    r = 1 + sum(rng.normal(0, wobble / k) * np.cos(k * t + rng.uniform(0, 2 * np.pi)) for k in (2, 3, 4, 5))
    return np.stack([cx + rx * r * np.cos(t), cy + ry * r * np.sin(t)], 1)


def scallop(rng: Rng, cx: float, cy: float, rx: float, ry: float, lobes: int = 9, depth: float = 0.16) -> Outline:
    """A tree's crown or a cloud: an ellipse whose edge is made of ``lobes`` bulges."""
    t = np.linspace(0, 2 * np.pi, lobes * 7, endpoint=False)
    phase = rng.uniform(0, 2 * np.pi)
    uneven = 0.25 * np.sin(t * 2 + phase) + 0.2 * np.sin(3 * t - phase)
    r = 1 - depth + depth * np.abs(np.sin(lobes * (t + uneven * 0.6) / 2)) + 0.06 * np.sin(2 * t + phase)
    return np.stack([cx + rx * r * np.cos(t), cy + ry * r * np.sin(t)], 1)


def rolling(rng: Rng, aspect: float, base: float, swell: float, waves: float = 1.6, foot: float = 1.02) -> Outline:
    """A soft hill or a bank across the picture: its upper edge near y = ``base``, closed at y = ``foot``."""
    x = np.linspace(-0.03, aspect + 0.03, 70)
    y = np.full_like(x, base)
    for k in (1, 2, 3):
        y += swell / k * np.sin(x * waves * k * rng.uniform(0.8, 1.3) * np.pi / aspect + rng.uniform(0, 2 * np.pi))
    return closed_below(x, y, foot)


def ridge(
    rng: Rng, aspect: float, base: float, peaks: Sequence[tuple[float, float, float]], rough: float, foot: float = 1.02
) -> Outline:
    """A mountain range: ``peaks`` (x, height, half width) rise from y = ``base``; ``rough`` is the jaggedness."""
    x = np.linspace(-0.03, aspect + 0.03, 129)
    y = np.full_like(x, 0.0)
    for at, height, half in peaks:
        left = np.clip(1 - np.abs(x - at) / (half * np.where(x < at, rng.uniform(0.8, 1.25), 1)), 0, None)
        y = np.maximum(y, height * left ** rng.uniform(1.05, 1.35))
    crag = np.zeros_like(x)
    for octave in range(5):
        knots = rng.normal(0, 1, 2 ** (octave + 2) + 2)
        crag += np.interp(np.linspace(0, 1, len(x)), np.linspace(0, 1, len(knots)), knots) / 1.9**octave
    return closed_below(x, base - y - rough * crag * (0.35 + y / (y.max() + 1e-9)), foot)


def closed_below(x: Outline, y: Outline, foot: float) -> Outline:
    """Close an upper edge along y = ``foot``."""
    edge = np.stack([x, y], 1)
    return np.vstack([edge, (x[-1], foot), (x[0], foot)])


def ribbon(points: Sequence[Sequence[float]] | Outline, start: float, end: float | None = None) -> Outline:
    """A stroke along a path, whose width goes from ``start`` to ``end``: trunks, masts, stems, brows."""
    path = np.asarray(points, float)
    step = np.gradient(path, axis=0)
    normal = np.stack([-step[:, 1], step[:, 0]], 1) / (np.linalg.norm(step, axis=1, keepdims=True) + 1e-9)
    half = np.linspace(start, start if end is None else end, len(path))[:, None] / 2
    return np.vstack([path + normal * half, (path - normal * half)[::-1]])


def bent(rng: Rng, start: tuple[float, float], end: tuple[float, float], bend: float, points: int = 9) -> Outline:
    """A path between two points that bows by about ``bend`` of its length (not closed: for ``ribbon``)."""
    t = np.linspace(0, 1, points)[:, None]
    a, b = np.array(start), np.array(end)
    across = np.array([a[1] - b[1], b[0] - a[0]])
    sway = rng.normal(0, bend) * np.sin(np.pi * t) + rng.normal(0, bend / 2) * np.sin(2 * np.pi * t)
    return a + (b - a) * t + across * sway


def lens(start: tuple[float, float], end: tuple[float, float], fat: float, bow: float = 0.0) -> Outline:
    """A leaf or an eye: pointed at both ends, ``fat`` wide in the middle, its spine bowed sideways by ``bow``."""
    t = np.linspace(0, 1, 12)[:, None]
    a, b = np.array(start), np.array(end)
    across = np.array([a[1] - b[1], b[0] - a[0]]) / (np.linalg.norm(b - a) + 1e-9)
    spine = a + (b - a) * t + across * bow * np.sin(np.pi * t)
    half = across * fat / 2 * np.sin(np.pi * t) ** 0.8
    return np.vstack([spine + half, (spine - half)[::-1]])


def lathe(cx: float, top: float, bottom: float, profile: Sequence[float], half: float) -> Outline:
    """A turned body (vase, jug, pear): ``profile`` are radii from top to bottom in units of ``half``."""
    t = np.linspace(0, 1, 40)
    knots = np.linspace(0, 1, len(profile))
    radius = half * np.convolve(np.pad(np.interp(t, knots, profile), 3, "edge"), np.ones(7) / 7, "valid")
    y = top + (bottom - top) * t
    return np.vstack([np.stack([cx + radius, y], 1), np.stack([cx - radius, y], 1)[::-1]])


def flower(rng: Rng, cx: float, cy: float, radius: float, petals: int, tilt: float = 1.0) -> Outline:
    """A blossom seen from above, or from the side with ``tilt`` below 1."""
    t = np.linspace(0, 2 * np.pi, petals * 8, endpoint=False)
    r = radius * (0.62 + 0.38 * np.abs(np.sin(petals * t / 2 + rng.uniform(0, 3))))
    return np.stack([cx + r * np.cos(t), cy + tilt * r * np.sin(t)], 1)


def smooth(corners: Sequence[Sequence[float]] | Outline, rounds: int = 3) -> Outline:
    """Round a polygon into a soft curve by cutting its corners ``rounds`` times (Chaikin 1974)."""
    ring = np.asarray(corners, float)
    for _ in range(rounds):
        after = np.roll(ring, -1, axis=0)
        ring = np.stack([ring * 0.75 + after * 0.25, ring * 0.25 + after * 0.75], 1).reshape(-1, 2)
    return ring
