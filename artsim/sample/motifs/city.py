"""The city: stacked house fronts with windows and roofs, towers and a dome behind, a street, a canal or a bridge."""

import numpy as np

from ..outlines import Rng, box, ellipse, lens, ribbon, scallop
from ..scene import Scene


def city(rng: Rng, aspect: float) -> Scene:
    """Draw up a townscape for a frame of this aspect ratio (width by height)."""
    street = float(rng.uniform(0.76, 0.84))
    scene = Scene("city", aspect, horizon=street)
    scene.add(box(-0.1, -0.1, aspect + 0.1, 1.1), "air", rng.uniform(0.6, 0.74), 0.0, fade=0.28)
    if rng.random() < 0.5:
        r = rng.uniform(0.05, 0.075)
        scene.add(ellipse(rng.uniform(0.15, 0.85) * aspect, rng.uniform(0.1, 0.2), r, r), "light", 0.95, 0.02)
    for _ in range(2):
        x, r = rng.uniform(0, aspect), rng.uniform(0.1, 0.18)
        scene.add(scallop(rng, x, rng.uniform(0.06, 0.18), r, r * 0.26, 8), "air", 0.95, 0.03)
    _skyline(scene, rng)
    _landmark(scene, rng, aspect * float(rng.uniform(0.25, 0.75)))
    _row(scene, rng, 0.5, street - 0.1, (0.09, 0.14), (0.1, 0.24), 0.42)
    _row(scene, rng, 0.8, street, (0.13, 0.22), (0.2, 0.4), 0.6)
    if rng.random() < 0.5:
        _canal(scene, rng, street)
    else:
        _street(scene, rng, street)
    return scene


def _skyline(scene: Scene, rng: Rng) -> None:
    x = -0.05
    while x < scene.aspect + 0.05:
        w, top = rng.uniform(0.05, 0.13), rng.uniform(0.3, 0.44)
        scene.add(box(x, top, x + w, 0.8), "air", rng.uniform(0.52, 0.68), 0.15, fade=0.16)
        if rng.random() < 0.4:
            gable = [(x, top + 0.001), (x + w / 2, top - w * 0.6), (x + w, top + 0.001)]
            scene.add(np.array(gable), "air", rng.uniform(0.45, 0.6), 0.16)
        x += w


def _landmark(scene: Scene, rng: Rng, x: float) -> None:
    if rng.random() < 0.5:  # a dome with a lantern
        r, base = rng.uniform(0.1, 0.13), 0.36
        scene.add(box(x - r * 1.2, base + 0.05, x + r * 1.2, 0.8), "skin", 0.78, 0.3)
        scene.add(box(x - r, base, x + r, base + 0.06), "skin", 0.86, 0.3)
        t = np.linspace(0, np.pi, 24)
        dome = np.stack([x + r * np.cos(t), base - 1.1 * r * np.sin(t)], 1)
        scene.add(dome, "bloom", 0.5, 0.31, hue=int(rng.integers(6)), volume=0.45)
        scene.add(box(x - 0.014, base - 1.1 * r - 0.04, x + 0.014, base - 1.1 * r + 0.004), "skin", 0.9, 0.32)
        scene.add(ribbon([(x, base - 1.1 * r - 0.04), (x, base - 1.1 * r - 0.09)], 0.012, 0.003), "earth", 0.2, 0.32)
        for k in range(5):
            u = x - r * 0.8 + k * r * 0.4
            scene.add(box(u - 0.008, base + 0.012, u + 0.008, base + 0.05), "earth", 0.3, 0.32)
    else:  # two towers with spires
        for side in (-1, 1):
            cx, top = x + side * 0.075, rng.uniform(0.2, 0.26)
            scene.add(box(cx - 0.042, top, cx + 0.042, 0.8), "skin", 0.72, 0.3, fade=-0.1)
            scene.add(np.array([(cx - 0.048, top), (cx, top - 0.17), (cx + 0.048, top)]), "bloom", 0.42, 0.31, hue=2)
            for y in (top + 0.04, top + 0.14):
                scene.add(lens((cx, y - 0.015), (cx, y + 0.045), 0.024), "earth", 0.2, 0.32)
        scene.add(box(x - 0.04, 0.4, x + 0.04, 0.8), "skin", 0.8, 0.3)
        scene.add(ellipse(x, 0.46, 0.026, 0.026), "bloom", 0.4, 0.32, hue=3)


def _row(
    scene: Scene,
    rng: Rng,
    depth: float,
    foot: float,
    wide: tuple[float, float],
    high: tuple[float, float],
    dark: float,
) -> None:
    x = -rng.uniform(0.02, 0.1)
    while x < scene.aspect + 0.02:
        w, tall = rng.uniform(*wide), rng.uniform(*high)
        top = foot - tall
        hue = int(rng.integers(0, 6))
        plain = rng.random() < 0.45
        tone = rng.uniform(dark, dark + 0.34)
        scene.add(box(x, top, x + w, foot), "skin" if plain else "bloom", tone, depth, hue=hue, fade=-0.06)
        _roof(scene, rng, x, top, w, depth)
        _windows(scene, rng, x, top, w, foot, depth, tone)
        x += w


def _roof(scene: Scene, rng: Rng, x: float, top: float, w: float, depth: float) -> None:
    kind = rng.integers(0, 4)
    hue = int(rng.choice([1, 1, 2, 4]))
    tone = rng.uniform(0.28, 0.5)
    if kind == 0:  # a gable to the street
        outline = [(x - 0.008, top + 0.002), (x + w / 2, top - w * 0.55), (x + w + 0.008, top + 0.002)]
    elif kind == 1:  # a stepped gable
        s = w / 8
        outline = [(x, top), (x, top - s), (x + s, top - s), (x + s, top - 2.4 * s), (x + 2.4 * s, top - 2.4 * s),
                   (x + 2.4 * s, top - 4 * s), (x + w - 2.4 * s, top - 4 * s), (x + w - 2.4 * s, top - 2.4 * s),
                   (x + w - s, top - 2.4 * s), (x + w - s, top - s), (x + w, top - s), (x + w, top)]  # fmt: skip
    else:  # a slope along the street
        outline = [(x - 0.008, top + 0.002), (x + w * 0.14, top - w * 0.32), (x + w * 0.86, top - w * 0.32),
                   (x + w + 0.008, top + 0.002)]  # fmt: skip
    scene.add(np.array(outline), "bloom", tone, depth, hue=hue)
    if rng.random() < 0.6:
        u = x + w * rng.uniform(0.55, 0.75)
        scene.add(box(u, top - w * 0.52, u + w * 0.11, top - w * 0.2), "earth", 0.42, depth)


def _windows(scene: Scene, rng: Rng, x: float, top: float, w: float, foot: float, depth: float, tone: float) -> None:
    count = max(2, round(w / 0.055))
    pane, gap = w / count * 0.44, w / count
    row_gap = 0.068 if depth > 0.6 else 0.055
    dark = tone > 0.35
    for y in np.arange(top + 0.022, foot - 0.05, row_gap):
        for k in range(count):
            left = x + gap * k + (gap - pane) / 2
            lit = rng.random() < 0.14
            shade = 0.16 + 0.2 * rng.random() if dark else 0.8
            scene.add(
                box(left, y, left + pane, y + row_gap * 0.56), "light" if lit else "air", 0.8 if lit else shade, depth
            )
    door = x + w * rng.uniform(0.3, 0.55)
    if depth > 0.6:
        scene.add(box(door, foot - 0.075, door + 0.036, foot), "bloom", 0.22, depth, hue=int(rng.integers(6)))


def _canal(scene: Scene, rng: Rng, street: float) -> None:
    a = scene.aspect
    scene.add(box(-0.1, street, a + 0.1, 1.1), "water", 0.52, 0.85, fade=-0.15)
    fronts = [s for s in scene.shapes if s.depth == 0.8 and abs(s.outline[:, 1].max() - street) < 1e-6]
    for front in fronts:
        left, right = front.outline[:, 0].min(), front.outline[:, 0].max()
        if right - left > 0.1:
            mirror = box(left + 0.01, street + 0.01, right - 0.01, street + rng.uniform(0.08, 0.16))
            scene.add(mirror, front.kind, front.tone * 0.75, 0.86, hue=front.hue, fade=-0.1)
    for _ in range(26):
        y, x, half = rng.uniform(street + 0.02, 0.99), rng.uniform(0, a), rng.uniform(0.03, 0.12)
        scene.add(lens((x - half, y), (x + half, y), 0.01), "water", rng.choice([0.32, 0.7]), 0.87)
    scene.add(box(-0.1, street - 0.004, a + 0.1, street + 0.014), "earth", 0.3, 0.88)
    if rng.random() < 0.6:
        x, w = a * rng.uniform(0.3, 0.7), 0.26
        t = np.linspace(0, np.pi, 20)
        deck = np.stack([x + w * np.cos(t), street + 0.05 - 0.1 * np.sin(t)], 1)
        arch = np.stack([x + w * 0.62 * np.cos(t[::-1]), street + 0.09 - 0.09 * np.sin(t[::-1])], 1)
        feet = [(x + u * w, street + 0.13) for u in (-1, -0.62, 0.62, 1)]
        sides = np.vstack([deck, feet[:2], arch, feet[2:]])
        scene.add(sides, "skin", 0.6, 0.9)
        scene.add(ribbon(deck, 0.014), "skin", 0.86, 0.91)


def _street(scene: Scene, rng: Rng, street: float) -> None:
    a = scene.aspect
    scene.add(box(-0.1, street, a + 0.1, 1.1), "earth", 0.66, 0.85, fade=-0.14)
    scene.add(box(-0.1, street, a + 0.1, street + 0.03), "skin", 0.82, 0.86)
    for _ in range(int(rng.integers(5, 9))):
        x, foot = rng.uniform(0.06, 0.94) * a, rng.uniform(street + 0.03, 0.96)
        tall = 0.1 + 0.28 * (foot - street)
        hue = int(rng.integers(0, 6))
        scene.add(ellipse(x + tall * 0.16, foot, tall * 0.3, tall * 0.05), "earth", 0.36, 0.9)
        coat = np.array([(-0.09, -0.78), (0.09, -0.78), (0.17, -0.1), (0.05, 0), (-0.05, 0), (-0.17, -0.1)])
        scene.add(coat * tall + np.array([x, foot]), "bloom", rng.uniform(0.25, 0.5), 0.92, hue=hue)
        scene.add(ellipse(x, foot - tall * 0.88, tall * 0.075, tall * 0.09), "skin", 0.75, 0.92)
        scene.add(ellipse(x, foot - tall * 0.95, tall * 0.11, tall * 0.05), "earth", 0.15, 0.93)
    for u in (0.12, 0.88):
        if rng.random() < 0.6:
            x = a * u
            scene.add(ribbon([(x, 0.98), (x, 0.6)], 0.014, 0.008), "earth", 0.12, 0.95)
            scene.add(ellipse(x, 0.585, 0.02, 0.026), "light", 0.92, 0.96)
