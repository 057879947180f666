"""A static export in a browser: served below a folder by a plain web server, it finds what the server finds."""

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from artsim.archive import Archive
from artsim.publish.pages import page_path
from jobs.export_site import job
from tests.web.browser.conftest import VENDOR, is_fault
from tests.web.conftest import COUNT, IDS, vectors_of

pytestmark = pytest.mark.slow


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(shown: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the exported site, in a subfolder of a web server."""
    if not (VENDOR / "preact.js").exists():
        pytest.skip("the browser libraries are absent: run `make page`")
    folder: Path = tmp_path_factory.mktemp("published")
    job.run(["--archive", shown.uri, "--out", str(folder / "deep" / "site"), "--rights", "all"])
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/deep/site/"
        server.shutdown()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """A page of the browser. Fails after the test if it made an error or asked for a file outside the folder."""
    faults: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda entry: faults.append(entry.text) if is_fault(entry) else None)
    page.on(
        "request",
        lambda asked: faults.append(asked.url) if not asked.url.startswith((address, "blob:", "data:")) else None,
    )
    yield page
    context.close()
    assert not faults


def _total(page: Any, expected: str) -> None:
    page.locator(".total", has_text=re.compile(f"^{expected}$")).wait_for()


def _opened(page: Any, address: str) -> Any:
    page.goto(address)
    page.wait_for_selector("html[data-usable]")
    return page


def _nearest(number: int, count: int) -> list[int]:
    vectors = vectors_of()
    unit = {one: vector / (vector @ vector) ** 0.5 for one, vector in vectors.items()}
    others = [n for n in range(COUNT) if n != number]
    return sorted(others, key=lambda n: -float(unit[IDS[number]] @ unit[IDS[n]]))[:count]


def test_the_map_search_an_artwork_its_neighbors_and_its_page(page: Any, address: str) -> None:
    _opened(page, address)
    _total(page, f"{COUNT} artworks")
    page.fill("#search", "harbuor")  # letters exchanged
    page.locator(".offers .all", has_text="Show all 9 artworks").wait_for()
    page.press("#search", "Enter")
    _total(page, f"9 of {COUNT} artworks")
    page.get_by_role("checkbox", name="Painter A").check()
    _total(page, f"3 of {COUNT} artworks")
    page.goto(f"{address}?work={quote(IDS[8])}")
    page.locator(".panel h2", has_text="Harbour number 8").wait_for()
    names = [f"Harbour number {n}" for n in _nearest(8, 12)]
    shown = page.locator(".panel .thumbs .thumb")
    shown.nth(11).wait_for()
    page.locator(".panel .thumbs .caption", has_text="number").nth(11).wait_for()
    captions = shown.locator(".caption").all_inner_texts()
    assert [re.search(r"\d+$", text)[0] for text in captions] == [re.search(r"\d+$", text)[0] for text in names]  # type: ignore[index]
    page.get_by_role("link", name="The page of this artwork").click()
    page.wait_for_url(address + page_path(IDS[8]))
    page.get_by_role("heading", name="Harbour number 8").wait_for()
    page.locator("li a").first.click()
    page.wait_for_url(address + page_path(IDS[_nearest(8, 1)[0]]))
    page.get_by_role("link", name="Show on the map").click()
    page.wait_for_selector("html[data-usable]")
    page.locator(".panel h2", has_text=f"number {_nearest(8, 1)[0]}").wait_for()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("painter b", 20),
        ("portr", 10),
        ("PORTRÁIT number 2", 3),
        ("xportrait", 10),
        ("nothing here", 0),
        ("made 0017", 1),
    ],
)
def test_words_find_what_their_texts_have(page: Any, address: str, query: str, expected: int) -> None:
    _opened(page, f"{address}?q={quote(query)}")
    _total(page, f"{expected} of {COUNT} artworks")


def test_clusters_and_duplicates_need_no_server_and_walks_are_absent(page: Any, address: str) -> None:
    _opened(page, f"{address}?tab=clusters")
    page.locator(".card").first.wait_for()
    assert page.get_by_role("navigation", name="Views").get_by_role("link").all_inner_texts() == [
        "Map",
        "Clusters",
        "Duplicates",
    ]
    page.goto(f"{address}?tab=duplicates")
    page.locator(".twins").first.wait_for()
    page.goto(f"{address}?tab=walk")
    _total(page, f"{COUNT} artworks")


def test_a_selection_is_saved_without_a_server(page: Any, address: str) -> None:
    _opened(page, f"{address}?select={quote(IDS[2])}&select={quote(IDS[0])}")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as CSV").click()
    lines = Path(saved.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("id,title,artist")
    assert [line.split(",")[0] for line in lines[1:]] == [IDS[2], IDS[0]]
    with page.expect_download() as saved:
        page.get_by_role("button", name="Ids").click()
    assert Path(saved.value.path()).read_text().split() == [IDS[2], IDS[0]]


def test_a_picture_can_be_zoomed(page: Any, address: str) -> None:
    _opened(page, f"{address}?work={quote(IDS[8])}")
    page.get_by_role("button", name="Look closer").click()
    page.locator("dialog canvas").first.wait_for()


def test_pages_of_artworks_need_no_script(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.get_by_role("link", name="All artworks").click()
    page.locator("li", has_text="Forest number 5").get_by_role("link").click()
    assert page.locator("h1").inner_text() == "Forest number 5"
    assert page.locator(".picture img").evaluate("image => image.naturalWidth") > 0
    context.close()
