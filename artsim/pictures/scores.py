"""A chart of scores: one row per system, with dots and intervals, and the figures beside them."""

import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageFont

from artsim.metrics.interval import Score
from artsim.pictures.lettering import ACCENT, FAINT, INK, PAPER, fitted, font, hex_code, in_two

_MARGIN, _PLOT, _CELL, _GAP = 36, 440, 180, 28  # widths, in hundredths of an inch
_LABEL = (180, 520)  # minimum and maximum
_HEAD, _ROW, _FOOT = 150, 58, 46
_RULE = (226, 220, 209)


@dataclass(frozen=True)
class Series:
    """One dot in every row. Strong dots stand out; a hollow dot is joined to the filled one after it.

    A series without a name is not in the legend.
    """

    name: str
    strong: bool = True
    filled: bool = True


@dataclass(frozen=True)
class Row:
    """One system: its name, a note, a score for each series, and two lines of text for each column."""

    label: str
    note: str
    scores: Sequence[Score | None]
    cells: Sequence[tuple[str, str]]


def score_table(
    title: str,
    subtitle: str,
    series: Sequence[Series],
    columns: Sequence[str],
    rows: Sequence[Row],
    reference: tuple[float, str] | None = None,
) -> Image.Image:
    """Draws the table, RGB. ``reference`` is a value to compare every row with, and its name."""
    from matplotlib.figure import Figure

    longest = max((_longest(row) for row in rows), default=0)
    left = _MARGIN + max(longest, _LABEL[0]) + _GAP  # where the dots begin
    edges = [left + _PLOT + _GAP + _CELL * (index + 1) for index in range(len(columns))]  # where a column ends
    width = max([left + _PLOT + _GAP, *edges]) + _MARGIN
    height = _HEAD + _ROW * len(rows) + _FOOT
    figure = Figure(figsize=(width / 100, height / 100), dpi=150, facecolor=hex_code(PAPER))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    _write(axes, title, _MARGIN, 40, width - 2 * _MARGIN, size=21, bold=True)
    _write(axes, subtitle, _MARGIN, 66, width - 2 * _MARGIN, color=FAINT)
    bottom = _HEAD + _ROW * len(rows)
    place = _axis(axes, [score for row in rows for score in row.scores if score], reference, left, bottom)
    for edge, name in zip(edges, columns, strict=True):
        _write(axes, name, edge, _HEAD - 16, _CELL - 10, size=12, bold=True, right=True)
    for index, row in enumerate(rows):
        middle = _HEAD + _ROW * (index + 0.5)
        axes.plot([_MARGIN, width - _MARGIN], [middle - _ROW / 2] * 2, color=hex_code(_RULE), linewidth=0.8)
        words = left - _MARGIN - _GAP / 2
        notes = in_two(row.note, int(words), font(11))
        top = middle - (5 if len(notes) == 1 else 11)
        _write(axes, row.label, _MARGIN, top, words, size=14, bold=True)
        for number, note in enumerate(notes):
            _write(axes, note, _MARGIN, top + 17 + 14 * number, words, size=11, color=FAINT)
        for edge, (figures, below) in zip(edges, row.cells, strict=True):
            _write(axes, figures, edge, middle - 5, _CELL - 10, size=14, right=True)
            _write(axes, below, edge, middle + 14, _CELL - 10, size=11, color=FAINT, right=True)
        _dots(axes, series, row.scores, place, middle)
    _legend(axes, series, bottom + 28, width)
    sink = io.BytesIO()
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # the font lacks a letter
        figure.savefig(sink, format="png")
    return Image.open(sink).convert("RGB")


def below_one_another(pictures: Sequence[Image.Image]) -> Image.Image:
    """Stacks pictures vertically, RGB, on paper as wide as the widest."""
    size = max(picture.width for picture in pictures), sum(picture.height for picture in pictures)
    whole, top = Image.new("RGB", size, PAPER), 0
    for picture in pictures:
        whole.paste(picture, (0, top))
        top += picture.height
    return whole


def _axis(
    axes: Any, scores: Sequence[Score], reference: tuple[float, str] | None, left: float, bottom: float
) -> Callable[[float], float]:
    """Draws the scale of the dots; returns the function from a value to its x position."""
    from matplotlib.ticker import MaxNLocator

    ends = [end for score in scores for end in (score.low, score.high)]
    ends += [reference[0]] if reference else []
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    ticks = MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high if high > low else low + 1)

    def place(value: float) -> float:
        return left + (value - ticks[0]) / (ticks[-1] - ticks[0]) * _PLOT

    for tick in ticks:
        axes.plot([place(tick)] * 2, [_HEAD, bottom], color=hex_code(_RULE), linewidth=0.8)
        _write(axes, f"{tick:g}", place(tick), _HEAD - 16, _GAP * 3, size=12, color=FAINT, middle=True)
    if reference:
        where = place(reference[0])
        axes.plot([where] * 2, [_HEAD - 8, bottom], color=hex_code(FAINT), linewidth=1.4, linestyle=(0, (3, 3)))
        _write(axes, reference[1], where, _HEAD - 34, _PLOT, size=12, color=FAINT, middle=True)
    return place


def _dots(axes: Any, series: Sequence[Series], scores: Sequence[Score | None], place: Any, middle: float) -> None:
    """Draws the dots of a row: strong ones slightly above its middle, the others slightly below it."""
    before: Score | None = None
    for dot, score in zip(series, scores, strict=True):
        y = middle + (-6 if dot.strong else 12)
        if score:
            if before and dot.filled:
                ends = [place(before.value), place(score.value)]
                axes.plot(ends, [y] * 2, color=hex_code(_RULE), linewidth=5, solid_capstyle="round", zorder=2)
            ends = [place(score.low), place(score.high)]
            axes.plot(ends, [y] * 2, color=hex_code(_color(dot)), linewidth=2.0 if dot.strong else 1.2, zorder=3)
            _dot(axes, dot, place(score.value), y)
        before = None if dot.filled else score


def _dot(axes: Any, series: Series, x: float, y: float) -> None:
    axes.plot(
        x,
        y,
        marker="o",
        markersize=9 if series.strong else 5.5,
        markerfacecolor=hex_code(_color(series) if series.filled else PAPER),
        markeredgecolor=hex_code(_color(series)),
        markeredgewidth=1.6 if series.strong else 1.2,
        zorder=4,
    )


def _legend(axes: Any, series: Sequence[Series], y: float, width: float) -> None:
    named = [dot for dot in series if dot.name]
    steps = [12 + _length(dot.name, width, font(12)) + _GAP for dot in named]
    x = max((width - sum(steps)) / 2, _MARGIN)
    for dot, step in zip(named, steps, strict=True):
        _dot(axes, dot, x, y - 4)
        _write(axes, dot.name, x + 12, y, width, size=12)
        x += step


def _longest(row: Row) -> float:
    """The width that a row needs for its label, or for its note on two lines."""
    note = _length(row.note, 2 * _LABEL[1], font(11)) * 0.6  # more than half: lines break at spaces
    return max(_length(row.label, _LABEL[1], font(14, bold=True)), min(note, _LABEL[1]))


def _length(text: str, most: float, face: ImageFont.FreeTypeFont) -> float:
    return face.getlength(fitted(text, int(most), face))


def _color(series: Series) -> tuple[int, int, int]:
    if not series.strong:
        return FAINT
    return ACCENT if series.filled else INK


def _write(
    axes: Any,
    text: str,
    x: float,
    y: float,
    width: float,
    *,
    size: int = 13,
    bold: bool = False,
    color: tuple[int, int, int] = INK,
    right: bool = False,
    middle: bool = False,
) -> None:
    """Writes a line of text on its baseline, cut to ``width``; dollar signs do not start a formula."""
    axes.text(
        x,
        y,
        fitted(text, int(width), font(size, bold=bold)),
        fontsize=size * 0.72,
        fontfamily="DejaVu Sans",
        fontweight="bold" if bold else "normal",
        color=hex_code(color),
        horizontalalignment="right" if right else "center" if middle else "left",
        verticalalignment="baseline",
        parse_math=False,
    )
