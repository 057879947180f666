"""A heat map of two searched settings: trials as dots on a smoothed background, the best one ringed."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from artsim.pictures.lettering import ACCENT, FAINT, INK, PAPER, hex_code

_CELLS = 160  # of the background, along each axis
_SMOOTHING_WIDTH = 0.6  # smoothing width, in mean distances of trials spread evenly over the picture
_FADE_WIDTHS = 1.5  # the background fades to 0.6 at so many widths from the nearest trial, and to 0.1 at twice that
_COLORS = "viridis"  # low scores, which are good, are dark


@dataclass(frozen=True)
class Axis:
    """A setting and its value in each trial: one of ``choices``, or a number, on a log scale if ``log``."""

    name: str
    values: Sequence[Any]
    log: bool = False
    choices: Sequence[Any] = ()

    def places(self) -> np.ndarray:
        """The values as numbers on a linear scale, float64 (n,); a choice is its index."""
        if self.choices:
            return np.array([list(self.choices).index(value) for value in self.values], float)
        values = np.array(self.values, float)
        return np.log10(values) if self.log else values


def heat_map(
    x: Axis,
    y: Axis,
    scores: np.ndarray,
    whole: np.ndarray,
    interval: tuple[float, float],
    title: str,
    subtitle: str,
) -> Image.Image:
    """Draws n trials, RGB: ``scores``, float (n,), low is good; ``whole``, bool (n,), not stopped early.

    Trials stopped early are small dots. ``interval`` is that of the best score, low and high: it is drawn beside the
    color scale, which reaches at least to its end, so that noise has almost one color. The background is the mean of
    nearby scores, weighted by a Gaussian of the distance (Nadaraya 1964, Watson 1964): it stays within the range of the
    scores, and fades where no trial is near.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 7), dpi=150, facecolor=hex_code(PAPER))
    axes = figure.add_subplot(facecolor=hex_code(PAPER))
    across, up = x.places(), y.places()
    left, right, bottom, top = *_ends(x, across), *_ends(y, up)
    # One very bad trial must not use up the color range.
    low, high = float(scores.min()), float(max(np.quantile(scores, 0.9), interval[1], scores.min() + 1e-3))
    colors: dict[str, Any] = {"cmap": _COLORS, "vmin": low, "vmax": high}
    grid, near = _smoothed((across - left) / (right - left), (up - bottom) / (top - bottom), scores)
    area: dict[str, Any] = {
        "origin": "lower",
        "extent": (left, right, bottom, top),
        "aspect": "auto",
        "interpolation": "bilinear",
    }
    shown = axes.imshow(grid, alpha=near, **area, **colors)
    for mask, size in ((~whole, 16), (whole, 58)):
        axes.scatter(
            across[mask],
            up[mask],
            c=scores[mask],
            s=size,
            edgecolors=hex_code(PAPER),
            linewidths=0.9,
            zorder=3,
            clip_on=False,
            **colors,
        )
    best = int(scores.argmin())
    place = across[best], up[best]
    _ring(axes, place, f"{scores[best]:.3f}", right=place[0] > (left + right) / 2, above=place[1] > (bottom + top) / 2)
    _scales(axes, x, y)
    bar = figure.colorbar(shown, ax=axes, pad=0.03, extend="max" if scores.max() > high else "neither")
    bar.set_label("meanrank, cross-validated", color=hex_code(INK))
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=hex_code(FAINT), length=0)
    bar.ax.plot([-0.35, -0.35], np.clip(interval, low, high), color=hex_code(ACCENT), linewidth=3, clip_on=False)
    pad = 12 + 14 * len(subtitle.splitlines())
    axes.set_title(title, loc="left", color=hex_code(INK), fontweight="bold", fontsize=14, pad=pad, parse_math=False)
    axes.text(0, 1.02, subtitle, transform=axes.transAxes, color=hex_code(FAINT), fontsize=9.5, parse_math=False)
    sink = io.BytesIO()
    figure.savefig(sink, format="png", bbox_inches="tight", pad_inches=0.25)
    return Image.open(sink).convert("RGB")


def _smoothed(across: np.ndarray, up: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The background, (cells up, cells across), for trials at places between 0 and 1, and its opacity, 1 to 0."""
    steps = (np.arange(_CELLS) + 0.5) / _CELLS
    # Weights are relative to the nearest trial: otherwise all would be 0 far from every trial.
    far = (steps[:, None, None] - up) ** 2 + (steps[None, :, None] - across) ** 2
    reach = _SMOOTHING_WIDTH / len(scores) ** 0.5
    nearest = far.min(axis=2)
    weights = np.exp((nearest[..., None] - far) / (2 * reach**2))
    return (weights @ scores) / weights.sum(axis=2), np.exp(-nearest / (2 * (_FADE_WIDTHS * reach) ** 2))


def _ends(axis: Axis, places: np.ndarray) -> tuple[float, float]:
    """The ends of an axis: half a step beyond the choices, or slightly beyond the values."""
    low, high = float(places.min()), float(places.max())
    if axis.choices:
        return -0.5, len(axis.choices) - 0.5
    room = 0.03 * (high - low) or 0.5
    return low - room, high + room


def _ring(axes: Any, place: tuple[float, float], words: str, *, right: bool, above: bool) -> None:
    """Rings the best trial and writes its score on the side that has room."""
    axes.scatter(*place, s=190, facecolors="none", edgecolors=hex_code(ACCENT), linewidths=2.4, zorder=4, clip_on=False)
    axes.annotate(
        words,
        place,
        xytext=(-12 if right else 12, -22 if above else 14),
        textcoords="offset points",
        horizontalalignment="right" if right else "left",
        fontweight="bold",
        color=hex_code(ACCENT),
        bbox={"boxstyle": "round,pad=0.25", "facecolor": hex_code(PAPER), "edgecolor": "none", "alpha": 0.9},
        zorder=5,
    )


def _scales(axes: Any, x: Axis, y: Axis) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    for axis, scale, label in ((x, axes.xaxis, axes.set_xlabel), (y, axes.yaxis, axes.set_ylabel)):
        label(axis.name, color=hex_code(INK), parse_math=False)
        if axis.choices:
            scale.set_ticks(range(len(axis.choices)), [str(choice) for choice in axis.choices])
        elif axis.log:
            scale.set_major_locator(MaxNLocator(5))
            scale.set_major_formatter(FuncFormatter(lambda place, _: f"{10**place:.2g}"))
    axes.tick_params(colors=hex_code(FAINT), length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
