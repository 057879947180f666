"""Files that are not tables are identified by their content; tables in any usual encoding are read."""

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from artsim.archive import UserError
from jobs.catalog import job
from tests.made import jpeg

CSV = "id,image_url,title\n1,https://m.org/1.jpg,Été\n2,https://m.org/2.jpg,Zwei\n"


def catalog(path: Path, content: bytes) -> int:
    """Returns the number of rows that the job adds from a file with this content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    archive = str(path.parent / "archive")
    report = job.run(["--archive", archive, "--source=table", "--location", str(path), "--shards=1"])
    return int(report["rows_out"])


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in names:
            packed.writestr(name, "x" * 500)
    return file.getvalue()


def opendocument() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("content.xml", "<x/>")
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as packed:
        packed.addfile(tarfile.TarInfo("works.csv"), io.BytesIO())
    return file.getvalue()


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (9, 9)).save(file, "PNG")
    return file.getvalue()


EXCEL = zipped("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/worksheets/sheet1.xml")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
HTML = b"\n <!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>"


@pytest.mark.parametrize(
    ("name", "content", "expected_text"),
    [
        ("works.csv", EXCEL, "save it as CSV (UTF-8)"),
        ("works", EXCEL, "save it as CSV (UTF-8)"),
        ("works.json", EXCEL, "save it as CSV (UTF-8)"),
        ("works.parquet", EXCEL, "save it as CSV (UTF-8)"),
        ("works.xlsx", EXCEL[:400], "save it as CSV (UTF-8)"),
        ("works.XLS", CSV.encode(), "save it as CSV (UTF-8)"),
        ("works.csv", OLE, "save it as CSV (UTF-8)"),
        ("works.txt", opendocument(), "save it as CSV (UTF-8)"),
        ("works.csv", zipped("works.csv"), "a zip archive; unpack it"),
        ("works.csv", zipped("word/document.xml"), "a text document"),
        ("works.csv", b"%PDF-1.7\n%\xe2\xe3", "a PDF"),
        ("works.csv", jpeg(), "an image"),
        ("works.csv", png(), "an image"),
        ("works.csv", gzip.compress(CSV.encode(), mtime=0), "ends in .gz"),
        ("works.csv.gz", gzip.compress(jpeg(), mtime=0), "an image"),
        ("works.tar.gz", gzip.compress(tarred(), mtime=0), "a tar archive; unpack it"),
        ("works.json.gz", gzip.compress(b'[{"id": 1}]', mtime=0), "JSON"),
        ("works.csv", HTML, "a web page"),
        ("works.json", HTML, "a web page"),
        ("works.csv", b"\xef\xbb\xbf<html lang='en'>", "a web page"),
        ("works.csv", b"<?xml version='1.0'?><records/>", "XML"),
        ("works.csv", b'[{"id": 1}]', "JSON"),
        ("works.txt", b'{"id": 1}\n{"id": 2}\n', "JSON"),
        ("works.csv", b"PAR1" + bytes(60), "a Parquet file"),
        ("works.csv", b"SQLite format 3\0" + bytes(60), "SQLite"),
        ("works.csv", bytes(range(256)) * 20, "not text"),
        ("works.csv", bytes(5000), "not text"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path: Path, name: str, content: bytes, expected_text: str) -> None:
    with pytest.raises(UserError) as mistake:
        catalog(tmp_path / name, content)
    assert expected_text in str(mistake.value) and name in str(mistake.value) and "\n" not in str(mistake.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_text_in_any_usual_encoding_is_a_table(tmp_path: Path, encoding: str) -> None:
    assert catalog(tmp_path / "works.csv", CSV.encode(encoding)) == 2


def test_a_text_with_a_stray_control_character_is_still_a_table(tmp_path: Path) -> None:
    assert catalog(tmp_path / "works.csv", CSV.replace("Zwei", "Zw\0ei\x1a").encode()) == 2


def test_a_folder_name_may_end_like_a_spreadsheet(tmp_path: Path) -> None:
    assert catalog(tmp_path / "Bestand.xls" / "works.csv", CSV.encode()) == 2
    folder = tmp_path / "bilder.ods"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"x")
    report = job.run(["--archive", str(tmp_path / "a"), "--source=folder", "--location", str(folder), "--shards=1"])
    assert report["rows_out"] == 1
