"""Palettes: a ramp from dark to light for each material, and a few accents; mixed in OKLab (Ottosson 2020)."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .outlines import Rng

_LEVELS = 255
_TO_LMS = np.array([(0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566),
                    (0.0883024619, 0.2817188376, 0.6299787005)])  # fmt: skip
_TO_LAB = np.array([(0.2104542553, 0.7936177850, -0.0040720468), (1.9779984951, -2.4285922050, 0.4505937099),
                    (0.0259040371, 0.7827717662, -0.8086757660)])  # fmt: skip


def to_lab(rgb: np.ndarray) -> np.ndarray:
    """Convert sRGB (..., 3) in 0..255 to OKLab."""
    c = np.asarray(rgb, float) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T


def from_lab(lab: np.ndarray) -> np.ndarray:
    """Convert OKLab (..., 3) to sRGB in 0..255, clipped to the gamut."""
    linear = np.clip((lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_LMS).T, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def hexes(text: str) -> np.ndarray:
    """Parse colors written as 'rrggbb rrggbb ...' into an array (n, 3) in 0..255, float32."""
    return np.array([[int(word[k : k + 2], 16) for k in (0, 2, 4)] for word in text.split()], np.float32)


@dataclass(frozen=True)
class Palette:
    """The colors of a painter, as hex words.

    ``air``, ``water``, ``earth``, ``leaf`` and ``skin`` are ramps from dark to light, ``bloom`` is six accents,
    ``light`` is the ramp of lamps, moon and sun; ``ground`` is the paper or the primer. ``turn`` (radians) and
    ``chroma`` shift all hues except the ground's.
    """

    air: str
    earth: str
    leaf: str
    skin: str
    bloom: str
    light: str = "8a5a20 e8b04a fff3c8"
    water: str = ""
    ground: str = "f4ecdc"
    turn: float = 0.0
    chroma: float = 1.0

    def mixed(self, rng: Rng) -> "Palette":
        """Return a random variation: hues turned by a few degrees, chroma slightly lower or higher."""
        return replace(self, turn=float(rng.normal(0, 0.09)), chroma=float(rng.uniform(0.86, 1.1)))

    @cached_property
    def _ramps(self) -> dict[str, np.ndarray]:
        named = {k: getattr(self, k) for k in ("air", "earth", "leaf", "skin", "light", "bloom")}
        named["water"] = self.water or self.air
        c, s = self.chroma * np.cos(self.turn), self.chroma * np.sin(self.turn)
        shift = np.array([(1, 0, 0), (0, c, s), (0, -s, c)])
        return {kind: to_lab(hexes(text)) @ shift for kind, text in named.items()}

    @cached_property
    def _tables(self) -> dict[tuple[str, int], np.ndarray]:
        return {}

    @cached_property
    def paper(self) -> np.ndarray:
        """The ground's color, (3,) in 0..255."""
        return hexes(self.ground)[0]

    def tints(self, kind: str, hue: int, tones: np.ndarray) -> np.ndarray:
        """The colors of one material at many tones: maps (...) in 0..1 to (..., 3) in 0..255, float32."""
        level = np.clip(np.asarray(tones, np.float32) * _LEVELS + 0.5, 0, _LEVELS).astype(np.intp)
        return np.take(self._table(kind, hue), level, axis=0)

    def tint(self, kind: str, hue: int, tone: float) -> np.ndarray:
        """The color of one material at one tone: (3,) in 0..255, float32."""
        return self.tints(kind, hue, np.float32(tone))  # type: ignore[arg-type]

    def _table(self, kind: str, hue: int) -> np.ndarray:
        ramp = self._ramps[kind]
        hue = hue % len(ramp) if kind == "bloom" else 0
        if (kind, hue) not in self._tables:
            if kind == "bloom":  # an accent runs toward the palette's darkest color and toward near white
                own = ramp[hue]
                dark = self._ramps["air"][0] * (1, 0.6, 0.6) + (0, *own[1:] * 0.35)
                knots = np.stack([0.3 * own + 0.7 * dark, own, 0.35 * own + 0.65 * np.array([0.97, 0.0, 0.02])])
                where = np.array([0.0, 0.55, 1.0])
            else:
                knots, where = ramp, np.linspace(0, 1, len(ramp))
            steps = np.linspace(0, 1, _LEVELS + 1)
            lab = np.stack([np.interp(steps, where, knots[:, k]) for k in range(3)], -1)
            self._tables[kind, hue] = from_lab(lab).astype(np.float32)
        return self._tables[kind, hue]


def spread(rng: Rng, colors: np.ndarray, amount: float) -> np.ndarray:
    """Vary each color on its own by about ``amount`` in OKLab, as brush loads differ: (n, 3) in 0..255."""
    lab = to_lab(colors)
    return from_lab(lab + rng.normal(0, amount, lab.shape) * (1.0, 0.7, 0.7))
