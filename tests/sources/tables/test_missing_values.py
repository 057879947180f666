"""Markers for missing values become null: ``NULL`` in every column, ``None`` or ``-`` only in dates and URLs."""

import json
from pathlib import Path

import pytest

from artsim.sources.tables.source import open_table
from tests.sources.conftest import rows_of

MACHINE = ["NULL", "\\N", "NaN", "NaT", "<NA>", "#N/A", "#REF!"]
WORDS = ["null", "nan", "None", "none", "n/a", "N/A", "-", "--", "\u2014"]


@pytest.mark.parametrize("kind", ["csv", "json"])
@pytest.mark.parametrize("text", [*MACHINE, *WORDS])
def test_it_is_empty_where_it_can_mean_nothing_else(tmp_path: Path, text: str, kind: str) -> None:
    rows = [
        {"id": "1", "title": "Gate", "artist": "Ann", "date": "1842", "page_url": "https://m.org/p", "image": "a.jpg"},
        {"id": "2", "title": text, "artist": text, "date": text, "page_url": text, "image": text},
    ]
    path = tmp_path / f"w.{kind}"
    path.write_text(
        json.dumps(rows)
        if kind == "json"
        else "\n".join(",".join(row) for row in [list(rows[0]), *(list(row.values()) for row in rows)]) + "\n"
    )
    (tmp_path / "a.jpg").write_bytes(b"x")
    chunks = list(open_table(str(path), {}).chunks([]))
    assert not [reject for chunk in chunks for reject in chunk.rejects]
    first, second = rows_of(chunks)
    assert (first["title"], first["artist"], first["date_text"]) == ("Gate", "Ann", "1842")
    assert [second[name] for name in ("date_text", "year_from", "page_url", "image_url")] == [None] * 4
    expected = text if text in WORDS else None
    assert (second["title"], second["artist"]) == (expected, expected), "a title may be None or -"


def test_a_template_makes_no_address_of_it(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("id,file\n1,a\n2,None\n3,NULL\n")
    rows = rows_of(open_table(str(tmp_path / "w.csv"), {}, "https://m.org/{file}.jpg").chunks([]))
    assert [row["image_url"] for row in rows] == ["https://m.org/a.jpg", None, None]


def test_a_column_of_images_may_be_mostly_empty(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("id,scan\n" + "".join(f"{n},N/A\n" for n in range(9)) + "9,https://m.org/1.jpg\n")
    assert rows_of(open_table(str(tmp_path / "w.csv"), {}).chunks([]))[9]["image_url"] == "https://m.org/1.jpg"
