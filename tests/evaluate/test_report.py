import json

import numpy as np
import pytest

from artsim.annotations.folds import KINDS
from artsim.evaluate.comparison import CrossValidated, Row, person
from artsim.evaluate.links import LinksRow
from artsim.evaluate.report import as_json, links_markdown, links_picture, markdown, meaning, picture
from artsim.metrics.interval import Difference, Score
from artsim.metrics.retrieval import MEASURES

_COUNTS = {"annotations": 100, "without_vector": 0, "seen": 60, "validation": 13, "new_images": 20}
_SUBTITLES = {"new_images": "below it", "new_annotations": "more of it"}
_ROWS = [
    Row("dots|odd_name", "untrained", before=Score(3.456, 20, 3.1, 3.8)),
    Row(
        "eye",
        "cross-validated, 5 folds; a head on dots",
        CrossValidated(20, 5),
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


def _markdown(rows: list[Row], **change: int) -> str:
    return markdown({"new_images": rows}, _COUNTS | change, "Title", _SUBTITLES)


def _cells(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.replace("\\|", "¦").strip("|").split("|")] for line in lines]


def test_every_score_is_in_its_column() -> None:
    head, _, first, second = _cells(_markdown(_ROWS))
    assert head == ["", "before, seen", "after, seen", "before", "after", "gain", "against row 1"]
    assert first[1:] == ["", "", "3.46 [3.10 to 3.80] n=20", "", "", ""]
    assert second[1:5] == [
        "3.50 [3.30 to 3.70] n=60",
        "1.20 [1.10 to 1.30] n=60",
        "3.46 [3.10 to 3.80] n=20",
        "3.00 [2.70 to 3.30] n=20",
    ]
    assert second[5:] == ["+0.46 [−0.10 to +0.90] p=0.072", "+0.46 [+0.20 to +0.90] p<0.001"]


def test_the_explanation_names_excluded_annotations() -> None:
    text = _markdown(_ROWS)
    assert "13 annotations were used to choose the best epoch" in text
    assert "without a vector" not in text
    assert "3 annotations have an image without a vector" in _markdown(_ROWS, without_vector=3)


def test_the_explanation_covers_only_terms_in_use() -> None:
    text = _markdown([*_ROWS, person("anna, again", np.array([1.0, 5.0]))])
    for word in ("*seen*", "*gain*", "*against row 1*", "*cross-validated*", "*a person*"):
        assert word in text
    assert "*" not in _markdown(_ROWS[:1]).rpartition("\n|")[2].partition("\n")[2]
    remarked = markdown({"new_images": _ROWS}, _COUNTS, "Title", _SUBTITLES, ["a_b is left out."])
    assert remarked.endswith("a\\_b is left out.\n")


def test_a_table_for_each_kind() -> None:
    tables = {"new_images": _ROWS, "new_annotations": _ROWS[:1]}
    text = markdown(tables, _COUNTS, "Title", _SUBTITLES)
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "## Title",
        "### New annotations of known images",
    ]
    assert text.index("below it") < text.index("more of it")
    single = picture({"new_annotations": _ROWS[:1]}, "Title", _SUBTITLES)
    assert picture(tables, "Title", _SUBTITLES).height > 2 * single.height


@pytest.mark.parametrize(
    ("kind", "expected_text"),
    [
        (
            "new_groups",
            "1 annotation of new groups: training saw no image with the artist of their anchor or positive.",
        ),
        ("new_images", "1 annotation of new images: training saw neither their anchor nor their positive."),
        ("untrained", "1 annotation."),
        ("seen", "Nothing is held out: the models were trained on all of these annotations."),
    ],
)
def test_meaning_of_a_kind(kind: str, expected_text: str) -> None:
    assert meaning(kind, 1, "artist") == expected_text


def test_a_kind_has_a_name_and_a_meaning() -> None:
    for kind in (*KINDS, "untrained"):
        assert meaning(kind, 20, None).startswith("20 annotations")


def test_empty_columns_are_omitted() -> None:
    head, _, row = _cells(_markdown(_ROWS[:1]))
    assert head == ["", "before"]
    assert len(row) == 2


def test_markdown_in_names_is_escaped() -> None:
    rows = [Row("a|b*c\nd", "<i>", before=Score(1, 2, 1, 1))]
    text = markdown({"new_images": rows}, _COUNTS, "Title", {"new_images": "of a_b"})
    assert "a\\|b\\*c d" in text
    assert "\\<i\\>" in text
    assert "of a\\_b" in text


def test_links_seen_and_held_out_are_two_tables() -> None:
    text = links_markdown([_links_row("dots"), _links_row("eye")], _LINKS)
    assert text.count("| mAP |") == 2
    assert "(seen in training: not evidence)" in text
    assert "240 [0 to 260]" in text
    alone = links_markdown([_links_row("dots", seen=False)], _LINKS | {"seen_queries": 0})
    assert alone.count("| mAP |") == 1
    assert "seen" not in alone


@pytest.mark.parametrize("rows", [_ROWS, _ROWS[:1], [*_ROWS, Row("anna, again", "a person", after=_ROWS[0].before)]])
def test_pictures(rows: list[Row]) -> None:
    image = picture({"new_images": rows}, "Title", _SUBTITLES)
    assert image.mode == "RGB"
    wide = picture({"new_images": _ROWS}, "Title", _SUBTITLES)
    assert image.width <= wide.width
    assert links_picture([_links_row("dots")] * len(rows), _LINKS).height == image.height


def test_json_is_rounded_and_has_no_nan() -> None:
    rows = as_json([*_ROWS, Row("x", "y", after=Score(np.nan, 0, np.nan, np.nan))])
    text = json.dumps(rows, allow_nan=False)
    assert json.loads(text)[1]["gain"] == {"value": 0.456, "n": 20, "low": -0.1, "high": 0.9, "p": 0.0721}
    assert rows[1]["cross_validated"] == {"annotations": 20, "folds": 5}
    assert rows[0] == {"label": "dots|odd_name", "note": "untrained", "before": as_json(_ROWS)[0]["before"]}
    assert rows[2]["after"]["value"] is None
    assert as_json([_links_row("dots")])[0]["held_out"]["mAP"]["value"] == 0.5
