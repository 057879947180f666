"""Nested values become readable names, never JSON or Python literals; their depth and number are limited."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from artsim.sources.json_records.nested_text import named_text
from artsim.sources.tables.source import open_table
from tests.sources.conftest import rejects_of, rows_of

IMAGE = "https://m.org/1.jpg"


def read(path: Path, value: Any, **columns: str) -> dict[str, Any]:
    path.write_text(json.dumps(value))
    return rows_of(open_table(str(path), columns).chunks([]))[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([{"name": "A"}, {"name": "B"}], "A; B"),
        ([{"name": "A"}, {"name": "A"}], "A"),
        ({"en": ["A"], "de": ["B"]}, "A"),
        ({"de": ["B"], "fr": "C"}, "B"),
        ({"name": {"text": "A", "id": "N1"}}, "A"),
        ([{"agent": {"label": "A"}, "roles": [{"label": "painter"}]}], "A"),
        ([{"role": "Donor", "name": "D"}, {"role": "Artist", "name": "A"}], "A"),
        ([{"role": "Sitter", "name": "S"}], None),
        ([{"label": "Artist", "content": "A"}, {"label": "Subject", "content": "S"}], "A"),
        ({"primary": {"A": {"role": ["x"]}}, "secondary": {"B": {}}}, "A"),
        ({"primary": [], "secondary": {"B": {}}, "corporate": []}, "B"),
        (["https://m.org/agent/1", "A"], "A"),
        ([{"width": 3}], None),
        ([], None),
        ([[["A"], ["B"]]], "A; B"),
        ({"born": 1800, "name": ""}, None),
    ],
)
def test_names_of_nested_values(value: Any, text: str | None) -> None:
    assert named_text(value) == text


def test_text_columns_contain_no_json(tmp_path: Path) -> None:
    row = read(
        tmp_path / "w.json",
        [
            {
                "image_url": IMAGE,
                "title": {"x": 1},
                "artist": [{"id": 7}],
                "medium": [{"label": "Oil"}, {"label": "Ink"}],
            }
        ],
    )
    assert (row["title"], row["artist"], row["technique"]) == (None, None, "Oil; Ink")
    assert json.loads(row["metadata"])["artist"] == [{"id": 7}]  # nothing is lost


def test_nested_columns_that_the_caller_names(tmp_path: Path) -> None:
    work = {"pics": [{"at": IMAGE}], "people": [{"who": "A"}, {"who": "B"}], "shelf": [{"name": "S1"}]}
    row = read(
        tmp_path / "w.json", [work], image_url="pics.at", artist="people.who", location="shelf", title="people.1.who"
    )
    assert (row["image_url"], row["artist"], row["location"], row["title"]) == (IMAGE, "A; B", "S1", "B")


def test_nested_values_written_as_text_in_a_csv(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text(
        "image_url,title,artist\nhttps://m.org/1.jpg,[Untitled],\"[{'name': 'A'}, {'name': 'B'}]\"\n"
        'https://m.org/2.jpg,"[""One"", ""Two""]","{""name"": ""C""}"\nhttps://m.org/3.jpg,{x},"[{""name"": broken"\n'
    )
    rows = rows_of(open_table(str(tmp_path / "w.csv"), {}).chunks([]))
    assert [(row["title"], row["artist"]) for row in rows] == [
        ("[Untitled]", "A; B"),
        ("One; Two", "C"),
        ("{x}", '[{"name": broken'),
    ]


def test_parquet_with_lists_of_structs_and_maps(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": ["1"],
            "images": pa.array([[{"url": IMAGE}, {"url": "https://m.org/2.jpg"}]]),
            "creators": pa.array([[{"name": "A"}, {"name": "B"}]]),
            "title": pa.array([[("en", "Gate"), ("de", "Tor")]], pa.map_(pa.string(), pa.string())),
            "sizes": pa.array([[1, 2]]),
        }
    )
    pq.write_table(table, tmp_path / "w.parquet")
    (row,) = rows_of(open_table(str(tmp_path / "w.parquet"), {}).chunks([]))
    assert (row["id"], row["image_url"], row["artist"], row["title"]) == ("1", IMAGE, "A; B", "Gate")
    assert json.loads(row["metadata"])["creators"] == [{"name": "A"}, {"name": "B"}]


def test_each_row_takes_the_first_name_that_it_has(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text(
        "id,primaryImage,primaryImageSmall,title,objectName\n"
        "1,https://m.org/1.jpg,https://m.org/s1.jpg,Gate,Print\n2,,https://m.org/s2.jpg,,Print\n"
    )
    rows = rows_of(open_table(str(tmp_path / "w.csv"), {}).chunks([]))
    assert [(row["image_url"], row["title"]) for row in rows] == [
        ("https://m.org/1.jpg", "Gate"),
        ("https://m.org/s2.jpg", "Print"),
    ]
    assert json.loads(rows[0]["metadata"]) == {"primaryImageSmall": "https://m.org/s1.jpg", "objectName": "Print"}
    assert rows[1]["metadata"] is None


def test_a_column_used_in_a_template_fills_others_too(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("id,title\n7,Gate\n")
    columns = {"image_url": "https://m.org/{id}/{title}.jpg"}
    (row,) = rows_of(open_table(str(tmp_path / "w.csv"), columns).chunks([]))
    assert (row["id"], row["title"], row["image_url"]) == ("7", "Gate", "https://m.org/7/Gate.jpg")


def test_several_addresses_in_one_value(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text(
        "id,image\n1,https://m.org/1.jpg|https://m.org/2.jpg\n2,https://m.org/3;a=b/4.jpg\n"
    )
    rows = rows_of(open_table(str(tmp_path / "w.csv"), {}).chunks([]))
    assert [row["image_url"] for row in rows] == ["https://m.org/1.jpg", "https://m.org/3;a=b/4.jpg"]


def test_addresses_on_lines_of_one_value(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text('id,image\n1,"https://m.org/1.jpg\nhttps://m.org/2.jpg"\n')
    assert [row["image_url"] for row in rows_of(open_table(str(tmp_path / "w.csv"), {}).chunks([]))] == [
        "https://m.org/1.jpg"
    ]


@pytest.mark.parametrize(
    "header",
    [
        "Inventarnummer;Titel;Künstler;Datierung;Technik;Bild-URL;Rechte",
        "inventarisnummer;titel;kunstenaar;datering;techniek;afbeelding;rechten",
        "Inv.-Nr.;Werktitel;Künstler/in;Entstehungszeit;Material/Technik;Bilddatei;Lizenz",
        "Numéro d'inventaire;Titre de l'œuvre;Auteur;Date de création;Matériaux et techniques;Lien de l’image;Droits",
        "Inventarnr.;Titel;Kunstner;Årstal;Materiale og teknik;Billede;Rettigheder",
        "Inventarienummer;Titel_sv;Konstnär;Årtal;Teknik/material;Bildfil;Licens",
        "Objectnummer;Titel (nl);Vervaardiger;Jaartal;Materiaal en techniek;Afbeelding URL;Licentie",
        "Número de inventario;Título;Autor;Fecha de creación;Técnica y material;URL de la imagen;Derechos",
        "N. inventario;Titolo dell'opera;Autore;Datazione;Materia e tecnica;Immagine URL;Licenza",
    ],
)
def test_names_in_other_languages(tmp_path: Path, header: str) -> None:
    (tmp_path / "w.csv").write_text(f"{header}\n7;Tor;Anna;1900;Oil;https://m.org/7.jpg;CC0\n", encoding="utf-8")
    (row,) = rows_of(open_table(str(tmp_path / "w.csv"), {}).chunks([]))
    assert [row[name] for name in ("id", "title", "artist", "date_text", "technique", "image_url", "rights")] == [
        "7", "Tor", "Anna", "1900", "Oil", "https://m.org/7.jpg", "CC0"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "header", ["Objektart;Objektseite", "Værktype;Webside", "Domaine;Lien vers la notice", "Typ;Länk"]
)
def test_kinds_and_pages_in_other_languages(tmp_path: Path, header: str) -> None:
    (tmp_path / "w.csv").write_text(f"Id;Bild;{header}\n7;https://m.org/7.jpg;Oil;https://m.org/7\n", encoding="utf-8")
    (row,) = rows_of(open_table(str(tmp_path / "w.csv"), {}).chunks([]))
    assert (row["type"], row["page_url"]) == ("Oil", "https://m.org/7")


def test_the_same_column_in_two_languages(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text(
        "id,image,title_sv,title_en,item_no\n7,https://m.org/7.jpg,Port,Gate,9\n8,https://m.org/8.jpg,,Mill,9\n"
    )
    rows = rows_of(open_table(str(tmp_path / "w.csv"), {}).chunks([]))
    assert [(row["id"], row["title"]) for row in rows] == [("7", "Port"), ("8", "Mill")]
    assert json.loads(rows[0]["metadata"]) == {"title_en": "Gate", "item_no": "9"}


def test_sparql_results_with_other_names(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text(
        "painting,paintingLabel,image\nhttp://www.wikidata.org/entity/Q1,Gate,https://m.org/1.jpg\n"
    )
    (row,) = rows_of(open_table(str(tmp_path / "w.csv"), {}).chunks([]))
    assert (row["id"], row["page_url"], row["title"]) == (*["http://www.wikidata.org/entity/Q1"] * 2, "Gate")


@pytest.mark.parametrize("answer", [[], {"records": []}, {"total": 0, "items": []}])
def test_an_empty_response_has_no_rows(tmp_path: Path, answer: Any) -> None:
    (tmp_path / "w.json").write_text(json.dumps(answer))
    assert rows_of(open_table(str(tmp_path / "w.json"), {}).chunks([])) == []


def test_images_under_unknown_names(tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("nr,objektbild,notes\n1,https://m.org/1.jpg,x\n2,https://m.org/2.jpg,y\n")
    assert [row["image_url"] for row in rows_of(open_table(str(tmp_path / "w.csv"), {}).chunks([]))] == [
        "https://m.org/1.jpg",
        "https://m.org/2.jpg",
    ]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda works: {"data": works},
        lambda works: {"count": 2, "paintings": works},
        lambda works: {"response": {"docs": works, "numFound": 2}},
        lambda works: {"hits": {"total": 2, "hits": [{"_id": "x", "_source": work} for work in works]}},
        lambda works: {"data": [{"type": "work", "id": work["id"], "attributes": work} for work in works]},
        lambda works: {"results": [{"recordid": "r", "fields": work} for work in works]},
        lambda works: {"data": {"works": {"edges": [{"node": work} for work in works]}}},
        lambda works: {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "properties": work} for work in works],
        },
    ],
)
def test_envelopes_are_opened(tmp_path: Path, wrap: Any) -> None:
    works = [{"id": f"{n}", "title": f"T{n}", "image_url": f"https://m.org/{n}.jpg"} for n in (1, 2)]
    (tmp_path / "w.json").write_text(json.dumps(wrap(works)))
    rows = rows_of(open_table(str(tmp_path / "w.json"), {}).chunks([]))
    assert [(row["id"], row["title"], row["image_url"]) for row in rows] == [
        (work["id"], work["title"], work["image_url"]) for work in works
    ]


def test_an_artwork_that_lists_others_is_one_row(tmp_path: Path) -> None:
    work = {
        "id": "1",
        "title": "Gate",
        "image_url": IMAGE,
        "related": [{"id": "2", "title": "Mill", "image_url": IMAGE}],
    }
    (tmp_path / "w.json").write_text(json.dumps(work))
    assert [row["id"] for row in rows_of(open_table(str(tmp_path / "w.json"), {}).chunks([]))] == ["1"]


def test_hostile_nesting_is_bounded(tmp_path: Path) -> None:
    deep: Any = "x"
    for _ in range(400):
        deep = {"title": [deep]}
    wide = {f"k{n}": n for n in range(5000)}
    long = [{"name": f"n{n}"} for n in range(50_000)]
    works = [
        {"image_url": IMAGE, "title": deep},
        {"image_url": IMAGE, **wide},
        {"image_url": IMAGE, "artist": long},
        {"image_url": IMAGE, "title": "[{" * 40_000},
    ]
    (tmp_path / "w.json").write_text(json.dumps(works))
    chunks = list(open_table(str(tmp_path / "w.json"), {}).chunks([]))
    assert [row["where"] for row in rows_of(chunks)] == ["1", "3", "4"]
    assert [(reject.line, reject.reason) for reject in rejects_of(chunks)] == [("2", "too many keys in one object")]
    assert rows_of(chunks)[1]["artist"].count(";") == 99


def test_names_of_linked_data_have_prefixes(tmp_path: Path) -> None:
    work = {
        "@id": "https://m.org/items/1",
        "o:title": "Blue room",
        "dcterms:creator": [{"@value": "Anna"}, {"@value": "Bea"}],
        "dcterms:date": [{"@value": "ca. 1890"}],
        "dcterms:rights": [{"type": "uri", "@id": "http://creativecommons.org/publicdomain/mark/1.0/"}],
        "thumbnail_display_urls": {"large": "https://m.org/1.jpg"},
    }
    path = tmp_path / "w.json"
    path.write_text(json.dumps([work]))
    (row,) = rows_of(open_table(str(path), {}).chunks([]))
    assert (row["title"], row["artist"], row["date_text"]) == ("Blue room", "Anna; Bea", "ca. 1890")
    assert row["rights"] == "http://creativecommons.org/publicdomain/mark/1.0/"
