"""The Valcroix workshop, who set pieces of colored glass in lead, lit by the sun."""

import numpy as np
from PIL import Image, ImageDraw

from ..color import Palette, from_lab, hexes, to_lab
from ..field import blurred, enlarged, noise
from ..outlines import Rng
from ..raster import colored, rasterize
from ..scene import Scene
from .hand import Painter


def _pieces(rng: Rng, size: tuple[int, int], gap: float) -> tuple[np.ndarray, np.ndarray, int]:
    """Voronoi cells of a jittered grid: each pixel's cell (h, w), its distance to the border, the number of cells."""
    width, height = size[0] // 2 + 1, size[1] // 2 + 1  # half resolution is enough: lead hides the steps
    gap /= 2
    columns, rows = int(width / gap) + 3, int(height / gap) + 3
    seeds = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).astype(np.float32)
    seeds = ((seeds - 0.5 + rng.uniform(-0.4, 0.4, seeds.shape)) * gap).astype(np.float32)
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    col, row = (x / gap).astype(np.intp) + 1, (y / gap).astype(np.intp) + 1
    first = np.full((height, width), 1e9, np.float32)
    second, cell = first, np.zeros((height, width), np.intp)
    flat = seeds.reshape(-1, 2)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            index = np.clip(row + dy, 0, rows - 1) * columns + np.clip(col + dx, 0, columns - 1)
            far = np.hypot(x - np.take(flat[:, 0], index), y - np.take(flat[:, 1], index))
            second = np.minimum(second, np.maximum(first, far))
            cell = np.where(far < first, index, cell)
            first = np.minimum(first, far)
    border = Image.fromarray(second - first).resize((width * 2, height * 2), Image.Resampling.BICUBIC)
    whole = (slice(0, size[1]), slice(0, size[0]))
    return cell.repeat(2, 0).repeat(2, 1)[whole], np.asarray(border)[whole], len(flat)


def paint(scene: Scene, palette: Palette, size: tuple[int, int], rng: Rng) -> np.ndarray:
    """Fill each shape with panes of its own glass, set in lead and lit from behind."""
    gap = 46 * max(size) / 720
    cell, border, count = _pieces(rng, size, gap)
    lead = np.maximum(_lead(scene, size), np.clip(1.9 * max(size) / 720 - border + 0.5, 0, 1))
    # lead hides every seam between two colors, so the panes can be colored at half resolution
    view = (slice(None, None, 2), slice(None, None, 2))
    panes = enlarged(_panes(scene, palette, cell[view], border[view] / gap, count, rng), size)
    glow = enlarged(blurred((panes * (1 - lead)[..., None])[view], 4.5), size)
    light = np.zeros_like(lead)
    light[1:, 1:] = np.clip(lead[1:, 1:] - lead[:-1, :-1], 0, 1) * 46
    rgb = panes + 0.16 * glow
    rgb *= (1 - lead)[..., None]
    rgb += (hexes("141418") + light[..., None]) * lead[..., None]
    return _framed(rgb)


def _panes(scene: Scene, palette: Palette, cell: np.ndarray, inside: np.ndarray, count: int, rng: Rng) -> np.ndarray:
    """Colored glass with the sun behind it: (h, w, 3); ``inside`` is a pixel's distance from the rim of its pane."""
    height, width = cell.shape
    raster = rasterize(scene, width, height)
    # each pane has one tone: that of the shape with a random shift, as if from another pot
    pot = rng.normal(0, 0.055, count).astype(np.float32)
    steps = np.round(raster.tones * 5) / 5
    rgb = colored(raster, palette, np.clip(0.15 + 0.8 * steps + np.take(pot, cell), 0.06, 0.97))
    lab = to_lab(palette.paper)[None] + rng.normal(0, 0.016, (count, 3)) * (0.2, 1, 1)
    rgb *= np.take((from_lab(lab) / palette.paper).astype(np.float32), cell, axis=0)
    x, y = np.arange(width, dtype=np.float32) / width, np.arange(height, dtype=np.float32)[:, None] / height
    sun = np.exp(-3 * ((x - float(rng.uniform(0.3, 0.7))) ** 2 + (y - float(rng.uniform(0.1, 0.45))) ** 2))
    streak, bubbles = noise(rng, raster.size, 15, 3), noise(rng, raster.size, 3, 1)
    rgb *= (0.66 + 0.42 * sun + 0.12 * np.clip(inside * 3.3, 0, 1) + 0.1 * streak + 0.03 * bubbles)[..., None]
    return rgb


def _lead(scene: Scene, size: tuple[int, int]) -> np.ndarray:
    width, height = size
    sheet = Image.new("L", (width * 2, height * 2), 0)
    draw = ImageDraw.Draw(sheet)
    for shape in scene.shapes[1:]:
        points = (shape.outline * height * 2).ravel().tolist()
        extent = np.ptp(shape.outline, axis=0)
        draw.polygon(points, fill=0)
        if extent.max() < 0.015 or (extent.min() < 0.012 and extent.max() < 0.12):
            continue  # small details are painted on the glass, without lead
        wide = (5.2 if extent.max() > 0.2 else 3.4) * height / 600
        draw.line([*points, *points[:2]], fill=255, width=max(2, round(wide * 1.5)))
    return np.asarray(sheet.reduce(2), dtype=np.float32) / 255


def _framed(rgb: np.ndarray) -> np.ndarray:
    height, width = rgb.shape[:2]
    rim = round(min(width, height) * 0.016)
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    edge = np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y))
    frame = np.clip((rim - edge) / 2 + 0.5, 0, 1)[..., None].astype(np.float32)
    rgb *= 1 - frame
    rgb += hexes("100f12") * frame
    return rgb


PAINTER = Painter(
    key="valcroix",
    name="Valcroix workshop (Berthe Valcroix)",
    born=1868,
    died=1938,
    style="Arts and Crafts",
    school="Belgian",
    technique="stained glass, leaded",
    rights="Public Domain",
    palettes=(
        Palette(
            air="0a1a6a 1848b8 4aa0e8 d8f0ff",
            water="06245c 0a5ca8 28a8c8 c8f4f0",
            earth="4a1c08 a04a10 e89028 ffe088",
            leaf="06401c 0e8038 5cc03c dcf07a",
            skin="70300c d07a34 fabe78 fff0cc",
            bloom="ffc010 e01828 1838c8 ff7a10 8a189c ff6aa0",
            light="ff9a10 ffd040 fff8c0",
            ground="fff4d8",
        ),
        Palette(
            air="2a0a5c 6a28a8 c878d8 ffe4f4",
            water="0a1a5c 2a58b0 68b0e0 e0f4ff",
            earth="4a1020 a83038 f08048 ffd898",
            leaf="06383c 107a70 58c098 dcf8b8",
            skin="701c28 d86858 ffb498 fff0e0",
            bloom="ffca28 e0185c 2840c8 ff7838 7a18b0 ff80c0",
            light="ffa030 ffd870 fff8d8",
            ground="fff0e4",
        ),
        Palette(
            air="06343c 0c8090 58c8c0 e4fcec",
            water="042a54 0868a0 38b8d0 d4f8f4",
            earth="3c2008 985810 e0a020 fff098",
            leaf="184008 4a8c10 a4cc28 f4f888",
            skin="60340c c88430 f8cc78 fff6d4",
            bloom="ffd81c d83010 0858a8 f89010 9c2050 ffa080",
            light="ffac10 ffe048 fffcc8",
            ground="fcf6d4",
        ),
    ),
    aspects=(0.62, 0.75, 1.0, 0.85),
    favorites=("garden", "portrait", "mountain", "woodland"),
    paint=paint,
)
