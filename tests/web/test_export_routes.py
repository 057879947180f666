"""Exports of selected artworks, the JSON of a view, and what else the archive holds."""

import csv
import io
from typing import Any

import httpx
from starlette.testclient import TestClient

from tests.web.conftest import COUNT, IDS


def _export(client: TestClient, **body: Any) -> httpx.Response:
    return client.post("/api/export", json=body, headers={"x-artsim": "1"})


def test_a_csv_file_has_a_row_for_each_artwork_and_no_formula(client: TestClient) -> None:
    answer = _export(client, numbers=[4, 0], **{"as": "csv"})
    assert answer.headers["content-disposition"] == 'attachment; filename="artworks.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["id"] for row in rows] == [IDS[4], IDS[0]]
    assert rows[0]["year_from"] == "1804" and "\x1b" not in rows[1]["title"]


def test_ids_are_listed_one_a_line(client: TestClient) -> None:
    name = client.post("/api/sets", json={"numbers": [2, 1]}, headers={"x-artsim": "1"}).json()["set"]
    assert _export(client, set=name, **{"as": "ids"}).text.split("\n") == [IDS[1], IDS[2], ""]


def test_a_manifest_has_a_canvas_with_a_picture_for_each_artwork(client: TestClient) -> None:
    manifest = _export(client, numbers=[4, 2], **{"as": "iiif"}).json()
    assert manifest["@context"] == "http://iiif.io/api/presentation/3/context.json" and manifest["type"] == "Manifest"
    assert [canvas["label"]["none"] for canvas in manifest["items"]] == [["Harbour number 4"], ["Portrait number 2"]]
    canvas = manifest["items"][0]
    body = canvas["items"][0]["items"][0]["body"]
    assert canvas["rights"] == "http://creativecommons.org/publicdomain/zero/1.0/"
    assert canvas["items"][0]["items"][0]["target"] == canvas["id"]
    assert client.get(body["id"].removeprefix("http://127.0.0.1:8000")).headers["content-type"] == "image/jpeg"
    again = client.get(manifest["id"].removeprefix("http://127.0.0.1:8000")).json()
    assert {canvas["id"] for canvas in again["items"]} == {canvas["id"] for canvas in manifest["items"]}


def test_exports_that_make_no_sense_are_refused(client: TestClient) -> None:
    for body in ({"numbers": []}, {"numbers": [COUNT]}, {"numbers": [-1]}, {"set": "nothing"}, {"numbers": ["a"]}):
        assert _export(client, **body, **{"as": "csv"}).status_code == 400, body
    assert _export(client, numbers=[1], **{"as": "exe"}).status_code == 400


def test_a_view_has_a_twin_as_json(client: TestClient) -> None:
    query = f"q=forest&filter=style:Realism&layout=flat&at=0.5,0.5,3&select={IDS[3]},{IDS[9]}&work={IDS[5]}"
    view = client.get(f"/view.json?{query}").json()
    assert view["total"] == 10 and {row["n"] % 4 for row in view["artworks"]} == {1}
    assert [row["n"] for row in view["selected"]] == [3, 9] and view["work"]["id"] == IDS[5]
    assert view["links"]["page"] == f"http://127.0.0.1:8000/?{query}"
    assert view["query"]["layout"] == ["flat"]
    assert client.get("/view.json").json()["total"] == COUNT
    assert client.get("/view.json?cluster=three:1").json()["total"] == 10
    assert client.get("/view.json?cluster=three").json()["total"] == COUNT  # a clustering that is shown, no filter


def test_the_twin_has_similar_artworks_and_walks(client: TestClient) -> None:
    view = client.get(f"/view.json?like={IDS[4]}&unlike={IDS[9]}&from={IDS[3]}&to={IDS[11]}&steps=5").json()
    similar = client.get("/api/similar?n=4&n=9&weight=1&weight=-0.5&k=100").json()
    assert view["similar"] == similar and len(similar) == COUNT - 2
    assert view["walk"] == client.get("/api/walk?from=3&to=11&steps=5").json()
    assert client.get("/view.json?like=made:none").status_code == 404


def test_the_twin_links_the_run_that_is_shown(client: TestClient, public: TestClient) -> None:
    for run, path in (("sweep:margins", "sweeps/margins"), ("model:eye", "models/eye"), ("evaluation", "evaluation")):
        link = client.get(f"/view.json?tab=runs&run={run}").json()["links"]["run"]
        assert link.endswith(f"/api/runs/{path}") and client.get(link).status_code == 200
        assert "run" not in public.get(f"/view.json?tab=runs&run={run}").json()["links"]


def test_a_view_like_too_many_artworks_is_refused(client: TestClient) -> None:
    assert client.get("/view.json", params={"like": [IDS[3]] * 501}).status_code == 400


def test_tables_and_reports_are_listed(client: TestClient) -> None:
    tables = {row["table"]: row["rows"] for row in client.get("/api/tables").json()["tables"]}
    assert tables["catalog"] == COUNT and tables["clusters/three"] == 30
    newest, report = client.get("/api/reports").json()
    assert (newest["job"], newest["action"], newest["rows_out"]) == ("annotations", "simulate", 5)
    assert (report["job"], report["action"], report["rows_in"]) == ("cluster", None, 9)
    assert client.get(f"/api/reports/cluster/{report['at']}").json()["seconds"] == 1.0
    assert client.get("/api/reports/cluster/..%2f..%2farchive").status_code == 404
    assert client.get("/api/pictures/archive.json").status_code == 404
