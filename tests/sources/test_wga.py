"""The catalog of the Web Gallery of Art."""

import json
from pathlib import Path

import pytest

from artsim.archive import UserError
from artsim.sources.wga import open_wga
from tests.sources.conftest import rejects_of, rows_of

HEADER = "AUTHOR;BORN-DIED;TITLE;DATE;TECHNIQUE;LOCATION;URL;FORM;TYPE;SCHOOL;TIMEFRAME\r\n"
ROWS = (
    "ABBATE, Niccolò dell';(b. 1509, Modena, d. 1571);Stag Hunt;c. 1550;Oil on canvas, 116 x 159 cm;Galleria Borghese;"
    "https://www.wga.hu/html/a/abbate/deerhunt.html;painting;landscape;Italian;1501-1550\r\n"
    'X;;"The ""Nun""; a study";-;Oil;Rome;http://www.wga.hu/html_m/x/x/nun.html;painting;portrait;Dutch;1601-1650\r\n'
    "Y;;Elsewhere;1600;Oil;Rome;https://example.org/html/y.html;painting;other;Dutch;1601-1650\r\n"
    "Z;;Too short\r\n"
)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig"])
def test_a_row_becomes_addresses_and_years(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "catalog.csv").write_bytes((HEADER + ROWS).encode(encoding))
    chunks = list(open_wga(str(tmp_path / "catalog.csv")).chunks([]))
    first, second = rows_of(chunks)
    assert first["id"] == "a/abbate/deerhunt" and first["artist"] == "ABBATE, Niccolò dell'"
    assert first["image_url"] == "https://www.wga.hu/art/a/abbate/deerhunt.jpg"
    assert first["page_url"] == "https://www.wga.hu/html/a/abbate/deerhunt.html"
    assert (first["date_text"], first["year_from"], first["year_to"]) == ("c. 1550", 1550, 1550)
    assert json.loads(first["metadata"])["born_died"] == "(b. 1509, Modena, d. 1571)"
    assert second["title"] == 'The "Nun"; a study' and second["image_url"] == "https://www.wga.hu/art/x/x/nun.jpg"
    assert (second["year_from"], second["year_to"]) == (1601, 1650)  # DATE has no year, so TIMEFRAME is used
    assert [(reject.line, reject.reason) for reject in rejects_of(chunks)] == [
        ("5", "fewer fields than the header has"),
        ("4", "the URL is not a Web Gallery page"),
    ]


def test_another_table_is_a_user_error(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("id;title\n1;2\n")
    with pytest.raises(UserError, match="not the Web Gallery's catalog"):
        list(open_wga(str(tmp_path / "x.csv")).chunks([]))


def test_every_row_of_the_real_catalog(shared_data: Path) -> None:
    chunks = list(open_wga(str(shared_data / "wga" / "catalog.csv")).chunks([]))
    rows = rows_of(chunks)
    assert len(rows) == len({row["id"] for row in rows}) == 9610 and not rejects_of(chunks)
    assert all(1000 < row["year_from"] <= row["year_to"] < 1950 for row in rows)
    row = next(row for row in rows if row["id"] == "a/abbate/orpheus")
    assert row["artist"] == "ABBATE, Niccolò dell'" and row["location"] == "National Gallery, London"
