"""A site of jobs.export_site, published below another address by a plain web server."""

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from artsim.archive import Archive
from artsim.web.options import ExportSiteOptions
from artsim.web.published_site import export_site
from tests.web.conftest import COUNT, PROTECTED

pytestmark = pytest.mark.slow


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def published(shown: Archive, address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("web")
    export_site(shown, ExportSiteOptions(out=str(folder / "museum" / "site")))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/museum/site/"
    server.shutdown()
    assert Path(folder, "museum", "site", "index.html").exists()


def test_a_published_site_shows_searches_and_opens_works(published: str, browser: Any) -> None:
    page = browser.new_page()
    faults, foreign = [], []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: foreign.append(request.url) if not request.url.startswith(published) else None)
    page.goto(published)
    shown = COUNT - len(PROTECTED)
    page.get_by_text(f"{shown}").first.wait_for()
    page.goto(f"{published}index.html?q=bri")
    page.get_by_text(f"of {shown}").first.wait_for()
    page.get_by_text("10", exact=True).first.wait_for()  # bridges
    page.goto(f"{published}works/made-0003.html")
    page.get_by_role("heading", name="Bridge number 3").wait_for()
    page.get_by_role("link", name="On the map").click()
    page.get_by_role("heading", name="Bridge number 3").wait_for()
    assert "work=made%3A0003" in page.url or "work=made:0003" in page.url
    assert faults == [] and [url for url in foreign if not url.startswith(("blob:", "data:"))] == []
    page.close()
