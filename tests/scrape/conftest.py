"""Fixtures of the scraper tests: a local site, and a scraper in this process."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from artsim.scrape.options import ScrapeOptions
from tests.scrape.in_process import images_of, make_archive, scrape_in_process
from tests.scrape.site import Site

Scrape = Callable[..., dict[str, Any]]


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.fixture
def scrape_url(tmp_path: Path, site: Site) -> Scrape:
    """``scrape_url(address, option=...)`` scrapes one address and returns its row; the site's host is allowed."""

    def run(url: str | None, **settings: Any) -> dict[str, Any]:
        archive = make_archive(tmp_path / "archive", {"image_url": [url]})
        settings = {"timeout": 1.0, "retries": 1, "rest": 0.02, "max_bytes": 1_000_000, **settings}
        asyncio.run(scrape_in_process(archive, ScrapeOptions(**{"allow_host": (site.netloc,), **settings})))
        (row,) = images_of(archive).values()
        return row

    return run


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """``resolve(name, address)`` makes a host name resolve to this address."""
    names: dict[str, str] = {}
    real = socket.getaddrinfo

    def lookup(host: str, *arguments: Any, **settings: Any) -> Any:
        return real(names.get(host, host), *arguments, **settings)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return names.__setitem__
