"""What an archive costs on a cluster: the seconds of every job by what may bound it, bytes, requests and money.

Arithmetic on measured rates and on stated assumptions; docs/scale.md explains it, scale_tables.py prints its tables.
"""

import math
from dataclasses import dataclass

from artsim.archive import PART_ROWS

HOUR, DAY = 3600.0, 86400.0
_QUERIES = 4096  # that a task of jobs.neighbors --all takes at once, reading the whole archive for them
_LISTED = 1000  # names in one answer of an object store


@dataclass(frozen=True)
class Archive:
    """``largest_host`` is that host's share of the images, asked every ``delay`` s; ``dimension`` that of a feature."""

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
    """Machines without a GPU, and machines with one; all of ``cpus`` CPUs."""

    machines: int
    gpus: int
    cpus: int = 8


@dataclass(frozen=True)
class Rates:
    """What can be done in a second, and how long things take; docs/scale.md says where each number comes from."""

    per_host: int = 2  # requests at once that a host is asked to bear
    request: float = 0.3  # seconds of one; assumed
    at_once: int = 100  # requests of one worker, of which there is one for every two CPUs
    verify: float = 200  # images fetched, verified and written, a CPU
    decode: float = 196  # images decoded for a network, a CPU
    forward: float = 1500  # images through a network like resnet50, a GPU; assumed
    line: float = 600e6  # bytes in or out, a machine; assumed
    dispatch: float = 1300  # parts that one driver hands out
    compare: float = 30e6  # pairs of vectors, a CPU
    embed: float = 29_000  # vectors through a head, a CPU
    compute: float = 31  # images through resnet50, a CPU, where there is no GPU
    start: float = 12  # seconds before the first part is begun


@dataclass(frozen=True)
class Prices:
    """US dollars, assumed in November 2026, rounded: spot machines by the hour, storage by the month, requests."""

    machine: float = 0.15
    gpu: float = 0.40  # the machine around it included
    gigabyte: float = 0.023
    put: float = 5e-6  # and LIST
    get: float = 0.4e-6


@dataclass(frozen=True)
class Job:
    """Seconds by what may bound the job: the largest of them is what it takes, after its start."""

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
    """To an object store."""

    get: float
    put: float
    listed: float

    def dollars(self, prices: Prices) -> float:
        return self.get * prices.get + (self.put + self.listed) * prices.put


def predict(archive: Archive, cluster: Cluster, rates: Rates = Rates(), prices: Prices = Prices()) -> dict[str, Job]:
    """The jobs whose cost grows with the archive."""
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
            "the largest host": images * archive.largest_host * max(rates.request / rates.per_host, archive.delay),
            "requests at once": images * rates.request / (rates.at_once * workers),
            "the line": 2 * originals / line,  # in from the sites, out to the store
            "verifying": images / (rates.verify * cpus),
            "the driver": driver,
        },
        "extract": {
            **forward,
            "decoding": images / (rates.decode * cpus),
            "the line": originals / line,
            "the driver": driver,
        },
        "embed": {
            "computing": images / (rates.embed * cpus),
            "the line": 2 * vectors / line,
            "the driver": driver,
        },
        "neighbors --all": {
            "comparing": images**2 / (rates.compare * cpus),
            "the line": math.ceil(images / _QUERIES) * vectors / line,
        },
    }
    hourly = cluster.machines * prices.machine
    paid = {"extract": hourly + cluster.gpus * prices.gpu}
    return {name: Job(some, rates.start, paid.get(name, hourly)) for name, some in bounds.items()}


def stored(archive: Archive) -> dict[str, float]:
    """Bytes of each table; thumbnails and rows of the catalog of assumed size, ten neighbours an image."""
    sizes = {
        "originals": archive.image_bytes,
        "one feature": 4.0 * archive.dimension + 100,
        "thumbnails": 10e3,
        "catalog": 200.0,
        "neighbors": 10 * 30.0,
    }
    return {name: size * archive.images for name, size in sizes.items()}


def requests(archive: Archive, shards: int) -> Requests:
    """Of scraping and extracting once in so many shards: each part is read and written, its shard listed for it."""
    pages = math.ceil(archive.images / shards / PART_ROWS / _LISTED)
    return Requests(6.0 * archive.parts, 2.0 * archive.parts, 2.0 * archive.parts * pages)
