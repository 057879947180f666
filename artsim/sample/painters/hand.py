"""The record of a painter: name, dates, preferences, and the function that paints."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..color import Palette
from ..outlines import Rng
from ..scene import Scene

Paint = Callable[[Scene, Palette, tuple[int, int], Rng], np.ndarray]


@dataclass(frozen=True)
class Painter:
    """One invented artist.

    ``paint`` turns a scene, a palette, (width, height) and a generator into float colors (h, w, 3); ``favorites`` are
    the motifs painted most often, the first two most of all; ``aspects`` are widths divided by heights.
    """

    key: str
    name: str
    born: int
    died: int
    style: str
    school: str
    technique: str
    rights: str
    palettes: tuple[Palette, ...]
    aspects: tuple[float, ...]
    favorites: tuple[str, ...]
    paint: Paint
