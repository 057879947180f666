"""Maren Lindqvist, who lays three thin washes over a pencil drawing and lets the paper shine through."""

import numpy as np
from PIL import Image, ImageDraw

from ..color import Palette, hexes
from ..field import blurred, displaced, enlarged, noise, smoothstep
from ..ground import rough
from ..outlines import Rng
from ..raster import colored, rasterize
from ..scene import Scene
from .hand import Painter


def paint(scene: Scene, palette: Palette, size: tuple[int, int], rng: Rng) -> np.ndarray:
    """Multiply washes with slightly different edges over the grain of the paper and a pencil drawing."""
    washes = _washes(scene, palette, (size[0] * 3 // 4, size[1] * 3 // 4), rng)
    paper = hexes("faf7ee")[0] * rough(rng, size, 0.028)[..., None]
    pits = noise(rng, size, 4, 2)
    skipping = smoothstep(pits, -1.0, 0.5)  # the pencil skips the pits of the paper
    pencil = 0.5 * skipping * _pencil(scene, size, rng)
    settled = 1 - 0.045 * np.clip(pits, -1, 1)  # pigment settles in the pits
    light = enlarged(washes, size)
    light *= (settled + (1 - settled) * light.mean(2))[..., None]
    return paper * light * (1 - pencil)[..., None]


def _washes(scene: Scene, palette: Palette, size: tuple[int, int], rng: Rng) -> np.ndarray:
    """The share of the paper's light that comes back through the washes: (h, w, 3)."""
    raster = rasterize(scene, *size)
    lift = 0.3 * raster.tones + 0.7 * raster.values("tone")
    density = -np.log(np.clip(colored(raster, palette, 0.12 + 0.86 * lift) / 255, 0.03, 0.995))
    first, second = noise(rng, size, 35, 3), noise(rng, size, 35, 3)
    waver, fine = (first, second, first[::-1], second[:, ::-1]), noise(rng, size, 4, 2) * 0.6
    stain = np.zeros_like(density)
    for k, (weight, reach) in enumerate(((0.42, 1.5), (0.33, 3.4), (0.25, 6.0))):
        coat = displaced(density, waver[k] * reach + fine, waver[k + 1] * reach - fine)
        stain += weight * (blurred(coat, 3) if k == 2 else coat)  # the last wash is wet in wet
    # pigment moves to the edge of each wash as it dries
    mass = stain.mean(2)
    rim = np.clip(mass - blurred(mass, 2.5), 0, 0.3)
    pooled = 0.86 + 0.2 * noise(rng, size, 130, 3) + 0.1 * waver[3] + 2.2 * rim
    # blooms, as where a drop of water falls into a wash
    drops = smoothstep(noise(rng, size, 90, 2), 0.75, 1.3)
    pooled *= 1 - 0.4 * drops + 0.5 * np.clip(drops - blurred(drops, 4), 0, 1)
    stain *= (np.clip(pooled, 0.25, 2.0) * _margin(size, first))[..., None]
    return np.exp(-1.08 * stain)


def _margin(size: tuple[int, int], waver: np.ndarray) -> np.ndarray:
    """1 where there is paint, 0 on the bare rim of the sheet, with the uneven edge of a brush."""
    width, height = size
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    edge = np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y))
    rim = min(size) * 0.042
    return smoothstep(edge + waver * rim * 0.42, rim - 1.2, rim + 1.6)


def _pencil(scene: Scene, size: tuple[int, int], rng: Rng) -> np.ndarray:
    width, height = size
    sheet = Image.new("L", (width * 2, height * 2), 0)
    draw = ImageDraw.Draw(sheet)
    for shape in scene.shapes[1:]:
        off = rng.normal(0, 0.0018, 2)
        points = ((shape.outline + off) * height * 2).ravel().tolist()
        draw.polygon(points, fill=0)
        if np.ptp(shape.outline, axis=0).max() > 0.02:
            draw.line([*points, *points[:2]], fill=int(rng.integers(90, 200)), width=2)
    return np.asarray(sheet.reduce(2), dtype=np.float32) / 255


PAINTER = Painter(
    key="lindqvist",
    name="Maren Lindqvist",
    born=1802,
    died=1869,
    style="Romanticism",
    school="Swedish",
    technique="watercolour over pencil",
    rights="CC0",
    palettes=(
        Palette(
            air="2c4c74 6c9cc0 b8d8e4 fdf6ea",
            water="1c5474 4c94ac a0d0d4 f8f6ec",
            earth="4c342c 9c6c4c d4a87c f8e8d0",
            leaf="1c4c3c 4c8454 a0b86c f0f0c8",
            skin="7c4c3c c88c6c f0c8a4 fef4e8",
            bloom="e8b43c d0503c 3c68a0 e88c4c 7c5490 ec94a0",
            light="e09c3c f8d078 fff8dc",
        ),
        Palette(
            air="5c4c7c a488b0 e4bcb4 fef2e2",
            water="4c548c 8c94bc d4c4cc fcf4ec",
            earth="543038 a86454 dca07c fae4cc",
            leaf="2c4c4c 64886c b0b47c f2ecc4",
            skin="844844 d08870 f4c4a8 fff4ea",
            bloom="ecb44c d04c54 4c5ca4 ec8454 88508c f09cb0",
            light="ec9850 fccc88 fff6e0",
        ),
        Palette(
            air="2c5c5c 70a8a0 bce0d0 fcf8e8",
            water="1c5c6c 50a0a4 a4d8cc f8f8ea",
            earth="4c4024 947c44 d0b878 f8ecc8",
            leaf="244c24 5c8c3c aec45c f4f4bc",
            skin="74502c c09060 ecc898 fef6e2",
            bloom="e8c03c cc5830 306c84 e49444 705070 e8a090",
            light="e0a830 f8dc70 fffcdc",
        ),
    ),
    aspects=(1.4, 1.3, 0.76, 1.5),
    favorites=("garden", "mountain", "harbour", "woodland"),
    paint=paint,
)
