"""A scene, which a motif gives to a painter: shapes with a material, a tone and a depth, but no color and no brush."""

from dataclasses import dataclass, field, replace

import numpy as np

from .outlines import Outline


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape of a scene, painted over all earlier ones.

    ``kind`` is its material: air, water, earth, leaf, skin, bloom or light; ``hue`` picks one of a palette's accents,
    for bloom. ``tone`` runs from 0 (dark) to 1 (light), ``depth`` from 0 (far) to 1 (near). ``volume`` is how strongly
    light models it as a round body; ``fade`` is the tone it gains from its top to its bottom.
    """

    outline: Outline
    kind: str
    tone: float
    depth: float = 0.5
    hue: int = 0
    volume: float = 0.0
    fade: float = 0.0


@dataclass(slots=True)
class Scene:
    """Shapes from back to front, in a frame ``aspect`` wide and 1 high; ``night`` if lamps and moon give the light."""

    motif: str
    aspect: float
    shapes: list[Shape] = field(default_factory=list)
    horizon: float = 0.5
    night: bool = False

    def add(self, outline: Outline, kind: str, tone: float, depth: float = 0.5, **more: float) -> None:
        """Add a shape over the others."""
        self.shapes.append(Shape(outline, kind, float(np.clip(tone, 0, 1)), depth, **more))  # type: ignore[arg-type]

    def mirrored(self) -> "Scene":
        """The same scene, flipped left to right."""
        flip = np.array([-1.0, 1.0])
        shapes = [replace(s, outline=s.outline * flip + (self.aspect, 0)) for s in self.shapes]
        return replace(self, shapes=shapes)
