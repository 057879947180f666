"""Willem Roos, who lays thick strokes along the edges of everything he sees."""

import numpy as np
from PIL import Image, ImageDraw

from ..color import Palette, spread
from ..field import blurred, combed, directions, edges, smoothstep
from ..outlines import Rng
from ..raster import colored, rasterize
from ..scene import Scene
from .hand import Painter

_FINE = 4  # pixels of the drawing per pixel of the view; two per pixel of the picture


def _strokes(angle: np.ndarray, x: np.ndarray, y: np.ndarray, long: float, wide: float, rng: Rng) -> np.ndarray:
    """Bent bars that follow the field through (x, y): corners (n, 10, 2) in pixels."""
    height, width = angle.shape
    n = len(x)
    half = long * rng.uniform(0.6, 1.25, n) / 2
    middle = np.stack([x, y], 1)
    path = [middle]
    for way in (-1, 1):
        spot, theta = middle.copy(), angle[y.astype(int), x.astype(int)]
        for _ in range(2):
            spot = spot + way * (half / 2)[:, None] * np.stack([np.cos(theta), np.sin(theta)], 1)
            path.insert(0, spot) if way < 0 else path.append(spot)
            inside = spot.clip(0, (width - 1, height - 1)).astype(int)
            turn = angle[inside[:, 1], inside[:, 0]] - theta
            theta = theta + (turn + np.pi / 2) % np.pi - np.pi / 2
    line = np.stack(path, 1)
    step = np.gradient(line, axis=1)
    normal = np.stack([-step[..., 1], step[..., 0]], -1) / (np.linalg.norm(step, axis=-1, keepdims=True) + 1e-6)
    fat = (wide * rng.uniform(0.7, 1.2, n) / 2)[:, None, None] * np.array([0.55, 1, 1, 0.95, 0.4])[None, :, None]
    return np.concatenate([line + normal * fat, (line - normal * fat)[:, ::-1]], 1)


def paint(scene: Scene, palette: Palette, size: tuple[int, int], rng: Rng) -> np.ndarray:
    """Paint coats of strokes from broad to fine, then light the relief of the paint from the upper left."""
    width, height = (size[0] + 1) // 2, (size[1] + 1) // 2  # the view has half the picture's resolution
    raster = rasterize(scene, width, height)
    local = colored(raster, palette)
    angle = directions(rng, raster.tones, 0.55, step=2)
    busy = smoothstep(blurred(edges(raster.tones), 1.25), 0.006, 0.04)
    # the sheet holds the color and, as its fourth channel, the thickness of the paint
    under = np.dstack([0.8 * local, np.full((height, width), 90, np.float32)])
    sheet = Image.fromarray(under.clip(0, 255).astype(np.uint8)).resize(
        (width * _FINE, height * _FINE), Image.Resampling.NEAREST
    )
    brush = ImageDraw.Draw(sheet)
    unit = max(width, height) / 720
    for gap, long, wide, shake in ((13.5, 44, 15, 0.03), (10.5, 30, 10, 0.035), (6.8, 18, 5.4, 0.028)):
        gx, gy = np.meshgrid(np.arange(0, width, gap * unit), np.arange(0, height, gap * unit))
        spots = np.stack([gx.ravel(), gy.ravel()], 1) + rng.uniform(-0.5, 0.5, (gx.size, 2)) * gap * unit
        spots = rng.permutation(spots).clip(0, (width - 1, height - 1))
        col, row = spots[:, 0].astype(int), spots[:, 1].astype(int)
        if wide < 12:
            keep = rng.random(len(spots)) < (0.3 if wide > 6 else 0.0) + busy[row, col]
            spots, col, row = spots[keep], col[keep], row[keep]
        bars = _strokes(angle, spots[:, 0], spots[:, 1], long * unit, wide * unit, rng) * _FINE
        paints = np.column_stack([spread(rng, local[row, col], shake), rng.integers(50, 235, len(spots))])
        for bar, color in zip(bars.reshape(len(bars), -1).tolist(), paints.astype(int).tolist(), strict=True):
            brush.polygon(bar, fill=tuple(color))
    # the bands are reduced separately, because the fourth is not transparency
    whole = (slice(0, size[1]), slice(0, size[0]))
    bands = [np.asarray(band.reduce(_FINE // 2), dtype=np.float32)[whole] for band in sheet.split()]
    relief = blurred(bands[3] / 60, 0.8) + 0.75 * combed(rng, angle, 5, size)
    light = np.zeros_like(relief)
    light[1:, 1:] = relief[:-1, :-1] - relief[1:, 1:]
    factor = 1 + 0.15 * np.clip(light, -1.7, 2.2)
    return np.dstack(bands[:3]) * factor[..., None] + 8 * np.clip(light - 0.9, 0, 2)[..., None]


PAINTER = Painter(
    key="roos",
    name="Willem Roos",
    born=1855,
    died=1897,
    style="Post-Impressionism",
    school="Dutch",
    technique="oil on canvas",
    rights="Public Domain",
    palettes=(
        Palette(
            air="14285c 2f62a8 7fb3cf f3e6a8",
            water="12305f 2a6a9a 74b8b8 eee2a0",
            earth="2a1c14 8a5220 d09a34 f2d98a",
            leaf="10302a 2f6a3a 8aa032 e0d050",
            skin="4a2410 b0642a e2ac5c f8e4a4",
            bloom="f2b81e d24a1c 1f4fa0 e8862a 5c4a8a e8b0a0",
            light="c07a10 f6c02a fff2a0",
            ground="c9a25a",
        ),
        Palette(
            air="2a5a5c 5fa090 b4cfa0 f6ecc0",
            water="1f4a60 4f8f98 a6cdb0 f2ebc0",
            earth="38200f 93501c d68a2e f3cf7e",
            leaf="1a3a1c 4a7a2a a0b03a ece07a",
            skin="56290f bd6a2e e6b06a faeab8",
            bloom="f6cc32 c83a1a 2a6a8a ef9a2a 84401a f0c8a0",
            light="c88a14 fad23c fff6b4",
            ground="cfae68",
        ),
        Palette(
            air="2c2450 6a58a0 c0a0c0 fae0b0",
            water="28285c 5f68a8 b0a8c8 f6dcb0",
            earth="2c1a20 8a4a3c d08a50 f4d090",
            leaf="1c3440 3f6a5a 8aa060 e0d484",
            skin="4c2430 b86a50 eab080 fce6bc",
            bloom="f4b43a d8402c 3a4aa4 f08a4a 7a3a7c f4a8b4",
            light="c8801c f8c440 fff0b0",
            ground="c4a078",
        ),
    ),
    aspects=(1.27, 1.27, 0.8, 1.0),
    favorites=("moonlight", "garden", "portrait", "still life"),
    paint=paint,
)
