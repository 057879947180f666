"""What a painter is to the museum: a name with its dates and habits, and the procedure that paints."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..colour import Palette
from ..outlines import Rng
from ..scene import Scene

Paint = Callable[[Scene, Palette, tuple[int, int], Rng], np.ndarray]


@dataclass(frozen=True)
class Painter:
    """One invented artist.

    `paint` makes float colours (h, w, 3) of a scene, a palette, (width, height) and a generator; `favourites` are the
    motifs treated most often, the first two most of all; `aspects` are widths by heights.
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
    favourites: tuple[str, ...]
    paint: Paint
