"""The scores of heads as Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

_COLUMNS = {
    "top1": "top-1",
    "top3": "top-3",
    "knn_top1": "10 neighbors, top-1",
    "gain": "top-1, difference",
    "balanced": "balanced accuracy",
    "ece_before": "ECE before",
    "ece": "ECE",
    "abstained": "abstained",
    "accuracy_of_rest": "accuracy of the rest",
    "coverage": "coverage",
    "candidates": "candidates",
}
_TERMS = """\
Top-k: the right label is among the k most probable ones. 10 neighbors: the ten nearest labeled artworks by cosine
distance vote. Balanced accuracy: mean share of each label's artworks that get it. ECE: expected calibration error, the
mean difference between probability and accuracy, before and after the temperature. Coverage: share of artworks whose
candidate labels include the right one. Each artwork is labeled by a head that was chosen, fitted and calibrated on
other artworks. Brackets are 95% intervals."""


def markdown(
    name: str, features: str, scores: Sequence[Mapping[str, Any]], classes: Mapping[str, Sequence[Mapping[str, Any]]]
) -> str:
    """Returns the table of scores, an explanation of the terms, and a table of the labels of each task."""
    rows = [
        [
            f"**{row['task']}**, held out {row['held_out']}",
            str(row["top1"]["n"]),
            *(_text(row[key]) for key in _COLUMNS),
        ]
        for row in scores
    ]
    lines = [f"## Labels {plain(name)}", "", f"Features: {plain(features)}.", ""]
    lines += [*_grid(["", "artworks", *_COLUMNS.values()], rows), "", _TERMS]
    for task, labels in classes.items():
        cells = [
            [plain(row["label"]), *(_text(row[key]) for key in list(row)[1:-1]), plain(row["taken_for"] or "")]
            for row in labels
        ]
        columns = ["label", "artworks", "precision", "recall", "F1", "most often taken for"]
        lines += ["", f"### {task}", "", *_grid(columns, cells)]
    return "\n".join([*lines, ""])


def plain(text: str) -> str:
    """Returns text on one line, without control characters, with Markdown's characters escaped."""
    escaped = "".join(f"\\{letter}" if letter in "\\`*_[]<>|" else letter for letter in text if letter.isprintable())
    return " ".join(escaped.split())


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        style = "+.3f" if "p" in value else ".3f"
        figures = ("-" if value[key] is None else f"{value[key]:{style}}" for key in ("value", "low", "high"))
        return "{} [{}, {}]".format(*figures)
    return "" if value is None else str(value)


def _grid(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (columns, ["---"] * len(columns), *rows)]
