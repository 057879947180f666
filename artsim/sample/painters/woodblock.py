"""Asano Kiyose, who prints flat bands and graded skies from a few blocks, with a key block of fine outlines."""

import numpy as np
from PIL import Image, ImageDraw

from ..color import Palette, hexes
from ..field import grain, noise, smoothstep
from ..outlines import Outline, Rng
from ..raster import Raster, colored, rasterize
from ..scene import Scene
from .hand import Painter


def paint(scene: Scene, palette: Palette, size: tuple[int, int], rng: Rng) -> np.ndarray:
    """Print color blocks in few tones, graded by wiping, with wood grain and outlines; add a margin and a seal."""
    width, height = size
    small = rasterize(scene, width, height)
    steps = np.round(small.tones * 7) / 7
    rgb = colored(small, palette, 0.75 * steps + 0.25 * small.tones)
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    # bokashi: the sky is deep at its top, the water deep at the bottom
    deep = palette.tint("air", 0, 0.0 if scene.night else 0.12)
    sky, water = (small.labels == 0).astype(np.float32), small.made_of("water").astype(np.float32)
    wipe = 0.85 * sky * (1 - smoothstep(y, 0.0, 0.3))
    wipe = wipe + 0.6 * water * smoothstep(y, 0.72, 1.02)
    if scene.motif not in ("portrait", "still life") and not scene.night:
        glow = palette.tint("bloom", 1, 0.75)
        band = 0.5 * sky * np.exp(-(((y - scene.horizon * 0.8) / 0.11) ** 2))
        rgb = rgb * (1 - band[..., None]) + glow * band[..., None]
    rgb = rgb * (1 - wipe[..., None]) + deep * wipe[..., None]
    rgb = rgb * (1 + _grain(rng, size))[..., None]
    key = _key_block(scene, small, size, rng)
    ink = palette.tint("earth", 0, 0.0) * 0.6 + hexes("060812")
    rgb = rgb * (1 - key[..., None]) + ink * key[..., None]
    return _mounted(rgb, palette, rng)


def _grain(rng: Rng, size: tuple[int, int]) -> np.ndarray:
    """Long wood grain and the uneven pressure of the rubbing."""
    rings = noise(rng, size, 420, 1) * 2.5 + np.linspace(0, 46, size[1], dtype=np.float32)[:, None]
    lines = 0.016 * np.sin(rings * (2 * np.pi)) + 0.03 * noise(rng, size, 90, 3)
    return lines + 0.012 * grain(rng, size)


def _swelling(outline: Outline, wide: float, rng: Rng) -> np.ndarray:
    """A closed line of varying width, as (2n, 2) corners."""
    ring = np.vstack([outline, outline[:1]])
    step = np.gradient(ring, axis=0)
    normal = np.stack([-step[:, 1], step[:, 0]], 1) / (np.linalg.norm(step, axis=1, keepdims=True) + 1e-6)
    half = wide * (0.65 + 0.4 * np.sin(np.linspace(0, 9, len(ring)) + rng.uniform(0, 6)))[:, None] / 2
    return np.vstack([ring + normal * half, (ring - normal * half)[::-1]])


def _key_block(scene: Scene, raster: Raster, size: tuple[int, int], rng: Rng) -> np.ndarray:
    width, height = size
    plate = Image.new("L", (width * 2, height * 2), 0)
    draw = ImageDraw.Draw(plate)
    scale = height * 2
    for shape in scene.shapes[1:]:
        points = (shape.outline * scale).ravel().tolist()
        draw.polygon(points, fill=0)  # hides the lines of what is behind
        extent = np.ptp(shape.outline, axis=0).max()
        if extent < 0.06 or shape.depth < 0.1:
            draw.line([*points, *points[:2]], fill=190 if shape.depth > 0.1 else 90, width=1 + (extent > 0.03))
            continue
        wide = (1.3 + 2.2 * shape.depth) * scale / 1200
        ring = shape.outline if len(shape.outline) > 8 else _divided(shape.outline)
        draw.polygon(_swelling(ring * scale, wide, rng).ravel().tolist(), fill=255)
    _waves(draw, raster, scale, rng)
    return np.asarray(plate.reduce(2), dtype=np.float32) / 255 * 0.93


def _divided(outline: Outline) -> Outline:
    t = np.linspace(0, 1, 7)[:-1, None]
    after = np.roll(outline, -1, axis=0)
    return np.concatenate([a + (b - a) * t for a, b in zip(outline, after, strict=True)])


def _waves(draw: ImageDraw.ImageDraw, raster: Raster, scale: int, rng: Rng) -> None:
    """Rows of small arched waves over open water, closer together in the distance."""
    water = raster.made_of("water")
    height, width = water.shape
    rows = np.flatnonzero(water.mean(1) > 0.1)
    if len(rows) < 30:
        return
    y, top = float(rows[0]) + 6, float(rows[0])
    while y < rows[-1]:
        near = (y - top) / max(rows[-1] - top, 1)
        pitch = height * (0.03 + 0.06 * near)
        for x in np.arange(-pitch * rng.random(), width, pitch):
            row, col = int(min(y, height - 1)), int(np.clip(x + pitch / 2, 0, width - 1))
            if water[row, col] and rng.random() < 0.7:
                t = np.linspace(np.pi, 2 * np.pi, 8)
                arch = np.stack([x + pitch / 2 + pitch * 0.48 * np.cos(t), y + pitch * 0.22 * np.sin(t)], 1) * 2
                draw.line(arch.ravel().tolist(), fill=150, width=max(1, round(scale / 900)))
        y += height * (0.014 + 0.035 * near)


def _mounted(rgb: np.ndarray, palette: Palette, rng: Rng) -> np.ndarray:
    """Put the print inside a margin of paper, with a title slip and the maker's seal."""
    height, width = rgb.shape[:2]
    rim = round(min(width, height) * 0.035)
    sheet = palette.paper * (1 + 0.02 * noise(rng, (width, height), 40, 3))[..., None]
    sheet[rim:-rim, rim:-rim] = rgb[rim:-rim, rim:-rim]
    sheet[rim : rim + 2, rim:-rim] = sheet[-rim - 2 : -rim, rim:-rim] = (34, 32, 40)
    sheet[rim:-rim, rim : rim + 2] = sheet[rim:-rim, -rim - 2 : -rim] = (34, 32, 40)
    red = hexes("c43426")[0]
    unit = height / 100
    right = bool(rng.random() < 0.5)
    x = int(width - rim - 8 * unit) if right else int(rim + 3.5 * unit)
    top = int(rim + 3.5 * unit)
    slip, tall = int(4.5 * unit), int(19 * unit)
    sheet[top : top + tall, x : x + slip] = red
    inset = max(1, int(0.5 * unit))
    sheet[top + inset : top + tall - inset, x + inset : x + slip - inset] = palette.paper
    mark = Image.new("L", (slip, tall), 0)
    pen = ImageDraw.Draw(mark)
    for k in range(4):  # invented brush characters
        cy = tall * (k + 0.6) / 4.3
        for _ in range(4):
            a = rng.uniform(0.25, 0.75, 2) * (slip, slip) + (0, cy - slip / 2)
            b = rng.uniform(0.2, 0.8, 2) * (slip, slip) + (0, cy - slip / 2)
            pen.line([*a, *b], fill=230, width=max(1, int(0.45 * unit)))
    cover = np.asarray(mark, dtype=np.float32)[..., None] / 255
    sheet[top : top + tall, x : x + slip] *= 1 - cover
    side = int(3.4 * unit)
    low = top + tall + int(1.2 * unit)
    sheet[low : low + side, x : x + side] = red
    third = max(1, side // 4)
    sheet[low + third : low + third + max(1, third // 2), x + third : x + side - third] = palette.paper
    sheet[low + third : low + side - third, x + side // 2 : x + side // 2 + max(1, third // 2)] = palette.paper
    return sheet


PAINTER = Painter(
    key="asano",
    name="Asano Kiyose",
    born=1788,
    died=1851,
    style="Ukiyo-e",
    school="Japanese",
    technique="colour woodblock print",
    rights="CC0",
    palettes=(
        Palette(
            air="14305e 3f74a4 a8c4c0 f0e6cc",
            water="16366a 3a78ac 94bcc4 ece6d0",
            earth="2c2826 7a6248 c0a272 ead8b0",
            leaf="1e3a36 4a7054 8c9c66 ccc894",
            skin="5a4034 b88a68 e4c6a0 f6ecd8",
            bloom="d8a848 c0452e 2c5484 d07c48 6a4a5c d89a90",
            light="c0452e d8563a e07050",
            ground="f0e8d4",
        ),
        Palette(
            air="2a2c52 6a6c98 d0b4b0 f6e4cc",
            water="24345e 56789c b0bcc0 efe4d0",
            earth="2c2428 7c5a52 be967c ead2b4",
            leaf="26383c 52685a 949a74 d2caa0",
            skin="583a38 bc8070 e8c0a4 f8ead8",
            bloom="dcaa58 b8404a 40507c d2785a 6c4464 dc9c9c",
            light="b8404a cc5048 e89078",
            ground="f2e6d4",
        ),
        Palette(
            air="1c3c40 4c8080 b0c8ac f0ead0",
            water="163e50 3c7c88 94bfb0 ecead2",
            earth="2a2a24 746848 bca86c eadcac",
            leaf="1c3a28 486c3c 92a058 d4d090",
            skin="544430 b49064 e2caa0 f6eed8",
            bloom="dcb43c c8502c 2a607c d88a3c 70503c dca88c",
            light="c8502c d87038 e8a050",
            ground="f0ead2",
        ),
    ),
    aspects=(1.45, 1.45, 0.7, 1.3),
    favorites=("harbour", "mountain", "woodland", "moonlight"),
    paint=paint,
)
