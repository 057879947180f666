"""Bruno Kastell, who breaks what he sees into planes, shifts each and shades it from one side."""

import numpy as np
from PIL import Image, ImageDraw

from ..color import Palette
from ..field import blurred, combed, displaced, noise
from ..ground import canvas
from ..outlines import Rng
from ..raster import colored, rasterize
from ..scene import Scene
from .hand import Painter

_CUTS = 13


def paint(scene: Scene, palette: Palette, size: tuple[int, int], rng: Rng) -> np.ndarray:
    """Cut the picture by long lines; each facet shows a shifted view, is graded, and has dark edges."""
    width, height = size
    unit = float(min(size))
    cells, lines = _planes(rng, size)
    count = 2**_CUTS
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    # the shift and zoom of what each facet shows
    shift = rng.normal(0, 0.026 * unit, (count, 2))
    shift[rng.random(count) < 0.16] *= 2.2
    zoom = rng.normal(0, 0.05, count)
    share = np.maximum(np.bincount(cells.ravel(), minlength=count), 1)
    middle_x = np.bincount(cells.ravel(), np.broadcast_to(x, cells.shape).ravel(), count) / share
    middle_y = np.bincount(cells.ravel(), np.broadcast_to(y, cells.shape).ravel(), count) / share
    away_x, away_y = x - _each(middle_x, cells), y - _each(middle_y, cells)
    turned = _each(zoom, cells)
    dx = _each(shift[:, 0], cells) + turned * away_x
    dy = _each(shift[:, 1], cells) + turned * away_y
    raster = rasterize(scene, width, height)
    angle = rng.uniform(0, 2 * np.pi, count)
    slope = (_each(np.cos(angle), cells) * away_x + _each(np.sin(angle), cells) * away_y) / (0.16 * unit)
    shade = 0.17 * np.clip(slope, -1.1, 1.1) + _each(rng.normal(0, 0.05, count), cells)
    tones = displaced(raster.tones, dx, dy)
    labels = displaced(raster.labels, dx, dy)
    seen = type(raster)(scene, labels, tones)
    rgb = colored(seen, palette, np.clip(tones + shade, 0.03, 0.98))
    # a few facets turn ochre or gray, as if the canvas showed through
    stray = rng.random(count) < 0.1
    ground = palette.tints("earth", 0, 0.62 + shade * 1.2)
    mix = _each(0.62 * stray, cells)[..., None]
    rgb = rgb * (1 - mix) + ground * mix
    edges = np.maximum(_edge(labels) * 0.75, lines * 0.55)
    rgb *= (1 - 0.62 * np.clip(blurred(edges, 0.7) * 1.5, 0, 1))[..., None]
    brush = combed(rng, _each(angle, cells[::2, ::2]) + np.float32(np.pi / 2), 4, size)
    rgb *= (1 + 0.035 * brush + 0.03 * noise(rng, size, 40, 2))[..., None]
    return rgb * canvas(rng, size, 0.03)[..., None]


def _planes(rng: Rng, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Facets as cell numbers (h, w), and the lines between them as 0..1 (h, w)."""
    width, height = size
    unit, most = float(min(size)), float(max(size))
    code = np.zeros((height, width), np.intp)
    sheet = Image.new("L", (width * 2, height * 2), 0)
    pen = ImageDraw.Draw(sheet)
    leaning = rng.choice([-1, 1]) * rng.uniform(0.2, 0.5)
    for k in range(_CUTS):
        theta = (leaning, leaning + np.pi / 2, np.pi / 4 - leaning)[k % 3] + rng.normal(0, 0.2)
        spot = rng.uniform(0, 1, 2) * size
        side = Image.new("L", size, 0)
        if k % 4 == 3:  # every fourth cut is an arc
            radius = rng.uniform(0.25, 0.5) * unit
            ring = [*(spot - radius), *(spot + radius)]
            ImageDraw.Draw(side).ellipse(ring, fill=1)
            pen.ellipse([2 * v for v in ring], outline=210, width=2)
        else:  # a line ends at the sides of its plane, not at the picture's edge
            along = np.array([np.cos(theta), np.sin(theta)]) * rng.uniform(0.35, 0.8) * most
            deep = np.array([-np.sin(theta), np.cos(theta)]) * 2 * most
            plane = np.array([spot - along, spot + along, spot + along + deep, spot - along + deep])
            ImageDraw.Draw(side).polygon(plane.ravel().tolist(), fill=1)
            pen.line((plane * 2).ravel().tolist() + (plane[0] * 2).tolist(), fill=210, width=2)
        code = code * 2 + np.asarray(side)
    return code, np.asarray(sheet.reduce(2), dtype=np.float32) / 255


def _each(values: np.ndarray, cells: np.ndarray) -> np.ndarray:
    return np.take(values.astype(np.float32), cells)


def _edge(labels: np.ndarray) -> np.ndarray:
    edge = np.zeros(labels.shape, np.float32)
    edge[:, 1:] = labels[:, 1:] != labels[:, :-1]
    edge[1:] = np.maximum(edge[1:], labels[1:] != labels[:-1])
    return edge


PAINTER = Painter(
    key="kastell",
    name="Bruno Kastell",
    born=1882,
    died=1957,
    style="Cubism",
    school="Spanish",
    technique="oil on canvas",
    rights="© Kastell Estate, all rights reserved",
    palettes=(
        Palette(
            air="2a2e2e 5e6a68 a4aa98 ece2c4",
            water="22343a 4e6c72 98aca4 e6e0c6",
            earth="241a12 6e5030 b8935a ecd6a2",
            leaf="1e2a20 4e5e40 969a66 dcd49c",
            skin="3a281a 8a6640 ceac78 f2e2bc",
            bloom="c49a44 9c4a30 3e5868 b0743c 5e4a4e b88a78",
            light="a07838 dcbc78 f6ecc8",
            ground="d8c49a",
        ),
        Palette(
            air="1a2c44 4a6c8c 9ab4bc f0e8d0",
            water="143448 3a7088 8cb4b4 ece8d0",
            earth="2a1c18 80523a c8925a f2d8a4",
            leaf="14302c 3c6a54 8ea872 e0dca0",
            skin="40241e 9c6046 e0a878 fae4c4",
            bloom="e0aa3e c4462e 2c5a8c d87c3c 6a466c d89088",
            light="a87830 ecc468 fcf0c8",
            ground="e0cca4",
        ),
        Palette(
            air="24282c 586066 9ea4a2 e8e4d8",
            water="1e2c34 46606a 90a4a4 e2e2d6",
            earth="1e1c1a 5c5448 a89c84 e6dcc4",
            leaf="1c2822 465848 8e9880 d8d6be",
            skin="302a26 7c6e60 c2b29a eee6d4",
            bloom="b8a46c 8c5a4c 4c6274 a07c5c 625864 b0948c",
            light="9c8c60 d4c8a0 f4f0e0",
            ground="d2c8b0",
        ),
    ),
    aspects=(0.8, 0.86, 1.2, 1.0),
    favorites=("still life", "portrait", "city", "harbour"),
    paint=paint,
)
