"""Plain lists of images: one address or file per line."""

import json
from pathlib import Path

import pytest

from artsim.archive import UserError
from artsim.sources.tables.source import open_table
from tests.sources.conftest import rejects_of, rows_of

ADDRESSES = ["https://m.org/1.jpg?crop=1,2,x0&w=8", "https://m.org/2", "http://m.org/a%20b.png"]


def listed(path: Path) -> list[str]:
    return [row["image_url"] for row in rows_of(open_table(str(path), {}).chunks([]))]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("urls.txt", "\n".join(ADDRESSES)),
        ("urls.csv", "\r\n".join(ADDRESSES) + "\r\n\r\n"),
        ("urls.tsv", "\ufeff" + "\n".join(f'"{address}"' for address in ADDRESSES)),
        ("urls", "\n".join(f"  {address},," for address in ADDRESSES)),
        ("urls.json", json.dumps(ADDRESSES)),
        ("urls.json", json.dumps({"urls": ADDRESSES})),
        ("urls.jsonl", "\n".join(json.dumps(address) for address in ADDRESSES)),
    ],
)
def test_one_address_a_line(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert listed(tmp_path / name) == ADDRESSES


def test_one_file_a_line(tmp_path: Path) -> None:
    (tmp_path / "pics").mkdir()
    (tmp_path / "pics" / "a b.jpg").write_bytes(b"x")
    (tmp_path / "files.txt").write_text("pics/a b.jpg\npics/gone.jpg\n")
    assert listed(tmp_path / "files.txt") == [(tmp_path / "pics" / "a b.jpg").as_uri()]


def test_an_invalid_address_is_rejected_with_its_line_number(tmp_path: Path) -> None:
    (tmp_path / "urls.txt").write_text(f"{ADDRESSES[0]}\n# more\n\n{ADDRESSES[1]}\n")
    chunks = list(open_table(str(tmp_path / "urls.txt"), {}).chunks([]))
    assert [(row["where"], row["image_url"]) for row in rows_of(chunks)] == [("1", ADDRESSES[0]), ("4", ADDRESSES[1])]
    assert [(reject.line, reject.reason) for reject in rejects_of(chunks)] == [
        ("2", "not an image address or file name")
    ]


@pytest.mark.parametrize("text", ["https://m.org/1.jpg,Gate\nhttps://m.org/2.jpg,Mill\n", "1\thttps://m.org/1.jpg\n"])
def test_a_table_without_a_header_is_a_user_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "w.csv").write_text(text)
    with pytest.raises(UserError, match=r"w\.csv.*instead of column names"):
        listed(tmp_path / "w.csv")


def test_names_of_columns_may_be_addresses(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("http://purl.org/dc/title,image_url\nGate,https://m.org/1.jpg\n")
    assert listed(tmp_path / "w.csv") == ["https://m.org/1.jpg"]
