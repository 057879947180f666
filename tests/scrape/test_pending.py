"""Which rows a run fetches, and what happens to stored ones: limit, rights, retry, refresh."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from artsim.archive import Archive
from artsim.scrape.options import ScrapeOptions
from artsim.scrape.pending import find_tasks, read_rows
from tests.scrape.in_process import images_of, make_archive, scrape_in_process
from tests.scrape.pictures import jpeg
from tests.scrape.site import Site, answer, in_turn, page

GOOD = page(answer(200, jpeg()))


def run(archive: Archive, site: Site, **settings: Any) -> dict[str, dict[str, Any]]:
    settings = {"allow_host": (site.netloc,), "per_host": 8, "retries": 0, "timeout": 2.0, "rest": 0.02, **settings}
    asyncio.run(scrape_in_process(archive, ScrapeOptions(**settings)))
    return images_of(archive)


def urls(site: Site, count: int) -> list[str]:
    return [f"{site.url}/{number}" for number in range(count)]


def pending(archive: Archive, **settings: Any) -> list[str]:
    options = ScrapeOptions(**settings)
    catalog = archive.table("catalog")
    return sorted(
        row.id
        for task in find_tasks(archive, options)
        for row in read_rows(archive, task, catalog.read(task.shard, task.source_partition), options)
    )


def test_a_second_run_has_nothing_to_do(tmp_path: Path, site: Site) -> None:
    site.default = GOOD
    archive = make_archive(tmp_path, {"image_url": urls(site, 30)})
    before = run(archive, site)
    asked = len(site.visits)
    assert run(archive, site) == before
    assert len(site.visits) == asked
    assert pending(archive) == []


def test_concurrent_runs_create_no_duplicates(tmp_path: Path, site: Site) -> None:
    site.default = page(answer(200, jpeg()), latency=0.005)
    archive = make_archive(tmp_path, {"image_url": urls(site, 60)})
    options = ScrapeOptions(allow_host=(site.netloc,))

    async def both() -> None:
        await asyncio.gather(scrape_in_process(archive, options), scrape_in_process(archive, options))

    asyncio.run(both())
    assert len(images_of(archive)) == 60


def test_only_new_rows_are_fetched(tmp_path: Path, site: Site) -> None:
    site.default = GOOD
    archive = make_archive(tmp_path, {"image_url": urls(site, 10)})
    run(archive, site)
    make_archive(tmp_path, {"id": ["new:1", "new:2"], "image_url": [f"{site.url}/new"] * 2}, part="p1")
    assert pending(archive) == ["new:1", "new:2"]
    rows = run(archive, site)
    assert len(rows) == 12
    assert len(site.images()) == 12


def test_limit(tmp_path: Path, site: Site) -> None:
    site.default = GOOD
    archive = make_archive(tmp_path, {"image_url": urls(site, 40)})
    assert len(pending(archive, limit=7)) == 7
    assert len(pending(archive, limit=1000)) == 40


def test_large_partitions_are_divided_into_tasks(tmp_path: Path, site: Site) -> None:
    archive = make_archive(tmp_path, {"image_url": urls(site, 600)}, shards=1)
    tasks = list(find_tasks(archive, ScrapeOptions()))
    assert [(task.start, task.stop, task.take) for task in tasks] == [
        (0, 256, 256),
        (256, 512, 256),
        (512, 600, 88),
    ]
    assert len(pending(archive)) == 600


def test_rights(tmp_path: Path, site: Site) -> None:
    site.default = GOOD
    rights = ["CC0", "© the artist", None, "https://creativecommons.org/publicdomain/mark/1.0/", "In copyright"]
    archive = make_archive(tmp_path, {"image_url": urls(site, 5), "rights": rights})
    rows = run(archive, site, rights="public")
    assert sorted(rows) == ["test:00000", "test:00003"]
    assert sorted(visit.path for visit in site.images()) == ["/0", "/3"]
    assert len(run(archive, site)) == 5


def test_retry_selects_the_given_statuses(tmp_path: Path, site: Site) -> None:
    site.default = GOOD
    site.pages["/1"] = in_turn(page(answer(404)), GOOD)
    site.pages["/2"] = in_turn(page(answer(200, b"soon")), GOOD)
    archive = make_archive(tmp_path, {"image_url": urls(site, 6)}, shards=1)
    before = run(archive, site)
    assert [row["status"] for row in before.values()].count("ok") == 4
    after = run(archive, site, retry=("http",))
    assert {name for name in after if after[name] != before[name]} == {"test:00001"}
    assert after["test:00001"]["status"] == "ok"
    assert after["test:00002"]["status"] == "not_image"
    assert len(site.images()) == 7
    assert run(archive, site, retry=("http", "not_image"))["test:00002"]["status"] == "ok"


def test_retry_ends_when_it_fails_again(tmp_path: Path, site: Site) -> None:
    archive = make_archive(tmp_path, {"image_url": urls(site, 3)})
    first = run(archive, site)
    second = run(archive, site, retry=("http",))
    assert all(second[name]["fetched_at"] > first[name]["fetched_at"] for name in first)
    assert len(site.images()) == 6


@pytest.fixture
def refreshed(tmp_path: Path, site: Site) -> Archive:
    tagged = answer(200, jpeg(), 'ETag: "one"', "Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT")
    changed = answer(200, jpeg(80, 60), 'ETag: "two"')
    site.pages = {
        "/0": in_turn(page(tagged), page(b'HTTP/1.1 304 Not Modified\r\nETag: "one"\r\n\r\n')),
        "/1": in_turn(page(tagged), page(changed)),
        "/2": in_turn(page(tagged), page(answer(503))),
        "/3": in_turn(page(tagged), page(answer(410))),
        "/4": in_turn(page(tagged), page(answer(200, jpeg(), "X-Robots-Tag: noai"))),
        "/5": page(answer(404)),
    }
    return make_archive(tmp_path, {"image_url": urls(site, 6)}, shards=1)


def test_refresh(refreshed: Archive, site: Site) -> None:
    before = run(refreshed, site)
    after = run(refreshed, site, refresh=True)
    old, new = ([rows[f"test:0000{number}"] for number in range(6)] for rows in (before, after))
    second = site.visits_to("/0")[1].headers
    assert second["if-none-match"] == '"one"'
    assert second["if-modified-since"] == "Wed, 21 Oct 2015 07:28:00 GMT"
    assert "if-none-match" not in site.visits_to("/0")[0].headers
    assert [row["status"] for row in new] == ["ok", "ok", "ok", "http", "opt_out", "http"]
    assert new[0] == {**old[0], "fetched_at": new[0]["fetched_at"]}
    assert new[0]["fetched_at"] > old[0]["fetched_at"]
    assert new[1]["bytes"] == jpeg(80, 60)
    assert new[1]["etag"] == '"two"'
    assert new[2]["bytes"] == jpeg()
    assert new[2]["sha256"] == old[2]["sha256"]
    assert new[2]["detail"] == "refresh failed: 503 Service Unavailable"
    assert new[3]["bytes"] == new[4]["bytes"] == jpeg()
    assert new[3]["detail"] == "removed: 410 Gone; the stored image is kept"
    assert new[5] == old[5]
    assert len(site.visits_to("/5")) == 1
