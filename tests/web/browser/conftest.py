"""A real browser on the page of the small archive of tests/web, served on loopback."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import artsim.web
from artsim.archive import Archive
from artsim.web.app import build_app
from artsim.web.options import ServeOptions
from tests.web.browser.chromium import CHROMIUM, SOFTWARE
from tests.web.conftest import IDS

VENDOR = Path(artsim.web.__file__).parent / "static" / "vendor"

NO_PICTURE = IDS[6]
UNKNOWN = "made:unknown"  # no artwork has this id
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def address(shown: Archive) -> Iterator[str]:
    """The address of the page; its server runs in a thread."""
    import uvicorn

    if not (VENDOR / "preact.js").exists():
        pytest.skip("the browser libraries are absent: run `make page`")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(build_app(shown, ServeOptions(), token=None), log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}/"
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, drawing in software. While it is open, an event loop runs, so other files can't start one."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=str(CHROMIUM), args=SOFTWARE)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Open]:
    """Opens a view of the page by its query string and waits for the map.

    Fails after the test if the page made an error, broke its own content security policy or asked another host.
    """
    faults: list[str] = []
    contexts = []

    def open_view(query: str = "", routes: dict[str, Any] | None = None, **settings: Any) -> Any:
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"} | settings
        )
        contexts.append(context)
        if routes:
            for pattern, handler in routes.items():
                context.route(pattern, handler)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda entry: faults.append(entry.text) if is_fault(entry) else None)
        page.on("request", lambda asked: faults.append(asked.url) if not _own(asked.url, address) else None)
        page.goto(address + query)
        page.wait_for_selector("html[data-usable]")
        return page

    yield open_view
    for context in contexts:
        context.close()
    assert not faults


def is_fault(entry: Any) -> bool:
    expected = (
        f"/{IDS.index(NO_PICTURE)}.jpg",  # this artwork has no thumbnail: 404
        "/api/lookup?id=made%3Aunknown",
        "/openseadragon.js",  # wants an inline style for phones, which the policy refuses; style.css has it
    )
    return entry.type == "error" and not any(part in entry.location["url"] for part in expected)


def _own(url: str, address: str) -> bool:
    return url.startswith((address, "data:", "blob:"))
