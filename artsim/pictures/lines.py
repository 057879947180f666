"""Smooth lines: drawn twice as large as a mask and reduced, since Pillow's lines have hard edges."""

from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw

Color = tuple[int, int, int]
Line = Sequence[tuple[float, float]]

_LARGEST = 10_000  # sides of a canvas beyond which lines are not smoothed, to save memory


def draw_lines(canvas: Image.Image, lines: Mapping[Color, Sequence[Line]], width: int, opacity: float = 1.0) -> None:
    """Draws lines, each through its points (x, y) in pixels of the canvas, by their colors; ``opacity`` 0 to 1."""
    scale = 2 if max(canvas.size) <= _LARGEST else 1
    for color, each in lines.items():
        mask = Image.new("L", (canvas.width * scale, canvas.height * scale))
        draw = ImageDraw.Draw(mask)
        for line in each:
            points = [(x * scale, y * scale) for x, y in line]
            draw.line(points, fill=round(255 * opacity), width=width * scale, joint="curve")
        canvas.paste(color, (0, 0), mask.reduce(scale) if scale > 1 else mask)


def curve(start: tuple[float, float], end: tuple[float, float], pieces: int = 48) -> list[tuple[float, float]]:
    """Points of a cubic Bézier curve that leaves ``start`` and reaches ``end`` horizontally."""
    middle = (start[0] + end[0]) / 2
    corners = (start, (middle, start[1]), (middle, end[1]), end)
    points = []
    for index in range(pieces + 1):
        t = index / pieces
        weights = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t, t**3)
        points.append(
            (
                sum(weight * x for weight, (x, _) in zip(weights, corners, strict=True)),
                sum(weight * y for weight, (_, y) in zip(weights, corners, strict=True)),
            )
        )
    return points
