"""A contact sheet: one row per query, with the query on the left and its results beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from artsim.pictures.captioned_pictures import CaptionedPicture
from artsim.pictures.lettering import ACCENT, INK, PAPER, caption, font, in_two
from artsim.pictures.typesetting import Face

_CELL = 190  # the longest side of a picture, pixels
_GAP = 18
_CAPTION = 104
_HEAD = 64
_HEAD_LINE = 30  # of a second line of the title
_TEXT_LINES = 6


@dataclass(frozen=True)
class Cell:
    """One picture of a sheet and the lines below it."""

    image: Image.Image
    lines: list[str]


def artwork_cell(artwork: CaptionedPicture, number: float | None = None) -> Cell:
    """Returns an artwork with its title, artist, year and id; ``number`` (a distance, a score) stands before the id."""
    below = ", ".join(word for word in (artwork.artist, artwork.year) if word)
    return Cell(artwork.image, [artwork.title, below, artwork.id if number is None else f"{number:.3f} · {artwork.id}"])


def text_cell(text: str) -> Cell:
    """Returns a text that was searched for, as a picture of its words."""
    image = Image.new("RGB", (_CELL, _CELL), PAPER)
    face = Face(20)
    lines = face.wrapped(text, _CELL - _GAP, _TEXT_LINES)
    top = (_CELL - len(lines) * face.line) / 2
    for number, line in enumerate(lines):
        face.write(image, line, _CELL / 2, top + number * face.line, align="middle")
    return Cell(image, ["text"])


def contact_sheet(title: str, rows: Sequence[tuple[Cell, Sequence[Cell]]]) -> Image.Image:
    """Draws the sheet, RGB: in each row the framed query, then its results in order."""
    columns = max((len(answers) for _, answers in rows), default=0)
    width = _GAP * 4 + _CELL + columns * (_CELL + _GAP)
    face = font(22, bold=True)
    headline = in_two(title, width - 4 * _GAP, face)
    head = _HEAD + (len(headline) - 1) * _HEAD_LINE
    height = head + len(rows) * (_CELL + _CAPTION + _GAP) + _GAP
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(headline):
        draw.text((2 * _GAP, _GAP + number * _HEAD_LINE), line, INK, font=face)
    for index, (query, answers) in enumerate(rows):
        top = head + index * (_CELL + _CAPTION + _GAP)
        _place(sheet, query, 2 * _GAP, top, framed=True)
        for column, answer in enumerate(answers):
            _place(sheet, answer, 4 * _GAP + _CELL + column * (_CELL + _GAP), top, framed=False)
    return sheet


def _place(sheet: Image.Image, cell: Cell, left: int, top: int, *, framed: bool) -> None:
    image = cell.image.copy()
    image.thumbnail((_CELL, _CELL), Image.Resampling.LANCZOS)
    x, y = left + (_CELL - image.width) // 2, top + _CELL - image.height
    sheet.paste(image, (x, y))
    if framed:
        edge = (x - 5, y - 5, x + image.width + 4, y + image.height + 4)
        ImageDraw.Draw(sheet).rectangle(edge, outline=ACCENT, width=3)
    caption(sheet, cell.lines, left, top + _CELL + 8, _CELL)
