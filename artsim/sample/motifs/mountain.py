"""The mountain: ranges that get paler with distance, a sun, a lake or a valley of mist, pines in front."""

import numpy as np

from ..outlines import Rng, box, closed_below, ellipse, lens, ribbon, ridge, rolling, scallop
from ..scene import Scene


def mountain(rng: Rng, aspect: float) -> Scene:
    """Draw up a mountain scene for a frame of this aspect ratio (width by height)."""
    scene = Scene("mountain", aspect, horizon=float(rng.uniform(0.6, 0.7)))
    high = float(rng.uniform(0.34, 0.47))
    rock = str(rng.choice(["earth", "earth", "air"]))
    scene.add(box(-0.1, -0.1, aspect + 0.1, 1.1), "air", rng.uniform(0.62, 0.72), 0.0, fade=0.26)
    peak = aspect * float(rng.choice([0.36, 0.62])) + float(rng.normal(0, 0.05))
    side = -1 if peak > aspect / 2 else 1
    if rng.random() < 0.75:
        r = rng.uniform(0.05, 0.08)
        sun_x = peak + side * aspect * rng.uniform(0.26, 0.36)
        scene.add(ellipse(sun_x, rng.uniform(0.14, 0.26), r, r), "light", 0.95, 0.02, hue=0)
    for _ in range(int(rng.integers(1, 4))):
        x, y = rng.uniform(0, aspect), rng.uniform(0.1, 0.3)
        scene.add(
            lens((x - rng.uniform(0.15, 0.3), y), (x + rng.uniform(0.15, 0.3), y + 0.01), 0.05), "air", 0.96, 0.05
        )
    base = scene.horizon
    far = [(rng.uniform(0, aspect), rng.uniform(0.14, 0.3), rng.uniform(0.25, 0.5)) for _ in range(4)]
    scene.add(ridge(rng, aspect, base - 0.06, far, 0.012), "air", 0.6, 0.15, fade=0.25)
    _peak(scene, rng, peak, base, high, rock)
    middle = [(rng.uniform(-0.1, aspect), rng.uniform(0.06, 0.17), rng.uniform(0.2, 0.45)) for _ in range(3)]
    scene.add(ridge(rng, aspect, base - 0.01, middle, 0.01), "earth", 0.42, 0.4, fade=0.3)
    if rng.random() < 0.55:
        _lake(scene, rng, peak, base, high)
    else:
        scene.add(rolling(rng, aspect, base + 0.04, 0.03), "leaf", 0.6, 0.55, fade=0.22)
        scene.add(rolling(rng, aspect, base + 0.13, 0.03, 1.1), "leaf", 0.42, 0.65, fade=0.15)
    scene.add(rolling(rng, aspect, rng.uniform(0.88, 0.93), 0.035, 0.9), "leaf", 0.26, 0.9)
    if rng.random() < 0.45:
        _hut(scene, rng, aspect * (0.3 if side > 0 else 0.7) + rng.normal(0, 0.06), base + 0.045)
    _pines(scene, rng, side)
    return scene


def _hut(scene: Scene, rng: Rng, x: float, foot: float) -> None:
    w, tall = rng.uniform(0.03, 0.045), rng.uniform(0.03, 0.04)
    scene.add(box(x - w, foot - tall, x + w, foot), "skin", 0.85, 0.56)
    roof = [(x - w * 1.35, foot - tall + 0.004), (x, foot - tall * 2.1), (x + w * 1.35, foot - tall + 0.004)]
    scene.add(np.array(roof), "bloom", 0.45, 0.57, hue=1)
    scene.add(box(x - 0.008, foot - tall * 0.7, x + 0.008, foot), "earth", 0.2, 0.57)


def _peak(scene: Scene, rng: Rng, at: float, base: float, high: float, rock: str) -> None:
    half = high * rng.uniform(1.1, 1.5)
    others = [(at + s * half * rng.uniform(0.5, 0.9), high * rng.uniform(0.4, 0.66), half * 0.6) for s in (-1, 1)]
    body = ridge(rng, scene.aspect, base, [(at, high, half), *others], 0.012)
    scene.add(body, rock, 0.5 if rock == "earth" else 0.4, 0.3, fade=0.3)
    edge = body[:-2]
    top = int(edge[:, 1].argmin())
    summit = edge[top]
    # the shaded flank: from the summit down the right-hand side, with a jagged inner edge
    right = edge[top : top + 1 + int(len(edge) * half * 0.62 / scene.aspect)]
    t = np.linspace(1, 0, 12)[:, None]
    inner = summit + (np.array([summit[0] - half * 0.1, base + 0.03]) - summit) * t
    inner[1:-1, 0] += rng.normal(0, half * 0.05, 10)
    scene.add(np.vstack([right, (right[-1][0] - half * 0.2, base + 0.03), inner]), rock, 0.28, 0.32, fade=0.36)
    # snow follows the crest; its lower edge is toothed
    reach = int(len(edge) * half * 0.3 / scene.aspect)
    crest = edge[max(top - reach, 0) : top + reach + 1]
    teeth_x = np.linspace(crest[-1][0], crest[0][0], 15)
    span = np.abs(teeth_x - summit[0]) / (half * 0.3 + 1e-9)
    teeth_y = summit[1] + high * (0.22 + 0.18 * (1 - span)) + high * np.where(np.arange(15) % 2, 0.1, -0.05)
    ends = np.interp(teeth_x, crest[:, 0], crest[:, 1])
    snow = np.stack([teeth_x, np.maximum(np.where(span > 0.93, ends, teeth_y), ends)], 1)
    scene.add(np.vstack([crest, snow]), "air", 0.97, 0.34)


def _lake(scene: Scene, rng: Rng, peak: float, base: float, high: float) -> None:
    a = scene.aspect
    shore = base + 0.035
    scene.add(box(-0.1, shore, a + 0.1, 1.1), "water", 0.68, 0.5, fade=-0.25)
    x = np.linspace(-0.03, a + 0.03, 60)
    mirror = shore + 0.5 * high * np.clip(1 - np.abs(x - peak) / (high * 1.2), 0, None) + 0.004 * np.sin(x * 60)
    scene.add(closed_below(x, mirror, shore), "water", 0.42, 0.52, fade=0.12)
    for _ in range(7):
        y = rng.uniform(shore + 0.02, 0.9)
        cx, half = rng.uniform(0, a), rng.uniform(0.05, 0.2)
        scene.add(lens((cx - half, y), (cx + half, y), 0.009), "water", 0.85, 0.55)
    scene.add(rolling(rng, a, shore - 0.008, 0.006, 2.5, foot=shore + 0.006), "leaf", 0.3, 0.5)


def _pines(scene: Scene, rng: Rng, side: int) -> None:
    a = scene.aspect
    if rng.random() < 0.25:
        for _ in range(5):
            x = rng.uniform(0.05, a - 0.05)
            r = rng.uniform(0.05, 0.09)
            scene.add(scallop(rng, x, 0.9 - r * 0.6, r, r * 0.8), "leaf", rng.uniform(0.2, 0.45), 0.95, volume=0.25)
        return
    edge = a * 0.84 if side > 0 else a * 0.16
    for k in range(int(rng.integers(3, 7))):
        x = edge + rng.normal(0, 0.1 * a)
        tall = rng.uniform(0.16, 0.34) * (1.1 - 0.07 * k)
        _pine(scene, rng, x, rng.uniform(0.9, 0.97), tall, rng.uniform(0.12, 0.34))


def _pine(scene: Scene, rng: Rng, x: float, foot: float, tall: float, tone: float) -> None:
    scene.add(ribbon([(x, foot), (x, foot - tall * 0.9)], 0.014, 0.004), "earth", 0.2, 0.95)
    tiers, left, right = 6, [], []
    for k in range(tiers):
        y = foot - tall + tall * 0.86 * (k + 1) / tiers
        half = tall * 0.2 * (k + 1.2) / tiers * rng.uniform(0.85, 1.15)
        left += [(x - half, y), (x - half * 0.45, y - tall * 0.015)]
        right += [(x + half, y), (x + half * 0.45, y - tall * 0.015)]
    scene.add(np.array([(x, foot - tall), *right, *left[::-1]]), "leaf", tone, 0.96)
