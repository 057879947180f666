"""Captions in pictures: one typeface, cut to the width that there is."""

from bisect import bisect_right
from functools import cache
from pathlib import Path

import matplotlib
from PIL import Image, ImageDraw, ImageFont

PAPER = (247, 244, 238)
INK = (38, 34, 30)
FAINT = (128, 120, 110)
ACCENT = (176, 58, 46)


@cache
def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib and has the letters of most catalogues; ``size`` in pixels."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", name), size)


def fitted(text: str, width: int, face: ImageFont.FreeTypeFont) -> str:
    """The text, or as much of it as fits into ``width`` pixels and an ellipsis."""
    text = " ".join(text.split())[: 4 * width + 1]  # far more than fits: a title may be a whole page
    if face.getlength(text) <= width:
        return text
    fitting = bisect_right(range(len(text)), float(width), key=lambda count: face.getlength(text[:count] + "…"))
    return text[: max(fitting - 1, 0)].rstrip() + "…"


def in_two(text: str, width: int, face: ImageFont.FreeTypeFont) -> list[str]:
    """The text on one line, or on two where it is too long and has a word that can begin the second."""
    text = " ".join(text.split())[: 8 * width + 1]
    if face.getlength(text) <= width:
        return [text]
    fitting = bisect_right(range(len(text)), float(width), key=lambda count: face.getlength(text[:count])) - 1
    first = text[: fitting + 1].rpartition(" ")[0]
    return [first, fitted(text[len(first) :], width, face)] if first else [fitted(text, width, face)]


def caption(canvas: Image.Image, lines: list[str], left: int, top: int, width: int, size: int = 13) -> None:
    """Writes lines below one another, ``width`` pixels wide: the first in ink, on two if need be; the others faint."""
    draw = ImageDraw.Draw(canvas)
    title = in_two(lines[0], width, font(size))
    for index, line in enumerate([*title, *lines[1:]]):
        face, colour = (font(size), INK) if index < len(title) else (font(size - 1), FAINT)
        draw.text((left, top + index * round(size * 1.4)), fitted(line, width, face), colour, font=face)
