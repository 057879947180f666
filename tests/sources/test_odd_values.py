"""Odd values and files: kept out of the catalog's columns, or reported with a clear message."""

import io
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from artsim.archive import UserError
from artsim.sources.ingestion.validate import validated
from artsim.sources.tables.delimited import read_delimited
from artsim.sources.tables.source import open_table
from tests.sources.conftest import rows_of

IMAGE = "https://m.example/1.jpg"


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("@type", "ore:Aggregation", None),
        ("type", "edanmdm", None),
        ("type", "Feature", None),
        ("type", "crm:E22_Human-Made_Object", None),
        ("@type", "https://schema.org/VisualArtwork", None),
        ("type", "HumanMadeObject", None),
        ("type", "painting", "painting"),
        ("object_type", "Print: Etching", "Print: Etching"),
        ("type", "Collection of drawings", "Collection of drawings"),
    ],
)
def test_program_types_are_not_artwork_types(tmp_path: Path, key: str, value: str, wanted: str | None) -> None:
    (tmp_path / "w.jsonl").write_text(f'{{"title": "a", "image": "{IMAGE}", "{key}": "{value}"}}\n')
    (row,) = rows_of(open_table(str(tmp_path / "w.jsonl"), {}).chunks([]))
    assert row["type"] == wanted


@pytest.mark.parametrize(
    "values",
    [
        pa.array([datetime(1893, 5, 1)], pa.timestamp("us")),
        pa.array([datetime(1893, 5, 1)], pa.timestamp("ns")),
        pa.array([datetime(1893, 5, 1, 12, 30, tzinfo=UTC)], pa.timestamp("ms", "UTC")),
        pa.array([date(1893, 5, 1)]),
    ],
)
def test_the_time_of_day_is_removed_from_dates(tmp_path: Path, values: pa.Array) -> None:
    pq.write_table(pa.table({"title": ["a"], "date": values, "image": [IMAGE]}), tmp_path / "w.parquet")
    (row,) = rows_of(open_table(str(tmp_path / "w.parquet"), {}).chunks([]))
    assert (row["date_text"], row["year_from"], row["year_to"]) == ("1893-05-01", 1893, 1893)


def test_an_empty_file_is_named_as_empty() -> None:
    with pytest.raises(UserError, match=r"w\.csv: the file is empty"):
        list(read_delimited(io.BytesIO(b""), "w.csv"))


@pytest.mark.parametrize("host", ["m.example", "localhost:8000", "127.0.0.1:8000"])
def test_a_template_without_a_scheme_is_a_user_error(tmp_path: Path, host: str) -> None:
    (tmp_path / "w.csv").write_text("id,title\n1,a\n")
    with pytest.raises(UserError, match="https://"):
        list(open_table(str(tmp_path / "w.csv"), {}, template=f"{host}/images/{{id}}.jpg").chunks([]))


def test_an_address_with_control_characters_says_so(tmp_path: Path) -> None:
    (tmp_path / "w.jsonl").write_text('{"id": "1", "image": "https://m.example/1\\u001b.jpg"}\n')
    (chunk,) = open_table(str(tmp_path / "w.jsonl"), {}).chunks([])
    (reject,) = validated(chunk, "m", None).rejects
    assert reject.reason == "image address contains control characters"
