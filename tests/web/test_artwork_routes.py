"""Records and pictures of single artworks."""

import io
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pyarrow.compute as pc
from PIL import Image
from starlette.testclient import TestClient

from tests.made import make_archive, named
from tests.web.conftest import IDS, client_of


def test_a_full_record_has_all_that_is_known(client: TestClient) -> None:
    record = client.get("/api/artworks/4").json()
    assert record["id"] == IDS[4] and record["artist"] == "Painter B" and record["year_from"] == 1804
    assert record["page_url"] == "https://museum.org/2" and record["pages"] == [5]
    assert record["metadata"] == {"inventory": "A1"}
    assert record["clusters"] == [{"name": "three", "cluster": 0}]
    assert record["credit"].startswith("Painter B, Harbour number 4")


def test_a_short_record_has_a_date_and_a_year(client: TestClient) -> None:
    row = client.get("/api/artworks?n=4").json()[0]
    assert (row["n"], row["date"], row["year"], row["style"]) == (4, "1804", 1804, "Cubism")
    assert "technique" not in row


def test_pictures_are_bounded(client: TestClient) -> None:
    for path, side in (("thumbnails/4.jpg", 320), ("images/4.jpg", 2048)):
        answer = client.get(f"/api/{path}")
        image = Image.open(io.BytesIO(answer.content))
        assert answer.headers["content-type"] == "image/jpeg" and max(image.size) <= side


def test_tiles_of_deep_zoom_make_up_the_picture(client: TestClient) -> None:
    size = ElementTree.fromstring(client.get("/api/images/4.dzi").text)[0].attrib
    assert (size["Width"], size["Height"]) == ("48", "36")
    deepest = Image.open(io.BytesIO(client.get("/api/images/4_files/6/0_0.jpg").content))
    assert deepest.size == (48, 36)
    assert Image.open(io.BytesIO(client.get("/api/images/4_files/0/0_0.jpg").content)).size == (1, 1)
    assert client.get("/api/images/4_files/7/0_0.jpg").status_code == 404


def test_an_artwork_without_a_readable_image_has_no_picture(client: TestClient) -> None:
    for path in ("thumbnails/6.jpg", "images/6.jpg", "images/6.dzi"):
        assert client.get(f"/api/{path}").status_code == 404
    assert client.get("/api/artworks/6").json()["no_image"] == "corrupt"
    assert "no_image" not in client.get("/api/artworks/4").json()


def test_an_artwork_that_was_not_scraped_says_so(tmp_path: Path) -> None:
    ids = named(3)
    archive = make_archive(tmp_path / "museum", ids, shards=1)
    images = archive.table("images")
    images.write(0, "p0-00000", images.read(0, "p0-00000").filter(pc.field("id") != ids[1]))
    client = client_of(archive)
    assert [client.get(f"/api/artworks/{n}").json().get("no_image") for n in range(3)] == [None, "missing", None]


def test_numbers_that_no_artwork_has_are_refused(client: TestClient) -> None:
    for path, status in (("artworks/40", 404), ("artworks/-1", 404), ("artworks?n=1,x", 400), ("artworks?n=-1", 400)):
        assert client.get(f"/api/{path}").status_code == status
    assert client.get("/api/artworks?n=" + ",".join(["1"] * 501)).status_code == 400
