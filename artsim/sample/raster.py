"""A scene on a pixel grid: the shape at each pixel, its tone, and its color under a palette."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from .color import Palette
from .scene import Scene

_LEVELS = 64


@dataclass(frozen=True, slots=True)
class Raster:
    """``labels`` (h, w) intp: index of the top shape; ``tones`` (h, w) float32: its tone there, modeling included."""

    scene: Scene
    labels: np.ndarray
    tones: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.labels.shape[1], self.labels.shape[0]

    def values(self, name: str) -> np.ndarray:
        """An attribute of the shape at every pixel, as float32 (h, w): depth, tone, hue, volume."""
        each = np.array([getattr(s, name) for s in self.scene.shapes], np.float32)
        return np.take(each, self.labels)

    def made_of(self, *kinds: str) -> np.ndarray:
        """True where the top shape is of one of these kinds: bool (h, w)."""
        return np.take(np.array([s.kind in kinds for s in self.scene.shapes]), self.labels)


def rasterize(scene: Scene, width: int, height: int) -> Raster:
    """Draw the scene's shapes over one another; each pixel keeps the last one."""
    image = Image.new("I", (width, height))
    draw = ImageDraw.Draw(image)
    for index, shape in enumerate(scene.shapes):
        draw.polygon((shape.outline * height).ravel().tolist(), fill=index)
    labels = np.asarray(image).astype(np.intp)  # the type that np.take works in
    slope = np.array([_modeling(shape.outline, shape.tone, shape.volume, shape.fade) for shape in scene.shapes])
    a, b, c = (np.take(slope[:, k].astype(np.float32), labels) for k in range(3))
    x = np.arange(width, dtype=np.float32) / height
    y = np.arange(height, dtype=np.float32)[:, None] / height
    return Raster(scene, labels, np.clip(a * x + b * y + c, 0, 1))


def _modeling(outline: np.ndarray, tone: float, volume: float, fade: float) -> tuple[float, float, float]:
    # light falls from the upper left, so a round body darkens linearly toward its lower right
    low, high = outline.min(0).clip(0), outline.max(0).clip(None, 2.0)
    center, half = (low + high) / 2, np.maximum(high - low, 1e-6) / 2
    a = -0.75 * volume / half[0]
    b = -0.45 * volume / half[1] + fade / (2 * half[1])
    return a, b, tone - a * center[0] - b * center[1] + fade / 2


def colored(raster: Raster, palette: Palette, tones: np.ndarray | None = None) -> np.ndarray:
    """The colors of the raster under a palette, float32 (h, w, 3) in 0..255; ``tones`` replaces its own if given."""
    materials = [(s.kind, s.hue if s.kind == "bloom" else 0) for s in raster.scene.shapes]
    kinds = sorted(set(materials))
    table = np.concatenate([palette.tints(*kind, np.linspace(0, 1, _LEVELS)) for kind in kinds])
    start = np.take(np.array([kinds.index(m) * _LEVELS for m in materials]), raster.labels)
    start += ((raster.tones if tones is None else np.clip(tones, 0, 1)) * (_LEVELS - 1)).astype(np.intp)
    return np.take(table, start, axis=0)
