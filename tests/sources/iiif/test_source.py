"""IIIF collections from files and from a local server: each document is read once, even if several link to it."""

from pathlib import Path
from typing import Any

import pytest

from artsim.archive import Archive, UserError
from artsim.errors import ServiceUnavailable
from artsim.http.json_client import Web
from artsim.sources.iiif import source
from artsim.sources.iiif.source import open_iiif
from artsim.sources.ingestion.ingest import ingest
from artsim.sources.records import Source
from tests.sources.conftest import rejects_of, rows_of
from tests.sources.iiif.test_manifest import canvas3, image, manifest3
from tests.sources.server import Museum


def opened(location: str, *allowed: str) -> Source:
    return open_iiif(location, Web(None, allowed, location), ["en"], 1000)


def serve(museum: Museum, documents: dict[str, Any]) -> None:
    museum.answer = lambda path, params: documents.get(
        path + (f"?page={params['page']}" if params else ""), (404, {}, b"")
    )


def collection(museum: Museum, *paths: str, **more: Any) -> dict[str, Any]:
    items = [{"id": museum.url + path, "type": "Manifest" if "m" in path else "Collection"} for path in paths]
    return {"type": "Collection", "items": items, **more}


def manifest(museum: Museum, number: int) -> dict[str, Any]:
    return manifest3(canvas3(1, image(number))) | {"id": f"{museum.url}/m{number}"}


def test_cyclic_collections_are_read_once(museum: Museum, naps: list[float]) -> None:
    serve(
        museum,
        {
            "/top": collection(museum, "/a", "/m1", "/b", "/top"),
            "/a": collection(museum, "/m2", "/b", "/m9"),
            "/b": {
                "@type": "sc:Collection",
                "manifests": [{"@id": museum.url + "/m3"}],
                "members": [{"@id": museum.url + "/a"}],
            },
            **{f"/m{n}": manifest(museum, n) for n in (1, 2, 3)},
        },
    )
    chunks = list(opened(museum.url + "/top").chunks([]))
    assert [row["image_url"] for row in rows_of(chunks)] == [f"https://m.org/{n}.jpg" for n in (2, 3, 1)]
    assert [(reject.line, reject.reason) for reject in rejects_of(chunks)] == [(museum.url + "/m9", "HTTP 404")]
    assert sorted(museum.asked) == ["/a", "/b", "/m1", "/m2", "/m3", "/m9", "/top"]


def test_a_collection_of_many_pages(museum: Museum, naps: list[float]) -> None:
    def answer(path: str, params: dict[str, str]) -> Any:
        if path == "/top":
            page = int(params.get("page", 0))
            if page == 0:
                return {"@type": "sc:Collection", "first": f"{museum.url}/top?page=1", "total": 60}
            members = [{"@id": f"{museum.url}/m{page * 2 + n}", "@type": "sc:Manifest"} for n in (0, 1)]
            following = (
                {"next": f"{museum.url}/top?page={page + 1}"} if page < 30 else {"next": f"{museum.url}/top?page=1"}
            )
            return {"@type": "sc:Collection", "manifests": members, **following}
        return manifest(museum, int(path[2:]))

    museum.answer = answer
    rows = rows_of(opened(museum.url + "/top").chunks([]))
    assert [row["image_url"] for row in rows] == [f"https://m.org/{n}.jpg" for n in range(2, 62)]
    assert len(museum.asked) == len(set(museum.asked)) == 91


def test_endless_nesting_is_bounded(museum: Museum, naps: list[float]) -> None:
    museum.answer = lambda path, params: {
        "type": "Collection",
        "items": [{"id": f"{museum.url}{path}c", "type": "Collection"}],
    }
    (reject,) = rejects_of(opened(museum.url + "/c").chunks([]))
    assert reject.reason == "collections nested more than 20 levels deep" and len(museum.asked) == source._MAX_DEPTH + 1


def test_manifests_on_other_hosts_must_be_public(museum: Museum, naps: list[float]) -> None:
    elsewhere = ["http://127.0.0.1:9/m", "http://169.254.169.254/m", "file:///etc/passwd", "http://localhost/m"]
    serve(museum, {"/top": {"type": "Collection", "items": [{"id": url, "type": "Manifest"} for url in elsewhere]}})
    reasons = {reject.line: reject.reason for reject in rejects_of(opened(museum.url + "/top").chunks([]))}
    assert reasons == dict.fromkeys(elsewhere, "address is not public; allow the host with `allow_host`") | {
        "file:///etc/passwd": "neither http nor https"
    }


def test_a_resumed_run_requests_no_manifest_twice(
    museum: Museum, naps: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "_CHUNK_ROWS", 5)
    documents = {"/top": collection(museum, *(f"/m{n}" for n in range(20)))} | {
        f"/m{n}": manifest(museum, n) for n in range(20)
    }
    serve(museum, documents)
    healthy = museum.answer
    museum.answer = lambda path, params: (503, {}, b"") if len(museum.asked) > 14 else healthy(path, params)
    archive = Archive.create(str(tmp_path))
    with pytest.raises(ServiceUnavailable, match="run the same command again to resume"):
        ingest(archive, opened(museum.url + "/top"))
    museum.answer, before = healthy, len(museum.asked)
    report = ingest(archive, opened(museum.url + "/top"))
    # The resume cache has the first ten manifests; the three read after them were lost and are requested again.
    assert museum.asked[before:] == ["/top", *(f"/m{n}" for n in range(10, 20))]
    assert report["rows_out"] == 20


def test_a_failing_host_is_not_requested_again(
    museum: Museum, naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = [{"id": f"http://127.0.0.1:1/m{n}", "type": "Manifest"} for n in range(50)]
    serve(
        museum,
        {"/top": {"type": "Collection", "items": [*dead, {"id": museum.url + "/m1"}]}, "/m1": manifest(museum, 1)},
    )
    chunks = list(opened(museum.url + "/top", "127.0.0.1:1").chunks([]))
    assert len(rows_of(chunks)) == 1 and len(rejects_of(chunks)) == 50
    assert {reject.reason for reject in rejects_of(chunks)} == {"no connection", "its server no longer answers"}
    assert len([nap for nap in naps if nap >= 0.5]) == source._MAX_FAILURES * 4


def test_a_missing_document_is_a_user_error(museum: Museum, naps: list[float], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="`location`: HTTP 404"):
        list(opened(museum.url + "/none").chunks([]))
    with pytest.raises(UserError, match="no such"):
        opened(str(tmp_path / "none"))


def test_embedded_manifests_are_not_fetched(museum: Museum, naps: list[float]) -> None:
    serve(museum, {"/top": {"type": "Collection", "items": [manifest(museum, 4)]}})
    assert len(rows_of(opened(museum.url + "/top").chunks([]))) == 1 and museum.asked == ["/top"]


def test_every_recorded_file_gives_rows_or_rejects(shared_data: Path) -> None:
    expected = {"cookbook": (113, 25), "presentation-2": (720, 613)}
    for name, (rows, rejects) in expected.items():
        chunks = list(opened(str(shared_data / "museum-apis" / "iiif" / name)).chunks([]))
        assert (len(rows_of(chunks)), len(rejects_of(chunks))) == (rows, rejects)
        assert all(
            row["image_url"].startswith(("http://", "https://")) and row["title"]
            for row in rows_of(chunks)
            if "europeana" not in row["id"]
        )
        places = {row["where"].split(" canvas ")[0] for row in rows_of(chunks)} | {
            r.line.split(" canvas ")[0] for r in rejects_of(chunks)
        }
        files = {path.name for path in (shared_data / "museum-apis" / "iiif" / name).glob("*.json")}
        collections = {file for file in files if "collection" in file and file not in places}
        assert files - places == collections  # no row or reject names a collection if all of its members are present


def test_endless_pages_are_abandoned(museum: Museum, naps: list[float]) -> None:
    def answer(path: str, params: dict[str, str]) -> Any:
        if path != "/top":
            return manifest(museum, 1)
        following = f"{museum.url}/top?page={int(params.get('page', 0)) + 1}"
        return {"type": "CollectionPage", "items": [{"id": f"{museum.url}/m1", "type": "Manifest"}], "next": following}

    museum.answer = answer
    chunks = list(opened(museum.url + "/top").chunks([]))
    assert [row["image_url"] for row in rows_of(chunks)] == ["https://m.org/1.jpg"]
    assert [reject.reason for reject in rejects_of(chunks)] == ["too many pages of a collection without new entries"]
    assert len(museum.asked) < 50


@pytest.mark.parametrize("member", ["Collection", "Manifest"])
def test_endless_members_are_abandoned(
    museum: Museum, naps: list[float], monkeypatch: pytest.MonkeyPatch, member: str
) -> None:
    """Every page links to a new page and a new member; the member is just as empty, or does not exist."""

    def answer(path: str, params: dict[str, str]) -> Any:
        if path.endswith("/gone"):
            return 404, {}, b""
        number = len(museum.asked)
        member_id = f"{museum.url}/n{number}" + ("/gone" if member == "Manifest" else "")
        return {
            "type": "Collection",
            "items": [{"id": member_id, "type": member}],
            "next": f"{museum.url}/next{number}",
        }

    monkeypatch.setattr(source, "_MAX_EMPTY_LISTS", 30)
    museum.answer = answer
    rejects = rejects_of(opened(museum.url + "/top").chunks([]))
    assert rejects[-1].reason == "30 collections and pages in a row without a manifest; the rest is skipped"
    assert "`location`" in rejects[-1].text and len(museum.asked) <= 62


def test_endless_manifests_are_abandoned(museum: Museum, naps: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(path: str, params: dict[str, str]) -> Any:
        number = len(museum.asked)
        if path.startswith("/m"):
            return manifest(museum, number)
        members = [{"id": f"{museum.url}/m{number}", "type": "Manifest"}]
        return {"type": "CollectionPage", "items": members, "next": f"{museum.url}/next{number}"}

    monkeypatch.setattr(source, "_MAX_LISTS", 40)
    museum.answer = answer
    chunks = list(opened(museum.url + "/top").chunks([]))
    (reject,) = rejects_of(chunks)
    assert reject.reason == "the collection has more than 40 collections and pages; the rest is skipped"
    assert len(rows_of(chunks)) == 40


def test_failing_annotation_pages_are_named_and_then_skipped(museum: Museum, naps: list[float]) -> None:
    def pointing(number: int) -> dict[str, Any]:
        page = {"type": "AnnotationPage", "id": f"{museum.url}/page{number}"}
        canvas = {"id": f"{museum.url}/m{number}/c", "type": "Canvas", "items": [page]}
        return manifest3(canvas) | {"id": f"{museum.url}/m{number}"}

    numbers = range(1, 9)
    serve(
        museum,
        {"/top": collection(museum, *(f"/m{n}" for n in numbers)), **{f"/m{n}": pointing(n) for n in numbers}}
        | {f"/page{n}": (500, {}, b"") for n in numbers},
    )
    rejects = rejects_of(opened(museum.url + "/top").chunks([]))
    assert {reject.reason for reject in rejects} == {"its page of annotations could not be fetched"}
    assert len(rejects) == 8
    assert "HTTP 500" in rejects[0].text
    assert len([path for path in museum.asked if "page" in path]) == 15  # three pages, five attempts each


def test_links_of_a_collection_may_be_relative(museum: Museum, naps: list[float]) -> None:
    serve(
        museum,
        {"/top": {"type": "Collection", "items": [{"id": "m1", "type": "Manifest"}]}, "/m1": manifest(museum, 1)},
    )
    assert [row["image_url"] for row in rows_of(opened(museum.url + "/top").chunks([]))] == ["https://m.org/1.jpg"]
