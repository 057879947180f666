"""The harbour: a wide sea with sailing boats and their reflections, a town or a lighthouse on the shore, a quay."""

import numpy as np

from ..outlines import Outline, Rng, box, closed_below, ellipse, lens, ribbon, rolling, scallop, smooth
from ..scene import Scene


def harbour(rng: Rng, aspect: float) -> Scene:
    """Draw up a harbour scene for a frame of this aspect ratio (width by height)."""
    sea = float(rng.uniform(0.4, 0.54))
    scene = Scene("harbour", aspect, horizon=sea)
    scene.add(box(-0.1, -0.1, aspect + 0.1, 1.1), "air", rng.uniform(0.6, 0.75), 0.0, fade=0.3)
    if rng.random() < 0.6:
        r = rng.uniform(0.04, 0.07)
        scene.add(ellipse(rng.uniform(0.2, 0.8) * aspect, sea - rng.uniform(0.12, 0.3), r, r), "light", 0.95, 0.02)
    for _ in range(int(rng.integers(2, 5))):
        x, y, r = rng.uniform(0, aspect), rng.uniform(0.06, sea - 0.16), rng.uniform(0.09, 0.2)
        scene.add(scallop(rng, x, y, r, r * 0.27, 7), "air", rng.uniform(0.86, 0.98), 0.05)
    scene.add(rolling(rng, aspect, sea - 0.035, 0.02, foot=sea + 0.01), "air", 0.45, 0.15, fade=0.2)
    scene.add(box(-0.1, sea, aspect + 0.1, 1.1), "water", 0.7, 0.2, fade=-0.34)
    _ripples(scene, rng, sea)
    left = bool(rng.random() < 0.5)
    if rng.random() < 0.45:
        _lighthouse(scene, rng, aspect * (0.14 if left else 0.86), sea)
    else:
        _town(scene, rng, left, sea)
    near = sorted(rng.uniform(sea + 0.1, 0.86, int(rng.integers(3, 5))))
    slots = rng.permutation(np.linspace(0.2, 0.8, len(near)))
    for slot, foot in zip(slots, near, strict=True):
        size = 0.11 + 0.62 * (foot - sea)
        _boat(scene, rng, aspect * slot + rng.normal(0, 0.03), foot, size)
    for k in range(2):
        _boat(scene, rng, rng.uniform(0.1, 0.9) * aspect, sea + 0.02 + 0.02 * k, 0.05)
    if rng.random() < 0.5:
        _quay(scene, rng, not left)
    return scene


def _ripples(scene: Scene, rng: Rng, sea: float) -> None:
    for _ in range(26):
        near = rng.random() ** 0.8
        y = sea + 0.02 + near * (0.97 - sea)
        half = 0.03 + 0.16 * near * rng.random()
        x = rng.uniform(0, scene.aspect)
        tone = 0.6 - 0.3 * near + rng.choice([-0.1, 0.18])
        scene.add(lens((x - half, y), (x + half, y), 0.005 + 0.014 * near, 0.006 * near), "water", tone, 0.25)


def _boat(scene: Scene, rng: Rng, x: float, foot: float, size: float) -> None:
    lean = 1 if rng.random() < 0.5 else -1
    depth = 0.4 + 0.4 * size
    hue = int(rng.integers(0, 6))
    half = size * 0.5

    def at(u: float, v: float) -> tuple[float, float]:
        return (x + lean * u * half, foot - v * size)

    sail_tone = rng.uniform(0.8, 0.97)
    colored = rng.random() < 0.6
    kind, sail_hue = ("bloom", int(rng.integers(0, 6))) if colored else ("skin", 0)
    mirror = np.array([at(-0.9, 0), at(0.95, 0), at(0.5, -0.24), at(0.12, -0.75), at(-0.08, -0.62), at(-0.6, -0.2)])
    mirror[2:, 0] += rng.normal(0, size * 0.04, 4)
    scene.add(smooth(mirror, 2), "water", 0.3, depth, fade=0.16)
    for k in range(3):
        y = foot + size * (0.24 + 0.17 * k)
        w = half * (0.5 - 0.12 * k)
        scene.add(lens((x - w, y), (x + w, y), size * 0.035), kind, sail_tone - 0.1, depth, hue=sail_hue)
    hull = [at(-1, 0.12), at(-0.5, 0.08), at(0.4, 0.09), at(1.12, 0.2), at(0.72, -0.03), at(-0.75, -0.03)]
    scene.add(np.array(hull), "bloom", rng.uniform(0.2, 0.45), depth, hue=hue)
    scene.add(np.array([at(-1, 0.12), at(-0.5, 0.08), at(0.4, 0.09), at(1.12, 0.2), at(1.05, 0.17), at(0.4, 0.065),
                        at(-0.5, 0.055), at(-0.97, 0.095)]), "skin", 0.9, depth)  # fmt: skip
    mast = ribbon([at(0.05, 0.08), at(0.05, 1.12)], size * 0.028, size * 0.012)
    scene.add(mast, "earth", 0.22, depth)
    main = [at(0.0, 1.06), at(-0.14, 0.75), at(-0.5, 0.42), at(-0.82, 0.2), at(0.0, 0.17)]
    scene.add(np.array(main), kind, sail_tone, depth, hue=sail_hue, fade=-0.12)
    jib = [at(0.1, 1.0), at(0.34, 0.62), at(0.95, 0.22), at(0.12, 0.2)]
    scene.add(np.array(jib), kind if rng.random() < 0.5 else "skin", sail_tone - 0.08, depth, hue=sail_hue)


def _mound(rng: Rng, left: float, right: float, foot: float, tall: float) -> Outline:
    """A hill or a rock that comes down to the water on both sides."""
    u = np.linspace(-1, 1, 40)
    rise = (1 - u**2) ** 0.6 * (1 + 0.1 * np.sin(u * 7 + rng.uniform(0, 6)) + 0.05 * np.sin(u * 19))
    return closed_below(left + (right - left) * (u + 1) / 2, foot - tall * rise, foot)


def _lighthouse(scene: Scene, rng: Rng, x: float, sea: float) -> None:
    tall = rng.uniform(0.26, 0.34)
    scene.add(_mound(rng, x - 0.26, x + 0.24, sea + 0.03, 0.055), "earth", 0.34, 0.35, fade=0.1)
    foot = sea - 0.018
    for k in range(4):
        low, high = foot - tall * k / 4, foot - tall * (k + 1) / 4
        w0, w1 = 0.036 - 0.004 * k, 0.032 - 0.004 * k
        kind, tone = ("skin", 0.95) if k % 2 == 0 else ("bloom", 0.5)
        scene.add(np.array([(x - w0, low), (x + w0, low), (x + w1, high), (x - w1, high)]), kind, tone, 0.4, hue=1)
    top = foot - tall
    scene.add(box(x - 0.028, top - 0.012, x + 0.028, top), "earth", 0.2, 0.4)
    scene.add(box(x - 0.014, top - 0.045, x + 0.014, top - 0.012), "light", 0.95, 0.4)
    scene.add(
        np.array([(x - 0.022, top - 0.045), (x + 0.022, top - 0.045), (x, top - 0.075)]), "bloom", 0.35, 0.4, hue=1
    )


def _town(scene: Scene, rng: Rng, left: bool, sea: float) -> None:
    a = scene.aspect
    x, end = (-0.04, a * 0.42) if left else (a * 0.58, a + 0.04)
    hill = (x - 0.4, end + 0.08) if left else (x - 0.08, end + 0.4)
    scene.add(_mound(rng, *hill, sea + 0.01, rng.uniform(0.15, 0.2)), "leaf", 0.36, 0.28, fade=0.1)
    while x < end:
        w, tall = rng.uniform(0.05, 0.085), rng.uniform(0.07, 0.15)
        hue = int(rng.integers(0, 6))
        scene.add(box(x, sea - tall, x + w, sea + 0.012), "skin", rng.uniform(0.72, 0.95), 0.33, hue=hue)
        roof = [(x - 0.006, sea - tall), (x + w / 2, sea - tall - w * 0.55), (x + w + 0.006, sea - tall)]
        scene.add(np.array(roof), "bloom", rng.uniform(0.4, 0.6), 0.34, hue=1 if rng.random() < 0.7 else hue)
        for row in np.arange(sea - tall + 0.018, sea - 0.03, 0.036):
            for col in (0.24, 0.62):
                scene.add(box(x + col * w, row, x + (col + 0.17) * w, row + 0.02), "earth", 0.22, 0.35)
        scene.add(
            box(x, sea + 0.012, x + w, sea + 0.012 + tall * 0.7), "water", rng.uniform(0.62, 0.8), 0.33, fade=-0.1
        )
        x += w + 0.002
    scene.add(
        box(min(x, end) - (end - (-0.04)) if left else a * 0.58, sea + 0.004, end, sea + 0.022), "earth", 0.4, 0.36
    )


def _quay(scene: Scene, rng: Rng, left: bool) -> None:
    a = scene.aspect
    reach = rng.uniform(0.4, 0.6) * a
    corner = [(-0.05, 0.86), (reach * 0.8, 0.9), (reach, 1.05), (-0.05, 1.05)]
    wall = np.array(corner)
    if not left:
        wall = wall * (-1, 1) + (a, 0)
    scene.add(wall, "earth", 0.5, 0.9, fade=-0.2)
    for k in range(3):
        x = reach * (0.2 + 0.24 * k)
        x = x if left else a - x
        scene.add(ribbon([(x, 0.95), (x, 0.81 + 0.012 * k)], 0.026, 0.022), "earth", 0.2, 0.95)
        scene.add(ellipse(x, 0.81 + 0.012 * k, 0.013, 0.006), "earth", 0.6, 0.95)
