import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
import urllib.robotparser
from pathlib import Path

import pytest
import requests
from PIL import Image

from artsim.sample.museum import Museum
from artsim.sample.site import serve
from artsim.sample.works import Work


def _sound(museum: Museum) -> Work:
    return next(work for work in museum.works if not work.flaw and not work.private)


def _rows(base: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(requests.get(f"{base}/catalog.csv", timeout=5).text)))


def test_every_address_of_the_catalog_answers_with_the_bytes_on_disk(museum: Museum, base: str):
    rows = _rows(base)
    assert [row["id"] for row in rows] == [work.id for work in museum.works]
    with requests.Session() as session:
        for row, work in zip(rows, museum.works, strict=True):
            assert row["image_url"] == f"{base}/{work.file}"
            answer = session.get(row["image_url"], timeout=5)
            if work.flaw == "missing":
                assert answer.status_code == 404
                continue
            stored = (museum.folder / work.file).read_bytes()
            assert answer.status_code == 200 and answer.content == stored
            assert answer.headers["Content-Type"] == "image/jpeg"
            assert int(answer.headers["Content-Length"]) == len(stored)
            assert work.title[0].split(" (")[0] in session.get(row["page_url"], timeout=5).text.replace("&#x27;", "'")


def test_the_first_page_shows_every_work(museum: Museum, base: str):
    page = requests.get(f"{base}/", timeout=5).text
    assert all(f"/works/{work.id}" in page for work in museum.works)


def test_robots_are_kept_from_what_is_private_alone(museum: Museum, base: str):
    rules = urllib.robotparser.RobotFileParser()
    rules.parse(requests.get(f"{base}/robots.txt", timeout=5).text.splitlines())
    disallowed = [work for work in museum.works if not rules.can_fetch("artsim", f"{base}/{work.file}")]
    assert disallowed == [work for work in museum.works if work.private] != []
    assert rules.can_fetch("artsim", f"{base}/works/{disallowed[0].id}")


def test_a_picture_is_not_sent_twice_to_who_has_it(museum: Museum, base: str):
    address = f"{base}/{_sound(museum).file}"
    first = requests.get(address, timeout=5)
    etag, changed = first.headers["ETag"], first.headers["Last-Modified"]
    for headers in ({"If-None-Match": etag}, {"If-None-Match": f'"x", W/{etag}'}, {"If-Modified-Since": changed}):
        again = requests.get(address, headers=headers, timeout=5)
        assert again.status_code == 304 and again.content == b"" and again.headers["ETag"] == etag
    for headers in (
        {"If-None-Match": '"another"'},
        {"If-None-Match": '"another"', "If-Modified-Since": changed},  # the ETag takes precedence
        {"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
    ):
        assert requests.get(address, headers=headers, timeout=5).status_code == 200
    head = requests.head(address, timeout=5)
    assert head.headers["Content-Length"] == str(len(first.content)) and head.content == b""


@pytest.mark.parametrize("path", ["images/none.jpg", "images/..%2fmuseum.json", "works/none", "iiif/none/info.json",
                                  "iiif/none/full/max/0/default.jpg", "museum.json"])  # fmt: skip
def test_what_is_not_there_is_not_found(base: str, path: str):
    assert requests.get(f"{base}/{path}", timeout=5).status_code == 404


def test_presentation_3_leads_from_the_collection_to_every_picture(museum: Museum, base: str):
    with requests.Session() as session:
        collection = session.get(f"{base}/iiif/collection.json", timeout=5).json()
        assert collection["type"] == "Collection" and len(collection["items"]) == len(museum.works)
        for item, work in zip(collection["items"], museum.works, strict=True):
            manifest = session.get(item["id"], timeout=5).json()
            assert manifest["id"] == item["id"] and manifest["label"] == item["label"]
            assert manifest["rights"].startswith("http") and work.rights in json.dumps(manifest, ensure_ascii=False)
            canvas = manifest["items"][0]
            body = canvas["items"][0]["items"][0]["body"]
            picture = session.get(body["id"], timeout=5)
            assert picture.status_code == (404 if work.flaw == "missing" else 200)
            if not work.flaw:
                size = Image.open(io.BytesIO(picture.content)).size
                assert size == (canvas["width"], canvas["height"]) == (body["width"], body["height"])


def test_presentation_2_tells_of_the_same_picture(museum: Museum, base: str):
    work = _sound(museum)
    manifest = requests.get(f"{base}/iiif2/{work.id}/manifest.json", timeout=5).json()
    assert manifest["@type"] == "sc:Manifest" and manifest["license"].startswith("http")
    resource = manifest["sequences"][0]["canvases"][0]["images"][0]["resource"]
    assert requests.get(resource["@id"], timeout=5).content == (museum.folder / work.file).read_bytes()


def test_the_image_service_gives_the_sizes_that_it_describes(museum: Museum, base: str):
    work = _sound(museum)
    info = requests.get(f"{base}/iiif/{work.id}/info.json", timeout=5).json()
    assert (info["width"], info["height"]) == work.size and info["id"] == f"{base}/iiif/{work.id}"
    for size in info["sizes"]:
        address = f"{info['id']}/full/{size['width']},{size['height']}/0/default.jpg"
        assert Image.open(io.BytesIO(requests.get(address, timeout=5).content)).size == (size["width"], size["height"])
    inside = Image.open(io.BytesIO(requests.get(f"{info['id']}/full/!512,512/0/default.jpg", timeout=5).content))
    assert max(inside.size) == 512
    assert requests.get(f"{info['id']}/full/9999,/0/default.jpg", timeout=5).status_code == 400


def test_the_image_service_tells_of_flaws_and_does_not_go_round_robots(museum: Museum, base: str):
    for work in museum.works:
        answer = requests.get(f"{base}/iiif/{work.id}/full/!100,100/0/default.jpg", timeout=5)
        expected = 404 if work.private or work.flaw == "missing" else 500 if work.flaw else 200
        assert answer.status_code == expected, work.id


def test_the_server_ends_with_its_block(museum: Museum):
    with serve(museum.folder) as address:
        assert requests.get(f"{address}/robots.txt", timeout=5).ok
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{address}/robots.txt", timeout=5)


def test_a_folder_without_a_museum_is_said_to_be_none(tmp_path: Path):
    with pytest.raises(RuntimeError, match="did not start"), serve(tmp_path):
        pass


def test_the_server_ends_when_whoever_started_it_is_killed(museum: Museum):
    script = (
        "import sys, time; from artsim.sample.site import serve\n"
        "with serve(sys.argv[1]) as base: print(base, flush=True); time.sleep(60)"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", script, str(museum.folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as starter:
        address = starter.stdout.readline().strip()
        assert requests.get(f"{address}/robots.txt", timeout=5).ok
        starter.send_signal(signal.SIGKILL)
        starter.wait()
    for _ in range(50):
        try:
            requests.get(f"{address}/robots.txt", timeout=5)
        except requests.ConnectionError:
            return
        time.sleep(0.1)
    raise AssertionError("the server is still there")
