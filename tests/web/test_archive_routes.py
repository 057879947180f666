"""What the page loads once: columns, layouts, clusters, colors, atlas."""

import io

import numpy as np
from PIL import Image
from starlette.testclient import TestClient

from artsim.archive import Archive
from tests.web.conftest import COUNT, IDS, STYLES


def test_the_archive_is_described(client: TestClient) -> None:
    about = client.get("/api/archive").json()
    assert about["name"] == "museum" and about["count"] == COUNT and about["rights"] == "all"
    assert {column["name"]: column["kind"] for column in about["columns"]} == {
        "artist": "category",
        "style": "category",
        "rights": "category",
        "year_from": "number",
        "year_to": "number",
        "title": "text",
    }
    assert [(layout["name"], layout["kind"]) for layout in about["layouts"]] == [("grid", "grid"), ("flat", "map")]
    assert about["clusters"] == [{"name": "three", "method": "hdbscan", "count": 2, "noise": 10}]
    assert about["duplicates"] == ["copies"] and about["features"] == ["tiny"]
    assert about["default"] == {"layout": "flat", "features": "tiny", "clusters": "three"}
    assert about["atlas"] == {"tile": 64, "columns": 64, "per_page": 4096, "pages": 1, "size": 4096}


def test_a_category_is_sent_as_codes_of_its_values(client: TestClient) -> None:
    codes = np.frombuffer(client.get("/api/columns/style").content, "<u2")
    values = client.get("/api/columns/style/values").json()
    assert values == [{"value": "Cubism", "count": 20}, {"value": "Realism", "count": 10}]
    names = [None, *(entry["value"] for entry in values)]
    assert [names[code] for code in codes] == [STYLES[number % 4] for number in range(COUNT)]


def test_a_number_is_sent_as_floats(client: TestClient) -> None:
    years = np.frombuffer(client.get("/api/columns/year_from").content, "<f4")
    assert years.tolist() == [1800 + number for number in range(COUNT)]


def test_places_keep_their_proportions_and_have_y_down(client: TestClient) -> None:
    places = np.frombuffer(client.get("/api/layouts/flat").content, "<f4").reshape(-1, 2)
    number = np.arange(30)
    np.testing.assert_allclose(places[:30], np.stack([number / 29, (29 - number) / 58], 1), atol=1e-6)
    assert np.isnan(places[30:]).all()


def test_the_grid_has_a_cell_for_each_artwork(client: TestClient) -> None:
    places = np.frombuffer(client.get("/api/layouts/grid").content, "<f4").reshape(-1, 2)
    assert places.min() == 0 and places.max() == 1
    assert len({(round(x, 4), round(y, 4)) for x, y in places.tolist()}) == COUNT
    assert (np.diff(places[:5, 0]) > 0).all() and (places[:5, 1] == 0).all()


def test_clusters_have_noise_and_artworks_that_were_not_clustered(client: TestClient) -> None:
    clusters = np.frombuffer(client.get("/api/clusters/three").content, "<i4")
    assert clusters.tolist() == [n % 3 - 1 if n < 30 else -2 for n in range(COUNT)]
    info = client.get("/api/clusters/three/info").json()
    assert [(entry["cluster"], entry["size"], entry["exemplars"]) for entry in info] == [(0, 10, [1]), (1, 10, [2])]


def test_duplicates_come_in_groups_with_the_most_doubtful_first(client: TestClient) -> None:
    groups = client.get("/api/duplicates/copies").json()
    assert [[member["n"] for member in group["members"]] for group in groups] == [[0, 1], [2, 3]]
    assert groups[0]["members"][0]["representative"] and not groups[0]["members"][1]["representative"]


def test_the_atlas_shows_each_thumbnail_in_its_cell(client: TestClient) -> None:
    page = Image.open(io.BytesIO(client.get("/api/atlas/0.jpg").content)).convert("RGB")
    tiles = np.frombuffer(client.get("/api/tiles").content, np.uint8).reshape(-1, 2)
    colors = np.frombuffer(client.get("/api/colors").content, np.uint8).reshape(-1, 3)
    assert page.size == (4096, 4096)
    for number in (0, 5, 39):
        picture = Image.open(io.BytesIO(client.get(f"/api/thumbnails/{number}.jpg").content)).convert("RGB")
        width, height = tiles[number].tolist()
        assert (width, height) == (64, 48)
        cell = page.crop((64 * number, 0, 64 * number + width, height))
        wanted = np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS), float)
        assert np.abs(np.asarray(cell, float) - wanted).mean() < 12
        assert np.abs(colors[number] - wanted.mean((0, 1))).max() < 6
    assert client.get("/api/atlas/1.jpg").status_code == 404


def test_what_does_not_change_is_cached(client: TestClient) -> None:
    version = client.get("/api/archive").json()["version"]
    first = client.get(f"/api/layouts/flat?v={version}")
    assert "immutable" in first.headers["cache-control"]
    again = client.get("/api/layouts/flat", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304 and again.content == b""
    assert "immutable" not in client.get("/api/layouts/flat?v=older").headers["cache-control"]


def test_unknown_names_are_not_found(client: TestClient) -> None:
    for path in ("columns/nothing", "columns/title", "layouts/nothing", "clusters/nothing", "labels/a/b", "nothing"):
        answer = client.get(f"/api/{path}")
        assert answer.status_code == 404 and list(answer.json()) == ["error"]


def test_numbers_follow_the_order_of_ids(client: TestClient, shown: Archive) -> None:
    assert [row["id"] for row in client.get("/api/artworks?n=" + ",".join(map(str, range(COUNT)))).json()] == sorted(
        IDS
    )
    assert client.get("/api/lookup", params={"id": IDS[7]}).json() == {"n": 7}
    assert client.get("/api/lookup", params={"id": "made:9999"}).status_code == 404
