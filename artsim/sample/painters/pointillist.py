"""Émile Courtenac, who builds gardens and shores from dots of unmixed color."""

import numpy as np

from ..color import Palette, from_lab, to_lab
from ..field import blurred, edges, enlarged, photo, smoothstep, softened
from ..outlines import Rng
from ..raster import colored, rasterize
from ..scene import Scene
from .hand import Painter


def _stamp(canvas: np.ndarray, x: np.ndarray, y: np.ndarray, colors: np.ndarray, radius: float) -> None:
    """Set round dots of one radius on the canvas, soft at the rim; later ones cover earlier ones."""
    height, width = canvas.shape[:2]
    reach = int(np.ceil(radius))
    flat = canvas.reshape(-1, 3)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            cover = min(1.0, radius + 0.5 - (dx * dx + dy * dy) ** 0.5)
            if cover <= 0:
                continue
            at = np.clip(y + dy, 0, height - 1) * width + np.clip(x + dx, 0, width - 1)
            # the upper left of a dot of thick paint catches the light
            lit = colors + np.float32(-5.0 * (dx + dy) / (radius + 0.5))
            flat[at] = lit if cover >= 1 else flat[at] * (1 - cover) + lit * cover


def _grid(rng: Rng, size: tuple[int, int], gap: float) -> tuple[np.ndarray, np.ndarray]:
    width, height = size
    x, y = np.meshgrid(np.arange(0, width, gap), np.arange(0, height, gap))
    x = x + (np.arange(x.shape[0]) % 2)[:, None] * gap / 2
    spots = np.stack([x.ravel(), y.ravel()], 1) + rng.uniform(-0.42, 0.42, (x.size, 2)) * gap
    order = rng.permutation(len(spots))
    spots = spots[order]
    return spots[:, 0].astype(np.int32).clip(0, width - 1), spots[:, 1].astype(np.int32).clip(0, height - 1)


def paint(scene: Scene, palette: Palette, size: tuple[int, int], rng: Rng) -> np.ndarray:
    """Paint three coats of dots; the last are small and mostly along edges."""
    raster = rasterize(scene, (size[0] + 1) // 2, (size[1] + 1) // 2)  # half resolution is enough for dots
    local = colored(raster, palette)
    canvas = enlarged(0.72 * np.asarray(softened(photo(local), 3), dtype=np.float32) + 0.28 * palette.paper, size)
    busy = smoothstep(blurred(edges(raster.tones), 1.25), 0.008, 0.06)
    unit = max(size) / 720
    for gap, radius, shake, odd in ((7.4, 4.6, 0.032, 0.1), (5.8, 3.2, 0.03, 0.08), (4.4, 2.0, 0.026, 0.04)):
        x, y = _grid(rng, size, gap * unit)
        if radius < 3:
            keep = rng.random(len(x)) < 0.1 + 0.9 * busy[y // 2, x // 2]
            x, y = x[keep], y[keep]
        lab = to_lab(local[y // 2, x // 2])
        lab += rng.normal(0, shake, lab.shape) * (0.85, 0.9, 0.9)
        lab[:, 1:] *= 1.2
        # divided color: some dots get a complementary hue, shifted toward violet
        other = rng.random(len(x)) < odd
        lab[other, 1:] = -0.45 * lab[other, 1:] + (0.012, -0.035)
        _stamp(canvas, x, y, from_lab(lab).astype(np.float32), radius * unit)
    return canvas


PAINTER = Painter(
    key="courtenac",
    name="Émile Courtenac",
    born=1861,
    died=1919,
    style="Post-Impressionism",
    school="French",
    technique="oil on canvas",
    rights="Public Domain",
    palettes=(
        Palette(
            air="3d5a99 7fa6d6 b9d6e8 fbf1d8",
            water="2f5f9e 5f9bcb a9d4de f7efd0",
            earth="4c3566 a0605a d9a066 f3dfae",
            leaf="1f4f4a 3f8a4f 8dbb4a e6e082",
            skin="7a4566 d18a66 f1c397 fdf0d2",
            bloom="f2b632 e2513a 3f62b0 ef8a3c 8a4fa0 ee8fae",
            ground="f1e6cc",
        ),
        Palette(
            air="4a3f7d a06fa8 f0a88a fde3b0",
            water="3f3f86 7a6fb5 e79a86 fbd9a0",
            earth="40284f 8c4a5c cf8a5a f4cf94",
            leaf="2c4558 4f7f66 9aa85a e8d27c",
            skin="6f3a5c c97a62 f2b98a fde9c4",
            bloom="f6c445 d9483f 5a58b8 f08a3a a04a8e f29ab0",
            ground="f3dfc0",
        ),
        Palette(
            air="2f6f8f 6db7c2 b5e0d4 fbf7dc",
            water="1f6a8a 4fb0b8 a5dccb f5f3d2",
            earth="5a4a5f b07f62 e2bd82 f8ebc2",
            leaf="14544a 2f9a62 9ccc58 eef08e",
            skin="825060 d8966e f4cba0 fff3da",
            bloom="ffd23f f0603f 2f78b8 ff9a4a 9460ae ff9fc0",
            ground="f6f0d8",
        ),
    ),
    aspects=(1.25, 1.4, 1.0, 0.8),
    favorites=("garden", "harbour", "woodland", "still life"),
    paint=paint,
)
