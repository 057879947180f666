"""Renders an evaluation as Markdown, pictures and JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from PIL import Image

from artsim.evaluate.comparison import PERSON, Row
from artsim.evaluate.links import LinksRow
from artsim.metrics.interval import Difference, Score
from artsim.metrics.retrieval import CUTS, MEASURES
from artsim.pictures.scores import Row as Line
from artsim.pictures.scores import Series, below_one_another, score_table

_SERIES = {
    "before_seen": Series("before, on annotations seen in training", strong=False, filled=False),
    "after_seen": Series("after, on annotations seen in training", strong=False),
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
_TITLES = {
    "new_groups": "New groups",
    "new_images": "New images",
    "new_annotations": "New annotations of known images",
    "untrained": "All annotations",
    "seen": "Annotations seen in training",
}
_EXPLANATIONS = {
    "new_groups": " of new groups: training saw no image with the {column} of their anchor or positive",
    "new_images": " of new images: training saw neither their anchor nor their positive",
    "new_annotations": " not seen in training; their images may have been seen in other annotations",
    "untrained": "",
}
_CHANCE = (4.5, "chance")
_QUERIES = {
    "held_out": "Queries in clusters that no model here was trained on",
    "seen": "Queries in clusters that a model here was trained on (seen in training: not evidence)",
}


def meaning(kind: str, count: int, column: str | None) -> str:
    """Returns a sentence about the ``count`` annotations of a kind; ``column`` defines the groups."""
    if kind == "seen":
        return "Nothing is held out: the models were trained on all of these annotations."
    phrase = _EXPLANATIONS[kind].format(column=column or "group")
    return f"{count} annotation{'s' * (count != 1)}{phrase}."


def markdown(
    tables: Mapping[str, Sequence[Row]],
    counts: Mapping[str, int],
    title: str,
    subtitles: Mapping[str, str],
    remarks: Sequence[str] = (),
) -> str:
    """Returns a heading, the tables with what each is measured on, and an explanation of the terms."""
    main, *others = tables
    lines = [f"## {_plain(title)}", "", f"{_plain(subtitles[main])}", "", *_rows(tables[main])]
    for kind in others:
        lines += ["", f"### {_TITLES[kind]}", "", _plain(subtitles[kind]), "", *_rows(tables[kind])]
    return "\n".join([*lines, "", _explanation(tables, counts, remarks), ""])


def links_markdown(rows: Sequence[LinksRow], counts: dict[str, int]) -> str:
    """Returns the tables of retrieval figures on links."""
    lines = ["## Link retrieval", "", f"{_links_sentence(counts)} Lower positions are better."]
    for name, heading in _QUERIES.items():
        body = [
            [
                f"**{_plain(row.label)}** ({_plain(row.note)})",
                *(_text(scores[measure], count=False) for measure in MEASURES),
            ]
            for row in rows
            if (scores := getattr(row, name))
        ]
        if body:
            lines += ["", f"{heading}:", "", *_grid(["", *MEASURES], body)]
    return "\n".join([*lines, ""])


def picture(tables: Mapping[str, Sequence[Row]], title: str, subtitles: Mapping[str, str]) -> Image.Image:
    """Draws the tables below one another: dots with intervals, figures beside them."""
    main, *_ = tables
    return below_one_another(
        [_picture(rows, title if kind == main else _TITLES[kind], subtitles[kind]) for kind, rows in tables.items()]
    )


def links_picture(rows: Sequence[LinksRow], counts: dict[str, int]) -> Image.Image:
    """Draws mAP and recall as dots, positions beside them, for held-out queries or else the seen ones."""
    score_names = next(name for name in _QUERIES if getattr(rows[0], name))
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
        if (scores := getattr(row, score_names))
    ]
    return score_table("Link retrieval", f"{_QUERIES[score_names]}. {_links_sentence(counts)}", series, columns, lines)


def as_json(rows: Sequence[Row | LinksRow]) -> list[dict[str, Any]]:
    """Returns the rows as JSON objects with rounded numbers and without absent values."""
    return [_rounded({key: value for key, value in asdict(row).items() if value is not None}) for row in rows]


def _rows(rows: Sequence[Row]) -> list[str]:
    columns = _columns_with_scores(rows)
    return _grid(
        ["", *(_COLUMNS[name] for name in columns)],
        [
            [f"**{_plain(row.label)}** ({_plain(row.note)})", *(_text(getattr(row, name)) for name in columns)]
            for row in rows
        ],
    )


def _picture(rows: Sequence[Row], title: str, subtitle: str) -> Image.Image:
    columns = _columns_with_scores(rows)
    score_names = [name for name in _SERIES if name in columns]
    lines = [
        Line(
            row.label,
            row.note,
            [getattr(row, name) for name in score_names],
            [_cell(getattr(row, name)) for name in columns],
        )
        for row in rows
    ]
    headings = [_COLUMNS[name] for name in columns]
    return score_table(title, subtitle, [_SERIES[name] for name in score_names], headings, lines, _CHANCE)


def _columns_with_scores(rows: Sequence[Row]) -> list[str]:
    return [name for name in _COLUMNS if any(getattr(row, name) for row in rows)]


def _explanation(tables: Mapping[str, Sequence[Row]], counts: Mapping[str, int], remarks: Sequence[str]) -> str:
    rows = [row for table_rows in tables.values() for row in table_rows]
    sentences = [
        "Meanrank with its 95% interval; lower is better, 1 is perfect, 4.5 is chance. Annotations with the same "
        "anchor are resampled together; for new groups, all annotations with anchors of one group."
    ]
    if any(row.after_seen for row in rows):
        sentences.append(
            "*seen*: on annotations that the model was trained on, or that repeat an anchor and positive of these; "
            "not evidence."
        )
    if any(row.gain or row.against_first for row in rows):
        sentences.append(
            "*gain*: how much lower the meanrank of held-out annotations is after training; *against row 1*: how much "
            "lower it is than that of the first row; p is two-sided, paired."
        )
    if any(row.cross_validated for row in rows):
        sentences.append(
            "*cross-validated*: the model itself learned from these annotations, so each is ranked by a model of the "
            "same recipe that was trained without it."
        )
    if any(row.note.startswith(PERSON) for row in rows):
        sentences.append("*a person*: a second judgment of the same annotations; the same choice ranks 1, another 5.")
    for name, reason in (
        ("validation", "were used to choose the best epoch of a training and are left out"),
        ("without_vector", "have an image without a vector and are left out"),
    ):
        if counts[name]:
            sentences.append(f"{counts[name]} annotations {reason}.")
    return " ".join([*sentences, *map(_plain, remarks)])


def _links_sentence(counts: dict[str, int]) -> str:
    seen = f", {counts['seen_queries']} of them in clusters seen in training" if counts["seen_queries"] else ""
    return (
        f"{counts['links']} positive links between {counts['queries']} artworks{seen}, "
        f"in {counts['clusters']} clusters; each query ranks the whole archive; 95% intervals over clusters."
    )


def _text(score: Score | None, *, count: bool = True) -> str:
    if score is None:
        return ""
    figures, interval, detail = _score_texts(score)
    return f"{figures} [{interval}]{f' {detail}' if count else ''}"


def _cell(score: Score | None, *, count: bool = True) -> tuple[str, str]:
    if score is None:
        return "", ""
    figures, interval, detail = _score_texts(score)
    return figures, f"{interval} · {detail}" if count else interval


def _score_texts(score: Score) -> tuple[str, str, str]:
    """Returns a score, its interval, and its p or else its count. Values from 20 up need no decimals."""
    digits = 2 if abs(score.value) < 20 else 0
    if isinstance(score, Difference):
        value, low, high = (
            f"{number:+.{digits}f}".replace("-", "−") for number in (score.value, score.low, score.high)
        )
        interval = f"{low} to {high}" if np.isfinite([score.low, score.high]).all() else f"too few: n={score.n}"
        return value, interval, f"p={score.p:.3f}" if score.p >= 0.001 else "p<0.001"
    value, low, high = (f"{number:.{digits}f}" for number in (score.value, score.low, score.high))
    return value, f"{low} to {high}", f"n={score.n}"


def _grid(head: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *body)]


def _plain(text: str) -> str:
    """Escapes Markdown and table characters and collapses whitespace."""
    escaped = "".join(f"\\{letter}" if letter in "\\`*_[]<>|" else letter for letter in text)
    return " ".join(escaped.split())


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, float):
        return round(value, 5) if np.isfinite(value) else None
    return value
