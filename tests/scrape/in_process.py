"""Runs the scraper in one process, without Ray: with the same workers, limits and rounds."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from artsim.archive import CATALOG, Archive
from artsim.scrape.options import ScrapeOptions
from artsim.scrape.pending import find_tasks
from artsim.scrape.rate_limit import Rules
from artsim.scrape.rate_limit_coordinator import RateLimitCoordinator, Reply, Request
from artsim.scrape.stats import Stats
from artsim.scrape.worker import Worker


def make_archive(folder: Path, columns: Mapping[str, Sequence[Any]], part: str = "p0", shards: int = 4) -> Archive:
    """Creates an archive whose catalog has these columns; ``id`` is generated if it is not given."""
    archive = Archive.create(str(folder), shards)
    size = len(next(iter(columns.values())))
    values = {"id": [f"test:{number:05d}" for number in range(size)], **columns}
    rows = pa.table({f.name: pa.array(values.get(f.name) or [None] * size, f.type) for f in CATALOG})
    shard_numbers = archive.shard_of(rows["id"])
    for shard in np.unique(shard_numbers).tolist():
        archive.table("catalog").write(shard, part, rows.take(pa.array(np.flatnonzero(shard_numbers == shard))))
    return archive


def images_of(archive: Archive) -> dict[str, dict[str, Any]]:
    """Returns the rows of the images table by id; fails if an id occurs twice."""
    rows = [row for table in archive.table("images").scan() for row in table.to_pylist()]
    ids = [row["id"] for row in rows]
    assert len(ids) == len(set(ids)), "a row is doubled"
    return {row["id"]: row for row in rows}


async def scrape_in_process(archive: Archive, options: ScrapeOptions, workers: int = 1, max_wait: float = 5.0) -> Stats:
    """Runs rounds until nothing is pending; returns the stats of all rounds."""
    limits = RateLimitCoordinator(Rules(options.per_host, options.delay, options.rest))

    async def exchange(request: Request) -> Reply:
        await asyncio.sleep(0.001)
        return limits.exchange(request)

    total, attempts = Stats(), Counter[str]()
    pool = [Worker(archive, options, exchange, threads=2) for _ in range(workers)]
    try:
        while tasks := list(find_tasks(archive, options)):
            for worker in pool:
                worker.start_round(uuid.uuid4().hex, max_wait, attempts)
            all_stats = await asyncio.gather(*[pool[i % workers].process_task(task) for i, task in enumerate(tasks)])
            attempts = Counter()
            for stats in all_stats:
                attempts.update(stats.attempts)
                stats.attempts.clear()
                total.add(stats)
            if not any(stats.rows for stats in all_stats):
                await asyncio.sleep(min(max(limits.seconds_to_next_cooldown_end(), 0.01), max_wait))
            max_wait *= 2
    finally:
        for worker in pool:
            await worker.close()
    return total
