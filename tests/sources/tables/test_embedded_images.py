"""Images embedded in a Parquet table are refused, with a message that says what to do."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from artsim.archive import UserError
from artsim.sources.tables.source import open_table
from tests.sources.conftest import rows_of

JPEG = b"\xff\xd8\xff\xe0abc\xff"
NAMED = {"bytes": JPEG, "path": "1.jpg"}
HOLDING: dict[str, list[Any]] = {
    "struct": [NAMED, {"bytes": None, "path": "2.jpg"}],
    "no paths": [{"bytes": b"\x89PNG\r\n\x1a\n", "path": None}] * 2,
    "bytes alone": [b"RIFFxxxxWEBPVP8 ", None],
    "a list": [[NAMED, NAMED], [NAMED]],
}


def written(folder: Path, **columns: list[Any]) -> str:
    pq.write_table(pa.table({"id": ["1", "2"], "title": ["Gate", "Mill"], **columns}), folder / "w.parquet")
    return str(folder / "w.parquet")


@pytest.mark.parametrize("case", HOLDING)
def test_a_column_that_holds_images_is_named(tmp_path: Path, case: str) -> None:
    table = written(tmp_path, picture=HOLDING[case])
    for columns in ({}, {"image_url": "picture"}):
        with pytest.raises(UserError, match=r"w\.parquet: the column picture holds the images.*`images` FOLDER"):
            list(open_table(table, columns).chunks([]))


def test_addresses_next_to_embedded_images_are_used(tmp_path: Path) -> None:
    addresses = ["https://m.org/1.jpg", "https://m.org/2.jpg"]
    rows = rows_of(open_table(written(tmp_path, image=HOLDING["struct"], url=addresses), {}).chunks([]))
    assert [(row["title"], row["image_url"]) for row in rows] == [("Gate", addresses[0]), ("Mill", addresses[1])]


def test_exported_images_are_found_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "pics").mkdir()
    for name in ("1.jpg", "2.jpg"):
        (tmp_path / "pics" / name).write_bytes(JPEG)
    table = written(tmp_path, image=HOLDING["struct"])
    for columns in ({}, {"image_url": "image.path"}):
        rows = rows_of(open_table(table, columns, images=str(tmp_path / "pics")).chunks([]))
        assert [row["image_url"].rpartition("/")[2] for row in rows] == ["1.jpg", "2.jpg"]


def test_text_stored_as_bytes_stays_text(tmp_path: Path) -> None:
    table = written(tmp_path, image_url=[b"https://m.org/1.jpg", b"https://m.org/2.jpg"])
    assert next(row["image_url"] for row in rows_of(open_table(table, {}).chunks([]))) == "https://m.org/1.jpg"
