"""Colors, font and captions of pictures; captions are cut to the available width."""

from bisect import bisect_right
from functools import cache
from pathlib import Path

import matplotlib
from PIL import Image, ImageDraw, ImageFont

PAPER = (247, 244, 238)
INK = (38, 34, 30)
FAINT = (128, 120, 110)
ACCENT = (176, 58, 46)
_SMALLEST = 7  # the smallest readable font size, pixels


def hex_code(color: tuple[int, int, int]) -> str:
    """The color as matplotlib takes it, such as ``#f7f4ee``."""
    return "#{:02x}{:02x}{:02x}".format(*color)


@cache
def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans in ``size`` pixels; it comes with matplotlib and has the letters of most catalogs."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", name), size)


def fitted(text: str, width: int, face: ImageFont.FreeTypeFont) -> str:
    """The text, cut and ended with an ellipsis if it is wider than ``width`` pixels."""
    text = " ".join(text.split())[: 4 * width + 1]  # more than fits: a title may be a page long
    if face.getlength(text) <= width:
        return text
    fitting = bisect_right(range(len(text)), float(width), key=lambda count: face.getlength(text[:count] + "…"))
    return text[: max(fitting - 1, 0)].rstrip() + "…"


def in_two(text: str, width: int, face: ImageFont.FreeTypeFont) -> list[str]:
    """The text on one line, or on two if it is too long and has a space to break at."""
    text = " ".join(text.split())[: 8 * width + 1]
    if face.getlength(text) <= width:
        return [text]
    fitting = bisect_right(range(len(text)), float(width), key=lambda count: face.getlength(text[:count])) - 1
    first = text[: fitting + 1].rpartition(" ")[0]
    return [first, fitted(text[len(first) :], width, face)] if first else [fitted(text, width, face)]


def caption(canvas: Image.Image, lines: list[str], left: int, top: int, width: int, size: int = 13) -> None:
    """Writes lines of text, ``width`` pixels wide: the first in ``INK`` on up to two lines, the others in ``FAINT``.

    The last of several lines identifies the artwork: it is wrapped and shrunk before it is cut.
    """
    draw = ImageDraw.Draw(canvas)
    title = in_two(lines[0], width, font(size))
    for index, line in enumerate([*title, *lines[1:-1]]):
        face, color = (font(size), INK) if index < len(title) else (font(size - 1), FAINT)
        draw.text((left, top + index * round(size * 1.4)), fitted(line, width, face), color, font=face)
    if len(lines) > 1:
        below = top + (len(title) + len(lines) - 2) * round(size * 1.4)
        face, pieces = whole(lines[-1], width, size - 1)
        for index, piece in enumerate(pieces):
            draw.text((left, below + index * round(face.size * 1.2)), piece, FAINT, font=face)


def whole(text: str, width: int, size: int) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    """Returns the font and the lines of a text: on one line, or smaller on up to three, and cut only beyond."""
    text = " ".join(text.split())
    for smaller, most in ((size, 1), (size - 1, 3), (_SMALLEST, 3)):
        face = font(max(smaller, _SMALLEST))
        lines = _broken(text, width, face, most)
        if face.getlength(lines[-1][: 4 * width]) <= width:
            break
    return face, [fitted(line, width, face) for line in lines]


def _broken(text: str, width: int, face: ImageFont.FreeTypeFont, most: int) -> list[str]:
    """Breaks a text into lines, at a mark if the line's second half has one. The last of ``most`` may be too wide."""
    lines: list[str] = []
    while len(lines) < most - 1 and face.getlength(ahead := text[: 4 * width]) > width:
        fitting = bisect_right(range(len(ahead)), float(width), key=lambda count: face.getlength(ahead[:count])) - 1
        mark = 1 + max(ahead.rfind(sign, fitting // 2, fitting) for sign in " -_/:")
        end = mark or max(fitting, 1)
        lines.append(text[:end])
        text = text[end:]
    return [*lines, text]
