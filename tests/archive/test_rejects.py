"""The file of rejected rows is safe to open in a spreadsheet: no cell is run as a formula."""

import csv
from pathlib import Path

import pytest

from artsim.archive import Store
from artsim.archive.rejects import Reject, Rejects


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1+1"])
def test_a_cell_that_begins_like_a_formula_is_quoted(tmp_path: Path, text: str) -> None:
    with Rejects(Store.open(str(tmp_path)), "catalog") as rejects:
        rejects.write([Reject(text, "no image", text), Reject.of(2, "no image", text), Reject.of(3, "no image", "a=b")])
    rows = list(csv.reader((tmp_path / str(rejects.path)).open(encoding="utf-8", newline="")))[1:]
    assert rows[0][0].startswith(("'", "\N{REPLACEMENT CHARACTER}")) and rows[1][2].startswith("'")
    assert rows[2] == ["3", "no image", "a=b"]


def test_control_characters_do_not_get_into_the_file(tmp_path: Path) -> None:
    with Rejects(Store.open(str(tmp_path)), "catalog") as rejects:
        rejects.write([Reject.of(1, "no image", "a\x1b]0;title\x07b\x9b31m")])
    text = (tmp_path / str(rejects.path)).read_text(encoding="utf-8")
    assert not {"\x1b", "\x07", "\x9b"}.intersection(text)
