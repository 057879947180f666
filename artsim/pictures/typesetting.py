"""Lines of text in any script: control characters removed, letters that the usual font lacks taken from another."""

import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib
from PIL import Image, ImageDraw, ImageFont

from artsim.pictures.lettering import INK, font

_UNSAFE = ("Cc", "Cs", "Co", "Cn")
_DIRECTIONS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")

Run = tuple[str, ImageFont.FreeTypeFont]


@dataclass(frozen=True)
class Face:
    """A font size in pixels and a weight."""

    size: int
    bold: bool = False

    @property
    def line(self) -> int:
        """The height of a line, pixels."""
        return round(self.size * 1.4)

    def length(self, text: str) -> float:
        """The width of a text, pixels."""
        return sum(face.getlength(run) for run, face in self._runs(text))

    def fitted(self, text: str, width: float) -> str:
        """The readable text on one line, cut and ended with an ellipsis if it is wider than ``width`` pixels."""
        text = readable(text)[: 4 * int(width) + 1]  # more than fits: a title may be a page long
        if self.length(text) <= width:
            return text
        fitting = bisect_right(range(len(text)), width, key=lambda count: self.length(text[:count] + "…"))
        return text[: max(fitting - 1, 0)].rstrip(" ,·;") + "…"

    def wrapped(self, text: str, width: float, most: int) -> list[str]:
        """The readable text in up to ``most`` lines, broken at spaces; the last is cut if it is too wide."""
        words, lines = readable(text)[: 4 * most * int(width) + 1].split(), list[str]()
        while words and len(lines) < most - 1:
            count = 1
            while count < len(words) and self.length(" ".join(words[: count + 1])) <= width:
                count += 1
            lines.append(self.fitted(" ".join(words[:count]), width))
            words = words[count:]
        return [*lines, self.fitted(" ".join(words), width)] if words else lines

    def write(
        self,
        canvas: Image.Image,
        text: str,
        x: float,
        y: float,
        color: tuple[int, int, int] = INK,
        align: str = "left",
    ) -> None:
        """Writes a text with its top at ``y``, its left, middle or right at ``x``."""
        x -= {"left": 0.0, "middle": 0.5, "right": 1.0}[align] * self.length(text)
        draw, ascent = ImageDraw.Draw(canvas), font(self.size, bold=self.bold).getmetrics()[0]
        for run, face in self._runs(text):
            draw.text((round(x), round(y + ascent)), run, color, font=face, anchor="ls")
            x += face.getlength(run)

    def _runs(self, text: str) -> list[Run]:
        """Pieces of the text, each with the first font that has its letters."""
        runs: list[tuple[str, str]] = []
        for letter in text:
            path = _path_for(letter, self.bold)
            if runs and (runs[-1][1] == path or letter.isspace() or unicodedata.combining(letter)):
                runs[-1] = (runs[-1][0] + letter, runs[-1][1])
            else:
                runs.append((letter, path))
        return [(piece, _loaded(path, self.size)) for piece, path in runs]


def readable(text: str) -> str:
    """The text on one line, without control and direction characters, and without letters that no font has."""
    text = " ".join(text.split())
    return " ".join("".join(letter for letter in text if _is_safe(letter) and _path_for(letter, False)).split())


def _is_safe(letter: str) -> bool:
    return letter not in _DIRECTIONS and unicodedata.category(letter) not in _UNSAFE


@cache
def _path_for(letter: str, bold: bool) -> str:
    """The file of a font that has this letter; empty if there is none."""
    usual = str(Path(matplotlib.get_data_path(), "fonts", "ttf", f"DejaVuSans{'-Bold' if bold else ''}.ttf"))
    if ord(letter) in _letters(usual):
        return usual
    return next((path for path in _installed() if ord(letter) in _letters(path)), "")


@cache
def _installed() -> list[str]:
    """The fonts of this machine, those for many scripts first."""
    from matplotlib.font_manager import findSystemFonts

    return sorted(findSystemFonts(), key=lambda path: ("Noto" not in path, "Regular" not in path, path))


@cache
def _letters(path: str) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    try:
        if not FT2Font(path).scalable:
            return frozenset()
        return frozenset(FT2Font(path).get_charmap())
    except (RuntimeError, OSError):  # no font, or one that FreeType can't read
        return frozenset()


@cache
def _loaded(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size) if path else font(size)
