import pytest

from artsim.summary import all_failed, failed_line, printable, summary


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ängel 天使 ½", "Ängel 天使 ½"),
        ("red \x1b[31mtitle\x07", r"red \x1b[31mtitle\x07"),
        ("a\nb\tc\rd", "a b c d"),
        ("evil\u202egnp.exe", r"evil\u202egnp.exe"),
        ("csi\x9b2J", r"csi\x9b2J"),
        ("half \ud800", r"half \ud800"),
        ("line\u2028break", r"line\u2028break"),
    ],
)
def test_text_from_outside_is_printed_on_one_line_without_control_characters(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_text_is_cut_to_the_limit() -> None:
    assert printable("x" * 100, 10) == "x" * 9 + "…"


@pytest.mark.parametrize(
    ("report", "line", "total"),
    [
        ({"rows_in": 5, "rows_out": 5, "rows_failed": 0}, None, False),
        ({"rows_in": 0, "rows_out": 0, "rows_failed": 0}, None, False),
        (
            {"rows_in": 1000, "rows_out": 1, "rows_failed": 999, "failures": {"http": 900, "timeout": 99}},
            "999 of 1,000 rows failed: 900 http, 99 timeout",
            False,
        ),
        ({"rows_in": 3, "rows_out": 0, "rows_failed": 3}, "3 of 3 rows failed", True),
        ({"rows_in": 3, "rows_out": 0, "rows_failed": 1, "rows_there": 2}, "1 of 3 rows failed", False),
        (
            {"rows_in": 2, "rows_out": 0, "rows_failed": 2, "rejected": {"no \x1b[31mimage": 2}},
            r"2 of 2 rows failed: 2 no \x1b[31mimage",
            True,
        ),
    ],
)
def test_failures_are_counted_by_reason(report: dict, line: str | None, total: bool) -> None:
    assert failed_line(report) == line
    assert all_failed(report) is total


def test_neighbors_are_a_table() -> None:
    near = [{"id": "m:2", "distance": 0.25}, {"id": "m:\x1b3", "distance": 0.5}]
    report = {
        "job": "neighbors",
        "seconds": 1.26,
        "rows_in": 1,
        "rows_out": 2,
        "rows_failed": 0,
        "picture": "/tmp/near.png",
        "queries": [{"query": "m:1", "neighbors": near}],
        "options": {"k": 2},
        "report": "/archive/reports/neighbors/1.json",
    }
    assert summary(report).splitlines() == [
        "neighbors: 1 rows in, 2 out, 1.3 s",
        "picture: /tmp/near.png",
        "queries:",
        "  query  id       distance",
        "  m:1    m:2      0.25",
        r"  m:1    m:\x1b3  0.5",
        "report: /archive/reports/neighbors/1.json",
    ]


def test_counts_of_what_did_not_happen_are_left_out() -> None:
    report = {"job": "scrape", "rows_in": 3, "rows_out": 3, "rows_kept": 0, "larger_than_resize": 2, "duplicates": 0}
    assert summary(report).splitlines() == ["scrape: 3 rows in, 3 out", "larger than resize: 2", "duplicates: 0"]


def test_scores_in_a_table_are_figures() -> None:
    """Columns have the order of the row with the most columns."""
    score = {"value": 2.184, "n": 199, "low": 2.05, "high": 2.3149}
    unknown = {"value": None, "n": 0, "low": None, "high": None}
    gain = {"value": 0.2149, "n": 199, "low": -0.021, "high": 0.4, "p": 0.0614}
    rows = [{"label": "bare", "after": unknown}, {"label": "eye", "before": score, "after": score, "gain": gain}]
    lines = summary({"job": "x", "table": rows}).splitlines()[2:]
    assert [[cell.strip() for cell in line.strip().split("  ") if cell] for line in lines] == [
        ["label", "before", "after", "gain"],
        ["bare", "- [-, -] n=0"],
        ["eye", "2.18 [2.05, 2.31] n=199", "2.18 [2.05, 2.31] n=199", "+0.21 [-0.02, +0.40] p=0.061"],
    ]


def test_long_tables_end_with_what_is_left_out() -> None:
    lines = summary({"job": "x", "table": [{"id": index} for index in range(100)]}).splitlines()
    assert lines[-1] == "  ... and 60 more"
