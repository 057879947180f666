import json

import numpy as np
import pytest

from artsim.learn.comparison import Row
from artsim.learn.evaluate_links import LinksRow
from artsim.learn.evaluation_table import as_json, links_markdown, links_picture, markdown, picture
from artsim.measure.interval import Difference, Score
from artsim.measure.retrieval import MEASURES

_COUNTS = {
    "annotations": 100,
    "without_vector": 0,
    "held_out": 20,
    "held_out_with_seen_images": 0,
    "seen": 60,
    "crossing": 7,
    "validation": 13,
}
_ROWS = [
    Row("dots|odd_name", "untrained", before=Score(3.456, 20, 3.1, 3.8)),
    Row(
        "eye",
        "a head on dots",
        before_seen=Score(3.5, 60, 3.3, 3.7),
        after_seen=Score(1.2, 60, 1.1, 1.3),
        before=Score(3.456, 20, 3.1, 3.8),
        after=Score(3.0, 20, 2.7, 3.3),
        gain=Difference(0.456, 20, -0.1, 0.9, 0.0721),
        against_first=Difference(0.456, 20, 0.2, 0.9, 0.0005),
    ),
]
_LINKS = {"links": 9, "left_out": 1, "queries": 12, "seen_queries": 4, "clusters": 5}


def _links_row(label: str, *, seen: bool = True) -> LinksRow:
    scores = {name: Score(240.0 if "position" in name else 0.5, 8, 0.25, 260.0) for name in MEASURES}
    return LinksRow(label, "untrained", scores, scores if seen else None)


def _cells(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.replace("\\|", "¦").strip("|").split("|")] for line in lines]


def test_every_figure_stands_in_its_column() -> None:
    head, _, first, second = _cells(markdown(_ROWS, _COUNTS, "Title", "below it"))
    assert head == ["", "before, seen", "after, seen", "before", "after", "gain", "against row 1"]
    assert first[1:] == ["", "", "3.46 [3.10 to 3.80] n=20", "", "", ""]
    assert second[1:5] == [
        "3.50 [3.30 to 3.70] n=60",
        "1.20 [1.10 to 1.30] n=60",
        "3.46 [3.10 to 3.80] n=20",
        "3.00 [2.70 to 3.30] n=20",
    ]
    assert second[5:] == ["+0.46 [−0.10 to +0.90] p=0.072", "+0.46 [+0.20 to +0.90] p<0.001"]


def test_the_words_below_say_what_was_left_out() -> None:
    text = markdown(_ROWS, _COUNTS, "Title", "below it")
    assert "7 annotations share images with a training and are left out" in text
    assert "13 annotations chose the best epoch" in text
    assert "without a vector" not in text
    assert "show images" not in text
    warned = markdown(_ROWS, _COUNTS | {"held_out_with_seen_images": 5}, "Title", "below it")
    assert "**5 of the 20 held-out annotations show images that a model was trained on.**" in warned


def test_columns_without_a_figure_are_left_out() -> None:
    head, _, row = _cells(markdown(_ROWS[:1], _COUNTS, "Title", "below it"))
    assert head == ["", "before"]
    assert len(row) == 2


def test_names_are_no_markdown() -> None:
    text = markdown([Row("a|b*c\nd", "<i>", before=Score(1, 2, 1, 1))], _COUNTS, "Title", "of a_b")
    assert "a\\|b\\*c d" in text
    assert "\\<i\\>" in text
    assert "of a\\_b" in text


def test_links_seen_and_held_out_are_two_tables() -> None:
    text = links_markdown([_links_row("dots"), _links_row("eye")], _LINKS)
    assert text.count("| mAP |") == 2
    assert "(seen: they prove nothing)" in text
    assert "240 [0 to 260]" in text
    alone = links_markdown([_links_row("dots", seen=False)], _LINKS | {"seen_queries": 0})
    assert alone.count("| mAP |") == 1
    assert "seen" not in alone


@pytest.mark.parametrize("rows", [_ROWS, _ROWS[:1], [*_ROWS, Row("anna, again", "a person", after=_ROWS[0].before)]])
def test_pictures(rows: list[Row]) -> None:
    image = picture(rows, "Title", "below it")
    assert image.mode == "RGB"
    wide = picture(_ROWS, "Title", "below it")
    assert image.width <= wide.width
    assert links_picture([_links_row("dots")] * len(rows), _LINKS).height == image.height


def test_json_is_rounded_and_has_no_nan() -> None:
    rows = as_json([*_ROWS, Row("x", "y", after=Score(np.nan, 0, np.nan, np.nan))])
    text = json.dumps(rows, allow_nan=False)
    assert json.loads(text)[1]["gain"] == {"value": 0.456, "n": 20, "low": -0.1, "high": 0.9, "p": 0.0721}
    assert rows[0] == {"label": "dots|odd_name", "note": "untrained", "before": as_json(_ROWS)[0]["before"]}
    assert rows[2]["after"]["value"] is None
    assert as_json([_links_row("dots")])[0]["held_out"]["mAP"]["value"] == 0.5
