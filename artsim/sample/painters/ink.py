"""Shen Yanlu, who washes ink on rice paper, with mist between the hills and half of the sheet empty."""

from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from ..color import Palette, hexes
from ..field import blurred, combed, directions, displaced, enlarged, noise, smoothstep
from ..ground import fibers
from ..outlines import Rng
from ..raster import Raster, rasterize
from ..scene import Scene, Shape
from .hand import Painter


def paint(scene: Scene, palette: Palette, size: tuple[int, int], rng: Rng) -> np.ndarray:
    """Paint washes that are darkest at the upper edge of a shape and fade below, dry strokes, and a few lines."""
    raster = rasterize(scene, size[0] * 3 // 4, size[1] * 3 // 4)  # washes are soft, so they are painted small
    tooth = smoothstep(noise(rng, size, 4, 2) + 0.9, 0.0, 0.9)  # the brush skips over the paper's tooth
    ink = enlarged(_ink(raster, rng), size) + _lines(scene, size, rng) * (0.3 + 0.7 * tooth)
    cover = np.clip(ink / 1.2, 0, 0.96)[..., None]
    rgb = palette.paper * fibers(rng, size, 0.022)[..., None]
    # thin ink lets a warm tint of the paper through, thick ink is black
    rgb *= (1 - cover * (1 - palette.tint("air", 0, 0.5) / 255)) * (1 - cover)
    rgb += palette.tint("air", 0, 0.0) * cover
    rgb *= enlarged(_touches(raster, palette, rng), size)
    return _seal(rgb, rng)


def _ink(raster: Raster, rng: Rng) -> np.ndarray:
    """The amount of ink in washes and dry strokes: (h, w)."""
    size = raster.size
    wash = _washes(raster)
    waver = noise(rng, size, 26, 3) * 2.6
    wash = displaced(wash, waver, np.roll(waver, 41, axis=1))
    wash = 0.6 * wash + 0.4 * blurred(wash, 4)
    pool = np.clip(wash - blurred(wash, 3), 0, 1)  # pigment gathers where a wash ends
    # the strokes of a half-dry brush follow the slopes of rock and the growth of leaves
    bristle = combed(rng, directions(rng, raster.tones, 0.5)[::2, ::2], 5, size)
    dry = {"earth": 1.0, "leaf": 1.0, "air": 0.4}
    dryness = np.array([0.0] + [dry.get(s.kind, 0.0) for s in raster.scene.shapes[1:]], np.float32)
    strokes = np.take(dryness, raster.labels) * smoothstep(bristle + noise(rng, size, 50, 2), 0.5, 1.9)
    return wash * (0.92 + 0.2 * noise(rng, size, 70, 3) + 0.55 * strokes) + 0.55 * pool


def _washes(raster: Raster) -> np.ndarray:
    """The amount of ink in the washes: (h, w)."""
    height = raster.labels.shape[0]
    scene = raster.scene
    dark, depth = 1 - raster.tones, raster.values("depth")
    strength = np.clip(dark**1.3 * (0.14 + 1.05 * depth), 0, 1)
    strength = np.where(raster.made_of("water"), strength * 0.4, strength)
    if scene.night:
        strength = np.where(raster.values("depth") < 0.05, 0.34 * dark, strength * 0.9)
    elif raster.scene.shapes[0].kind == "air":
        strength = np.where(raster.labels == 0, 0.04 * dark, strength)
    strength = np.where(raster.made_of("light"), 0, strength)
    if scene.motif in ("portrait", "still life"):
        return np.asarray(strength * (0.75 + 0.25 * blurred(strength, 20)), np.float32)
    # below the top of each wide mass the wash fades into mist
    reach = np.array([_reach(shape) for shape in scene.shapes], np.float32) * height
    tops = np.array([max(shape.outline[:, 1].min(), 0) for shape in scene.shapes], np.float32) * height
    rows = np.arange(height, dtype=np.float32)[:, None]
    crest = np.where(np.take(reach, raster.labels) < height, _crest(raster), np.take(tops, raster.labels))
    return np.asarray(
        strength * (0.12 + 0.88 * np.exp(-np.clip(rows - crest, 0, None) / np.take(reach, raster.labels)))
    )


def _reach(shape: Shape) -> float:
    """How far below its upper edge a wash still shows, in picture heights; small shapes stay dark throughout."""
    wide, tall = np.ptp(shape.outline, axis=0)
    return 0.05 + 0.16 * min(float(tall), 0.5) + 0.06 * shape.depth if wide > 0.3 and tall > 0.03 else 9.0


def _crest(raster: Raster) -> np.ndarray:
    """The row where the mass at each pixel begins, in its column and for wide shapes only: (h, w)."""
    wide = np.array([np.ptp(s.outline[:, 0]) > 0.3 for s in raster.scene.shapes])
    height, width = raster.labels.shape
    rows = np.arange(height, dtype=np.float32)[:, None]
    # a small shape before a mass does not restart the wash: it takes the label above it
    steady = np.where(np.take(wide, raster.labels), raster.labels, -1)
    last = np.maximum.accumulate(np.where(steady >= 0, rows, 0), axis=0).astype(np.int32)
    steady = np.take_along_axis(steady, last, axis=0)
    begins = np.ones((height, width), bool)
    begins[1:] = steady[1:] != steady[:-1]
    return np.maximum.accumulate(np.where(begins, rows, 0), axis=0)


def _lines(scene: Scene, size: tuple[int, int], rng: Rng) -> np.ndarray:
    """Outlines from a pointed brush of varying pressure, darker and wider for near shapes: (h, w)."""
    width, height = size
    sheet = Image.new("L", (width * 2, height * 2), 0)
    draw = ImageDraw.Draw(sheet)
    scale = height * 2
    for shape in scene.shapes[1:]:
        extent = float(np.ptp(shape.outline, axis=0).max())
        if shape.depth > 0.1:
            draw.polygon((shape.outline * scale).ravel().tolist(), fill=0)
        if shape.kind == "water" or (shape.kind == "air" and (shape.depth < 0.1 or shape.tone > 0.9)):
            continue
        across = len(shape.outline) > 30 and extent >= scene.aspect  # only the crest of a ridge is drawn
        ring = shape.outline[:-2] if across else np.vstack([shape.outline, shape.outline[:1]])
        weight = float(np.clip(1.25 - shape.tone, 0.1, 1)) * (0.2 + 0.8 * shape.depth)
        if extent < 0.05:
            draw.line((ring * scale).ravel().tolist(), fill=int(90 + 130 * weight), width=1)
            continue
        if len(ring) < 8:
            along = np.linspace(0, 1, 6)[:-1, None]
            ring = np.concatenate([a + (b - a) * along for a, b in pairwise(ring)])
        press = np.sin(np.linspace(0, rng.uniform(6, 16), len(ring)) + rng.uniform(0, 6))
        wide = (0.0012 + 0.0052 * weight * min(1.0, extent * 3)) * scale * (0.2 + np.clip(press + 0.25, 0, 1.25))
        step = np.gradient(ring, axis=0)
        normal = np.stack([-step[:, 1], step[:, 0]], 1) / (np.linalg.norm(step, axis=1, keepdims=True) + 1e-6)
        body = ring * scale + rng.normal(0, 0.001 * scale * min(1.0, extent * 4), ring.shape)
        half = normal * wide[:, None] / 2
        draw.polygon(np.vstack([body + half, (body - half)[::-1]]).ravel().tolist(), fill=int(60 + 190 * weight))
    return np.asarray(sheet.reduce(2), dtype=np.float32) / 255


def _touches(raster: Raster, palette: Palette, rng: Rng) -> np.ndarray:
    """Faint color on flowers, clothes and lights only, as the share of light that it leaves: (h, w, 3)."""
    strength = {"bloom": 0.55, "light": 0.4}
    weights = np.array([strength.get(s.kind, 0.0) for s in raster.scene.shapes], np.float32)
    inks = [palette.tint("bloom", 1, 0.62), palette.tint("bloom", 0, 0.68)]
    stains = np.stack([1 - inks[(s.hue + 1) % 2] / 255 for s in raster.scene.shapes])
    amount = blurred(np.take(weights, raster.labels), 2.5) * np.clip(0.62 + 0.5 * noise(rng, raster.size, 60, 2), 0, 1)
    return 1 - amount[..., None] * np.take(stains, raster.labels, axis=0)


def _seal(rgb: np.ndarray, rng: Rng) -> np.ndarray:
    """Add a column of invented writing and a red seal below it, on the emptier side of the sheet."""
    height, width = rgb.shape[:2]
    unit = height / 100
    side = int(5 * unit)
    top, signs = int(5 * unit), int(rng.integers(4, 8))
    tall = int(signs * 5.4 * unit)
    spots = [int(4.5 * unit), int(width - 9.5 * unit)]
    x = max(spots, key=lambda left: float(rgb[top : top + tall + side, left : left + side].mean()))
    sheet = Image.new("L", (side * 3, tall * 3), 0)
    pen = ImageDraw.Draw(sheet)
    for k in range(signs):
        for _ in range(5):
            a, b = rng.uniform(0.12, 0.88, (2, 2)) * side * 3
            b = a + (b - a) * ((1, 0.25) if rng.random() < 0.5 else (0.25, 1))
            low = k * 5.4 * unit * 3
            pen.line([a[0], a[1] + low, b[0], b[1] + low], fill=220, width=max(2, int(1.4 * unit)))
    cover = np.asarray(sheet.reduce(3), dtype=np.float32)[..., None] / 255
    rgb[top : top + tall, x : x + side] *= 1 - 0.86 * cover[:tall, :side]
    stamp = Image.new("L", (side, side), 255)
    pen, fifth = ImageDraw.Draw(stamp), side // 5
    for y in (fifth, side // 2, side - fifth - 1):
        pen.line([fifth, y, side - fifth - 1, y], fill=30, width=2)
    pen.line([side // 2, fifth, side // 2, side - fifth], fill=30, width=2)
    worn = np.clip(0.92 + 0.25 * noise(rng, (side, side), 4, 1), 0, 1) * np.asarray(stamp, dtype=np.float32) / 255
    low = top + tall + int(1.5 * unit)
    spot = rgb[low : low + side, x : x + side]
    rgb[low : low + side, x : x + side] = spot + (hexes("b2281e") - spot) * worn[..., None]
    return rgb


PAINTER = Painter(
    key="shen",
    name="Shen Yanlu",
    born=1642,
    died=1713,
    style="Literati painting",
    school="Chinese",
    technique="ink on paper, hanging scroll",
    rights="CC0",
    palettes=(
        Palette(
            air="14161a 54585c 9a9c98 e8e2d2",
            earth="1a1816 5a5248 a8a090 e8e0cc",
            leaf="161a18 505850 9aa090 e4e0d0",
            skin="2a2624 746a5e c0b6a4 f0e8d8",
            bloom="c89a4a b8483a 5a6a78 c47a50 6a5a64 c88a84",
            light="c8a060 dcc080 f2e4c0",
            ground="ece2cc",
        ),
        Palette(
            air="161e2a 50606e 98a6aa e6e6dc",
            earth="1a1e26 565c64 a4a8a4 e6e2d6",
            leaf="14201e 48605a 96a89c e2e4d8",
            skin="262a30 6e7278 bcbcb6 efece2",
            bloom="c4a860 b04a50 486a8c c08470 64607a cc98a0",
            light="c8b078 dcd0a0 f2eed8",
            ground="e9e6da",
        ),
        Palette(
            air="221710 6a523e a89478 ecdfc2",
            earth="241a12 6a543e ae9878 ecdec0",
            leaf="1e1c12 5e5a40 a49c78 e8dec2",
            skin="30241a 7e684e c8b292 f2e6cc",
            bloom="cc9438 ac4428 5a6460 c07840 6e5450 c88870",
            light="cc9c50 e0bc78 f6e6bc",
            ground="e8d8b6",
        ),
    ),
    aspects=(0.6, 0.72, 1.6, 0.66),
    favorites=("mountain", "woodland", "harbour", "moonlight"),
    paint=paint,
)
