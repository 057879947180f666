"""The model of scale_model.py against runs of 20,000 and 200,000 made-up rows with 32 workers on this machine.

Network and GPUs are simulated by sleeping. All else is real: Ray Data, its actors (a hundredth of a CPU each), the
rate-limit coordinator and its clients, the archive. Scraping is bounded by its largest host, extraction by its GPUs.
Neither side counts start-up, since that of 32 processes on a few cores says nothing of 32 machines: workers wait until
all of them have started.
"""

import argparse
import asyncio
import math
import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import ray
from yarl import URL

from artsim import runtime
from artsim.archive import CATALOG, IMAGES, features
from artsim.archive import Archive as Stored
from artsim.scrape.options import ScrapeOptions
from artsim.scrape.pending import ScrapeTask, find_tasks, read_rows
from artsim.scrape.rate_limit import Rules
from artsim.scrape.rate_limit_client import RateLimitClient
from artsim.scrape.rate_limit_coordinator import RateLimitCoordinator, Reply, Request
from artsim.scrape.robots import Robots
from benchmarks.claims import Claim, conclude
from benchmarks.scale_model import Archive, Cluster, Rates, predict

WORKERS, OPEN = 32, 64
SHARES = (0.4, 0.2, 0.2, 0.2)  # share of the images on each host
DIMENSION = 64
MACHINES = Cluster(machines=WORKERS, gpus=WORKERS, cpus=2)
RATES = Rates(per_host=160, request=0.2, forward=125, verify=math.inf, decode=math.inf, line=math.inf, start=0)
OPTIONS = ScrapeOptions(per_host=RATES.per_host)


class Start(RateLimitCoordinator, runtime.Attempts):
    """The coordinator of a run; it also counts the workers that have started."""

    def __init__(self) -> None:
        RateLimitCoordinator.__init__(self, Rules(RATES.per_host, delay=0.0, cooldown=10.0))
        runtime.Attempts.__init__(self)
        self._started: set[str] = set()

    def started(self, worker: str) -> int:
        self._started.add(worker)
        return len(self._started)


@dataclass(frozen=True)
class ImagesPartition:
    """A partition of the images table."""

    shard: int
    name: str


class Worker:
    """Simulates scraping and extraction by sleeping."""

    def __init__(self, coordinator: Any, archive: Stored) -> None:
        self._coordinator, self._archive, self._name = coordinator, archive, uuid.uuid4().hex
        self._rate_limit_client: RateLimitClient | None = None

    async def process(self, work: ScrapeTask | ImagesPartition, attempt: int) -> dict[str, float]:
        while await self._coordinator.started.remote(self._name) < WORKERS:  # noqa: ASYNC110 (in another process)
            await asyncio.sleep(0.1)
        began = await (self._scrape(work) if isinstance(work, ScrapeTask) else self._extract(work.shard, work.name))
        return {"began": began, "ended": time.monotonic()}

    async def _exchange(self, request: Request) -> Reply:
        reply: Reply = await self._coordinator.exchange.remote(request)
        return reply

    async def _read_robots(self, origin: str) -> Robots:
        return Robots()

    async def _scrape(self, task: ScrapeTask) -> float:
        catalog = self._archive.table("catalog").read(task.shard, task.source_partition, ["id", "image_url"])
        rows = read_rows(self._archive, task, catalog, OPTIONS)
        began = await asyncio.gather(*(self._fetch(URL(row.url or "")) for row in rows))
        known = {"id": [row.id for row in rows], "status": ["ok"] * len(rows)}
        self._archive.table("images").write(task.shard, task.partition, _table(IMAGES, known, len(rows)))
        return min(began)

    async def _fetch(self, url: URL) -> float:
        if self._rate_limit_client is None:  # it needs the event loop
            self._rate_limit_client = RateLimitClient(self._name, self._exchange, self._read_robots, RATES.at_once)
        async with self._rate_limit_client.visit(url):
            began = time.monotonic()
            await asyncio.sleep(RATES.request)
            return began

    async def _extract(self, shard: int, part: str) -> float:
        began = time.monotonic()
        ids = self._archive.table("images").read(shard, part, ["id"])["id"]
        await asyncio.sleep(len(ids) / RATES.forward)
        vectors = pa.FixedSizeListArray.from_arrays(np.zeros(len(ids) * DIMENSION, np.float32), DIMENSION)
        schema = features(DIMENSION)
        rows = _table(schema, {"id": ids.combine_chunks(), "vector": vectors}, len(ids))
        self._archive.table("features/asleep", schema).write(shard, part, rows)
        return began


def _table(schema: pa.Schema, known: dict[str, Any], rows: int) -> pa.Table:
    columns = [pa.array(known[f.name], f.type) if f.name in known else pa.nulls(rows, f.type) for f in schema]
    return pa.table(columns, schema=schema)


def made_up(folder: str, rows: int) -> Stored:
    """Creates an archive whose catalog has images on the hosts of ``SHARES``."""
    archive = Stored.create(folder)
    ids = [f"made:{number}" for number in range(rows)]
    hosts = np.random.default_rng(0).choice(len(SHARES), rows, p=SHARES)
    shards = archive.shard_of(ids)
    for shard in range(archive.shards):
        numbers = np.flatnonzero(shards == shard)
        urls = [f"https://museum{hosts[number]}.example/{number}.jpg" for number in numbers]
        known = {"id": [ids[number] for number in numbers], "image_url": urls}
        archive.table("catalog").write(shard, "all", _table(CATALOG, known, len(numbers)))
    return archive


def simulate(archive: Stored) -> dict[str, float]:
    """Seconds of each job."""
    seconds = {"scrape": _seconds(list(find_tasks(archive, OPTIONS)), archive, OPEN)}
    images = archive.table("images")
    partitions = [ImagesPartition(shard, name) for shard in range(archive.shards) for name in images.parts(shard)]
    partitions.sort(key=lambda part: -images.rows_in(part.shard, part.name))  # the largest first, as in jobs.extract
    return seconds | {"extract": _seconds(partitions, archive, 1)}


def _seconds(partitions: Sequence[Any], archive: Stored, max_concurrent: int) -> float:
    """Seconds from the first partition started, with all workers there, to the last one finished."""
    coordinator: Any = ray.remote(Start).options(num_cpus=0).remote()
    spans = list(
        runtime.process_partitions(
            partitions,
            Worker,
            (coordinator, archive),
            attempts=coordinator,
            needs={"CPU": 0.01},
            workers=WORKERS,
            max_workers=WORKERS,
            max_concurrent=max_concurrent,
        )
    )
    assert len(spans) == len(partitions)
    return max(span["ended"] for span in spans) - min(span["began"] for span in spans)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only 20,000 rows")
    sizes = [20_000] if parser.parse_args().quick else [20_000, 200_000]
    claims = []
    ray.init(address="local", logging_level="ERROR", log_to_driver=False, include_dashboard=False)
    runtime.connect(data=True)
    print(f"{WORKERS} workers on {os.cpu_count()} CPUs, Ray {version('ray')}\n")
    print(f"{'rows':>8} {'job':8} {'predicted s':>11} {'measured s':>10} {'error':>7}")
    for rows in sizes:
        with TemporaryDirectory() as folder:
            archive = made_up(folder, rows)
            measured = simulate(archive)
            for name in ("images", "features/asleep"):
                assert archive.table(name).count() == rows
        predicted = predict(Archive(rows, SHARES[0], archive.shards, dimension=DIMENSION), MACHINES, RATES)
        for job, seconds in measured.items():
            off = seconds / predicted[job].seconds - 1
            print(f"{rows:8,} {job:8} {predicted[job].seconds:11.1f} {seconds:10.1f} {off:7.1%}", flush=True)
            peer = f"the model's {predicted[job].seconds:.1f} s, limited by {predicted[job].bound}"
            claims.append(Claim(f"{job} of {rows:,} rows: relative error", abs(off), 0.15, peer, at_least=False))
    conclude("simulation", claims)


if __name__ == "__main__":
    main()
