"""The portrait: a head on a long neck, slightly bowed, hair or a hat, a dress with a collar, a plain ground."""

from collections.abc import Callable

import numpy as np

from ..outlines import Outline, Rng, blob, box, ellipse, lens, ribbon, scallop, smooth, turned
from ..scene import Scene


def portrait(rng: Rng, aspect: float) -> Scene:
    """Draw up a portrait for a frame of this aspect ratio (width by height)."""
    scene = Scene("portrait", aspect, horizon=0.75)
    _ground(scene, rng)
    x = aspect * 0.5 + float(rng.normal(0, 0.02))
    size = float(rng.uniform(0.92, 1.08))
    tilt = float(rng.choice([-1, 1]) * rng.uniform(0.03, 0.16))
    gaze = float(rng.choice([-1, 1]) * rng.uniform(0.1, 0.32))
    hair = (float(rng.uniform(0.12, 0.4)), int(rng.integers(0, 6)), bool(rng.random() < 0.25))
    cut = str(rng.choice(["long", "long", "short", "bun", "curls"]))
    hat, beard = bool(rng.random() < 0.3), cut == "short" and bool(rng.random() < 0.7)
    middle = (x, 0.38)

    def at(outline: Outline) -> Outline:
        """Transform from head units (the face 1 wide, the origin at its middle) into the frame, tilted."""
        return turned(np.asarray(outline, float) * 0.25 * size + middle, tilt, (x, 0.55))

    def hairy(outline: Outline, more: float = 0.0) -> None:
        if hair[2]:
            scene.add(at(outline), "bloom", hair[0] + 0.2 + more, 0.55, hue=hair[1], volume=0.2)
        else:
            scene.add(at(outline), "earth", hair[0] + more, 0.55, volume=0.2)

    if cut == "long":
        back = [(-0.62, -0.5), (0, -0.86), (0.62, -0.5), (0.72, 0.4), (0.8, 1.25), (0.3, 1.5), (-0.3, 1.5),
                (-0.8, 1.25), (-0.72, 0.4)]  # fmt: skip
        hairy(smooth(back, 2))
    elif cut == "curls":
        hairy(scallop(rng, 0, -0.1, 0.82, 0.84, 13, 0.12))
    else:
        hairy(blob(rng, 0, -0.22, 0.62, 0.68, 0.03))
        if cut == "bun" and not hat:
            hairy(blob(rng, 0, -0.95, 0.26, 0.24, 0.05), 0.05)
    _dress(scene, rng, x, size)
    neck = [(-0.2, 0.5), (0.2, 0.5), (0.22, 1.15), (0.42, 1.42), (-0.42, 1.42), (-0.22, 1.15)]
    scene.add(at(np.array(neck)), "skin", 0.62, 0.6, volume=0.2)
    scene.add(at(smooth([(-0.2, 0.52), (0.2, 0.52), (0.2, 0.85), (0.0, 0.98), (-0.2, 0.74)], 2)), "skin", 0.46, 0.61)
    _collar(scene, rng, x, size, plain=beard)
    for side in (-1, 1):
        scene.add(at(ellipse(side * 0.5 - gaze * 0.1, 0.02, 0.075, 0.14)), "skin", 0.6, 0.62)
        if not beard and rng.random() < 0.6:
            scene.add(at(ellipse(side * 0.51 - gaze * 0.1, 0.22, 0.035, 0.06)), "light", 0.85, 0.66)
    face = [(-0.46, -0.45), (0, -0.72), (0.46, -0.45), (0.5, 0.05), (0.33, 0.55), (0.09, 0.75), (-0.09, 0.75),
            (-0.33, 0.55), (-0.5, 0.05)]  # fmt: skip
    scene.add(at(smooth(face, 3)), "skin", 0.8, 0.65, volume=0.34)
    s = -np.sign(gaze)  # the side of the face away from the gaze lies in shade
    shade = [(s * 0.48, -0.3), (s * 0.5, 0.05), (s * 0.33, 0.55), (s * 0.1, 0.74), (s * 0.2, 0.4), (s * 0.36, 0.1)]
    scene.add(at(smooth(shade, 2)), "skin", 0.64, 0.66)
    if beard:
        full = [(-0.5, 0.0), (-0.4, 0.2), (-0.2, 0.36), (0.2, 0.36), (0.4, 0.2), (0.5, 0.0), (0.44, 0.5),
                (0.2, 0.95), (-0.2, 0.95), (-0.44, 0.5)]  # fmt: skip
        hairy(smooth(full, 2), 0.04)
    _features(scene, rng, at, gaze)
    if beard:
        for side in (-1, 1):
            hairy(lens((gaze * 0.26, 0.36), (gaze * 0.26 + side * 0.24, 0.44), 0.1, -0.03 * side), 0.1)
    hairy(smooth(_fringe(rng), 2), 0.06)
    if hat:
        hue = int(rng.integers(0, 6))
        crown = [(-0.5, -0.5), (-0.48, -0.95), (0, -1.12), (0.48, -0.95), (0.5, -0.5)]
        scene.add(at(smooth(crown, 2)), "bloom", 0.5, 0.8, hue=hue, volume=0.3)
        scene.add(at(ellipse(0, -0.5, 0.95, 0.14, 0.04)), "bloom", 0.4, 0.8, hue=hue)
        scene.add(at(np.array([(-0.47, -0.62), (0.47, -0.62), (0.485, -0.52), (-0.485, -0.52)])), "skin", 0.9, 0.81)
    return scene


def _ground(scene: Scene, rng: Rng) -> None:
    a = scene.aspect
    scene.add(box(-0.1, -0.1, a + 0.1, 1.1), "air", rng.uniform(0.45, 0.68), 0.0, fade=rng.uniform(-0.15, 0.15))
    choice = rng.random()
    if choice < 0.4:
        left = bool(rng.random() < 0.5)
        edge = a * rng.uniform(0.25, 0.4)
        x0, x1 = (-0.1, edge) if left else (a - edge, a + 0.1)
        scene.add(box(x0, -0.1, x1, 1.1), "bloom", rng.uniform(0.4, 0.6), 0.05, hue=int(rng.integers(6)))
    elif choice < 0.65:
        scene.add(ellipse(a / 2, 0.34, 0.36, 0.36, points=60), "light", 0.75, 0.03)
    elif choice < 0.85:
        for k in range(5):
            x = a * (k + 0.5) / 5
            scene.add(box(x - a * 0.045, -0.1, x + a * 0.045, 1.1), "leaf", 0.6, 0.05)


def _dress(scene: Scene, rng: Rng, x: float, size: float) -> None:
    hue = int(rng.integers(0, 6))
    wide = 0.36 * size
    body = [(x - 0.1, 0.66), (x + 0.1, 0.66), (x + wide * 0.85, 0.76), (x + wide * 1.08, 0.95), (x + wide * 1.2, 1.2),
            (x - wide * 1.2, 1.2), (x - wide * 1.08, 0.95), (x - wide * 0.85, 0.76)]  # fmt: skip
    scene.add(smooth(body, 2), "bloom", rng.uniform(0.32, 0.6), 0.5, hue=hue, volume=0.22)
    for side in (-1, 1):
        fold = lens((x + side * 0.2, 0.78), (x + side * 0.24, 1.06), 0.03, 0.02 * side)
        scene.add(fold, "bloom", 0.25, 0.52, hue=hue)
    if rng.random() < 0.45:
        for k in range(9):
            spot = (x + wide * rng.uniform(-0.9, 0.9), rng.uniform(0.82, 0.98))
            scene.add(ellipse(*spot, 0.014, 0.014), "bloom", 0.85, 0.53, hue=hue + 1 + k % 2)


def _collar(scene: Scene, rng: Rng, x: float, size: float, plain: bool) -> None:
    choice = 0.0 if plain else rng.random()
    if choice < 0.4:
        for side in (-1, 1):
            flap = [(x, 0.78), (x + side * 0.13, 0.67), (x + side * 0.2, 0.74), (x + side * 0.09, 0.86)]
            scene.add(np.array(flap), "skin", 0.95, 0.63)
    elif choice < 0.75:
        t = np.linspace(0.12, np.pi - 0.12, 13)
        for angle in t:
            bead = (x + 0.12 * size * np.cos(angle), 0.7 + 0.09 * np.sin(angle))
            scene.add(ellipse(*bead, 0.012, 0.012), "light", 0.9, 0.64)
    else:
        scarf = [(x - 0.12, 0.64), (x + 0.12, 0.64), (x + 0.15, 0.73), (x + 0.05, 0.78), (x - 0.15, 0.75)]
        hue = int(rng.integers(0, 6))
        scene.add(smooth(scarf, 2), "bloom", 0.6, 0.64, hue=hue, volume=0.3)
        end = np.array([(x - 0.01, 0.75), (x + 0.07, 0.74), (x + 0.12, 0.97), (x + 0.03, 0.98)])
        scene.add(end, "bloom", 0.5, 0.64, hue=hue)


def _fringe(rng: Rng) -> Outline:
    part = rng.uniform(-0.3, 0.3)
    low = rng.uniform(-0.36, -0.22)
    return np.array([(-0.54, 0.06), (-0.6, -0.4), (-0.36, -0.78), (0, -0.9), (0.36, -0.78), (0.6, -0.4), (0.54, 0.06),
                     (0.46, -0.22), (0.3, low), (part, -0.56), (-0.3, low), (-0.46, -0.22)])  # fmt: skip


def _features(scene: Scene, rng: Rng, at: Callable[[Outline], Outline], gaze: float) -> None:
    turn = gaze * 0.26
    iris, lips = int(rng.integers(0, 6)), 1
    s = -np.sign(gaze)
    for side in (-1, 1):
        scene.add(at(ellipse(turn + side * 0.27, 0.2, 0.1, 0.075)), "bloom", 0.7, 0.66, hue=lips)
    for side in (-1, 1):
        ex, ey = turn + side * 0.21, -0.06
        w = 0.125 * (1 - 0.35 * side * gaze)
        scene.add(at(ribbon(_arc(ex, ey - 0.012, w * 1.1, -0.08), 0.03, 0.03)), "earth", 0.2, 0.71)
        scene.add(at(lens((ex - w, ey), (ex + w, ey - 0.01), 0.125)), "skin", 0.97, 0.7)
        scene.add(at(ellipse(ex + gaze * 0.13, ey - 0.004, 0.05, 0.056)), "bloom", 0.35, 0.71, hue=iris)
        scene.add(at(ellipse(ex + gaze * 0.13, ey - 0.004, 0.026, 0.03)), "earth", 0.04, 0.72)
        brow = _arc(ex + side * 0.015, ey - 0.13, w * 1.3, -0.06)
        scene.add(at(ribbon(brow if side > 0 else brow[::-1], 0.046, 0.014)), "earth", 0.18, 0.72)
    bridge = [(0.02, -0.2), (0.07, -0.1), (0.08, 0.12), (0.11, 0.28), (-0.05, 0.31), (0.03, 0.2)]
    scene.add(at(np.array([(turn + s * u, v) for u, v in bridge])), "skin", 0.58, 0.72)
    scene.add(at(lens((turn - 0.08, 0.3), (turn + 0.08, 0.3), 0.03, 0.02)), "skin", 0.5, 0.72)
    smile = rng.uniform(0.005, 0.035)
    mouth = 0.46
    bow = [(-0.15, -smile), (-0.05, -0.05), (0, -0.032), (0.05, -0.05), (0.15, -smile), (0, 0.012)]
    upper = [(turn + u, mouth + v) for u, v in bow]
    lower = smooth([(turn - 0.14, mouth - smile), (turn, mouth + 0.005), (turn + 0.14, mouth - smile),
                    (turn + 0.07, mouth + 0.075), (turn - 0.07, mouth + 0.075)], 2)  # fmt: skip
    scene.add(at(lower), "bloom", 0.58, 0.72, hue=lips)
    scene.add(at(np.array(upper)), "bloom", 0.4, 0.72, hue=lips)


def _arc(x: float, y: float, half: float, rise: float) -> Outline:
    t = np.linspace(-1, 1, 9)
    return np.stack([x + half * t, y + rise * (1 - t**2)], 1)
