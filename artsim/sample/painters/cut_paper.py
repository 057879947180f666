"""Odile Sarrant, who cuts painted paper with scissors and pins it on a patchwork of other paper."""

import numpy as np
from PIL import Image, ImageDraw

from ..color import Palette
from ..field import grain, noise
from ..outlines import Outline, Rng, smooth
from ..scene import Scene
from .hand import Painter

_SMALLEST = 0.00025  # smallest area that is cut, as a share of the picture's height squared


def _cut(outline: Outline, rng: Rng) -> Outline:
    """The outline as scissors leave it: fewer points, each slightly off."""
    step = max(1, len(outline) // 18)
    if outline[:, 1].max() > 0.99 and len(outline) > 30:  # a sheet across the picture keeps its lower corners
        edge = smooth(outline[:-2:step], 1)[2:-2]
        return np.vstack([outline[0], edge + rng.normal(0, 0.003, edge.shape), outline[-3:]])
    keep = outline[::step]
    off = min(0.006, 0.05 * float(np.ptp(keep, axis=0).min()))
    return smooth(keep + rng.normal(0, off, keep.shape), 1 if len(outline) > 4 else 0)


def _area(outline: Outline) -> float:
    x, y = outline[:, 0], outline[:, 1]
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)


def _weed(rng: Rng, x: float, y: float, size: float) -> Outline:
    """A frond with rounded lobes, the painter's signature."""
    angle = rng.uniform(0, 2 * np.pi)
    lobes = int(rng.integers(5, 8))
    t = np.linspace(0, 2 * np.pi, lobes * 8, endpoint=False)
    r = size * (0.42 + 0.58 * np.abs(np.cos(lobes * t / 2)) ** 0.8)
    return np.stack([x + r * np.cos(t + angle) * 0.8, y + r * np.sin(t + angle)], 1)


def paint(scene: Scene, palette: Palette, size: tuple[int, int], rng: Rng) -> np.ndarray:
    """Cut the shapes and lay them from back to front, each with a small shadow."""
    width, height = size
    scale = height * 2
    backs = [palette.tint("bloom", int(h), 0.62) for h in rng.permutation(6)]
    base = Image.new("RGB", (width * 2, height * 2), tuple(int(v) for v in palette.paper))
    shade = Image.new("L", base.size, 0)
    draw, dark = ImageDraw.Draw(base), ImageDraw.Draw(shade)
    night = -0.06 if scene.night else 0.0
    for index, shape in enumerate(scene.shapes):
        # a sheet has one flat tone, rounded to a sixth
        tone = round((shape.tone + shape.fade / 2 + night) * 6) / 6
        color = palette.tint(shape.kind, shape.hue, tone) + rng.normal(0, 3, 3)
        if index == 0:
            _patchwork(draw, color, backs, scene, scale, rng)
            continue
        area = _area(shape.outline)
        if area < _SMALLEST:
            continue
        piece = _cut(shape.outline, rng) * scale
        fill = tuple(int(v) for v in color.clip(0, 255))
        drop = (2.5 + 3.5 * min(1.0, area * 12)) * scale / 1200
        draw.polygon((piece + np.array([drop * 0.9, drop])).ravel().tolist(), fill=tuple(int(v * 0.62) for v in fill))
        draw.polygon(piece.ravel().tolist(), fill=fill)
        dark.polygon(piece.ravel().tolist(), fill=int(rng.integers(40, 220)))
    _fronds(draw, palette, scene, scale, rng)
    rgb = np.asarray(base.reduce(2), dtype=np.float32)
    # gouache: every sheet is brushed either across or along
    sheet = np.asarray(shade.reduce(2), dtype=np.float32)
    across = noise(rng, (width, max(height // 10, 4)), 26, 2).repeat(10, axis=0)
    along = noise(rng, (max(width // 10, 4), height), 26, 2).repeat(10, axis=1)
    across, along = (np.resize(a, (height, width)) if a.shape < (height, width) else a for a in (across, along))
    brushed = np.where(sheet[:height] > 128, across[:height, :width], along[:height, :width])
    return rgb * (1 + 0.035 * brushed + 0.012 * grain(rng, size))[..., None]


def _patchwork(draw: ImageDraw.ImageDraw, color: np.ndarray, backs: list, scene: Scene, scale: int, rng: Rng) -> None:
    """Draw the background from sheets near its color, a few of them mixed with an accent."""
    columns, rows = max(2, round(scene.aspect * 2.6)), 2
    xs = np.linspace(-0.02, scene.aspect + 0.02, columns + 1) + rng.normal(0, 0.02, columns + 1)
    ys = [-0.02, rng.uniform(0.38, 0.5), 1.02]
    for r in range(rows):
        for c in range(columns):
            tint = color + rng.normal(0, 9) + rng.normal(0, 5, 3)
            if rng.random() < 0.22 and not scene.night:
                tint = 0.45 * tint + 0.55 * backs[(r + c) % len(backs)]
            sheet = np.array([(xs[c], ys[r]), (xs[c + 1] + 0.01, ys[r]), (xs[c + 1] + 0.01, ys[r + 1] + 0.01),
                              (xs[c], ys[r + 1] + 0.01)])  # fmt: skip
            sheet = (sheet + rng.normal(0, 0.004, sheet.shape)) * scale
            draw.polygon(sheet.ravel().tolist(), fill=tuple(int(v) for v in tint.clip(0, 255)))


def _fronds(draw: ImageDraw.ImageDraw, palette: Palette, scene: Scene, scale: int, rng: Rng) -> None:
    corners = [(0.06, 0.07), (0.94, 0.08), (0.06, 0.93), (0.94, 0.92)]
    for index in rng.permutation(4)[: int(rng.integers(1, 4))]:
        u, v = corners[index]
        leaf = _weed(rng, u * scene.aspect, v, rng.uniform(0.06, 0.085)) * scale
        tone = 0.9 if scene.night or rng.random() < 0.5 else 0.5
        fill = palette.tint("bloom", int(rng.integers(6)), tone)
        draw.polygon((leaf + 5).ravel().tolist(), fill=tuple(int(v * 0.45) for v in fill))
        draw.polygon(leaf.ravel().tolist(), fill=tuple(int(v) for v in fill))


PAINTER = Painter(
    key="sarrant",
    name="Odile Sarrant",
    born=1884,
    died=1962,
    style="Fauvism",
    school="French",
    technique="gouache on cut paper, pasted",
    rights="© Estate of Odile Sarrant, all rights reserved",
    palettes=(
        Palette(
            air="12235a 2456b4 74b4e4 fbf4e4",
            water="0f2f6a 1f74c0 6cc4e0 f4f4e4",
            earth="1c1620 8a3a2a e08a3c f8dcae",
            leaf="0a3a30 12805a 6ab84a d8e48a",
            skin="38202c c85a4a f6ac84 fdeedd",
            bloom="fbbf24 e63a2e 1f4fb8 f5762a 7a2f8a f277a0",
            ground="fbf4e4",
        ),
        Palette(
            air="2a1048 7a2a8a e878a8 fdeee0",
            water="14284a 1f6a8a 5cc0b8 f6f2de",
            earth="26121a a02c3c f08050 fbdcb4",
            leaf="0e3a3a 1a8070 8cc45c eaec9a",
            skin="3c1a2a d05464 f8a890 feeadc",
            bloom="ffc83a e8304a 2a52b4 fa8038 642a80 fa86ac",
            ground="fdf0e2",
        ),
        Palette(
            air="0c2c34 127078 8ccab4 fdf6e0",
            water="0a2a44 12649a 78bcd8 f6f6e6",
            earth="201814 94441c e69a34 fae2a8",
            leaf="123418 2f7a2c 98b83a eee680",
            skin="3a2018 c8643c f4b07a fef0d6",
            bloom="fac22a d83a20 14588c f28a1c 8a2c50 f69a8c",
            ground="fdf6e4",
        ),
    ),
    aspects=(1.3, 0.78, 1.0, 1.5),
    favorites=("still life", "portrait", "garden", "city"),
    paint=paint,
)
