"""Four machines of one CPU against one machine: throughput, rate limits of hosts, and the driver's dispatch rate.

All machines are raylets on this machine, which has fewer cores than that, so tasks mostly wait: sites take 1.5 seconds
to answer with a tiny picture, and a network sleeps as long as efficientnet_lite0 computes on one CPU. This measures
scheduling, from the first task started to the last one finished, without the start of Ray. Rate limits are checked in
the logs of the servers.
"""

import argparse
import itertools
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import ray

from artsim import runtime
from artsim.archive import Archive, features
from benchmarks.claims import Claim, conclude
from tests.faults.machines import Machines, machines
from tests.made import jpeg, make_archive, named
from tests.scrape.in_process import make_archive as make_catalog
from tests.scrape.site import Site, answer, max_concurrent, page

SITES = 8
LATENCY = 1.5  # seconds
CAPACITY = ("--max-bytes", "60000000")  # a worker may hold 2 GB of images: 33 requests at once
ROOMY = 20  # requests at once per host: 8 hosts allow more than four workers send
TIGHT, PAUSE = 2, 0.5  # the same, and seconds between two, where hosts are the bottleneck
SLACK = 0.1  # seconds: two requests may arrive closer together than they were sent
PART_ROWS, RATE, DIMENSION = 64, 45.0, 1280  # RATE: rows a second, half of what two CPUs extract


@contextmanager
def sites(latency: float) -> Iterator[list[Site]]:
    """Starts local servers that answer every address with a tiny picture."""
    with ExitStack() as stack:
        opened = [stack.enter_context(Site(f"127.0.0.{1 + number}")) for number in range(SITES)]
        for site in opened:
            site.default = page(answer(200, jpeg()), latency=latency)
        yield opened


def scrape(machines: Machines, opened: list[Site], rows: int, *options: str) -> float:
    """Seconds from the first image requested to the last one answered."""
    with TemporaryDirectory() as folder:
        urls = [f"{opened[number % SITES].url}/{number}" for number in range(rows)]
        archive = make_catalog(Path(folder), {"image_url": urls}, shards=32)
        hosts = [site.netloc for site in opened]
        report = machines.run("scrape", "--archive", archive.uri, "--allow-host", *hosts, *options)
        assert report["statuses"] == {"ok": rows}, report
    visits = [visit for site in opened for visit in site.images()]
    return max(visit.ended for visit in visits) - min(visit.began for visit in visits)


def fetching(machines: Machines, rows: int) -> tuple[float, int]:
    """Seconds of a scrape, and the number of violations of a host's limit."""
    with sites(LATENCY) as opened:
        seconds = scrape(machines, opened, rows, "--per-host", str(ROOMY), *CAPACITY)
        return seconds, sum(max(max_concurrent(site.visits) - ROOMY, 0) for site in opened)


def broken_limits(machines: Machines, rows: int) -> tuple[int, int]:
    """The numbers of limit violations and of requests; every other site asks for a delay."""
    with sites(0.2) as opened:
        for site in opened[::2]:
            site.pages["/robots.txt"] = page(answer(200, f"User-agent: *\nCrawl-delay: {PAUSE}\n".encode()))
        scrape(machines, opened, rows, "--per-host", str(TIGHT))
        too_many = sum(max(max_concurrent(site.visits) - TIGHT, 0) for site in opened)
        too_soon = sum(gap < PAUSE - SLACK for site in opened[::2] for gap in _gaps(site))
        print(
            f"{rows} images from {SITES} hosts, limits: {TIGHT} concurrent requests, {PAUSE} s apart at four hosts; "
            f"measured: at most {max(max_concurrent(site.visits) for site in opened)} concurrent, "
            f"at least {min(gap for site in opened[::2] for gap in _gaps(site)):.2f} s apart"
        )
        return too_many + too_soon, sum(len(site.visits) for site in opened)


def _gaps(site: Site) -> list[float]:
    begins = sorted(visit.began for visit in site.visits)
    return [later - earlier for earlier, later in itertools.pairwise(begins)]


@dataclass(frozen=True)
class Partition:
    """A partition of the images table, or only a name."""

    name: str


class Sleeper:
    """Simulates extraction: reads a partition, sleeps as long as its images would take, writes zero vectors."""

    def __init__(self, archive: Archive) -> None:
        self._images = archive.table("images")
        self._features = archive.table("features/asleep", features(DIMENSION))

    def process(self, partition: Partition, attempt: int) -> dict[str, float]:
        began = time.monotonic()
        rows = self._images.read(0, partition.name, ["id", "bytes", "sha256"])
        time.sleep(len(rows) / RATE)
        vectors = pa.FixedSizeListArray.from_arrays(np.zeros(len(rows) * DIMENSION, np.float32), DIMENSION)
        columns = [rows["id"], vectors, pa.nulls(len(rows), pa.string()), rows["sha256"]]
        self._features.write(0, partition.name, pa.table(columns, schema=self._features.schema))
        return {"began": began, "ended": time.monotonic()}


def computing(machines: Machines, parts: int) -> float:
    """Seconds from the first partition started to the last one written."""
    with TemporaryDirectory() as folder, driver_of(machines):
        archive = make_archive(folder, named(parts * PART_ROWS), shards=1, part_rows=PART_ROWS)
        partitions = [Partition(name) for name in archive.table("images").parts(0)]
        spans = list(through_workers(partitions, Sleeper, archive))
        assert archive.table("features/asleep").count() == parts * PART_ROWS
    return max(span["ended"] for span in spans) - min(span["began"] for span in spans)


class Idler:
    """Finishes each partition at once."""

    def process(self, partition: Partition, attempt: int) -> dict[str, str]:
        return {"name": partition.name}


def dispatched(machines: Machines, count: int, max_concurrent: int) -> float:
    """Partitions a second through idle workers with ``max_concurrent`` partitions each, from the first result on."""
    with driver_of(machines):
        results = through_workers(
            [Partition(str(number)) for number in range(count)], Idler, max_concurrent=max_concurrent
        )
        next(results)
        started = time.monotonic()
        assert sum(1 for _ in results) == count - 1
        return count / (time.monotonic() - started)


def through_workers(
    partitions: list[Partition], worker: type, *arguments: Any, max_concurrent: int = 1
) -> Iterator[dict[str, Any]]:
    """Yields the results of one worker per CPU."""
    return runtime.process_partitions(
        partitions,
        worker,
        arguments,
        attempts=runtime.start_attempts(),
        needs={"CPU": 1},
        workers=runtime.cpus(),
        max_concurrent=max_concurrent,
    )


@contextmanager
def driver_of(machines: Machines) -> Iterator[None]:
    """Makes this process the driver of a job on the cluster."""
    ray.init(address=machines.address, logging_level="ERROR", log_to_driver=False)
    runtime.connect(data=True)
    try:
        yield
    finally:
        ray.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer images; start-up then counts more")
    quick = parser.parse_args().quick
    rows, parts, items = (400, 16, 2_000) if quick else (1_200, 40, 10_000)
    print(f"raylets of one CPU each on a machine of {os.cpu_count()} CPUs; artsim {version('artsim')}\n")
    jobs = (f"{rows:,} images fetched", f"{parts} partitions of {PART_ROWS} (simulated)")
    with machines(1) as raylets:
        (fetched, broken), computed = fetching(raylets, rows), computing(raylets, parts)
    with machines(1, 1, 1, 1) as raylets:
        (faster, more), sooner = fetching(raylets, rows), computing(raylets, parts)
        violations, asked = broken_limits(raylets, rows // 4)
        rates = {open_: dispatched(raylets, items, open_) for open_ in (1, 64, 512)}
    spread = dict(zip(jobs, ((fetched, faster), (computed, sooner)), strict=True))
    print(f"{'seconds':32} {'1 machine':>9} {'4':>6} {'of linear':>9}")
    for name, (alone, together) in spread.items():
        print(f"{name:32} {alone:9.1f} {together:6.1f} {alone / together / 4:9.2f}", flush=True)
    print(
        "partitions dispatched per second: " + ", ".join(f"{rate:,.0f} with {4 * n} open" for n, rate in rates.items())
    )
    peer = f"1 machine, Ray {version('ray')}"
    claims = [
        Claim(f"{name}: 4 machines, fraction of linear", a / b / 4, 0.85, peer) for name, (a, b) in spread.items()
    ]
    seen = f"{2 * rows + asked:,} requests in the servers' logs"
    claims.append(Claim("rate-limit violations", broken + more + violations, 0, seen, at_least=False))
    claims.append(Claim("partitions per second dispatched by one driver", rates[64], 400, "idle workers"))
    conclude("cluster", claims)


if __name__ == "__main__":
    main()
