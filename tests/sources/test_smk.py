"""The API of the National Gallery of Denmark (SMK), simulated by a local server, and its recorded responses."""

from pathlib import Path
from typing import Any

import pytest

from artsim.archive import Archive, UserError, is_public_domain
from artsim.errors import ServiceUnavailable
from artsim.http.json_client import Unreachable, Web
from artsim.sources.ingestion.ingest import ingest
from artsim.sources.records import Source
from artsim.sources.smk import open_smk
from tests.sources.conftest import rejects_of, rows_of
from tests.sources.server import Museum


def record(number: int, **more: Any) -> dict[str, Any]:
    return {
        "object_number": f"KMS{number}",
        "titles": [
            {"title": f"Værk {number}", "language": "dansk"},
            {"title": f"Work {number}", "language": "engelsk"},
        ],
        "production": [{"creator": "Hammershøi, Vilhelm", "creator_nationality": "dansk"}],
        "production_date": [{"start": "1899-12-31T23:00:00Z", "end": "1901-12-30T23:00:00Z", "period": "1900-1901"}],
        "techniques": ["Olie", "lærred"],
        "image_thumbnail": f"https://iip-thumb.smk.dk/{number}.jpg",
        "public_domain": True,
        "rights": "https://creativecommons.org/publicdomain/zero/1.0/",
    } | more


def gallery(museum: Museum, count: int, page: int) -> None:
    """Serves a search (always ``page`` artworks a response), a list of all ids, and single artworks except number 3."""

    def answer(path: str, params: dict[str, str]) -> Any:
        if path == "/api/v1/art/all_ids":
            return {"total": count, "objectIDs": [f"KMS{n}" for n in range(count)]}
        if path == "/api/v1/art/":
            number = int(params["object_number"][3:])
            return (404, {}, b"") if number == 3 else {"items": [record(number)] if number < count else []}
        offset = int(params["offset"])
        return {
            "offset": offset,
            "found": count,
            "items": [record(n) for n in range(offset, min(offset + page, count))],
        }

    museum.answer = answer


def opened(
    museum: Museum, path: str = "/api/v1/art/search/?keys=*&filters=[has_image:true]", *languages: str
) -> Source:
    return open_smk(museum.url + path, Web(None, [], museum.url), [*languages] or ["en"])


def test_an_artwork_becomes_a_row(museum: Museum, naps: list[float]) -> None:
    gallery(museum, 1, 10)
    (row,) = rows_of(opened(museum).chunks([]))
    assert {name: value for name, value in row.items() if value is not None} == {
        "id": "KMS0",
        "image_url": "https://iip-thumb.smk.dk/0.jpg",
        "page_url": "https://open.smk.dk/artwork/image/KMS0",
        "title": "Work 0",
        "artist": "Hammershøi, Vilhelm",
        "date_text": "1900-1901",
        "year_from": 1900,
        "year_to": 1901,
        "technique": "Olie; lærred",
        "location": "SMK, National Gallery of Denmark, Copenhagen",
        "school": "dansk",
        "rights": "https://creativecommons.org/publicdomain/zero/1.0/",
        "metadata": row["metadata"],
        "where": "1",
    }
    assert "keys=%2A" in museum.asked[0] and "filters=%5Bhas_image%3Atrue%5D" in museum.asked[0]


def test_titles_use_the_preferred_language(museum: Museum, naps: list[float]) -> None:
    gallery(museum, 1, 10)
    assert rows_of(opened(museum, "/api/v1/art/search/?keys=*", "da", "en").chunks([]))[0]["title"] == "Værk 0"
    assert rows_of(opened(museum, "/api/v1/art/search/?keys=*", "fr").chunks([]))[0]["title"] == "Værk 0"
    assert "lang=da" in museum.asked[0] and "lang" not in museum.asked[1]


def test_all_pages_are_read(museum: Museum, naps: list[float]) -> None:
    gallery(museum, 25, 10)
    chunks = list(opened(museum).chunks([]))
    assert [row["id"] for row in rows_of(chunks)] == [f"KMS{n}" for n in range(25)]
    assert [chunk.cursors for chunk in chunks] == [("10",), ("20",), ("25",)]
    assert len(museum.asked) == 3
    assert [row["id"] for row in rows_of(opened(museum).chunks(["10", "20"]))] == [f"KMS{n}" for n in range(20, 25)]
    assert len(museum.asked) == 4


def test_reading_resumes_after_a_server_failure(museum: Museum, naps: list[float], tmp_path: Path) -> None:
    gallery(museum, 95, 10)
    healthy = museum.answer
    museum.answer = lambda path, params: (500, {}, b"") if int(params["offset"]) >= 50 else healthy(path, params)
    archive = Archive.create(str(tmp_path))
    with pytest.raises(Unreachable):
        ingest(archive, opened(museum))
    count_before = len(museum.asked)
    museum.answer = lambda path, params: (
        (503, {"Retry-After": "1"}, b"") if len(museum.asked) == count_before + 1 else healthy(path, params)
    )
    report = ingest(archive, opened(museum))
    assert (report["rows_in"], report["rows_out"]) == (95, 95)
    assert len(museum.asked) - count_before == 5 + 1  # pages 50 to 90, one of them twice


def test_a_list_of_ids_is_requested_one_by_one(museum: Museum, naps: list[float]) -> None:
    gallery(museum, 60, 10)
    source = opened(museum, "/api/v1/art/all_ids")
    chunks = list(source.chunks([]))
    assert [row["id"] for row in rows_of(chunks)] == [f"KMS{n}" for n in range(60) if n != 3]
    assert [(reject.line, reject.reason) for reject in rejects_of(chunks)] == [("KMS3", "HTTP 404")]
    before = len(museum.asked)
    remaining = rows_of(source.chunks(list(chunks[0].cursors)))
    assert len(remaining) == 10 and len(museum.asked) - before == 11


def test_a_missing_document_is_a_user_error(museum: Museum, naps: list[float], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="`location`: HTTP 404"):
        list(opened(museum).chunks([]))
    with pytest.raises(UserError, match="no such"):
        open_smk(str(tmp_path / "none.json"), Web(None, [], None), ["en"])


@pytest.mark.parametrize(
    ("more", "rights", "public"),
    [
        ({}, "https://creativecommons.org/publicdomain/zero/1.0/", True),
        ({"rights": None}, "public domain", True),
        (
            {"public_domain": False},
            "not in the public domain (https://creativecommons.org/publicdomain/zero/1.0/)",
            False,
        ),
        (
            {"public_domain": False, "rights": "https://www.smk.dk/article/copyright"},
            "https://www.smk.dk/article/copyright",
            False,
        ),
        ({"public_domain": False, "rights": None}, "not in the public domain", False),
        ({"public_domain": None, "rights": None}, None, False),
    ],
)
def test_the_public_domain_flag_decides(
    museum: Museum, naps: list[float], more: dict[str, Any], rights: str, public: bool
) -> None:
    museum.answer = lambda path, params: {"found": 1, "items": [record(1, **more)]}
    (row,) = rows_of(opened(museum).chunks([]))
    assert row["rights"] == rights and is_public_domain(rights) is public


def test_unexpected_records_are_rejected(museum: Museum, naps: list[float]) -> None:
    artworks: list[Any] = [
        7,
        None,
        record(1, titles="x"),
        record(2, production=[3]),
        record(3, techniques=[["x"]]),
        record(4, titles=[]),
    ]
    artworks += [record(5, image_thumbnail={"a": 1}, object_number=12), record(6, titles=[{"title": "half \ud800"}])]
    museum.answer = lambda path, params: {"found": len(artworks), "items": artworks}
    chunks = list(opened(museum).chunks([]))
    assert [row["id"] for row in rows_of(chunks)] == ["KMS4", "12", "KMS6"]
    assert [reject.line for reject in rejects_of(chunks)] == ["1", "2", "3", "4", "5"]


def test_repeated_pages_stop_the_reading(museum: Museum, naps: list[float]) -> None:
    museum.answer = lambda path, params: {"items": [record(1)] if len(museum.asked) < 5 else []}
    assert len(rows_of(opened(museum).chunks([]))) == 4


def test_the_recorded_answers(shared_data: Path) -> None:
    folder = shared_data / "museum-apis" / "smk"
    rows = {row["where"]: row for row in rows_of(open_smk(str(folder), Web(None, [], None), ["en"]).chunks([]))}
    item = rows["item.json"]
    assert item["id"] == "KKS1615" and item["artist"] == "Altdorfer, Albrecht" and item["school"] == "tysk"
    assert item["title"] == "Jomfru Maria med barnet og Sankt Anne ved vuggen"
    assert (item["year_from"], item["year_to"]) == (1479, 1537) and is_public_domain(item["rights"])
    assert rows["image_data_hq.json"]["image_url"].endswith(
        "KKSgb6458.tif.reconstructed.tif.jp2/full/!1024,/0/default.jpg"
    )
    assert rows["image_data_legacy.json"]["image_url"].endswith("52f00edc-936e-42a7-950b-d0cd0df3864b.jpg")
    assert rows["image_data_partial.json"]["image_url"].endswith("KKSgb6458.tif.jp2/full/!1024,/0/default.jpg")


def test_a_server_that_ignores_the_offset_is_an_error(museum: Museum, naps: list[float]) -> None:
    museum.answer = lambda path, params: {"items": [record(1)], "found": 1000}
    with pytest.raises(ServiceUnavailable, match="the server ignores offset"):
        list(opened(museum).chunks([]))
    assert len(museum.asked) < 10
