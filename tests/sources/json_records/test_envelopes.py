"""Saved API responses: each record is one row, also an artwork that contains lists."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artsim.sources.tables.source import open_table
from tests.sources.conftest import rows_of

WORKS = [{"id": f"{n}", "title": f"T{n}", "artist": "A", "image": f"https://m.org/{n}.jpg"} for n in (1, 2, 3)]
BY_ID = {work["id"]: {key: value for key, value in work.items() if key != "id"} for work in WORKS}


def read(path: Path, value: Any, is_lines: bool = False) -> list[dict[str, Any]]:
    path.write_text("".join(f"{json.dumps(record)}\n" for record in value) if is_lines else json.dumps(value))
    return rows_of(open_table(str(path), {}).chunks([]))


WRAPS: dict[str, Callable[[list[Any]], Any]] = {
    "two levels": lambda works: {"search": {"page": 1, "result_count": 3, "results": works}},
    "two levels, with a list beside": lambda works: {"facets": [{"name": "x", "count": 1}], "answer": {"hits": works}},
    "ckan": lambda works: {"success": True, "help": "https://m.org/help", "result": {"count": 3, "results": works}},
    "hal": lambda works: {"_embedded": {"artworks": works}, "_links": {"next": {"href": "https://m.org/?page=2"}}},
    "hal, any name": lambda works: {"_embedded": {"paintings": works}, "_links": {"self": {"href": "https://m.org"}}},
    "from xml": lambda works: {"OPAC": {"Objects": {"Object": works}}},
    "deep": lambda works: {"a": {"b": {"c": {"d": {"works": works}}}}},
    "named like an image": lambda works: {"photos": {"page": 1, "total": 3, "photo": works}},
    "several lists": lambda works: {"paintings": works[:2], "prints": works[2:]},
    "pages": lambda works: [{"page": 1, "records": works[:2]}, {"page": 2, "records": works[2:]}],
    "deep pages": lambda works: [{"answer": {"docs": works[:2]}}, {"answer": {"docs": works[2:]}}],
    "lists of lists": lambda works: [works[:2], works[2:]],
    "pages, the last empty": lambda works: [{"records": works, "total": 3}, {"records": [], "total": 3}],
    "under ids": lambda works: {f"NM.{work['id']}": work for work in works},
    "under ids, in an envelope": lambda works: {"query": {"pages": {work["id"]: work for work in works}}},
    "under ids, with a count": lambda works: {"count": 3, **{f"NM.{work['id']}": work for work in works}},
    "by column": lambda works: {key: {str(at): work[key] for at, work in enumerate(works)} for key in works[0]},
    "by column, lists": lambda works: {key: [work[key] for work in works] for key in works[0]},
    "columns and data": lambda works: {
        "columns": list(works[0]),
        "index": [0, 1, 2],
        "data": [[*work.values()] for work in works],
    },
    "a list with a title": lambda works: {"id": "s", "title": "My list", "paintings": works},
    "a list with a title and a page": lambda works: {"id": 9, "name": "c", "url": "https://m.org/c", "works": works},
    "rss": lambda works: {"rss": {"channel": {"title": "feed", "link": "https://m.org", "item": works}}},
    "by museum": lambda works: {"north": works[:2], "south": works[2:]},
    "by museum, deep": lambda works: {"north": {"works": works[:2]}, "south": {"works": works[2:]}},
    "artists with their works": lambda works: [{"name": "A", "works": works[:2]}, {"name": "B", "works": works[2:]}],
    "an item in each": lambda works: {"items": [{"item": work} for work in works]},
    "by category": lambda works: {
        "query": "x",
        "category": [{"code": "image", "name": "Images", "records": {"n": 3, "total": 3, "work": works}}],
    },
    "two categories": lambda works: {
        "category": [{"name": "Oil", "records": {"work": works[:2]}}, {"name": "Ink", "records": {"work": works[2:]}}],
    },
    "one wrapped in each, with a score": lambda works: {
        "result": {"version": "1.0", "echo": "q", "records": {"record": [{"record": w, "score": 1.0} for w in works]}}
    },
    "one wrapped in each": lambda works: [{"painting": work} for work in works],
}


@pytest.mark.parametrize("wrap", WRAPS)
def test_every_row_of_an_answer_is_read(tmp_path: Path, wrap: str) -> None:
    rows = read(tmp_path / "w.json", WRAPS[wrap](WORKS))
    assert [(row["id"], row["title"], row["artist"], row["image_url"]) for row in rows] == [
        (work["id"], work["title"], work["artist"], work["image"]) for work in WORKS
    ]


def test_rows_keyed_by_id_get_the_id(tmp_path: Path) -> None:
    assert [row["id"] for row in read(tmp_path / "w.json", BY_ID)] == ["1", "2", "3"]


def test_pages_as_lines(tmp_path: Path) -> None:
    rows = read(tmp_path / "w.jsonl", [{"records": WORKS[:2]}, {"result": {"results": WORKS[2:]}}, BY_ID], True)
    assert [(row["id"], row["where"]) for row in rows] == [
        ("1", "1#1"), ("2", "1#2"), ("3", "2"), ("1", "3#1"), ("2", "3#2"), ("3", "3#3")
    ]  # fmt: skip


def test_rows_with_unknown_columns(tmp_path: Path) -> None:
    works = [{"nr": n, "navn": f"T{n}", "sted": f"https://m.org/{n}.jpg"} for n in (1, 2, 3)]
    by_nr = {f"A{work['nr']}": work for work in works}
    for value in ({"payload": works}, {"x": {"y": works}}, [{"records": works[:2]}, {"records": works[2:]}], by_nr):
        assert [row["image_url"] for row in read(tmp_path / "w.json", value)] == [work["sted"] for work in works]


def test_an_answer_with_one_row(tmp_path: Path) -> None:
    for wrap in ("two levels", "ckan", "hal", "from xml", "pages, the last empty", "under ids, in an envelope"):
        assert [row["id"] for row in read(tmp_path / "w.json", WRAPS[wrap](WORKS[:1]))] == ["1"], wrap
    assert [row["id"] for row in read(tmp_path / "w.json", {"answer": {"objects": {"object": WORKS[0]}}})] == ["1"]


ONES: dict[str, dict[str, Any]] = {
    "images": {"id": "1", "title": "T", "images": [{"id": "a", "url": "https://m.org/a.jpg", "caption": "Front"},
                                                   {"id": "b", "url": "https://m.org/b.jpg", "caption": "Back"}]},
    "media": {"id": "1", "name": "T", "media": [{"id": "a", "type": "image", "title": "Front", "license": "CC0",
                                                 "creator": "P", "url": "https://m.org/a.jpg"}] * 2},
    "images by size": {"id": "1", "image": {"small": {"id": "x1", "url": "https://m.org/a.jpg"},
                                            "large": {"id": "x2", "url": "https://m.org/a.jpg"}}},
    "creators": {"id": "1", "image": "https://m.org/a.jpg", "creators": [{"id": "p", "name": "P", "type": "x"}] * 2},
    "related": {"id": "1", "title": "T", "image": "https://m.org/a.jpg", "related": WORKS},
    "languages": {"id": {"en": "1", "de": "1"}, "title": {"en": "T", "de": "U"}, "image": {"en": "https://m.org/a.jpg"}},
    "lists": {"id": ["1"], "title": ["T", "U"], "image": ["https://m.org/a.jpg", "https://m.org/b.jpg"]},
    "unknown names": {"navn": "T", "id": "1", "billeder": [{"id": "a", "url": "https://m.org/a.jpg"},
                                                           {"id": "b", "url": "https://m.org/b.jpg"}]},
}  # fmt: skip


@pytest.mark.parametrize("kind", ONES)
def test_an_artwork_with_lists_is_one_row(tmp_path: Path, kind: str) -> None:
    work = ONES[kind]
    assert [row["id"] for row in read(tmp_path / "w.json", work)] == ["1"]
    assert len(read(tmp_path / "w.json", [work, work])) == 2
    assert len(read(tmp_path / "w.json", {"answer": {"works": [work, work]}})) == 2
    assert len(read(tmp_path / "w.jsonl", [work, work], True)) == 2
