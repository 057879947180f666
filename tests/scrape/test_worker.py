"""A worker in long and failing runs: early commits, bounded memory, unexpected errors."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from artsim.archive import Archive, Table
from artsim.scrape import fetcher as fetcher_module
from artsim.scrape import worker as worker_module
from artsim.scrape.options import ScrapeOptions
from artsim.scrape.pending import find_tasks
from artsim.scrape.rate_limit import Rules
from artsim.scrape.rate_limit_client import CoordinatorLost
from artsim.scrape.rate_limit_coordinator import RateLimitCoordinator, Reply, Request
from artsim.scrape.stats import Stats
from artsim.scrape.worker import Worker
from tests.scrape.in_process import images_of, make_archive, scrape_in_process
from tests.scrape.pictures import jpeg
from tests.scrape.site import Site, answer, page

GOOD = page(answer(200, jpeg()), latency=0.02)


def archive_of(folder: Path, site: Site, count: int, shards: int = 1) -> Archive:
    return make_archive(folder, {"image_url": [f"{site.url}/{number}" for number in range(count)]}, shards=shards)


@pytest.mark.parametrize(("name", "value"), [("_MAX_COMMIT_DELAY", 0.1), ("_MAX_UNCOMMITTED", 5_000)])
def test_images_are_committed_early(
    name: str, value: float, tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, name, value)
    site.default = GOOD
    archive = archive_of(tmp_path, site, 80)
    seen: list[int] = []

    async def run() -> None:
        running = asyncio.create_task(scrape_in_process(archive, ScrapeOptions(allow_host=(site.netloc,))))
        while not running.done():
            await asyncio.sleep(0.05)
            seen.append(len(images_of(archive)))
        await running

    asyncio.run(run())
    assert len({count for count in seen if 0 < count < 80}) >= 2
    assert len(images_of(archive)) == 80


@pytest.mark.slow
def test_uncommitted_bytes_are_bounded(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "_MAX_UNCOMMITTED", 5 * len(jpeg()))
    most = 0
    held = Worker._uncommitted_bytes

    def watch(worker: Worker) -> int:
        nonlocal most
        most = max(most, held(worker))
        return held(worker)

    monkeypatch.setattr(Worker, "_uncommitted_bytes", watch)
    site.default = page(answer(200, jpeg()))
    archive = archive_of(tmp_path, site, 200)
    asyncio.run(scrape_in_process(archive, ScrapeOptions(allow_host=(site.netloc,), per_host=4)))
    assert len(images_of(archive)) == 200
    assert most <= (10 + 4 + 1) * len(jpeg())


def worker_of(archive: Archive, options: ScrapeOptions) -> Worker:
    """Returns a worker with rate limits of its own, in the same round as all others."""
    limits = RateLimitCoordinator(Rules(4, 0.0, 60.0))

    async def exchange(request: Request) -> Reply:
        return limits.exchange(request)

    worker = Worker(archive, options, exchange, threads=1)
    worker.start_round("round", 5.0, {})
    return worker


@pytest.mark.parametrize("take", [40, 30])
def test_rows_committed_by_a_lost_worker_are_counted(
    take: int, tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "_MAX_COMMIT_DELAY", 0.1)
    site.default, site.pages["/3"] = page(answer(200, jpeg()), latency=0.1), page(answer(404))
    archive, options = archive_of(tmp_path, site, 40), ScrapeOptions(allow_host=(site.netloc,), limit=take)

    async def run() -> tuple[int, Stats]:
        (task,) = find_tasks(archive, options)
        lost, other = worker_of(archive, options), worker_of(archive, options)
        at_work = asyncio.create_task(lost.process_task(task))
        while not (before := len(images_of(archive))):
            await asyncio.wait([at_work], timeout=0.01)
        at_work.cancel()
        await asyncio.wait([at_work])
        await lost.close()
        stats = await other.process_task(task, isolated=True)
        await other.close()
        return before, stats

    before, stats = asyncio.run(run())
    assert 0 < before < take
    assert (len(images_of(archive)), stats.rows) == (take, take)
    assert stats.statuses == {"ok": take - 1, "http": 1}


def test_tasks_of_several_shards_are_read_concurrently(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each task gets the rows of its own catalog partition, although threads of one worker read both."""
    site.default, together, real = GOOD, threading.Barrier(2, timeout=5.0), Table.outcome

    def outcome(table: Table, *arguments: Any) -> dict[str, Any] | None:
        together.wait()  # at this point, both have read their catalog partition
        return real(table, *arguments)

    monkeypatch.setattr(Table, "outcome", outcome)
    archive, options = archive_of(tmp_path, site, 20, shards=2), ScrapeOptions(allow_host=(site.netloc,))

    async def run() -> int:
        worker = worker_of(archive, options)
        all_stats = await asyncio.gather(
            *[worker.process_task(task, isolated=True) for task in find_tasks(archive, options)]
        )
        await worker.close()
        return sum(stats.rows for stats in all_stats)

    assert asyncio.run(run()) == len(images_of(archive)) == 20
    for shard in range(2):
        assert set(archive.table("images").ids(shard)) == set(archive.table("catalog").ids(shard))


def test_an_unexpected_error_fails_only_its_row(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    real = fetcher_module.image_columns

    def columns(data: bytes, *limits: Any) -> dict[str, Any]:
        if data == b"strange":
            raise KeyError("what is this?")
        return real(data, *limits)

    monkeypatch.setattr(fetcher_module, "image_columns", columns)
    site.default, site.pages["/3"] = GOOD, page(answer(200, b"strange"))
    archive = archive_of(tmp_path, site, 8)
    stats = asyncio.run(scrape_in_process(archive, ScrapeOptions(allow_host=(site.netloc,))))
    rows = images_of(archive)
    assert [row["status"] for row in rows.values()].count("ok") == 7
    assert rows["test:00003"]["status"] == "internal"
    assert "KeyError" in rows["test:00003"]["detail"]
    (trace,) = stats.tracebacks
    assert "in columns" in trace and "what is this?" in trace


def test_nothing_is_fetched_without_the_coordinator(tmp_path: Path, site: Site) -> None:
    archive = archive_of(tmp_path, site, 8)

    async def exchange(request: Request) -> Reply:
        raise ConnectionError("gone")

    async def run() -> None:
        worker = Worker(archive, ScrapeOptions(allow_host=(site.netloc,)), exchange, threads=1)
        (task,) = find_tasks(archive, ScrapeOptions())
        with pytest.raises(ExceptionGroup) as caught:
            await worker.process_task(task)
        assert caught.group_contains(CoordinatorLost)
        await worker.close()

    asyncio.run(run())
    assert not site.visits
    assert not images_of(archive)
