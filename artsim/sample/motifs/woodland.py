"""The woodland: tall trunks behind one another, light between them, a canopy, fallen leaves, sometimes a deer."""

import numpy as np

from ..outlines import Rng, bent, blob, box, ellipse, lens, ribbon, rolling, scallop, smooth
from ..scene import Scene


def woodland(rng: Rng, aspect: float) -> Scene:
    """Draw up a wood for a frame of this aspect ratio (width by height)."""
    floor = float(rng.uniform(0.68, 0.76))
    scene = Scene("woodland", aspect, horizon=floor)
    scene.add(box(-0.1, -0.1, aspect + 0.1, 1.1), "air", rng.uniform(0.72, 0.84), 0.0, fade=0.14)
    if rng.random() < 0.4:
        scene.add(ellipse(rng.uniform(0.25, 0.75) * aspect, rng.uniform(0.3, 0.5), 0.07, 0.07), "light", 0.95, 0.02)
    scene.add(scallop(rng, aspect * 0.5, floor - 0.02, aspect * 0.62, 0.16, 13), "leaf", 0.66, 0.1, fade=0.1)
    scene.add(rolling(rng, aspect, floor, 0.012), "leaf", 0.62, 0.2, fade=-0.25)
    birch = bool(rng.random() < 0.55)
    autumn = bool(rng.random() < 0.5)
    _trunks(scene, rng, 0.3, 13, floor + 0.02, 0.016, birch)
    _leaves(scene, rng, 0.35, 16, 0.06, autumn)
    _trunks(scene, rng, 0.6, 7, floor + 0.08, 0.034, birch)
    scene.add(rolling(rng, aspect, floor + 0.11, 0.015, 1.1), "leaf", 0.42, 0.62, fade=-0.1)
    if rng.random() < 0.45:
        _deer(scene, rng, aspect * rng.uniform(0.35, 0.65), floor + 0.14)
    _leaves(scene, rng, 0.65, 12, 0.085, autumn)
    _trunks(scene, rng, 0.9, int(rng.integers(2, 4)), 0.95, 0.075, birch)
    _floor(scene, rng, floor, autumn)
    return scene


def _trunks(scene: Scene, rng: Rng, depth: float, count: int, foot: float, wide: float, birch: bool) -> None:
    a = scene.aspect
    slots = (np.arange(count) + rng.uniform(0.15, 0.85, count)) / count
    for u in slots:
        x, low = u * a, foot + rng.normal(0, 0.012)
        w = wide * rng.uniform(0.75, 1.25)
        sway = rng.normal(0, 0.02)
        path = bent(rng, (x, low), (x + sway, -0.05), 0.008)
        tone = 0.94 - 0.13 * (1 - depth) if birch else 0.3 + 0.22 * (1 - depth)
        scene.add(ribbon(path, w * 1.15, w * 0.75), "skin" if birch else "earth", tone, depth)
        shade = ribbon(path + np.array([w * 0.3, 0]), w * 0.42, w * 0.26)
        scene.add(shade, "air" if birch else "earth", 0.6 if birch else tone - 0.14, depth)
        if birch and depth > 0.5:
            for _ in range(int(9 * depth)):
                y = rng.uniform(0.02, low - 0.04)
                left = bool(rng.random() < 0.5)
                px = np.interp(y, path[::-1, 1], path[::-1, 0]) + (-w * 0.46 if left else w * 0.1)
                scene.add(lens((px, y), (px + w * rng.uniform(0.25, 0.5), y + 0.004), w * 0.16), "earth", 0.16, depth)
        if depth > 0.5 and rng.random() < 0.8:
            start = path[int(rng.integers(4, 7))]
            away = rng.choice([-1, 1])
            tip = (start[0] + away * rng.uniform(0.12, 0.25), start[1] - rng.uniform(0.12, 0.2))
            tone_limb = 0.8 if birch else tone
            scene.add(
                ribbon(bent(rng, tuple(start), tip, 0.06), w * 0.3, w * 0.08),
                "skin" if birch else "earth",
                tone_limb,
                depth,
            )


def _leaves(scene: Scene, rng: Rng, depth: float, count: int, size: float, autumn: bool) -> None:
    for _ in range(count):
        x, y = rng.uniform(0, scene.aspect), abs(rng.normal(0, 0.16))
        r = size * rng.uniform(0.6, 1.2)
        if autumn and rng.random() < 0.7:
            hue = int(rng.choice([0, 1, 3]))
            scene.add(scallop(rng, x, y, r * 1.4, r, 8), "bloom", rng.uniform(0.5, 0.75), depth, hue=hue, volume=0.2)
        else:
            scene.add(scallop(rng, x, y, r * 1.4, r, 8), "leaf", rng.uniform(0.35, 0.7), depth, volume=0.25)


def _floor(scene: Scene, rng: Rng, floor: float, autumn: bool) -> None:
    for _ in range(46):
        t = rng.random() ** 0.7
        x, y = rng.uniform(0, scene.aspect), floor + 0.1 + t * (0.9 - floor)
        r = 0.008 + 0.018 * t
        if autumn or rng.random() < 0.3:
            tip = (x + r * 1.8, y - rng.uniform(0, r))
            scene.add(lens((x, y), tip, r), "bloom", rng.uniform(0.5, 0.8), 0.9, hue=int(rng.choice([0, 1, 3, 5])))
        else:
            for lean in (-0.5, 0.1, 0.6):
                scene.add(lens((x, y), (x + lean * r * 1.6, y - r * 3), r * 0.5), "leaf", rng.uniform(0.2, 0.5), 0.9)
    if rng.random() < 0.5:
        x = scene.aspect * rng.uniform(0.2, 0.8)
        scene.add(blob(rng, x, 1.0, 0.16, 0.08, 0.08), "earth", 0.34, 0.95, volume=0.3)


def _deer(scene: Scene, rng: Rng, x: float, foot: float) -> None:
    s = 0.15
    away = 1 if rng.random() < 0.5 else -1

    def at(u: float, v: float) -> tuple[float, float]:
        return (x + away * u * s, foot - v * s)

    for u in (-0.42, -0.3, 0.28, 0.4):
        scene.add(ribbon([at(u, 0.55), at(u + 0.02, 0.0)], s * 0.09, s * 0.05), "earth", 0.34, 0.63)
    body = [at(-0.55, 0.9), at(-0.2, 0.92), at(0.35, 0.95), at(0.62, 1.35), at(0.75, 1.3), at(0.55, 0.7), at(0.3, 0.52),
            at(-0.3, 0.52), at(-0.56, 0.62)]  # fmt: skip
    scene.add(smooth(body, 2), "earth", 0.44, 0.64, volume=0.25)
    scene.add(
        smooth([at(0.55, 1.45), at(0.72, 1.52), at(1.0, 1.33), at(0.98, 1.24), at(0.66, 1.22)], 2), "earth", 0.42, 0.64
    )
    for side in (-0.12, 0.1):
        antler = [at(0.66, 1.46), at(0.6 + side, 1.75), at(0.68 + side * 2, 2.0)]
        scene.add(ribbon(antler, s * 0.05, s * 0.02), "earth", 0.2, 0.64)
        scene.add(ribbon([antler[1], at(0.82 + side, 1.88)], s * 0.04, s * 0.015), "earth", 0.2, 0.64)
