"""``robots.txt`` (RFC 9309), crawl delays and opt-outs."""

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artsim.scrape.options import ScrapeOptions
from artsim.scrape.robots import opted_out
from tests.scrape.in_process import images_of, make_archive, scrape_in_process
from tests.scrape.pictures import jpeg
from tests.scrape.site import Site, Visit, answer, in_turn, page

GOOD = page(answer(200, jpeg()))
Scrape = Callable[..., dict[str, Any]]


def robots(text: str, status: int = 200) -> Any:
    return page(answer(status, text.encode(), "Content-Type: text/plain"))


@pytest.mark.parametrize(
    ("text", "path", "status"),
    [
        ("User-agent: *\nDisallow: /", "/x", "robots"),
        ("User-agent: *\nDisallow: /private", "/x", "ok"),
        ("User-agent: *\nDisallow: /private", "/private/x", "robots"),
        ("User-agent: artsim\nDisallow: /\n\nUser-agent: *\nAllow: /", "/x", "robots"),
        ("User-agent: otherbot\nDisallow: /", "/x", "ok"),
        ("User-agent: *\nDisallow: /*.jpg$", "/x.jpg", "robots"),
        ("User-agent: *\nDisallow: /\nAllow: /open/", "/open/x", "ok"),
        ("<html>no robots here</html>", "/x", "ok"),
        ("\x00\x01\x02", "/x", "ok"),
        ("User-agent: *\nCrawl-delay: 1000000", "/x", "robots"),
        ("User-agent: *\nCrawl-delay: inf", "/x", "ok"),
        ("User-agent: *\nCrawl-delay: -3", "/x", "ok"),
        ("User-agent: *\nCrawl-delay: soon\nRequest-rate: 0/0", "/x", "ok"),
        ("User-agent: *\nDisallow: /" + "*a" * 300 + "b", "/" + "a" * 3000, "ok"),
        ("", "/x", "ok"),
    ],
)
def test_rules(text: str, path: str, status: str, site: Site, scrape_url: Scrape) -> None:
    site.default, site.pages["/robots.txt"] = GOOD, robots(text)
    row = scrape_url(site.url + path)
    assert row["status"] == status
    assert len(site.visits_to(path)) == (status == "ok")
    assert row["attempts"] == (status == "ok")


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbfUser-agent: *\nDisallow: /",
        b"\xef\xbb\xbf\xef\xbb\xbfUser-agent: *\r\nDisallow: /",
        b"\xc3\xaf\xc2\xbb\xc2\xbfUser-agent: *\nDisallow: /",  # a byte order mark that was encoded twice
        b"User-agent: otherbot\nDisallow:\n\n\xef\xbb\xbfUser-agent: *\nDisallow: /",  # two concatenated files
        "\ufeffUser-agent: *\nDisallow: /".encode("utf-16-le"),
        "\ufeffUser-agent: *\nDisallow: /".encode("utf-16-be"),
        b"\xef\xbb\xbfUser-agent: *\nCrawl-delay: 700",
        b"User-agent: *\nRequest-rate: 1/" + b"9" * 4000 + b"s",
    ],
)
def test_byte_order_marks_are_removed(body: bytes, site: Site, scrape_url: Scrape) -> None:
    site.default, site.pages["/robots.txt"] = GOOD, page(answer(200, body))
    row = scrape_url(f"{site.url}/x")
    assert (row["status"], len(site.images())) == ("robots", 0)
    assert "Error" not in row["detail"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_can_opt_out(status: int, site: Site, scrape_url: Scrape) -> None:
    site.default = GOOD
    site.pages["/x"] = page(answer(status, b"", "Location: /good", "X-Robots-Tag: noindex, noai"))
    row = scrape_url(f"{site.url}/x")
    assert (row["status"], row["bytes"], len(site.visits_to("/good"))) == ("opt_out", None, 0)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_missing_robots_txt_allows_all(status: int, site: Site, scrape_url: Scrape) -> None:
    site.default, site.pages["/robots.txt"] = GOOD, robots("User-agent: *\nDisallow: /", status)
    assert scrape_url(f"{site.url}/x")["status"] == "ok"


def test_an_unavailable_robots_txt_forbids_all(site: Site, scrape_url: Scrape) -> None:
    site.default, site.pages["/robots.txt"] = GOOD, robots("", 503)
    row = scrape_url(f"{site.url}/x")
    assert row["status"] == "robots"
    assert "503 Service Unavailable" in row["detail"]
    assert not site.images()
    assert 2 <= len(site.visits) <= 5


def test_a_failed_robots_txt_is_retried(site: Site, scrape_url: Scrape) -> None:
    site.default, site.pages["/robots.txt"] = GOOD, in_turn(robots("", 503), robots("User-agent: *\nDisallow: /no"))
    assert scrape_url(f"{site.url}/x")["status"] == "ok"


def test_an_unreachable_host_is_given_up(scrape_url: Scrape) -> None:
    row = scrape_url("http://127.0.0.3:9/x", allow_host=("127.0.0.3",))
    assert row["status"] == "network"
    assert "127.0.0.3" in row["detail"]


def test_an_unknown_host_name_is_an_error(scrape_url: Scrape) -> None:
    assert scrape_url("http://no.such.host.invalid/x")["status"] == "network"


def test_redirects_of_robots_txt_are_followed(site: Site, scrape_url: Scrape) -> None:
    site.default, site.pages["/robots.txt"] = GOOD, page(answer(301, b"", "Location: /elsewhere.txt"))
    site.pages["/elsewhere.txt"] = robots("User-agent: *\nDisallow: /x")
    assert scrape_url(f"{site.url}/x")["status"] == "robots"


def test_only_the_start_of_an_endless_robots_txt_is_read(site: Site, scrape_url: Scrape) -> None:
    async def endless(visit: Visit, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nUser-agent: *\nDisallow: /x\n")
        while True:
            writer.write(b"# and so on\n" * 1000)
            await writer.drain()

    site.default, site.pages["/robots.txt"] = GOOD, endless
    assert scrape_url(f"{site.url}/x")["status"] == "robots"


def test_robots_txt_of_a_redirect_target_applies(site: Site, scrape_url: Scrape) -> None:
    with Site(host="127.0.0.2") as other:
        site.pages["/x"] = page(answer(302, b"", f"Location: {other.url}/y"))
        other.default, other.pages["/robots.txt"] = GOOD, robots("User-agent: *\nDisallow: /")
        row = scrape_url(f"{site.url}/x", allow_host=(site.netloc, other.netloc))
        assert row["status"] == "robots"
        assert not other.images()


def test_robots_txt_is_read_once(tmp_path: Path, site: Site) -> None:
    site.default = GOOD
    archive = make_archive(tmp_path, {"image_url": [f"{site.url}/{number}" for number in range(60)]})
    asyncio.run(scrape_in_process(archive, ScrapeOptions(allow_host=(site.netloc,), per_host=8), workers=3))
    assert {row["status"] for row in images_of(archive).values()} == {"ok"}
    assert len(site.visits_to("/robots.txt")) == 1
    assert len(site.images()) == 60


@pytest.mark.parametrize("text", ["Crawl-delay: 0.2", "Request-rate: 10/2s"])
def test_crawl_delay(text: str, tmp_path: Path, site: Site) -> None:
    site.default, site.pages["/robots.txt"] = GOOD, robots(f"User-agent: *\n{text}")
    archive = make_archive(tmp_path, {"image_url": [f"{site.url}/{number}" for number in range(8)]})
    asyncio.run(scrape_in_process(archive, ScrapeOptions(allow_host=(site.netloc,), per_host=8), workers=2))
    begins = [visit.began for visit in site.visits]
    gaps = [later - earlier for earlier, later in itertools.pairwise(begins)]
    assert len(gaps) == 8
    # without a delay, a hundredth; test_rate_limit_coordinator.py checks the exact gaps, with its own clock
    assert sum(gaps) > 0.5 * 0.2 * len(gaps)


def test_the_user_agent_names_artsim_and_the_contact(site: Site, scrape_url: Scrape) -> None:
    site.default = GOOD
    scrape_url(f"{site.url}/x", contact="curator@museum.example")
    (agent,) = {visit.headers["user-agent"] for visit in site.visits}
    assert agent.startswith("artsim/") and agent.endswith(" (+curator@museum.example)")
    assert "@" in ScrapeOptions().user_agent


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        (["noai"], "noai"),
        (["noindex, noimageai"], "noimageai"),
        (["noindex", "NOAI"], "noai"),
        (["artsim: noindex, noai"], "noai"),
        (["otherbot: noai"], None),
        (["otherbot: noindex, artsim: noai"], "noai"),
        (["otherbot: noai, noimageai"], None),
        (["otherbot: noai", "noai"], "noai"),
        (["unavailable_after: 25 Jun 2030 15:00:00 PST, noai"], "noai"),
        (["max-snippet: 20, noai"], "noai"),
        (["all", "noaix", ""], None),
        ([], None),
    ],
)
def test_opting_out(tags: list[str], found: str | None) -> None:
    assert opted_out(tags) == found
