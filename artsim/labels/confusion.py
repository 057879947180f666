"""A picture of what a head confuses: its confusion matrix, and artworks of the most frequent confusions."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from artsim.archive import Archive
from artsim.labels.heads import Answers
from artsim.labels.tasks import Task
from artsim.pictures.captioned_pictures import captioned_pictures
from artsim.pictures.lettering import ACCENT, FAINT, INK, PAPER, caption, fitted, font, hex_code
from artsim.pictures.typesetting import readable

_LABELS = 40  # of the matrix; the most frequent ones
_CONFUSIONS, _EXAMPLES = 6, 4
_SIDE, _GAP, _CAPTION, _EDGE = 150, 14, 56, 28  # pixels


@dataclass(frozen=True)
class _Confusion:
    """A label that is taken for another: numbers of both, how often, and rows of examples, most confident first."""

    label: int
    taken_for: int
    count: int
    rows: np.ndarray


def confusion_picture(
    archive: Archive,
    task: Task,
    matrix: np.ndarray,
    ids: np.ndarray,
    targets: np.ndarray,
    answers: Answers,
    split: str,
) -> Image.Image:
    """Draws the confusion matrix, int (c, c), beside artworks of the six most frequent confusions, RGB.

    ``ids``, object (n,), ``targets``, bool (n, c), and ``answers`` are those of the out-of-fold
    predictions. Of more than 40 labels, the matrix shows the most frequent ones.
    """
    left = _matrix_picture(task, matrix)
    confusions = _confusions(matrix, targets, answers)
    right = _examples_picture(archive, task, confusions, ids, answers.probabilities)
    title = f"{task.name}: what is taken for what, {len(ids):,} artworks, held out {split}"
    head = 64
    sheet = Image.new("RGB", (left.width + right.width, head + max(left.height, right.height)), PAPER)
    ImageDraw.Draw(sheet).text(
        (_EDGE, 22), fitted(title, sheet.width - 2 * _EDGE, font(24, bold=True)), INK, font=font(24, bold=True)
    )
    sheet.paste(left, (0, head))
    sheet.paste(right, (left.width, head))
    return sheet


def _confusions(matrix: np.ndarray, targets: np.ndarray, answers: Answers) -> list[_Confusion]:
    wrong = matrix * ~np.eye(len(matrix), dtype=bool)
    confusions = []
    for flat in np.argsort(-wrong, axis=None, kind="stable")[:_CONFUSIONS]:
        label, taken_for = np.unravel_index(flat, wrong.shape)
        if wrong[label, taken_for]:
            rows = np.flatnonzero(targets[:, label] & (answers.labels == taken_for))
            rows = rows[np.argsort(-answers.probabilities[rows, taken_for], kind="stable")][:_EXAMPLES]
            confusions.append(_Confusion(int(label), int(taken_for), int(wrong[label, taken_for]), rows))
    return confusions


def _matrix_picture(task: Task, matrix: np.ndarray) -> Image.Image:
    """Draws the share of each label's artworks, by row, that get each label, by column."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    colors = LinearSegmentedColormap.from_list("shares", [hex_code(PAPER), hex_code(ACCENT), hex_code(INK)])
    kept = np.sort(np.argsort(-matrix.sum(axis=1), kind="stable")[:_LABELS])
    shares = matrix[np.ix_(kept, kept)] / np.maximum(matrix[kept].sum(axis=1, keepdims=True), 1)
    names = [fitted(readable(task.labels[number]), 190, font(13)) for number in kept]
    side = 2.6 + max(0.21 * len(kept), 2.6)
    figure = Figure(figsize=(side + 0.6, side), dpi=130, facecolor=hex_code(PAPER))
    axes = figure.add_subplot(facecolor=hex_code(PAPER))
    heatmap = axes.imshow(shares, cmap=colors, vmin=0, vmax=1, aspect="equal")
    size = 7.5 if len(kept) > 15 else 9.5
    for scale, draw in ((axes.xaxis, axes.set_xticks), (axes.yaxis, axes.set_yticks)):
        draw(range(len(kept)))
        scale.set_ticklabels(names, fontsize=size, color=hex_code(INK), parse_math=False)
    axes.tick_params(axis="x", rotation=90)
    axes.tick_params(length=0)
    axes.set_ylabel("in the catalog", color=hex_code(FAINT))
    axes.set_xlabel("predicted", color=hex_code(FAINT))
    if len(kept) <= 12:
        for row, column in np.ndindex(shares.shape):
            color = hex_code(PAPER if shares[row, column] > 0.5 else INK)
            axes.text(column, row, f"{shares[row, column]:.0%}", ha="center", va="center", fontsize=8, color=color)
    for spine in axes.spines.values():
        spine.set_visible(False)
    bar = figure.colorbar(heatmap, ax=axes, shrink=0.6, pad=0.02)
    bar.set_label("share of the label's artworks", color=hex_code(FAINT), fontsize=8)
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=hex_code(FAINT), length=0, labelsize=7.5)
    sink = io.BytesIO()
    figure.savefig(sink, format="png", bbox_inches="tight", pad_inches=0.2)
    return Image.open(sink).convert("RGB")


def _examples_picture(
    archive: Archive, task: Task, confusions: list[_Confusion], ids: np.ndarray, probabilities: np.ndarray
) -> Image.Image:
    height = _SIDE + _CAPTION + 34
    width = _EXAMPLES * (_SIDE + _GAP) + _EDGE
    sheet = Image.new("RGB", (width, max(len(confusions), 1) * height), PAPER)
    draw = ImageDraw.Draw(sheet)
    pictures = captioned_pictures(archive, [ids[row] for confusion in confusions for row in confusion.rows], _SIDE)
    for index, confusion in enumerate(confusions):
        top = index * height
        words = readable(
            f"{task.labels[confusion.label]} taken for {task.labels[confusion.taken_for]}: {confusion.count}"
        )
        draw.text((0, top), fitted(words, width - _EDGE, font(15, bold=True)), INK, font=font(15, bold=True))
        for column, row in enumerate(confusion.rows):
            artwork = pictures[ids[row]]
            image, x, y = artwork.image, column * (_SIDE + _GAP), top + 26
            sheet.paste(image, (x + (_SIDE - image.width) // 2, y + _SIDE - image.height))
            lines = [artwork.title, artwork.artist, f"{probabilities[row, confusion.taken_for]:.0%} · {artwork.id}"]
            caption(sheet, [fitted(lines[0], _SIDE, font(11)), *lines[1:]], x, y + _SIDE + 5, _SIDE, size=11)
    return sheet
