"""Johann Ferber, who engraves copper with parallel, swelling lines that cross where it is dark."""

import numpy as np
from PIL import Image, ImageDraw

from ..color import Palette
from ..field import noise
from ..ground import laid
from ..outlines import Rng
from ..raster import Raster, rasterize
from ..scene import Scene
from .hand import Painter


def paint(scene: Scene, palette: Palette, size: tuple[int, int], rng: Rng) -> np.ndarray:
    """Draw three layers of hatching whose lines swell with darkness, and contours; then print the plate."""
    width, height = size
    raster = rasterize(scene, width, height)
    dark = 1 - raster.tones
    dark = np.clip(dark * 1.12 - 0.1 + 0.07 * noise(rng, size, 70, 2), 0, 1)
    if scene.night:
        dark = 0.1 + 0.72 * dark
    dark = np.where(raster.made_of("light"), 0.0, dark)
    ink = np.zeros((height, width), np.float32)
    bow = _bow(raster)
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    wobble = noise(rng, size, 130, 2) * 2.2
    pitch = 4.8 * max(size) / 720
    first = float(rng.choice([0.42, -0.42]))
    # each layer starts at its own darkness; the first one is horizontal on water and sky
    level = raster.made_of("water") | (raster.labels == 0)
    for angle, start, full in ((first, 0.08, 0.75), (first + 1.15, 0.36, 0.95), (first - 0.75, 0.62, 1.15)):
        lying = 0.0 if start < 0.2 else angle * 0.35
        across = np.where(level, _across(lying, x, y), _across(angle, x, y) + bow * np.float32(np.cos(angle - 0.6)))
        across = (across + wobble) / pitch
        phase = np.abs(across - np.floor(across) - 0.5) * 2  # 0 at a line's middle, 1 between two lines
        swell = np.clip((dark - start) / (full - start), 0, 1)
        half = 0.1 + 0.66 * swell
        soft = 2.0 / pitch
        line = np.clip((half - phase) / soft + 0.5, 0, 1) * np.minimum(swell * 6, 1)
        ink = np.maximum(ink, line)
    ink = np.maximum(ink, _contours(scene, size))
    ink = np.clip(ink * (0.86 + 0.14 * noise(rng, size, 4, 2)), 0, 1)
    return _pulled(ink, palette, size, rng)


def _across(angle: float, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The distance of each pixel across lines that run at an angle."""
    return np.float32(np.cos(angle)) * y - np.float32(np.sin(angle)) * x


def _bow(raster: Raster) -> np.ndarray:
    """The offset in pixels that bends lines over round bodies; it grows toward their rims."""
    height, width = raster.labels.shape
    x, y = np.arange(width, dtype=np.float32) / height, np.arange(height, dtype=np.float32)[:, None] / height
    low = np.array([s.outline.min(0) for s in raster.scene.shapes], np.float32)
    high = np.array([s.outline.max(0) for s in raster.scene.shapes], np.float32)
    volume = np.array([min(s.volume, 0.5) for s in raster.scene.shapes], np.float32)
    center, half = (low + high) / 2, (high - low) / 2 + 1e-6
    u = (x - center[:, 0][raster.labels]) / half[:, 0][raster.labels]
    v = (y - center[:, 1][raster.labels]) / half[:, 1][raster.labels]
    rise = (volume * half.min(1) * height)[raster.labels]
    return np.asarray(1.5 * rise * (u * u - 0.4 * v * u), np.float32)


def _contours(scene: Scene, size: tuple[int, int]) -> np.ndarray:
    width, height = size
    plate = Image.new("L", (width * 2, height * 2), 0)
    draw = ImageDraw.Draw(plate)
    for shape in scene.shapes[1:]:
        points = (shape.outline * height * 2).ravel().tolist()
        faint = shape.depth < 0.1 or shape.kind == "water"
        draw.polygon(points, fill=0)
        draw.line([*points, *points[:2]], fill=120 if faint else 235, width=2 if faint or shape.depth < 0.4 else 3)
    return np.asarray(plate.reduce(2), dtype=np.float32) / 255


def _pulled(ink: np.ndarray, palette: Palette, size: tuple[int, int], rng: Rng) -> np.ndarray:
    """Print the plate on laid paper, with its tone and bevel, a margin, and a line of writing below."""
    width, height = size
    rim = round(min(size) * 0.055)
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    # distance inside the plate's edge, in pixels
    deep = np.minimum(np.minimum(x - rim, width - rim - x), np.minimum(y - rim, height - rim - rim // 2 - y))
    inside = np.clip(deep + 0.5, 0, 1)
    bevel = 0.1 * np.clip(1 - np.abs(deep) / 4, 0, 1)
    film = 0.035 * inside * (1 + 0.8 * noise(rng, size, 220, 2))
    cover = np.clip(ink * inside * 0.94 + film + bevel, 0, 1)[..., None]
    paper = palette.paper * laid(rng, size)[..., None]
    black = palette.tint("earth", 0, 0.0)
    rgb = paper * (1 - cover) + black * cover
    words = Image.new("L", size, 0)
    pen = ImageDraw.Draw(words)
    at, base = rim * 1.3, height - rim * 0.78
    while at < width * 0.42:  # illegible writing
        for _ in range(int(rng.integers(3, 8))):
            up = rim * rng.uniform(0.07, 0.16) * rng.choice([1, 1, 1.8])
            pen.line([at, base, at + rim * 0.04, base - up, at + rim * 0.08, base], fill=170)
            at += rim * 0.1
        at += rim * 0.16
    pen.line(
        [width * 0.84, base - 2, width * 0.86, base - rim * 0.2, width * 0.88, base, width * 0.93, base - 3], fill=150
    )
    return rgb * (1 - 0.8 * np.asarray(words, dtype=np.float32)[..., None] / 255)


PAINTER = Painter(
    key="ferber",
    name="Johann Ferber",
    born=1598,
    died=1664,
    style="Baroque printmaking",
    school="German",
    technique="engraving on laid paper",
    rights="Public Domain",
    palettes=(
        Palette(
            air="1c1814 5c5044 a89a84 ece0c8",
            earth="1e1812 5c5044 a89a84 ece0c8",
            leaf="1c1814 5c5044 a89a84 ece0c8",
            skin="1c1814 5c5044 a89a84 ece0c8",
            bloom="a88a5a 8a5a44 5c6470 a07a54 6c5c60 a88a80",
            ground="efe4cb",
        ),
        Palette(
            air="2c1408 74452a b88e66 f0dcb8",
            earth="38190c 74452a b88e66 f0dcb8",
            leaf="2c1408 74452a b88e66 f0dcb8",
            skin="2c1408 74452a b88e66 f0dcb8",
            bloom="a88a5a 8a5a44 5c6470 a07a54 6c5c60 a88a80",
            ground="f0dfbc",
        ),
        Palette(
            air="0c1420 44505e 98a0a4 e8e6dc",
            earth="101a2a 44505e 98a0a4 e8e6dc",
            leaf="0c1420 44505e 98a0a4 e8e6dc",
            skin="0c1420 44505e 98a0a4 e8e6dc",
            bloom="a88a5a 8a5a44 5c6470 a07a54 6c5c60 a88a80",
            ground="e9e4d4",
        ),
    ),
    aspects=(1.33, 0.76, 1.2, 0.8),
    favorites=("city", "portrait", "woodland", "still life"),
    paint=paint,
)
