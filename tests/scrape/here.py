"""The scraper in one process, without Ray: the same workers, limits and rounds."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from artsim.archive import CATALOG, Archive
from artsim.scrape.host import Rules
from artsim.scrape.options import Options
from artsim.scrape.rate_limit_coordinator import Answer, RateLimitCoordinator, Request
from artsim.scrape.stats import Stats
from artsim.scrape.worker import Worker
from artsim.scrape.works import find_pieces


def make_archive(folder: Path, columns: Mapping[str, Sequence[Any]], part: str = "p0", shards: int = 4) -> Archive:
    """An archive whose catalog has these columns; ``id`` is made where it is not given."""
    archive = Archive.create(str(folder), shards)
    size = len(next(iter(columns.values())))
    given = {"id": [f"test:{number:05d}" for number in range(size)], **columns}
    rows = pa.table({f.name: pa.array(given.get(f.name) or [None] * size, f.type) for f in CATALOG})
    of = archive.shard_of(rows["id"])
    for shard in np.unique(of).tolist():
        archive.table("catalog").write(shard, part, rows.take(pa.array(np.flatnonzero(of == shard))))
    return archive


def images_of(archive: Archive) -> dict[str, dict[str, Any]]:
    """The rows of the images table by id; fails if one is there twice."""
    rows = [row for table in archive.table("images").scan() for row in table.to_pylist()]
    ids = [row["id"] for row in rows]
    assert len(ids) == len(set(ids)), "a row is doubled"
    return {row["id"]: row for row in rows}


async def scrape_here(archive: Archive, options: Options, workers: int = 1, patience: float = 5.0) -> Stats:
    """Rounds until nothing is pending."""
    limits = RateLimitCoordinator(Rules(options.per_host, options.delay, options.rest))

    async def exchange(request: Request) -> Answer:
        await asyncio.sleep(0.001)
        return limits.exchange(request)

    total, tried = Stats(), Counter[str]()
    pool = [Worker(archive, options, exchange, threads=2) for _ in range(workers)]
    try:
        while pieces := list(find_pieces(archive, options)):
            for worker in pool:
                worker.begin_round(uuid.uuid4().hex, patience, tried)
            done = await asyncio.gather(*[pool[i % workers].end(piece) for i, piece in enumerate(pieces)])
            tried = Counter()
            for tally in done:
                tried.update(tally.tried)
                tally.tried.clear()
                total.add(tally)
            if not any(tally.rows for tally in done):
                await asyncio.sleep(min(max(limits.soonest(), 0.01), patience))
            patience *= 2
    finally:
        for worker in pool:
            await worker.close()
    return total
