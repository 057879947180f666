"""Pictures of local matches: two images side by side, boxes around the parts that match, lines between patches."""

import colorsys
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from artsim.matching.match import LocalMatches
from artsim.pictures.contact_sheet import Cell
from artsim.pictures.lettering import ACCENT, FAINT, INK, PAPER, caption, fitted, font
from artsim.pictures.lines import Color, Line, draw_lines

_LINES = 40  # the most lines between two images
_HUES = 12
_SIDE, _BETWEEN, _GAP, _CAPTION, _HEAD = 270, 36, 30, 92, 64  # of a sheet, pixels
_COLUMNS = 2

Place = tuple[float, float, float, float]  # left, top, width and height of an image on a canvas, pixels


def draw_matches(canvas: Image.Image, match: LocalMatches, a: Place, b: Place, width: int) -> None:
    """Draws the boxes and lines of two images at these places; ``width`` is that of a line, pixels.

    At most ``_LINES`` lines are drawn, spread over the match. Their colors follow the position in the first image.
    """
    if not len(match.similarity):
        return
    draw = ImageDraw.Draw(canvas)
    for box, place in ((match.box_a, a), (match.box_b, b)):
        assert box is not None
        (left, top), (right, bottom) = (_on(place, corner) for corner in (box[:2], box[2:]))
        right, bottom = min(right, place[0] + place[2]), min(bottom, place[1] + place[3])
        draw.rectangle((round(left), round(top), round(right) - 1, round(bottom) - 1), outline=ACCENT, width=2 * width)
    chosen = spread(match.points_a, _LINES)
    lines: dict[Color, list[Line]] = {}
    for index in chosen:
        hue = int(_HUES * float(np.clip(match.points_a[index] @ (0.3, 0.7), 0, 0.999)))
        ends = [_on(place, points[index]) for place, points in ((a, match.points_a), (b, match.points_b))]
        lines.setdefault(_color(hue), []).append(ends)
    draw_lines(canvas, lines, width, 0.85)
    for color, each in lines.items():
        for x, y in (end for line in each for end in line):
            radius = 1.6 * width
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color, outline=PAPER)


def matches_sheet(title: str, query: Image.Image, results: Sequence[tuple[Cell, LocalMatches | None]]) -> Image.Image:
    """Draws the query beside each result, RGB: in rows of two, the best first, with lines between matching patches."""
    panel = 2 * _SIDE + _BETWEEN
    columns = min(max(len(results), 1), _COLUMNS)
    rows = [results[start : start + columns] for start in range(0, len(results), columns)]
    heights = [max(_shape(image)[1] for cell, _ in row for image in (query, cell.image)) for row in rows]
    width = columns * (panel + 2 * _GAP)
    sheet = Image.new("RGB", (width, _HEAD + sum(heights) + len(rows) * _CAPTION), PAPER)
    face, small, bottom = font(20, bold=True), font(13), _HEAD
    ImageDraw.Draw(sheet).text((_GAP, 20), fitted(title, width - 2 * _GAP, face), INK, font=face)
    for row, height in zip(rows, heights, strict=True):
        bottom += height
        for number, (cell, match) in enumerate(row):
            left = _GAP + number * (panel + 2 * _GAP)
            a, b = (_paste(sheet, each, x, bottom) for each, x in ((query, left), (cell.image, left + panel - _SIDE)))
            if match:
                draw_matches(sheet, match, a, b, 1)
            caption(sheet, cell.lines, left + panel - _SIDE, bottom + 8, _SIDE)
            ImageDraw.Draw(sheet).text((left, bottom + 8), in_words(match), INK if match else FAINT, font=small)
        bottom += _CAPTION
    return sheet


def in_words(match: LocalMatches | None) -> str:
    """``37 matching patches, score 30.1``."""
    if match is None:
        return "not compared"
    count = len(match.similarity)
    return f"{count} matching patches, score {match.score:.1f}" if count else "no part matches"


def spread(points: np.ndarray, most: int) -> list[int]:
    """The indices of up to ``most`` points (n, 2), each as far as possible from those before it."""
    if not len(points):
        return []
    chosen, far = [0], np.linalg.norm(points - points[0], axis=1)
    while len(chosen) < min(most, len(points)):
        chosen.append(int(far.argmax()))
        far = np.minimum(far, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return chosen


def _shape(image: Image.Image) -> tuple[int, int]:
    """The width and height of an image on a sheet."""
    scale = min(_SIDE / image.width, _SIDE / image.height)
    return max(round(image.width * scale), 1), max(round(image.height * scale), 1)


def _paste(sheet: Image.Image, image: Image.Image, left: int, bottom: int) -> Place:
    shape = _shape(image)
    sheet.paste(image.resize(shape, Image.Resampling.LANCZOS), (left, bottom - shape[1]))
    return left, bottom - shape[1], *shape


def _on(place: Place, point: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """A point of an image, in shares of its longer side, on the canvas."""
    longer = max(place[2:])
    return place[0] + float(point[0]) * longer, place[1] + float(point[1]) * longer


def _color(hue: int) -> Color:
    red, green, blue = colorsys.hsv_to_rgb(hue / _HUES, 0.85, 0.92)
    return round(255 * red), round(255 * green), round(255 * blue)
