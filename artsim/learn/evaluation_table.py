"""An evaluation as people read it: Markdown and pictures; and as programs do: JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from PIL import Image

from artsim.learn.comparison import Row
from artsim.learn.evaluate_links import LinksRow
from artsim.measure.interval import Difference, Score
from artsim.measure.retrieval import CUTS, MEASURES
from artsim.pictures.scores import Row as Line
from artsim.pictures.scores import Series, score_table

_SERIES = {
    "before_seen": Series("before, on what it was trained on (seen)", strong=False, filled=False),
    "after_seen": Series("after, on what it was trained on (seen)", strong=False),
    "before": Series("before, held out", filled=False),
    "after": Series("after, held out"),
}
_COLUMNS = {
    "before_seen": "before, seen",
    "after_seen": "after, seen",
    "before": "before",
    "after": "after",
    "gain": "gain",
    "against_first": "against row 1",
}
_CHANCE = (4.5, "chance")
_QUERIES = {
    "held_out": "Queries of clusters that no model here was trained on",
    "seen": "Queries of clusters that a model here was trained on (seen: they prove nothing)",
}


def markdown(rows: Sequence[Row], counts: dict[str, int], title: str, subtitle: str) -> str:
    """The table, a heading and what its words mean."""
    columns = _filled(rows)
    lines = [f"## {_plain(title)}", "", f"{_plain(subtitle)}", ""]
    lines += _grid(
        ["", *(_COLUMNS[name] for name in columns)],
        [
            [f"**{_plain(row.label)}** ({_plain(row.note)})", *(_text(getattr(row, name)) for name in columns)]
            for row in rows
        ],
    )
    return "\n".join([*lines, "", _explained(counts), ""])


def links_markdown(rows: Sequence[LinksRow], counts: dict[str, int]) -> str:
    """The table of what is found of the links."""
    lines = ["## Links found again", "", f"{_links_words(counts)} Of positions the lowest is the best."]
    for name, heading in _QUERIES.items():
        body = [
            [f"**{_plain(row.label)}** ({_plain(row.note)})", *(_text(scores[one], count=False) for one in MEASURES)]
            for row in rows
            if (scores := getattr(row, name))
        ]
        if body:
            lines += ["", f"{heading}:", "", *_grid(["", *MEASURES], body)]
    return "\n".join([*lines, ""])


def picture(rows: Sequence[Row], title: str, subtitle: str) -> Image.Image:
    """Dots with intervals beside the figures."""
    columns = _filled(rows)
    shown = [name for name in _SERIES if name in columns]
    lines = [
        Line(
            row.label,
            row.note,
            [getattr(row, name) for name in shown],
            [_cell(getattr(row, name)) for name in columns],
        )
        for row in rows
    ]
    headings = [_COLUMNS[name] for name in columns]
    return score_table(title, subtitle, [_SERIES[name] for name in shown], headings, lines, _CHANCE)


def links_picture(rows: Sequence[LinksRow], counts: dict[str, int]) -> Image.Image:
    """mAP and recall as dots, the positions beside them; of the queries held out, if there are any."""
    shown = next(name for name in _QUERIES if getattr(rows[0], name))
    recalls = [f"recall@{cut}" for cut in CUTS]
    legend = f"recall@{', '.join(map(str, CUTS))}, from left to right"
    series = [Series("mAP"), *(Series(legend if name == recalls[0] else "", strong=False) for name in recalls)]
    columns = ["mAP", "recall@20", "recall@100", "mean position", "median position", "best position"]
    lines = [
        Line(
            row.label,
            row.note,
            [scores[name] for name in ["mAP", *recalls]],
            [_cell(scores[name], count=False) for name in columns],
        )
        for row in rows
        if (scores := getattr(row, shown))
    ]
    return score_table("Links found again", f"{_QUERIES[shown]}. {_links_words(counts)}", series, columns, lines)


def as_json(rows: Sequence[Row | LinksRow]) -> list[dict[str, Any]]:
    """The rows as JSON has them: rounded, without what there is none of."""
    return [_rounded({key: value for key, value in asdict(row).items() if value is not None}) for row in rows]


def _filled(rows: Sequence[Row]) -> list[str]:
    return [name for name in _COLUMNS if any(getattr(row, name) for row in rows)]


def _explained(counts: dict[str, int]) -> str:
    words = [
        "Meanrank with its 95% interval over annotations; lower is better, 1 is perfect, 4.5 is chance. *seen*: on the "
        "annotations that the model was trained on, which prove nothing. *gain*: by how much training lowered the "
        "meanrank of what was held out; *against row 1*: by how much it is lower than the first row's; p is two-sided, "
        "paired."
    ]
    if counts["held_out_with_seen_images"]:
        words.append(
            f"**{counts['held_out_with_seen_images']} of the {counts['held_out']} held-out annotations show images "
            "that a model was trained on.**"
        )
    for name, what in (
        ("crossing", "share images with a training and are left out"),
        ("validation", "chose the best epoch of a training and are left out"),
        ("without_vector", "have an image without a vector and are left out"),
    ):
        if counts[name]:
            words.append(f"{counts[name]} annotations {what}.")
    return " ".join(words)


def _links_words(counts: dict[str, int]) -> str:
    seen = f", {counts['seen_queries']} of them of clusters seen in training" if counts["seen_queries"] else ""
    return (
        f"{counts['links']} positive links of {counts['queries']} artworks{seen}, in {counts['clusters']} clusters, "
        "each looked for in the whole archive; intervals of 95% over clusters."
    )


def _text(score: Score | None, *, count: bool = True) -> str:
    if score is None:
        return ""
    figures, interval, rest = _words(score)
    return f"{figures} [{interval}]{f' {rest}' if count else ''}"


def _cell(score: Score | None, *, count: bool = True) -> tuple[str, str]:
    if score is None:
        return "", ""
    figures, interval, rest = _words(score)
    return figures, f"{interval} · {rest}" if count else interval


def _words(score: Score) -> tuple[str, str, str]:
    """A score, its interval, and its p or else its count; positions of hundreds need no decimals."""
    digits = 2 if abs(score.value) < 20 else 0
    if isinstance(score, Difference):
        value, low, high = (f"{one:+.{digits}f}".replace("-", "−") for one in (score.value, score.low, score.high))
        interval = f"{low} to {high}" if np.isfinite([score.low, score.high]).all() else f"{score.n} are too few"
        return value, interval, f"p={score.p:.3f}" if score.p >= 0.001 else "p<0.001"
    value, low, high = (f"{one:.{digits}f}" for one in (score.value, score.low, score.high))
    return value, f"{low} to {high}", f"n={score.n}"


def _grid(head: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *body)]


def _plain(text: str) -> str:
    """Text without what Markdown or a table takes for its own."""
    escaped = "".join(f"\\{letter}" if letter in "\\`*_[]<>|" else letter for letter in text)
    return " ".join(escaped.split())


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, float):
        return round(value, 5) if np.isfinite(value) else None
    return value
