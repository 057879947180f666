"""What an archive costs on a cluster: seconds of every job by bottleneck, bytes, requests and money.

The model is arithmetic on measured rates and stated assumptions. docs/scale.md explains it; scale_tables.py prints its
tables.
"""

import math
from dataclasses import dataclass

from artsim.archive import PART_ROWS

HOUR, DAY = 3600.0, 86400.0
_QUERIES = 4096  # per task of jobs.neighbors --all, which reads the whole archive
_LISTED = 1000  # names per answer of an object store


@dataclass(frozen=True)
class Archive:
    """An archive: ``largest_host`` is that host's share of the images, ``dimension`` that of a feature.

    The largest host gets at most one request every ``delay`` seconds.
    """

    images: int
    largest_host: float
    shards: int
    image_bytes: float = 500e3
    dimension: int = 1280
    delay: float = 0.0

    @property
    def parts(self) -> int:
        return self.shards * math.ceil(self.images / self.shards / PART_ROWS)


@dataclass(frozen=True)
class Cluster:
    """Machines without a GPU, and ``gpus`` machines with one; each has ``cpus`` CPUs."""

    machines: int
    gpus: int
    cpus: int = 8


@dataclass(frozen=True)
class Rates:
    """Rates per second, and durations in seconds; docs/scale.md says where each number comes from."""

    per_host: int = 2  # concurrent requests to a host
    request: float = 0.3  # seconds of a request; assumed
    at_once: int = 100  # requests of a worker; there is one worker for every two CPUs
    verify: float = 200  # images fetched, verified and written, per CPU
    decode: float = 196  # images decoded for a network, per CPU
    forward: float = 1500  # images through a network like resnet50, per GPU; assumed
    line: float = 600e6  # bytes in or out, per machine; assumed
    dispatch: float = 1300  # partitions that one driver hands out
    compare: float = 30e6  # pairs of vectors, per CPU
    embed: float = 29_000  # vectors through a head, per CPU
    compute: float = 31  # images through resnet50, per CPU, without GPUs
    start: float = 12  # seconds before the first partition is started


@dataclass(frozen=True)
class Prices:
    """US dollars, assumed in November 2026, rounded: spot machines per hour, storage per month, requests."""

    machine: float = 0.15
    gpu: float = 0.40  # including its machine
    gigabyte: float = 0.023
    put: float = 5e-6  # and LIST
    get: float = 0.4e-6


@dataclass(frozen=True)
class Job:
    """Seconds by possible bottleneck: the job takes the largest of them, plus its start."""

    bounds: dict[str, float]
    start: float
    hourly: float

    @property
    def bound(self) -> str:
        return max(self.bounds, key=self.bounds.__getitem__)

    @property
    def seconds(self) -> float:
        return self.bounds[self.bound] + self.start

    @property
    def dollars(self) -> float:
        return self.seconds / HOUR * self.hourly


@dataclass(frozen=True)
class Requests:
    """Numbers of requests to an object store."""

    get: float
    put: float
    listed: float

    def dollars(self, prices: Prices) -> float:
        return self.get * prices.get + (self.put + self.listed) * prices.put


def predict(archive: Archive, cluster: Cluster, rates: Rates = Rates(), prices: Prices = Prices()) -> dict[str, Job]:
    """Predicts the jobs whose cost grows with the archive."""
    images, driver = archive.images, archive.parts / rates.dispatch
    cpus, line = cluster.machines * cluster.cpus, cluster.machines * rates.line
    workers = cluster.machines * max(cluster.cpus // 2, 1)
    originals, vectors = archive.image_bytes * images, 4.0 * archive.dimension * images  # bytes
    if cluster.gpus:
        forward = {"GPUs": math.ceil(archive.parts / cluster.gpus) * images / archive.parts / rates.forward}
    else:
        forward = {"computing": images / (rates.compute * cpus)}
    bounds = {
        "scrape": {
            "largest host": images * archive.largest_host * max(rates.request / rates.per_host, archive.delay),
            "concurrent requests": images * rates.request / (rates.at_once * workers),
            "network": 2 * originals / line,  # in from the sites, out to the store
            "checking images": images / (rates.verify * cpus),
            "driver": driver,
        },
        "extract": {
            **forward,
            "decoding": images / (rates.decode * cpus),
            "network": originals / line,
            "driver": driver,
        },
        "embed": {
            "computing": images / (rates.embed * cpus),
            "network": 2 * vectors / line,
            "driver": driver,
        },
        "neighbors --all": {
            "comparing vectors": images**2 / (rates.compare * cpus),
            "network": math.ceil(images / _QUERIES) * vectors / line,
        },
    }
    hourly = cluster.machines * prices.machine
    paid = {"extract": hourly + cluster.gpus * prices.gpu}
    return {name: Job(seconds, rates.start, paid.get(name, hourly)) for name, seconds in bounds.items()}


def stored(archive: Archive) -> dict[str, float]:
    """Bytes of each table, with ten neighbors per image; the size of catalog rows is assumed."""
    sizes = {
        "originals": archive.image_bytes,
        "one feature": 4.0 * archive.dimension + 100,
        "thumbnails": 22e3,  # measured: the mean of 200 paintings of people-art
        "catalog": 200.0,
        "neighbors": 10 * 30.0,
    }
    return {name: size * archive.images for name, size in sizes.items()}


def requests(archive: Archive, shards: int) -> Requests:
    """Requests for scraping and extracting once with so many shards.

    Each partition is read and written, and its shard is listed for it.
    """
    pages = math.ceil(archive.images / shards / PART_ROWS / _LISTED)
    return Requests(6.0 * archive.parts, 2.0 * archive.parts, 2.0 * archive.parts * pages)
