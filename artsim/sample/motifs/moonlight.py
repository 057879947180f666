"""Moonlight: a full moon over hills and still water, stars, a village with lit windows, a path of light."""

import numpy as np

from ..outlines import Rng, bent, box, ellipse, lens, ribbon, ridge, rolling, scallop
from ..scene import Scene


def moonlight(rng: Rng, aspect: float) -> Scene:
    """Draw up a night scene for a frame of this aspect ratio (width by height)."""
    shore = float(rng.uniform(0.54, 0.7))
    scene = Scene("moonlight", aspect, horizon=shore, night=True)
    scene.add(box(-0.1, -0.1, aspect + 0.1, 1.1), "air", rng.uniform(0.12, 0.2), 0.0, fade=0.3)
    moon_x, moon_y = aspect * float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.13, 0.27))
    r = float(rng.uniform(0.055, 0.095))
    for ring, tone in ((2.7, 0.32), (1.8, 0.42)):
        scene.add(ellipse(moon_x, moon_y, r * ring, r * ring), "air", tone, 0.01)
    for _ in range(24):
        spot = (rng.uniform(0, aspect), rng.uniform(0.02, shore - 0.26))
        if np.hypot(spot[0] - moon_x, spot[1] - moon_y) > r * 2:
            size = rng.uniform(0.003, 0.006)
            scene.add(ellipse(*spot, size, size, points=8), "light", 0.85, 0.02)
    scene.add(ellipse(moon_x, moon_y, r, r), "light", 0.98, 0.03)
    if rng.random() < 0.6:
        for _ in range(3):
            x, y = rng.uniform(0, aspect), moon_y + rng.uniform(-0.05, 0.16)
            scene.add(lens((x - 0.26, y), (x + 0.26, y + rng.normal(0, 0.01)), 0.03), "air", 0.38, 0.06)
    peaks = [(rng.uniform(0, aspect), rng.uniform(0.1, 0.22), rng.uniform(0.3, 0.5)) for _ in range(3)]
    scene.add(ridge(rng, aspect, shore - 0.05, peaks, 0.008), "air", 0.34, 0.2, fade=0.1)
    scene.add(rolling(rng, aspect, shore - 0.04, 0.025, 1.3), "leaf", 0.2, 0.3)
    scene.add(box(-0.1, shore, aspect + 0.1, 1.1), "water", 0.36, 0.35, fade=-0.2)
    _village(scene, rng, shore)
    _glade(scene, rng, moon_x, shore)
    _front(scene, rng)
    return scene


def _village(scene: Scene, rng: Rng, shore: float) -> None:
    a = scene.aspect
    x = a * rng.uniform(0.05, 0.5)
    church = int(rng.integers(1, 5))
    for k in range(int(rng.integers(6, 9))):
        w, tall = rng.uniform(0.05, 0.075), rng.uniform(0.045, 0.075)
        foot = shore + 0.004
        if k == church:
            scene.add(box(x, foot - 0.15, x + 0.042, foot), "earth", 0.3, 0.4)
            spire = [(x - 0.005, foot - 0.15), (x + 0.047, foot - 0.15), (x + 0.021, foot - 0.26)]
            scene.add(np.array(spire), "bloom", 0.2, 0.4, hue=2)
            scene.add(box(x + 0.014, foot - 0.12, x + 0.028, foot - 0.095), "light", 0.85, 0.42)
            x += 0.045
            continue
        scene.add(box(x, foot - tall, x + w, foot), "earth", rng.uniform(0.2, 0.36), 0.4)
        roof = [(x - 0.006, foot - tall), (x + w * 0.5, foot - tall - 0.04), (x + w + 0.006, foot - tall)]
        scene.add(np.array(roof), "bloom", rng.uniform(0.16, 0.32), 0.41, hue=1)
        for u in (0.2, 0.6):
            if rng.random() < 0.7:
                left, top = x + u * w, foot - tall * 0.72
                scene.add(box(left, top, left + 0.014, top + 0.018), "light", 0.85, 0.42)
                streak = lens((left + 0.007, foot + 0.01), (left + 0.007, foot + rng.uniform(0.07, 0.14)), 0.013)
                scene.add(streak, "light", 0.62, 0.43)
        x += w + rng.uniform(-0.004, 0.02)
    for _ in range(4):
        x, r = rng.uniform(0, a), rng.uniform(0.03, 0.05)
        scene.add(scallop(rng, x, shore - r * 0.6, r, r), "leaf", rng.uniform(0.12, 0.22), 0.44)


def _glade(scene: Scene, rng: Rng, x: float, shore: float) -> None:
    for k in range(16):
        t = k / 15
        y = shore + 0.015 + t**1.2 * (0.97 - shore)
        half = (0.02 + 0.06 * t) * rng.uniform(0.5, 1.3)
        cx = x + rng.normal(0, 0.01 + 0.03 * t)
        scene.add(lens((cx - half, y), (cx + half, y), 0.007 + 0.01 * t), "light", rng.uniform(0.75, 0.95), 0.45)
    for _ in range(12):
        y, cx, half = rng.uniform(shore + 0.03, 0.98), rng.uniform(0, scene.aspect), rng.uniform(0.04, 0.14)
        scene.add(lens((cx - half, y), (cx + half, y), 0.007), "water", rng.choice([0.15, 0.5]), 0.4)


def _front(scene: Scene, rng: Rng) -> None:
    a = scene.aspect
    left = bool(rng.random() < 0.5)
    if rng.random() < 0.55:  # a bare tree that frames the moon
        root = a * (0.08 if left else 0.92)
        away = 1 if left else -1
        scene.add(rolling(rng, a, 0.955, 0.02), "leaf", 0.08, 0.9)
        trunk = bent(rng, (root, 1.0), (root + away * 0.05, 0.3), 0.05)
        scene.add(ribbon(trunk, 0.05, 0.014), "earth", 0.08, 0.95)
        for k in range(7):
            start = trunk[3 + k % 6]
            tip = (start[0] + rng.choice([-1, 1]) * rng.uniform(0.08, 0.26), start[1] - rng.uniform(0.08, 0.2))
            limb = bent(rng, tuple(start), tip, 0.09)
            scene.add(ribbon(limb, 0.017, 0.004), "earth", 0.08, 0.95)
            for m in (4, 6):
                twig = (limb[m][0] + rng.normal(0, 0.05), limb[m][1] - rng.uniform(0.03, 0.09))
                scene.add(ribbon(bent(rng, tuple(limb[m]), twig, 0.08), 0.007, 0.003), "earth", 0.08, 0.95)
    else:  # a rowing boat
        x, y = a * rng.uniform(0.25, 0.75), rng.uniform(0.82, 0.9)
        hull = np.array([(-0.15, -0.035), (-0.05, -0.02), (0.06, -0.02), (0.16, -0.045), (0.1, 0.018), (-0.1, 0.018)])
        scene.add(ellipse(x, y + 0.03, 0.13, 0.014), "water", 0.08, 0.85)
        scene.add(hull + np.array([x, y]), "earth", 0.12, 0.9)
        scene.add(ribbon([(x - 0.01, y - 0.02), (x + 0.005, y - 0.085)], 0.04, 0.028), "bloom", 0.22, 0.9, hue=2)
        scene.add(ellipse(x + 0.006, y - 0.1, 0.016, 0.019), "skin", 0.5, 0.9)
        scene.add(ribbon([(x + 0.02, y - 0.06), (x + 0.13, y + 0.03)], 0.008), "earth", 0.3, 0.92)
