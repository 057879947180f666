"""Tables in CSV, Parquet and JSON, and the catalog rows read from them."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from artsim.archive import UserError
from artsim.sources.records import Chunk
from artsim.sources.tables.source import open_table
from tests.sources.conftest import rejects_of, rows_of


def read(path: Path, **columns: str) -> list[Chunk]:
    return list(open_table(str(path), columns).chunks([]))


def only(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def test_a_row_with_everything(tmp_path: Path) -> None:
    (tmp_path / "works.csv").write_text(
        "id,url,page,name,artist,date,style,medium,licence,note,size\n"
        '7,https://m.org/7.jpg,https://m.org/7," The  Kiss ",Klimt,1907-08,Jugendstil,Oil,CC0,"say ""x"" \\ y",\n'
    )
    (row,) = rows_of(read(tmp_path / "works.csv"))
    assert json.loads(row.pop("metadata")) == {"note": 'say "x" \\ y'}
    assert only(row) == {
        "id": "7",
        "image_url": "https://m.org/7.jpg",
        "page_url": "https://m.org/7",
        "title": "The  Kiss",
        "artist": "Klimt",
        "date_text": "1907-08",
        "year_from": 1907,
        "year_to": 1908,
        "style": "Jugendstil",
        "technique": "Oil",
        "rights": "CC0",
        "where": "2",
    }


def test_columns_can_be_named_and_composed(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("nr,thumb,who\n1,a/b.jpg,x\n2,,y\n")
    rows = rows_of(read(tmp_path / "w.csv", image_url="https://m.org/{thumb}?n={nr}", artist="who", id="nr"))
    assert [row["image_url"] for row in rows] == ["https://m.org/a/b.jpg?n=1", None]
    assert [row["artist"] for row in rows] == ["x", "y"]


def test_metadata_is_always_valid_json(tmp_path: Path) -> None:
    values = ['"', "\\", '\\"', "a\tb", "\x01", "é漢", "", "{x}", "[", "x\u2028y"]
    table = pa.table(
        {"url": ["https://m.org/1.jpg"] * len(values), 'k"ey\\': values, "b": ["1", None] * (len(values) // 2)}
    )
    pq.write_table(table, tmp_path / "w.parquet")
    for row, value, other in zip(rows_of(read(tmp_path / "w.parquet")), values, table["b"].to_pylist(), strict=True):
        expected = {'k"ey\\': " ".join(value.split()) if "\t" in value else value, "b": other}
        metadata = json.loads(row["metadata"]) if row["metadata"] else {}
        assert metadata == {name: text for name, text in expected.items() if text}


def test_files_must_be_below_the_table_s_folder(tmp_path: Path) -> None:
    folder = tmp_path / "museum"
    (folder / "pics").mkdir(parents=True)
    (folder / "pics" / "ä 1.jpg").write_bytes(b"x")
    (tmp_path / "secret.jpg").write_bytes(b"x")
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    image = folder / "pics" / "ä 1.jpg"
    names = ["pics/ä 1.jpg", "../secret.jpg", str(image), "link.jpg", "gone.jpg", image.as_uri(), "file:///etc/passwd"]
    (folder / "labels.csv").write_text("\n".join(["file", *names]) + "\n", encoding="utf-8")
    chunks = read(folder / "labels.csv")
    assert [(row["id"], row["image_url"]) for row in rows_of(chunks)] == [
        ("pics/ä 1.jpg", image.as_uri()),
        (image.as_uri(), image.as_uri()),
    ]
    assert [(reject.line, reject.reason) for reject in rejects_of(chunks)] == [
        ("3", "the path is empty or leads outside the folder"),
        ("4", "an absolute path; must be relative to the folder"),
        ("5", "a link leads outside the folder"),
        ("6", "there is no such file"),
        ("8", "not below the given folder"),
    ]


def test_yes_and_no_become_rights_texts(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text(
        "url,isPublicDomain\nhttps://m/1.jpg,true\nhttps://m/2.jpg,False\nhttps://m/3.jpg,CC BY\nhttps://m/4.jpg,\n"
    )
    rights = [row["rights"] for row in rows_of(read(tmp_path / "w.csv"))]
    assert rights == ["public domain", "not in the public domain", "CC BY", None]


def test_year_columns_take_precedence_over_date_text(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text(
        "url,date,objectBeginDate,objectEndDate\nhttps://m/1.jpg,19th century,1850,\nhttps://m/2.jpg,c. 1900,,\n"
    )
    rows = rows_of(read(tmp_path / "w.csv"))
    assert [(row["year_from"], row["year_to"]) for row in rows] == [(1850, 1900), (1900, 1900)]


def test_image_services_become_image_addresses(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("url\nhttps://i.org/iiif/x/info.json\n")
    assert rows_of(read(tmp_path / "w.csv"))[0]["image_url"] == "https://i.org/iiif/x/full/max/0/default.jpg"


def test_parquet_of_all_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": pa.array([1, 2], pa.int64()),
            "image": pa.array([{"url": "https://m/1"}, {"url": "https://m/2"}]),
            "tags": pa.array([["a", "b"], None]),
            "title": pa.array(["x", "y"]).dictionary_encode(),
            "picture": pa.array([b"\xff", b"\x00"]),
            "price": pa.array([1.5, None]),
        }
    )
    pq.write_table(table, tmp_path / "w.parquet")
    rows = rows_of(read(tmp_path / "w.parquet", image_url="image.url"))
    assert [(row["id"], row["image_url"], row["title"], row["where"]) for row in rows] == [
        ("1", "https://m/1", "x", "1"),
        ("2", "https://m/2", "y", "2"),
    ]
    assert json.loads(rows[0]["metadata"]) == {"tags": "a; b", "price": "1.5"}


def test_json_of_every_shape_gives_the_same_rows(tmp_path: Path) -> None:
    works = [
        {"id": n, "primaryImage": f"https://m/{n}", "makers": [{"name": f"p{n}"}], "tags": ["a", "b"]} for n in (1, 2)
    ]
    (tmp_path / "list.json").write_text(json.dumps(works))
    (tmp_path / "answer.json").write_text(json.dumps({"found": 2, "items": works}))
    (tmp_path / "lines.jsonl").write_text("\n".join(json.dumps(work) for work in works) + "\n\n")
    folder = tmp_path / "folder" / "deep"
    folder.mkdir(parents=True)
    for work in works:
        (folder / f"{work['id']}.json").write_text(json.dumps(work))
    for name in ("list.json", "answer.json", "lines.jsonl", "folder"):
        rows = rows_of(read(tmp_path / name, artist="makers.0.name"))
        assert [(row["id"], row["image_url"], row["artist"]) for row in rows] == [
            ("1", "https://m/1", "p1"),
            ("2", "https://m/2", "p2"),
        ], name
        assert json.loads(rows[0]["metadata"]) == {"makers": [{"name": "p1"}], "tags": "a; b"}


def test_invalid_json_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"url": "https://m/1.jpg", "title": "half \\ud800 a letter"}')
    (tmp_path / "b.json").write_text("{")
    (tmp_path / "c.json").write_text("[" * 100_000)
    (tmp_path / "d.json").write_text("7")
    (tmp_path / "e.jsonl").write_text('{"url": "https://m/2.jpg"}\nnot json\n[1]\n')
    chunks = read(tmp_path)
    assert [row["image_url"] for row in rows_of(chunks)] == ["https://m/1.jpg", "https://m/2.jpg"]
    assert rows_of(chunks)[0]["title"] == "half ? a letter"
    assert [(reject.line, reject.reason) for reject in rejects_of(chunks)] == [
        ("b.json", "not valid JSON"),
        ("c.json", "not valid JSON"),
        ("d.json", "not a JSON object"),
        ("e.jsonl#2", "not valid JSON"),
        ("e.jsonl#3", "not a JSON object"),
    ]


def test_a_json_line_is_one_row(tmp_path: Path) -> None:
    (tmp_path / "w.jsonl").write_text('{"url": "https://m/1.jpg", "items": [{"url": "https://m/2.jpg"}]}\n')
    assert [row["image_url"] for row in rows_of(read(tmp_path / "w.jsonl"))] == ["https://m/1.jpg"]


def test_answers_of_several_kinds_in_one_folder(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"objectID": 1, "primaryImage": "https://m/1"}')
    (tmp_path / "b.json").write_text('[{"foreign_identifier": "x", "image_url": "https://m/2"}]')
    assert {(row["id"], row["image_url"]) for row in rows_of(read(tmp_path))} == {
        ("1", "https://m/1"),
        ("x", "https://m/2"),
    }


def test_compressed_tables(tmp_path: Path) -> None:
    (tmp_path / "w.csv.gz").write_bytes(gzip.compress(b"url\nhttps://m/1.jpg\n"))
    assert len(rows_of(read(tmp_path / "w.csv.gz"))) == 1


def test_unreadable_tables_are_user_errors(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("url\nhttps://m/1\n")
    (tmp_path / "w.parquet").write_text("url\n")
    (tmp_path / "w.json").write_text("{")
    for path, columns, word in [
        ("none.csv", {}, "no such file"),
        ("w.csv", {"title": "x"}, "'x'"),
        ("w.parquet", {}, "not a Parquet file"),
        ("w.json", {}, "not valid JSON"),
    ]:
        with pytest.raises(UserError, match=word):
            read(tmp_path / path, **columns)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"no \.json file"):
        read(tmp_path / "empty")
    with pytest.raises(UserError, match="reads files"):
        open_table("https://m.org/w.csv", {})


def test_names_of_people_art_and_mcv(shared_data: Path) -> None:
    rows = rows_of(read(shared_data / "people-art" / "labels.csv"))
    assert len(rows) == 2934
    assert (
        sum(row["date_text"] is not None for row in rows) == sum(row["year_from"] is not None for row in rows) == 1840
    )
    assert len({row["artist"] for row in rows} - {None}) == 359 and len({row["style"] for row in rows}) == 41
    assert (
        rows[0]["image_url"]
        == (shared_data / "people-art" / "images/Academicism/albert-anker_b-ckligumpen-1866.jpg").resolve().as_uri()
    )
    assert len(rows_of(read(shared_data / "mcv-museum" / "labels.csv"))) == 287


def test_the_recorded_answers_of_the_met_the_tate_and_the_rijksmuseum(shared_data: Path) -> None:
    apis = shared_data / "museum-apis"
    met = {row["id"]: row for row in rows_of(read(apis / "metropolitan_museum_of_art"))}
    assert len(met) == 6
    assert met["45734"]["artist"] == "Kiyohara Yukinobu" and met["45734"]["rights"] == "public domain"
    assert (met["45734"]["year_from"], met["45734"]["year_to"]) == (1667, 1682)
    tate = rows_of(read(apis / "tate" / "artworks"))
    assert len(tate) == 289 and sum(row["image_url"] is not None for row in tate) == 255
    baccelli = next(row for row in tate if row["title"] == "Giovanna Baccelli")
    assert baccelli["artist"] == "Thomas Gainsborough" and baccelli["year_from"] == 1782
    columns = {"image_url": "structured.iiifInfoUrl", "id": "structured.objectNumber", "rights": "structured.license"}
    rijks = [row for row in rows_of(read(apis / "rijksmuseum/audit/out/responses", **columns)) if row["image_url"]]
    assert sorted(row["id"] for row in rijks) == ["SK-A-1115", "SK-A-2344", "SK-C-5"]


def test_a_template_uses_dotted_names(tmp_path: Path) -> None:
    records = [{"id": "1", "images": ["/a.jpg"]}, {"id": "2", "images": ["/b.jpg"]}]
    (tmp_path / "works.json").write_text(json.dumps({"records": records}))
    rows = rows_of(read(tmp_path / "works.json", image_url="https://m.org{images.0}"))
    assert [row["image_url"] for row in rows] == ["https://m.org/a.jpg", "https://m.org/b.jpg"]


def test_values_in_a_template_cannot_break_the_address(tmp_path: Path) -> None:
    names = ["a b", "x&y=1#z", "q?r", "50%", "a%20b", "é/ü:1", "[x]"]
    (tmp_path / "w.csv").write_text("nr\n" + "\n".join(names) + "\n", encoding="utf-8")
    rows = rows_of(read(tmp_path / "w.csv", image_url="https://m.org/{nr}/full.jpg"))
    assert [row["image_url"].removeprefix("https://m.org/").removesuffix("/full.jpg") for row in rows] == [
        "a%20b", "x%26y=1%23z", "q%3Fr", "50%", "a%20b", "é/ü:1", "%5Bx%5D"
    ]  # fmt: skip
    (tmp_path / "w.csv").write_text("base,nr\nhttps://m.org/get?id=1&x=,a#b\n")
    (row,) = rows_of(read(tmp_path / "w.csv", image_url="{base}{nr}"))
    assert row["image_url"] == "https://m.org/get?id=1&x=a%23b"


def test_a_template_without_a_scheme_is_a_user_error(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("nr\n1\n2\n")
    with pytest.raises(
        UserError, match=r"`image_template` m\.org/\{nr\}\.jpg: .* https://m\.org/\{nr\}\.jpg.*`images`"
    ):
        list(open_table(str(tmp_path / "w.csv"), {}, "m.org/{nr}.jpg").chunks([]))
    (tmp_path / "scans.new").mkdir()
    (tmp_path / "scans.new" / "1.jpg").write_bytes(b"x")
    assert len(rows_of(open_table(str(tmp_path / "w.csv"), {}, "scans.new/{nr}.jpg").chunks([]))) == 1


def test_addresses_may_omit_the_scheme(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("id,image\n1,//m.org/1.jpg\n2,https://m.org/2.jpg\n")
    assert [row["image_url"] for row in rows_of(read(tmp_path / "w.csv"))] == [
        "https://m.org/1.jpg",
        "https://m.org/2.jpg",
    ]


def test_missing_numbers_are_empty_and_integers_have_no_fraction(tmp_path: Path) -> None:
    nan = float("nan")
    table = pa.table(
        {
            "id": [12.0, 13.0, 14.0],
            "image": [f"https://m.org/{n}.jpg" for n in range(3)],
            "year": [1890.0, nan, None],
            "height": pa.array([nan, 1.1, 2.0], pa.float32()),
            "medium": ["Oil", "nan", "Nan silk"],
            "shelf": [{"row": nan}, {"row": 3.0}, {"row": None}],
            "sizes": [[{"cm": nan}], [{"cm": 2.5}], None],
        }
    )
    pq.write_table(table, tmp_path / "w.parquet")
    rows = rows_of(read(tmp_path / "w.parquet"))
    assert [(row["id"], row["date_text"], row["year_from"], row["technique"]) for row in rows] == [
        ("12", "1890", 1890, "Oil"),
        ("13", None, None, None),
        ("14", None, None, "Nan silk"),
    ]
    metadata = [json.loads(row["metadata"], parse_constant=pytest.fail) for row in rows]
    assert metadata == [
        {"sizes": [{"cm": None}]},
        {"height": "1.1", "shelf.row": "3", "sizes": [{"cm": 2.5}]},
        {"height": "2"},
    ]


def test_missing_numbers_in_json(tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text(
        '[{"id": 12.0, "image": "https://m.org/1.jpg", "year": NaN, "size": {"cm": NaN}},'
        ' {"id": 13.0, "image": "https://m.org/2.jpg", "year": 1890.0, "title": "nan"}]'
    )
    rows = rows_of(read(tmp_path / "w.json"))
    assert [(row["id"], row["date_text"], row["title"]) for row in rows] == [("12", None, None), ("13", "1890", "nan")]
    assert json.loads(rows[0]["metadata"], parse_constant=pytest.fail) == {"size": {"cm": None}}
