"""The garden: a path between beds of flowers, round trees and cypresses behind, a house or a gate at its end."""

import numpy as np

from ..outlines import Rng, bent, blob, box, ellipse, flower, lens, ribbon, rolling, scallop, smooth
from ..scene import Scene


def garden(rng: Rng, aspect: float) -> Scene:
    """Draw up a garden scene for a frame of this aspect ratio (width by height)."""
    back = float(rng.uniform(0.4, 0.48))
    scene = Scene("garden", aspect, horizon=back)
    scene.add(box(-0.1, -0.1, aspect + 0.1, 1.1), "air", rng.uniform(0.68, 0.78), 0.0, fade=0.22)
    for _ in range(3):
        x, r = rng.uniform(0, aspect), rng.uniform(0.09, 0.18)
        scene.add(scallop(rng, x, rng.uniform(0.05, 0.2), r, r * 0.3, 8), "air", 0.97, 0.05)
    scene.add(rolling(rng, aspect, back - 0.09, 0.03, 1.2), "leaf", 0.58, 0.15, fade=0.1)
    end = aspect * float(rng.uniform(0.38, 0.62))
    if rng.random() < 0.5:
        _house(scene, rng, end, back)
    _trees(scene, rng, end, back)
    scene.add(rolling(rng, aspect, back + 0.03, 0.01), "leaf", 0.68, 0.4, fade=-0.12)
    bend = float(rng.choice([-1, 1]) * rng.uniform(0.05, 0.22))
    if rng.random() < 0.6:
        _path(scene, end, bend, back)
    else:
        _pond(scene, rng, end, back)
    _beds(scene, rng, end, bend, back)
    _front(scene, rng)
    return scene


def _house(scene: Scene, rng: Rng, x: float, back: float) -> None:
    w, tall = rng.uniform(0.1, 0.15), rng.uniform(0.1, 0.14)
    scene.add(box(x - w, back - tall, x + w, back + 0.04), "skin", 0.92, 0.3)
    roof = [(u * w + x, back - v * tall) for u, v in ((-1.15, 1), (-0.7, 1.75), (0.7, 1.75), (1.15, 1))]
    scene.add(np.array(roof), "bloom", 0.52, 0.32, hue=1)
    scene.add(box(x - 0.018, back - tall * 0.55, x + 0.018, back + 0.04), "bloom", 0.35, 0.33, hue=2)
    for u in (-0.62, 0.62):
        scene.add(box(x + u * w - 0.017, back - tall * 0.72, x + u * w + 0.017, back - tall * 0.3), "air", 0.35, 0.33)


def _trees(scene: Scene, rng: Rng, end: float, back: float) -> None:
    a = scene.aspect
    for _ in range(int(rng.integers(5, 8))):
        x = rng.uniform(0, a)
        if abs(x - end) < 0.16:
            x += 0.3 * np.sign(x - end + 1e-6)
        foot = back + rng.uniform(0.0, 0.07)
        if rng.random() < 0.4:
            tall, half = rng.uniform(0.22, 0.4), rng.uniform(0.03, 0.045)
            flame = [(x, foot - tall), (x + half, foot - tall * 0.45), (x + half * 0.8, foot), (x - half * 0.8, foot),
                     (x - half, foot - tall * 0.45)]  # fmt: skip
            scene.add(smooth(flame, 2), "leaf", rng.uniform(0.2, 0.32), 0.4, volume=0.25)
        else:
            r = rng.uniform(0.08, 0.15)
            crown = foot - r * 1.5
            scene.add(ribbon([(x, foot), (x, crown)], 0.028, 0.018), "earth", 0.3, 0.38)
            scene.add(scallop(rng, x, crown, r, r * 0.92, 9), "leaf", rng.uniform(0.38, 0.62), 0.42, volume=0.35)
            for _ in range(5):
                u, v = rng.normal(0, 0.42, 2)
                scene.add(blob(rng, x + u * r, crown + v * r, r * 0.2, r * 0.14), "leaf", 0.75, 0.43)


def _path(scene: Scene, end: float, bend: float, back: float) -> None:
    t = np.linspace(0, 1, 16)[:, None]
    middle = np.hstack([end + bend * np.sin(t * np.pi) * t, back + 0.035 + t * (1.05 - back)])
    half = np.hstack([0.012 + 0.2 * t**1.5, 0 * t])
    scene.add(np.vstack([middle - half, (middle + half)[::-1]]), "skin", 0.84, 0.5, fade=-0.1)


def _pond(scene: Scene, rng: Rng, x: float, back: float) -> None:
    y = back + 0.26
    scene.add(blob(rng, x, y, 0.36, 0.13, 0.05), "earth", 0.66, 0.48)
    scene.add(blob(rng, x, y, 0.33, 0.112, 0.05), "water", 0.5, 0.5, fade=0.25)
    for _ in range(9):
        u, v = rng.uniform(-0.24, 0.24), rng.uniform(-0.07, 0.07)
        r = 0.02 + 0.012 * rng.random()
        scene.add(ellipse(x + u, y + v, r, r * 0.4), "leaf", 0.6, 0.52)
        if rng.random() < 0.5:
            scene.add(flower(rng, x + u, y + v - 0.01, 0.014, 6, 0.6), "bloom", 0.85, 0.53, hue=int(rng.integers(6)))


def _beds(scene: Scene, rng: Rng, end: float, bend: float, back: float) -> None:
    rows = 7
    for row in range(rows):
        t = (row + 0.6) / rows
        y = back + 0.06 + t**1.3 * (0.94 - back)
        size = 0.018 + 0.05 * t
        hue = int(rng.integers(0, 6))
        gap = 0.05 + 0.26 * t**1.4
        x = -0.03
        while x < scene.aspect + 0.03:
            x += size * rng.uniform(1.5, 2.3)
            if abs(x - end - bend * np.sin(t * np.pi) * t) < gap:
                continue
            j = y + rng.normal(0, size * 0.35)
            scene.add(
                blob(rng, x, j + size * 0.3, size * 1.2, size * 0.75), "leaf", rng.uniform(0.3, 0.55), 0.5 + 0.3 * t
            )
            for _ in range(2):
                u, v = rng.normal(0, size * 0.6, 2)
                mixed = hue if rng.random() < 0.75 else int(rng.integers(0, 6))
                r = size * rng.uniform(0.3, 0.5)
                tone = rng.uniform(0.55, 0.85)
                scene.add(flower(rng, x + u, j + v * 0.6, r, 5, 0.8), "bloom", tone, 0.55 + 0.3 * t, hue=mixed)


def _front(scene: Scene, rng: Rng) -> None:
    for side in (0.06, 0.94):
        if rng.random() < 0.35:
            continue
        for _ in range(int(rng.integers(3, 6))):
            foot = (scene.aspect * side + rng.normal(0, 0.09), 1.03)
            head = (foot[0] + rng.normal(0, 0.05), rng.uniform(0.66, 0.86))
            scene.add(ribbon(bent(rng, foot, head, 0.06), 0.012, 0.006), "leaf", 0.3, 0.95)
            for k in (0.35, 0.6):
                spot = (foot[0] + (head[0] - foot[0]) * k, foot[1] + (head[1] - foot[1]) * k)
                tip = (spot[0] + rng.choice([-1, 1]) * 0.07, spot[1] - 0.05)
                scene.add(lens(spot, tip, 0.026, 0.008), "leaf", rng.uniform(0.35, 0.55), 0.95)
            r, hue = rng.uniform(0.034, 0.055), int(rng.integers(0, 6))
            scene.add(
                flower(rng, *head, r, int(rng.integers(5, 8)), 0.9), "bloom", rng.uniform(0.6, 0.8), 0.97, hue=hue
            )
            scene.add(ellipse(*head, r * 0.28, r * 0.25), "light", 0.75, 0.98)
