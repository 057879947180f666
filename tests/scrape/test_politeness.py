"""Several workers never send too many requests at once or too soon, and no host waits for another."""

import asyncio
import itertools
from pathlib import Path

import pytest

from artsim.scrape.options import ScrapeOptions
from tests.scrape.in_process import images_of, make_archive, scrape_in_process
from tests.scrape.pictures import jpeg
from tests.scrape.site import Site, Visit, answer, in_turn, max_concurrent, page

DATA = answer(200, jpeg())
GOOD = page(DATA, latency=0.02)


def gaps_of(site: Site) -> list[float]:
    """Returns the seconds between consecutive requests to a site."""
    begins = sorted(visit.began for visit in site.visits)
    return [later - earlier for earlier, later in itertools.pairwise(begins)]


def test_per_host_limit_holds_over_all_workers(tmp_path: Path) -> None:
    with Site("127.0.0.1") as first_site, Site("127.0.0.2") as second_site:
        first_site.default = second_site.default = GOOD
        urls = [f"{site.url}/{number}" for number in range(150) for site in (first_site, second_site)]
        archive = make_archive(tmp_path, {"image_url": urls})
        options = ScrapeOptions(allow_host=(first_site.netloc, second_site.netloc), per_host=3)
        asyncio.run(scrape_in_process(archive, options, workers=3))
        for site in (first_site, second_site):
            assert max_concurrent(site.visits) == 3
            assert len(site.images()) == 150
    assert {row["status"] for row in images_of(archive).values()} == {"ok"}


def test_hosts_take_turns_when_a_worker_is_at_capacity(tmp_path: Path) -> None:
    with Site("127.0.0.1") as first_site, Site("127.0.0.2") as second_site:
        first_site.default = second_site.default = GOOD
        urls = [f"{site.url}/{number}" for site in (first_site, second_site) for number in range(40)]
        archive = make_archive(tmp_path, {"image_url": urls}, shards=1)
        # with this ``max_bytes``, a worker runs only 4 requests at once in all
        options = ScrapeOptions(allow_host=(first_site.netloc, second_site.netloc), per_host=4, max_bytes=500_000_000)
        asyncio.run(scrape_in_process(archive, options))
        ends = sorted((visit.ended, site.host) for site in (first_site, second_site) for visit in site.images())
        first = [host for _, host in ends[:40]]
        assert min(first.count(site.host) for site in (first_site, second_site)) >= 12


@pytest.mark.slow
def test_delay_holds_over_all_workers(tmp_path: Path, site: Site) -> None:
    site.default = GOOD
    archive = make_archive(tmp_path, {"image_url": [f"{site.url}/{number}" for number in range(30)]})
    asyncio.run(scrape_in_process(archive, ScrapeOptions(allow_host=(site.netloc,), per_host=2, delay=0.08), workers=3))
    gaps = gaps_of(site)  # test_rate_limit_coordinator.py checks single gaps, with its own clock
    assert sum(gaps) > 0.5 * 0.08 * len(gaps)
    assert max_concurrent(site.visits) <= 2


@pytest.mark.slow
def test_a_slow_host_does_not_delay_others(tmp_path: Path) -> None:
    with Site("127.0.0.1") as slow, Site("127.0.0.2") as fast:

        async def after_all_others(visit: Visit, writer: asyncio.StreamWriter) -> None:
            while len(fast.images()) < 200:  # noqa: ASYNC110 (the other site has a loop of its own)
                await asyncio.sleep(0.01)
            writer.write(DATA)

        slow.default, fast.default = after_all_others, page(DATA)
        urls = [f"{slow.url}/{number}" for number in range(16)] + [f"{fast.url}/{number}" for number in range(200)]
        archive = make_archive(tmp_path, {"image_url": urls})
        options = ScrapeOptions(allow_host=(slow.netloc, fast.netloc), per_host=2)
        asyncio.run(scrape_in_process(archive, options, workers=2, max_wait=2.0))
        assert len(slow.images()) == 16
    assert {row["status"] for row in images_of(archive).values()} == {"ok"}


@pytest.mark.slow
def test_a_failing_host_gets_a_cooldown_and_others_continue(tmp_path: Path) -> None:
    with Site("127.0.0.1") as bad, Site("127.0.0.2") as good:

        async def after_all_others(visit: Visit, writer: asyncio.StreamWriter) -> None:
            while len(good.images()) < 40:  # noqa: ASYNC110 (the other site has a loop of its own)
                await asyncio.sleep(0.01)
            writer.write(answer(500))

        bad.default, good.default = in_turn(*[page(answer(500))] * 4, after_all_others), page(DATA)
        urls = [f"{site.url}/{number}" for number in range(40) for site in (bad, good)]
        archive = make_archive(tmp_path, {"image_url": urls})
        options = ScrapeOptions(allow_host=(bad.netloc, good.netloc), per_host=4, rest=0.3, retries=2)
        asyncio.run(scrape_in_process(archive, options, workers=2))
        assert len(bad.images()) < 30  # forty rows of three attempts would be 120
    rows = list(images_of(archive).values())
    assert [row["status"] for row in rows].count("ok") == 40
    assert [row["http_status"] for row in rows].count(500) == 40


def test_all_rows_succeed_after_a_host_recovers(tmp_path: Path, site: Site) -> None:
    site.default = in_turn(*[page(answer(503))] * 7, page(DATA))
    archive = make_archive(tmp_path, {"image_url": [f"{site.url}/{number}" for number in range(40)]})
    options = ScrapeOptions(allow_host=(site.netloc,), per_host=4, rest=0.2, retries=8)
    asyncio.run(scrape_in_process(archive, options, workers=2))
    assert {row["status"] for row in images_of(archive).values()} == {"ok"}


def test_retry_after_stops_the_whole_host(tmp_path: Path, site: Site) -> None:
    site.default = page(DATA, latency=0.01)
    site.pages["/7"] = in_turn(page(answer(429, b"", "Retry-After: 1")), page(DATA))
    archive = make_archive(tmp_path, {"image_url": [f"{site.url}/{number}" for number in range(40)]})
    asyncio.run(scrape_in_process(archive, ScrapeOptions(allow_host=(site.netloc,), per_host=2), workers=1))
    assert len(site.visits_to("/7")) == 2
    assert max(gaps_of(site)) > 0.8
    assert {row["status"] for row in images_of(archive).values()} == {"ok"}


def test_deferred_rows_keep_their_attempts(tmp_path: Path, site: Site) -> None:
    site.default = page(answer(503, b"", "Retry-After: 1"))
    archive = make_archive(tmp_path, {"image_url": [f"{site.url}/x"]})
    asyncio.run(scrape_in_process(archive, ScrapeOptions(allow_host=(site.netloc,), retries=2), max_wait=0.1))
    (row,) = images_of(archive).values()
    assert (row["status"], row["http_status"], row["attempts"]) == ("http", 503, 3)
    assert len(site.images()) == 3
