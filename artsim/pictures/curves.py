"""Training curves as a picture: the loss, and the validation's measure with its interval, by epoch."""

import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from artsim.pictures.lettering import ACCENT, FAINT, INK, PAPER, hex_code

_RULE = (226, 220, 209)
_CHANCE = 4.5  # the expected meanrank of a random choice among eight


def training_curves(
    history: Sequence[Mapping[str, float]],
    best: int,
    title: str,
    measured: str = "validation",
    measure: str = "meanrank",
) -> Image.Image:
    """Draws the curves, RGB. Each epoch has ``loss``, ``measure``, ``low`` and ``high``, NaN without validation.

    ``best`` is the index in ``history`` of the epoch that was kept; ``measured`` says which data the measure is for.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(9, 6), dpi=150, facecolor=hex_code(PAPER))
    upper, lower = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": (2, 3), "hspace": 0.2})
    epochs = [epoch["epoch"] for epoch in history]
    upper.plot(
        epochs, [epoch["loss"] for epoch in history], color=hex_code(INK), marker="o", markersize=3, linewidth=1.5
    )
    upper.set_ylabel("loss")
    upper.set_title(title, loc="left", color=hex_code(INK), fontweight="bold", parse_math=False)
    if not math.isnan(history[best][measure]):
        _validation(lower, epochs, history, best, measure)
    lower.set_ylabel(f"{measure.replace('_', ' ')}, {measured}")
    lower.set_xlabel("epoch")
    lower.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in (upper, lower):
        _plain(axes)
        axes.axvline(epochs[best], color=hex_code(ACCENT), linewidth=1.2, linestyle=(0, (3, 3)))
    sink = io.BytesIO()
    figure.savefig(sink, format="png", bbox_inches="tight", pad_inches=0.25)
    return Image.open(sink).convert("RGB")


def _validation(
    axes: Any, epochs: list[float], history: Sequence[Mapping[str, float]], best: int, measure: str
) -> None:
    low, high = ([epoch[end] for epoch in history] for end in ("low", "high"))
    axes.fill_between(epochs, low, high, color=hex_code(INK), alpha=0.12, linewidth=0)
    axes.plot(
        epochs, [epoch[measure] for epoch in history], color=hex_code(INK), marker="o", markersize=3, linewidth=1.5
    )
    value = history[best][measure]
    axes.plot(epochs[best], value, marker="o", markersize=9, color=hex_code(ACCENT))
    words = f"kept: {value:.3f} [{low[best]:.3f}, {high[best]:.3f}], epoch {epochs[best]:g}"
    # A title, because the curve would cross a text in the plot.
    axes.set_title(words, loc="right", color=hex_code(ACCENT), fontsize=10)
    if measure == "meanrank" and max(high) > 0.9 * _CHANCE:  # otherwise the line would compress the curve
        axes.axhline(_CHANCE, color=hex_code(FAINT), linewidth=1, linestyle=(0, (1, 3)))


def _plain(axes: Any) -> None:
    axes.set_facecolor(hex_code(PAPER))
    axes.grid(color=hex_code(_RULE), linewidth=0.8)
    axes.tick_params(colors=hex_code(FAINT), length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
