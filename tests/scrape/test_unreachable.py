"""Hosts that accept no connection are given up after short cooldowns and reported as unreachable."""

import asyncio
import socket
from pathlib import Path

import pytest
from yarl import URL

from artsim.scrape.client import Client
from artsim.scrape.options import ScrapeOptions
from artsim.scrape.status import Failure, FetchStatus
from tests.scrape.in_process import images_of, make_archive, scrape_in_process


@pytest.fixture
def closed() -> str:
    """A host and port where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def test_a_refused_connection_is_reported_as_unreachable(closed: str) -> None:
    async def fetch_status() -> FetchStatus:
        client = Client(ScrapeOptions(allow_host=(closed,)))
        try:
            with pytest.raises(Failure) as failure:
                await client.get(URL(f"http://{closed}/1.jpg"))
        finally:
            await client.close()
        return failure.value.outcome

    outcome = asyncio.run(fetch_status())
    assert outcome.unreachable
    assert (outcome.status, outcome.http_status) == ("network", None)


def test_rows_of_an_unreachable_host_store_the_reason(closed: str, tmp_path: Path) -> None:
    archive = make_archive(tmp_path, {"image_url": [f"http://{closed}/{n}.jpg" for n in range(3)]})
    asyncio.run(scrape_in_process(archive, ScrapeOptions(allow_host=(closed,), rest=0.5)))
    rows = images_of(archive).values()
    assert {row["status"] for row in rows} == {"network"}
    assert all("no connection to 127.0.0.1" in row["detail"] and "given up" in row["detail"] for row in rows)
