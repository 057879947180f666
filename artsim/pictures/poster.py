"""Posters: a title, a legend, pictures at given places, and the credits below, on a light ground with even margins."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from artsim.archive.local_file import replacing
from artsim.errors import UserError
from artsim.pictures.lettering import FAINT, INK, PAPER
from artsim.pictures.typesetting import Face

Color = tuple[int, int, int]

_FORMATS = (".png", ".pdf", ".jpg", ".jpeg")
_PRINT_WIDTH = 23.4  # inches, the short side of A1: sets the resolution of a PDF


@dataclass(frozen=True)
class Legend:
    """What the colors mean: a title and one name per color."""

    title: str
    names: Sequence[str]
    colors: Sequence[Color]


@dataclass(frozen=True)
class Words:
    """The text of a poster; each part but the title may be empty."""

    title: str
    caption: str = ""
    credits: str = ""
    legend: Legend | None = None


@dataclass(frozen=True)
class Frame:
    """The measures of a poster of this width, in pixels."""

    width: int

    @property
    def margin(self) -> int:
        """Free space at each side."""
        return round(0.035 * self.width)

    @property
    def body(self) -> int:
        """The width between the margins."""
        return self.width - 2 * self.margin

    def face(self, share: float, *, bold: bool = False) -> Face:
        """A font size as a share of the width."""
        return Face(max(round(share * self.width), 8), bold)

    @property
    def line(self) -> int:
        """The width of a thin line."""
        return max(round(self.width / 2000), 1)


def poster(width: int, body_height: int, words: Words) -> tuple[Image.Image, int, int]:
    """Draws an empty poster, RGB; returns it with the left and the top of its body."""
    frame = Frame(width)
    title, small, tiny = frame.face(0.021, bold=True), frame.face(0.0095), frame.face(0.0078)
    rows = _legend_rows(words.legend, frame, small) if words.legend else []
    headline = title.wrapped(words.title, frame.body, 2)
    credits = tiny.wrapped(words.credits, frame.body, 2)
    above = len(headline) * title.line + (small.line if words.caption else 0)
    top = frame.margin + above + len(rows) * round(small.line * 1.25)
    top += round(0.014 * width) + (round(0.006 * width) if rows else 0)
    foot = round(0.014 * width) + len(credits) * tiny.line if credits else 0
    canvas = Image.new("RGB", (width, top + body_height + foot + frame.margin), PAPER)
    y = frame.margin - round(0.2 * title.size)
    for line in headline:
        title.write(canvas, line, frame.margin, y)
        y += title.line
    y += round(0.15 * title.size)
    if words.caption:
        small.write(canvas, small.fitted(words.caption, frame.body), frame.margin, y, FAINT)
        y += small.line + round(0.5 * small.size)
    for row in rows:
        for x, text, color in row:
            _swatch(canvas, x, y, small, color)
            small.write(canvas, text, x + (1.2 * small.size if color else 0), y, INK if color else FAINT)
        y += round(small.line * 1.25)
    y = top + body_height + round(0.014 * width)
    for line in credits:
        tiny.write(canvas, line, frame.margin, y, FAINT)
        y += tiny.line
    return canvas, frame.margin, top


def save(image: Image.Image, path: str) -> None:
    """Writes a picture as PNG, JPEG or PDF (one page, A1 wide) by the extension of ``path``; creates its folder.

    The file appears when it is complete. Raises ``UserError`` if ``path`` has another extension or can't be written.
    """
    check_format(path)
    target = Path(path)
    kind = {".pdf": "PDF", ".png": "PNG"}.get(target.suffix.lower(), "JPEG")
    hows: dict[str, dict[str, Any]] = {
        "PDF": {"resolution": image.width / _PRINT_WIDTH, "quality": 92},
        "PNG": {"compress_level": 3},
        "JPEG": {"quality": 86, "optimize": True},
    }
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as draft:
            image.save(draft, kind, **hows[kind])
    except (OSError, ValueError) as error:
        raise UserError(f"`out` {path}: {getattr(error, 'strerror', None) or error}") from error


def check_format(path: str) -> None:
    """Raises ``UserError`` unless ``path`` is local and ends with .png, .pdf or .jpg."""
    if "://" in path:
        raise UserError(f"`out` {path}: must be a local path, not an address")
    if Path(path).suffix.lower() not in _FORMATS:
        raise UserError(f"`out` {path}: must end with .png, .pdf or .jpg")


def _legend_rows(legend: Legend, frame: Frame, face: Face) -> list[list[tuple[float, str, Color | None]]]:
    """Lines of (x, text, color): the legend's title, then its names, wrapped at the width of the body."""
    gap = 2.0 * face.size
    entries: list[tuple[str, Color | None]] = [(face.fitted(legend.title, frame.body / 4), None)]
    entries += zip((face.fitted(name, frame.body / 4) for name in legend.names), legend.colors, strict=True)
    rows: list[list[tuple[float, str, Color | None]]] = [[]]
    x = float(frame.margin)
    for text, color in entries:
        step = face.length(text) + (1.2 * face.size if color else 0)
        if rows[-1] and x + step > frame.margin + frame.body:
            rows.append([])
            x = float(frame.margin)
        rows[-1].append((x, text, color))
        x += step + gap
    return rows


def _swatch(canvas: Image.Image, x: float, y: float, face: Face, color: Color | None) -> None:
    if color:
        top = y + 0.22 * face.size
        box = (round(x), round(top), round(x + 0.8 * face.size), round(top + 0.8 * face.size))
        ImageDraw.Draw(canvas).rounded_rectangle(box, radius=0.15 * face.size, fill=color)
