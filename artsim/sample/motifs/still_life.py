"""The still life: a table before a wall, a vase of flowers, a jug, a bowl of fruit, a cloth, sometimes a window."""

import numpy as np

from ..outlines import Rng, bent, blob, box, ellipse, flower, lathe, lens, ribbon, smooth
from ..scene import Scene

_VASES = ((0.5, 0.36, 0.5, 0.85, 1.0, 0.9, 0.6, 0.62), (0.42, 0.4, 0.44, 0.7, 0.98, 1.0, 0.7),
          (0.62, 0.5, 0.7, 0.95, 1.0, 0.8, 0.5, 0.45, 0.6), (0.8, 0.72, 0.74, 0.8, 0.86, 0.9, 0.84))  # fmt: skip
_BOTTLE = (0.24, 0.24, 0.24, 0.3, 0.75, 1.0, 1.0, 1.0, 0.95)
_PEAR = (0.12, 0.34, 0.44, 0.62, 0.95, 1.0, 0.86, 0.45)


def still_life(rng: Rng, aspect: float) -> Scene:
    """Draw up a still life for a frame of this aspect ratio (width by height)."""
    table = float(rng.uniform(0.6, 0.68))
    scene = Scene("still life", aspect, horizon=table)
    scene.add(box(-0.1, -0.1, aspect + 0.1, 1.1), "air", rng.uniform(0.42, 0.62), 0.0, fade=0.1)
    _wall(scene, rng, table)
    tilt = float(rng.normal(0, 0.012))
    slab = np.array([(-0.1, table + tilt), (aspect + 0.1, table - tilt), (aspect + 0.1, 1.1), (-0.1, 1.1)])
    scene.add(slab, "earth", rng.uniform(0.5, 0.64), 0.3, fade=-0.14)
    _cloth(scene, rng, table)
    vase_x = aspect * float(rng.choice([0.36, 0.5, 0.62]))
    others = [u for u in (0.16, 0.34, 0.64, 0.84) if abs(u * aspect - vase_x) > 0.2]
    spots = [u * aspect for u in rng.permutation(others)]
    if spots:
        _vessel(scene, rng, spots[0], table + 0.1, tall=rng.uniform(0.3, 0.4) if rng.random() < 0.5 else 0.24)
    _bouquet(scene, rng, vase_x, table + 0.14)
    if len(spots) > 1:
        _bowl(scene, rng, spots[1], table + 0.2)
    for _ in range(int(rng.integers(4, 7))):
        _fruit(scene, rng, rng.uniform(0.1, 0.9) * aspect, rng.uniform(0.86, 0.95), rng.uniform(0.045, 0.06))
    return scene


def _wall(scene: Scene, rng: Rng, table: float) -> None:
    a = scene.aspect
    choice = rng.random()
    if choice < 0.4:  # a window with a hill and the sky
        left = a * (0.08 if rng.random() < 0.5 else 0.58)
        w, top, low = a * 0.34, 0.07, table - 0.12
        scene.add(box(left - 0.02, top - 0.02, left + w + 0.02, low + 0.025), "skin", 0.85, 0.05)
        scene.add(box(left, top, left + w, low), "air", 0.8, 0.05, fade=0.15)
        x = np.linspace(left, left + w, 20)
        hill = (top + low) / 2 + 0.06 + 0.03 * np.sin(x * 9 + rng.uniform(0, 6))
        scene.add(np.vstack([np.stack([x, hill], 1), (left + w, low), (left, low)]), "leaf", 0.55, 0.06)
        scene.add(box(left + w / 2 - 0.007, top, left + w / 2 + 0.007, low), "skin", 0.85, 0.07)
    elif choice < 0.75:  # a hanging cloth, in folds
        left = a * rng.uniform(-0.1, 0.62)
        hue, folds = int(rng.integers(0, 6)), 5
        for k in range(folds):
            x0, x1 = left + k * 0.1, left + (k + 1) * 0.1 + 0.01
            fold = [(x0, -0.05), (x1, -0.05), (x1 + 0.03 * k, table + 0.02), (x0 + 0.03 * k, table + 0.02)]
            scene.add(np.array(fold), "bloom", 0.42 + 0.2 * (k % 2), 0.08, hue=hue)
    else:
        scene.add(
            box(-0.1, -0.1, a * rng.uniform(0.3, 0.65), table + 0.02), "bloom", 0.42, 0.04, hue=int(rng.integers(6))
        )


def _cloth(scene: Scene, rng: Rng, table: float) -> None:
    a = scene.aspect
    x = a * rng.uniform(0.3, 0.6)
    corner = [(x - 0.34, table + 0.03), (x + 0.3, table + 0.02), (x + 0.4, 0.84), (x + 0.26, 1.04), (x - 0.1, 1.06),
              (x - 0.24, 0.9)]  # fmt: skip
    hue = int(rng.integers(0, 6))
    kind = "skin" if rng.random() < 0.6 else "bloom"
    scene.add(smooth(corner, 1), kind, 0.92 if kind == "skin" else 0.7, 0.35, hue=hue, fade=-0.06)
    for k in range(4):
        start = (x - 0.2 + 0.14 * k, table + 0.08 + 0.02 * k)
        end = (x - 0.17 + 0.13 * k + rng.normal(0, 0.03), 1.0)
        scene.add(lens(start, end, 0.03, 0.03), kind, 0.74 if kind == "skin" else 0.5, 0.36, hue=hue)


def _shadow(scene: Scene, x: float, foot: float, half: float) -> None:
    scene.add(ellipse(x + half * 0.7, foot, half * 1.5, half * 0.26), "earth", 0.3, 0.4)


def _vessel(scene: Scene, rng: Rng, x: float, foot: float, tall: float) -> None:
    hue = int(rng.integers(0, 6))
    if tall > 0.28:  # a bottle
        _shadow(scene, x, foot, 0.055)
        scene.add(lathe(x, foot - tall, foot, _BOTTLE, 0.058), "leaf", 0.25, 0.5, volume=0.4)
        scene.add(box(x - 0.045, foot - tall * 0.4, x + 0.045, foot - tall * 0.16), "skin", 0.9, 0.5)
        scene.add(lens((x - 0.034, foot - tall * 0.5), (x - 0.03, foot - tall * 0.1), 0.012), "air", 0.9, 0.5)
    else:  # a jug with a handle
        half = 0.085
        _shadow(scene, x, foot, half)
        grip = np.array([(x + half * 0.5, foot - tall * 0.9), (x + half * 1.75, foot - tall * 0.92),
                         (x + half * 1.7, foot - tall * 0.4), (x + half * 0.8, foot - tall * 0.3)])  # fmt: skip
        scene.add(ribbon(smooth(grip, 2)[2:-3], 0.02), "bloom", 0.45, 0.49, hue=hue)
        scene.add(lathe(x, foot - tall, foot, _VASES[0], half), "bloom", 0.6, 0.5, hue=hue, volume=0.45)
        scene.add(ellipse(x, foot - tall, half * 0.5, half * 0.13), "bloom", 0.25, 0.5, hue=hue)


def _bouquet(scene: Scene, rng: Rng, x: float, foot: float) -> None:
    tall, half = rng.uniform(0.24, 0.3), rng.uniform(0.085, 0.11)
    neck = foot - tall
    hue = int(rng.integers(0, 6))
    _shadow(scene, x, foot, half)
    heads = []
    for k in range(int(rng.integers(7, 12))):
        angle = np.pi * (0.12 + 0.76 * (k + rng.uniform(0.2, 0.8)) / 10)
        reach = rng.uniform(0.15, 0.3)
        tip = (x - np.cos(angle) * reach * 0.95, neck - np.sin(angle) * reach)
        heads.append(tip)
        scene.add(ribbon(bent(rng, (x, neck + 0.02), tip, 0.07), 0.009, 0.006), "leaf", 0.34, 0.5)
    for _ in range(12):
        angle = rng.uniform(0.05, np.pi - 0.05)
        reach = rng.uniform(0.1, 0.27)
        start = (x - np.cos(angle) * reach * 0.35, neck - np.sin(angle) * reach * 0.35)
        tip = (x - np.cos(angle + rng.normal(0, 0.2)) * reach, neck - np.sin(angle) * reach)
        scene.add(lens(start, tip, rng.uniform(0.035, 0.055), 0.015), "leaf", rng.uniform(0.3, 0.62), 0.52)
    bloom = [int(rng.integers(0, 6)) for _ in range(2)]
    for tip in heads:
        r = rng.uniform(0.04, 0.066)
        color = bloom[0] if rng.random() < 0.65 else bloom[1]
        petals = int(rng.integers(5, 9))
        scene.add(flower(rng, *tip, r, petals, 0.92), "bloom", rng.uniform(0.5, 0.7), 0.6, hue=color)
        scene.add(flower(rng, *tip, r * 0.62, petals, 0.92), "bloom", rng.uniform(0.74, 0.9), 0.6, hue=color)
        scene.add(ellipse(*tip, r * 0.24, r * 0.22), "light", 0.7, 0.6)
    profile = _VASES[int(rng.integers(0, 4))]
    scene.add(
        lathe(x, neck, foot, profile, half), "bloom" if rng.random() < 0.6 else "air", 0.56, 0.62, hue=hue, volume=0.5
    )
    if rng.random() < 0.5:
        share = np.linspace(0.46, 0.6, 5)
        radii = np.interp(share, np.linspace(0, 1, len(profile)), profile)
        top, low = (neck + tall * u for u in (share[0], share[-1]))
        scene.add(lathe(x, top, low, tuple(radii), half), "skin", 0.85, 0.63, volume=0.3)
    scene.add(
        lens((x - half * 0.55, neck + tall * 0.35), (x - half * 0.5, neck + tall * 0.75), 0.02), "air", 0.95, 0.64
    )


def _bowl(scene: Scene, rng: Rng, x: float, foot: float) -> None:
    half, tall = rng.uniform(0.14, 0.17), rng.uniform(0.085, 0.105)
    _shadow(scene, x, foot, half * 0.8)
    for row, count in ((0, 4), (1, 3), (2, 1)):
        for k in range(count):
            u = (k - (count - 1) / 2) * half * 0.47
            _fruit(scene, rng, x + u, foot - tall + 0.008 - row * 0.058, 0.05, bare=True)
    t = np.linspace(0, np.pi, 24)
    body = np.stack([x + half * np.cos(t), foot - tall + tall * np.sin(t) ** 0.75], 1)
    scene.add(body, "air" if rng.random() < 0.5 else "skin", 0.74, 0.72, volume=0.4)
    scene.add(box(x - half * 0.36, foot - 0.012, x + half * 0.36, foot + 0.006), "earth", 0.4, 0.72)


def _fruit(scene: Scene, rng: Rng, x: float, foot: float, r: float, bare: bool = False) -> None:
    if not bare:
        _shadow(scene, x, foot - 0.004, r * 0.85)
    hue = int(rng.choice([0, 1, 1, 2, 3, 5]))
    tone = rng.uniform(0.5, 0.72)
    if rng.random() < 0.3:
        scene.add(lathe(x, foot - r * 2.7, foot, _PEAR, r * 0.95), "leaf", 0.7, 0.8, volume=0.5)
        scene.add(ribbon([(x, foot - r * 2.6), (x + r * 0.25, foot - r * 3.1)], 0.008), "earth", 0.2, 0.8)
        return
    scene.add(blob(rng, x, foot - r, r, r * 0.96, 0.03), "bloom", tone, 0.8, hue=hue, volume=0.5)
    scene.add(ribbon([(x, foot - r * 1.75), (x + r * 0.1, foot - r * 2.15)], 0.007), "earth", 0.2, 0.8)
    scene.add(ellipse(x - r * 0.34, foot - r * 1.34, r * 0.17, r * 0.12, -0.5), "light", 0.95, 0.8)
