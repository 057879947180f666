# ruff: noqa: E501  a record stays together
"""Unlisted column names are recognized by words, thumbnails by their addresses. Full images are preferred."""

import json
from pathlib import Path
from typing import Any

import pytest

from artsim.sources.tables.source import open_table
from artsim.sources.tables.thumbnail_urls import is_thumbnail, largest_of
from artsim.sources.tables.unlisted_columns import meaning
from tests.sources.conftest import rows_of

WANTED = ("id", "title", "artist", "date_text", "image_url", "page_url")
SMALL, LARGE = "https://m.example/styles/thumbnail/public/g.jpg?itok=x", "https://m.example/files/g.jpg"

# File name, content, and expected values of the row in the order of WANTED.
TABLES: dict[str, tuple[str, str | Any, tuple[str | None, ...]]] = {
    "artwork title": (
        "w.csv", f"Artwork title,Artist name,Execution date,Accession number,Image URL,Artwork URL\nGate,Ann Elm,1842,A1,{LARGE},https://m.example/w/1\n",
        ("A1", "Gate", "Ann Elm", "1842", LARGE, "https://m.example/w/1"),
    ),
    "title of work": (
        "w.csv", f"Work ID,Title of work,Name of artist,Date of execution,Thumbnail URL,Full image URL\n7,Gate,Ann Elm,1842,{SMALL},{LARGE}\n",
        ("7", "Gate", "Ann Elm", "1842", LARGE, None),
    ),
    "several words for one": (
        "w.csv", f"Objekt-ID;Titel;Künstler/Hersteller;Datum der Entstehung;Low-res image;High-res image\n7;Tor;Ann Elm;1842;{SMALL};{LARGE}\n",
        ("7", "Tor", "Ann Elm", "1842", LARGE, None),
    ),
    "collectiveaccess": (
        "w.csv", "ca_objects.idno,ca_objects.preferred_labels,ca_entities.preferred_labels,ca_objects.date,ca_object_representations.media.thumbnail.url,ca_object_representations.media.original.url\n"
        "N1,Gate,Ann Elm,1842,https://m.example/1_thumbnail.jpg,https://m.example/1_original.jpg\n",
        ("N1", "Gate", "Ann Elm", "1842", "https://m.example/1_original.jpg", None),
    ),
    "omeka": (
        "w.csv", f"Dublin Core:Identifier,Dublin Core : Title,Dublin Core:Creator,Dublin Core:Date,file\nN1,Gate,Ann Elm,1842,{LARGE}\n",
        ("N1", "Gate", "Ann Elm", "1842", LARGE, None),
    ),
    "lido": (
        "w.csv", f"lidoRecID,titleSet/appellationValue,eventActor/nameActorSet/appellationValue,eventDate/displayDate,linkResource,recordInfoLink\n5,Gate,Ann Elm,1842,{LARGE},https://m.example/o/5\n",
        ("5", "Gate", "Ann Elm", "1842", LARGE, "https://m.example/o/5"),
    ),
    "prado": (
        "w.csv", f"work_id,work_title,author,date_text,work_image_url,author_url,work_url\nP1,Gate,Ann Elm,1842,{LARGE},https://m.example/a/1,https://m.example/w/1\n",
        ("P1", "Gate", "Ann Elm", "1842", LARGE, "https://m.example/w/1"),
    ),
    "spanish": (
        "w.csv", f"Título de la obra,Nombre del artista,Fecha de ejecución,Enlace a la imagen\nPuerta,Ana,1842,{LARGE}\n",
        (LARGE, "Puerta", "Ana", "1842", LARGE, None),
    ),
    "french": (
        "w.csv", f"Titre,Nom de l'artiste,Date d'exécution,URL de l'image\nPorte,Anne,1842,{LARGE}\n",
        (LARGE, "Porte", "Anne", "1842", LARGE, None),
    ),
    "german": (
        "w.csv", f"Titel des Objekts,Name des Künstlers,Entstehungszeit,URL Bild\nTor,Anna,1842,{LARGE}\n",
        (LARGE, "Tor", "Anna", "1842", LARGE, None),
    ),
    "one image in three sizes": (
        "w.csv", "id,title,url_small,url_medium,url_large\n1,Gate,https://m.example/1_s.jpg,https://m.example/1_m.jpg,https://m.example/1_l.jpg\n",
        ("1", "Gate", None, None, "https://m.example/1_l.jpg", None),
    ),
    "paris": (
        "w.json", {"data": {"nodeQuery": {"count": 1, "entities": [{"entityUuid": "u1", "title": "Gate", "queryFieldAuteur": {"entities": [{"entityLabel": "Ann Elm"}]},
            "fieldVisuels": [{"entity": {"name": "g.jpg", "vignette": SMALL, "publicUrl": LARGE}}]}]}}},
        ("u1", "Gate", "Ann Elm", None, LARGE, None),
    ),
    "paris, image.url is the thumbnail": (
        "w.json", {"data": {"nodeQuery": {"entities": [{"title": "Gate", "entityUuid": "u1", "fieldVisuelsPrincipals": [{"entity": {"image": {"url": SMALL}, "publicUrl": LARGE}}]}]}}},
        ("u1", "Gate", None, None, LARGE, None),
    ),
    "sizes in addresses": (
        "w.json", [{"id": 1, "title": "Gate", "image": {"url": "https://m.example/1-150x150.jpg"}, "sizes": {"full": {"url": "https://m.example/1.jpg"}}}],
        ("1", "Gate", None, None, "https://m.example/1.jpg", None),
    ),
    "thumbnail first in a list": (
        "w.json", [{"id": 1, "title": "Gate", "dates": [{"expression": "1842", "label": "creation"}], "files": [{"file_uri": "https://m.example/1_tn.jpg"}, {"file_uri": "https://m.example/1.jpg"}]}],
        ("1", "Gate", None, "1842", "https://m.example/1.jpg", None),
    ),
    "wordpress": (
        "w.json", [{"id": 1, "link": "https://m.example/g", "title": {"rendered": "Gate"}, "media": [{"sizes": {"thumbnail": {"source_url": "https://m.example/1-150x150.jpg"}, "full": {"source_url": LARGE}}}]}],
        ("1", "Gate", None, None, LARGE, "https://m.example/g"),
    ),
    "original beside thumbnail": (
        "w.json", [{"id": 5, "title": "Gate", "file_urls": {"original": LARGE, "thumbnail": "https://m.example/thumb/g.jpg"}}],
        ("5", "Gate", None, None, LARGE, None),
    ),
    "dpla": (
        "w.json", {"count": 1, "docs": [{"id": "a", "isShownAt": "https://m.example/w/1", "object": "https://m.example/thumb/1.jpg", "mediaMaster": [LARGE],
            "sourceResource": {"title": ["Gate"], "creator": ["Ann Elm"], "date": [{"displayDate": "1842", "begin": "1842"}]}}]},
        ("a", "Gate", "Ann Elm", "1842", LARGE, "https://m.example/w/1"),
    ),
    "labeled values": (
        "w.json", {"objects": [{"id": {"label": "Id", "value": "7"}, "title": {"label": "Title", "value": "Gate"}, "people": {"label": "Artist", "value": "Ann Elm"},
            "displayDate": {"label": "Date", "value": "1842"}, "primaryMedia": {"label": "Primary Media", "value": "https://m.example/dispatcher/9/full"}}]},
        ("7", "Gate", "Ann Elm", "1842", "https://m.example/dispatcher/9/full", None),
    ),
    "commons": (
        "w.json", {"query": {"pages": {"9": {"pageid": 9, "title": "File:g.jpg", "imageinfo": [{"thumburl": "https://m.example/thumb/g.jpg/300px-g.jpg", "url": LARGE, "descriptionurl": "https://m.example/wiki/File:g.jpg",
            "extmetadata": {"ObjectName": {"value": "Gate"}, "Artist": {"value": "Ann Elm"}, "DateTimeOriginal": {"value": "1842"}}}]}}}},
        ("9", "File:g.jpg", "Ann Elm", "1842", LARGE, "https://m.example/wiki/File:g.jpg"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
def test_a_table_with_names_of_its_own_is_read(tmp_path: Path, case: str) -> None:
    name, text, wanted = TABLES[case]
    (tmp_path / name).write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    row = rows_of(open_table(str(tmp_path / name), {}).chunks([]))[0]
    assert {column: row[column] for column in WANTED} == dict(zip(WANTED, wanted, strict=True))


@pytest.mark.parametrize(
    "name",
    ["Artist ID", "Artist photo", "Date added", "Acquisition date", "Label text", "Birth date", "Image width", "Set name",
     "Artist dates", "Photo date", "Exhibition title", "related.works.title", "collection.name", "Credit line", "Created",
     "Record author", "寸法", ""],
)  # fmt: skip
def test_misleading_names_are_ignored(name: str) -> None:
    assert meaning(name) is None


@pytest.mark.parametrize(
    "address",
    [SMALL, "https://m.org/thumbs/1.jpg", "https://m.org/1_t.jpg", "https://m.org/1-150x150.jpg", "https://m.org/6/preview",
     "https://m.org/iiif/1/full/!200,200/0/default.jpg", "https://m.org/i?id=1&max=200", "https://m.org/w300/1.jpg",
     "https://m.org/i?id=1&size=small"],
)  # fmt: skip
def test_thumbnails_are_recognized_by_address(address: str) -> None:
    assert is_thumbnail(address)
    assert largest_of(f"{address}; {LARGE}") == LARGE
    assert largest_of(address) == address


@pytest.mark.parametrize(
    "address",
    [LARGE, "https://m.org/small-town.jpg", "https://m.org/iiif/1/full/843,/0/default.jpg", "https://m.org/i?size=large",
     "https://m.org/thumb/1/1a/R.jpg/2000px-R.jpg", "http://[", "a.jpg", "https://m.org/1842.jpg"],
)  # fmt: skip
def test_other_addresses_are_not_thumbnails(address: str) -> None:
    assert not is_thumbnail(address)
